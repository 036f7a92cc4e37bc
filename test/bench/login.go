package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const (
	loginMost   = 2 * time.Millisecond
	someLogins  = 200
	atOnce      = 200
	bursts      = 5
	passers     = 200 // requests a second of those who are logged in
	slowestMost = 2.0
)

// logins is what a login costs, and what many at once do to those who are logged in.
func (w *world) logins(settings) ([]row, error) {
	g := w.gateway()
	if err := each(atOnce, 4, func(n int) error { return logIn(g.URL, n) }); err != nil { // everybody was here before
		return nil, err
	}
	cpu, err := w.loginCPU(g)
	if err != nil {
		return nil, err
	}
	own, err := g.disturbed(g.passes("a page", "/page", g.cookies, http.StatusOK))
	if err != nil {
		return nil, err
	}
	address, server := reference(w.house, "proxy-tuned", "http://"+w.panel)
	other, err := g.disturbed(beside(plainProxy, "http://"+address+"/page", []string{"Cookie: panel_session=in-x"}, http.StatusOK, server))
	if err != nil {
		return nil, err
	}
	return []row{
		cpu,
		{fmt.Sprintf("p99 of logged-in users while %d log in at once", atOnce), fmt.Sprintf("≤ %g ×", slowestMost),
			fmt.Sprintf("%v (a %s beside it, on the same processors: %v)", own, plainProxy, other), own.times() <= slowestMost},
	}, nil
}

// slowed is a p99 in a quiet time and while many log in.
type slowed struct{ quiet, busy time.Duration }

func (s slowed) times() float64 { return float64(s.busy) / float64(s.quiet) }

func (s slowed) String() string {
	return fmt.Sprintf("%.1f ×, %.1f → %.1f ms", s.times(), micros(s.quiet)/1000, micros(s.busy)/1000)
}

// disturbed is how much many logins at once slow a page down.
func (g *gateway) disturbed(page subject) (slowed, error) {
	var quiet, busy []time.Duration
	for n := range bursts {
		progress(fmt.Sprintf("%s, %d logins at once, round %d of %d", page.name, atOnce, n+1, bursts))
		calm, err := during(page, func() error { time.Sleep(time.Second); return nil })
		if err != nil {
			return slowed{}, err
		}
		storm, err := during(page, g.storm)
		if err != nil {
			return slowed{}, err
		}
		quiet, busy = append(quiet, calm...), append(busy, storm...)
	}
	return slowed{p99(quiet), p99(busy)}, nil
}

// storm logs many in at once, from a process of its own: in this one they would keep waiting who is measured.
func (g *gateway) storm() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if out, err := exec.Command(self, "storm", g.URL).CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %s%s", err, out, g.Output()[max(0, len(g.Output())-2000):])
	}
	return nil
}

// loginCPU is the gateway's processor time for a login, less what a bare client takes for the panel's requests of one.
func (w *world) loginCPU(g *gateway) (row, error) {
	address, server := reference(w.house, "login-requests", "http://"+w.panel)
	bare := beside("the panel's requests", "http://"+address+"/", nil, http.StatusNoContent, server)
	var whole, panels time.Duration
	for n := range bursts {
		progress(fmt.Sprintf("logins one after the other, round %d of %d", n+1, bursts))
		one, err := cpuOfEach(g.PID(), func(i int) error { return logIn(g.URL, i%atOnce) })
		if err != nil {
			return row{}, err
		}
		other, err := cpuOfEach(server.PID(), func(int) error { return bare.check() })
		if err != nil {
			return row{}, err
		}
		whole, panels = whole+one/bursts, panels+other/bursts
	}
	r := duration("own CPU of a login, besides the panel's four requests", loginMost, whole-panels)
	r.measured += fmt.Sprintf(" (%.1f with them, of which a bare client takes %.1f)", micros(whole)/1000, micros(panels)/1000)
	return r, nil
}

// cpuOfEach is the processor time that a process takes for one of many requests.
func cpuOfEach(pid int, do func(i int) error) (time.Duration, error) {
	before, err := cpuOf([]int{pid})
	if err != nil {
		return 0, err
	}
	if err := each(someLogins, 1, do); err != nil {
		return 0, err
	}
	after, err := cpuOf([]int{pid})
	return (after - before) / someLogins, err
}

// logIn logs the nth person in, from an address of their own.
func logIn(gateway string, n int) error {
	form := url.Values{"username": {fmt.Sprintf("operator-%d", n)}, "password": {password}}
	r, err := http.NewRequest(http.MethodPost, gateway+"/ispgate/login", strings.NewReader(form.Encode()))
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
		return fmt.Errorf("login %d: %s (%v)", n, res.Status, err)
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
