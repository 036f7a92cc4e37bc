package main

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	pace   = 100 // requests a second of one busy person
	assets = 30
	lanes  = 6 // connections of a browser to one host
)

// redisCommands counts what Redis is asked for one session: at a steady pace, and for a page with all that it loads.
func (w *world) redisCommands(settings) ([]row, error) {
	const requests = 10 * pace
	g := w.gateway()
	page := g.passes("a page", "/page", g.cookies, http.StatusOK)
	progress("one session at a steady pace")
	before, err := g.redis.processed()
	if err != nil {
		return nil, err
	}
	turn := time.NewTicker(time.Second / pace)
	defer turn.Stop()
	for range requests {
		<-turn.C
		if err := page.check(); err != nil {
			return nil, err
		}
	}
	after, err := g.redis.processed()
	if err != nil {
		return nil, err
	}
	each := float64(after-before-1) / requests
	burst, err := g.burst(page)
	if err != nil {
		return nil, err
	}
	return []row{
		figure(fmt.Sprintf("Redis commands/request, one session, %d requests/s", pace), "", 0.02, each, "%.4f"),
		{fmt.Sprintf("Redis reads for a page and its %d assets", assets), "1 MGET", fmt.Sprintf("%d MGET", burst), burst == 1},
	}, nil
}

// burst is how many MGETs a page and its assets take, in a session that nobody remembers.
func (g *gateway) burst(page subject) (int, error) {
	time.Sleep(time.Second) // longer than a session is remembered
	before, err := g.redis.count("commandstats", "cmdstat_mget:calls=")
	if err != nil {
		return 0, err
	}
	if err := page.check(); err != nil {
		return 0, err
	}
	if err := each(assets, lanes, func(int) error { return page.check() }); err != nil {
		return 0, err
	}
	after, err := g.redis.count("commandstats", "cmdstat_mget:calls=")
	return after - before, err
}

// each does something n times, so many at once, and returns the first fault.
func each(n, atOnce int, do func(i int) error) error {
	var wait sync.WaitGroup
	next, faults := make(chan int), make(chan error, n)
	for range atOnce {
		wait.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					faults <- err
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
	close(faults)
	return <-faults // nil from a closed channel: there was none
}

// latencies asks at a steady pace, whatever the answers do, until stop is closed.
func latencies(s subject, perSecond int, stop <-chan struct{}) ([]time.Duration, error) {
	var mu sync.Mutex
	var all []time.Duration
	var fault error
	var wait sync.WaitGroup
	turn := time.NewTicker(time.Second / time.Duration(perSecond))
	defer turn.Stop()
	for open := true; open; {
		select {
		case <-stop:
			open = false
		case <-turn.C:
			wait.Go(func() {
				begin := time.Now()
				err := s.check()
				took := time.Since(begin)
				mu.Lock()
				defer mu.Unlock()
				all = append(all, took)
				if err != nil {
					fault = err
				}
			})
		}
	}
	wait.Wait()
	return all, fault
}

// drain reads an answer to its end and returns how long it was.
func drain(res *http.Response) (int64, error) {
	defer res.Body.Close()
	return io.Copy(io.Discard, res.Body)
}
