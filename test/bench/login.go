package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	loginMost   = 2 * time.Millisecond
	someLogins  = 500
	atOnce      = 200
	bursts      = 5
	passers     = 200 // requests a second of those who are logged in
	slowestMost = 2.0
)

// logins is what a login costs, and what many at once do to those who are logged in.
func (w *world) logins(settings) ([]row, error) {
	g := w.gateway()
	progress("logins one after the other")
	if err := each(atOnce, 4, g.logIn); err != nil { // everybody was here before
		return nil, err
	}
	cpu, err := g.loginCPU()
	if err != nil {
		return nil, err
	}
	page := g.passes("a page", "/page", g.cookies, http.StatusOK)
	var quiet, busy []time.Duration
	for n := range bursts {
		progress(fmt.Sprintf("%d logins at once, round %d of %d", atOnce, n+1, bursts))
		calm, err := during(page, func() error { time.Sleep(time.Second); return nil })
		if err != nil {
			return nil, err
		}
		storm, err := during(page, func() error {
			return each(atOnce, atOnce, g.logIn)
		})
		if err != nil {
			return nil, err
		}
		quiet, busy = append(quiet, calm...), append(busy, storm...)
	}
	before, after := p99(quiet), p99(busy)
	times := float64(after) / float64(before)
	return []row{
		duration("own CPU of a login, the panel's requests included", loginMost, cpu),
		{fmt.Sprintf("p99 of logged-in users while %d log in at once", atOnce), fmt.Sprintf("≤ %g ×", slowestMost),
			fmt.Sprintf("%.1f × (%.1f → %.1f ms)", times, micros(before)/1000, micros(after)/1000), times <= slowestMost},
	}, nil
}

// loginCPU is the gateway's processor time for a login.
func (g *gateway) loginCPU() (time.Duration, error) {
	before, err := cpuOf([]int{g.PID()})
	if err != nil {
		return 0, err
	}
	if err := each(someLogins, 4, func(i int) error { return g.logIn(i % atOnce) }); err != nil {
		return 0, err
	}
	after, err := cpuOf([]int{g.PID()})
	return (after - before) / someLogins, err
}

// logIn logs the nth person in, from an address of their own.
func (g *gateway) logIn(n int) error {
	form := url.Values{"username": {fmt.Sprintf("operator-%d", n)}, "password": {password}}
	r, err := http.NewRequest(http.MethodPost, g.URL+"/ispgate/login", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Host = "panel.example.net"
	for name, value := range map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": origin, "Sec-Fetch-Site": "same-origin",
		"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "X-Forwarded-Proto": "https", "X-Forwarded-For": fmt.Sprintf("198.18.%d.%d", n/250, n%250+1)} {
		r.Header.Set(name, value)
	}
	res, err := direct.Do(r)
	if err != nil {
		return err
	}
	_, err = drain(res)
	set := strings.Join(res.Header["Set-Cookie"], "\n")
	if err != nil || res.StatusCode != http.StatusSeeOther || !strings.Contains(set, "__Host-ispgate=") {
		return fmt.Errorf("login %d: %s (%v)\n%s", n, res.Status, err, g.Output()[max(0, len(g.Output())-2000):])
	}
	return nil
}

// during is how long the subject's answers took while something was done.
func during(s subject, do func() error) ([]time.Duration, error) {
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- do()
		close(stop)
	}()
	all, err := latencies(s, passers, stop)
	if failed := <-done; failed != nil {
		return nil, failed
	}
	return all, err
}

func p99(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)*99/100]
}
