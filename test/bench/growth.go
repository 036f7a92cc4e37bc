package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	growthMost   = 0.10
	asked        = 100 // sessions in turn: few, so that how often one is read again does not depend on the machine's speed
	fewSessions  = 1_000
	manySessions = 1_000_000
	fewRules     = 10
	manyRules    = 1_000
	manyOpen     = 5_000
	warmUp       = 1      // seconds
	differing    = 10_000 // pages; more than the gateway remembers the meaning of
)

// growth compares what a request costs when there is little with what it costs when there is much, round by round.
func (w *world) growth(s settings) ([]row, error) {
	var out []row
	for _, measure := range []func(settings) ([]row, error){w.sessionGrowth, w.ruleGrowth, w.connectionGrowth} {
		rows, err := measure(s)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

func (w *world) sessionGrowth(s settings) ([]row, error) {
	var subjects [2]subject
	for i, total := range []int{fewSessions, manySessions} {
		progress(fmt.Sprintf("filling Redis with %d sessions", total))
		g := w.gateway()
		cookies, err := g.begin(fewSessions)
		if err == nil {
			err = g.copies(total - fewSessions)
		}
		if err != nil {
			return nil, err
		}
		subjects[i] = g.asks("a question", "/page", "", 204)
		if subjects[i].script, err = w.turns("Cookie", cookies[:asked]); err != nil {
			return nil, err
		}
	}
	grown, err := w.pair(s, fmt.Sprintf("CPU/question of %d sessions in turn, from %d to %d in Redis", asked, fewSessions, manySessions), subjects[0], subjects[1])
	return []row{grown}, err
}

// ruleGrowth asks for one page again and again, and for pages that differ: what those mean is not remembered.
func (w *world) ruleGrowth(s settings) ([]row, error) {
	var pages []string
	for i := range differing {
		pages = append(pages, fmt.Sprintf("%s/customers/%d/invoices/%d", origin, i, i*7))
	}
	script, err := w.turns("X-Original-URL", pages)
	if err != nil {
		return nil, err
	}
	var same, differ [2]subject
	for i, n := range []int{fewRules, manyRules} {
		var rules []string
		for rule := range n {
			rules = append(rules, fmt.Sprintf("'/portal-%d/*'", rule))
		}
		g := w.gateway(rules...)
		same[i] = g.asks("a question", "/page", g.cookies, 204)
		differ[i] = g.asks("a question", "/page", g.cookies, 204)
		differ[i].script = script
	}
	one, err := w.pair(s, fmt.Sprintf("CPU/question for one page, from %d to %d routing rules", fewRules, manyRules), same[0], same[1])
	if err != nil {
		return nil, err
	}
	all, err := w.pair(s, fmt.Sprintf("the same for %d pages in turn", differing), differ[0], differ[1])
	return []row{one, all}, err
}

// connectionGrowth keeps thousands of connections open at one of two gateways, each after a request; 32 are busy at both.
func (w *world) connectionGrowth(s settings) ([]row, error) {
	var subjects [2]subject
	for i, open := range []int{0, manyOpen} {
		g := w.gateway()
		subjects[i] = g.asks("a question", "/page", g.cookies, 204)
		done, err := subjects[i].hold(open)
		defer done()
		if err != nil {
			return nil, err
		}
	}
	grown, err := w.pair(s, fmt.Sprintf("CPU/question, from %d to %d open connections, %[1]d of them busy", connections, manyOpen), subjects[0], subjects[1])
	return []row{grown}, err
}

// pair measures two subjects in turn: the row says by how much the second one's processor time for a request is greater.
func (w *world) pair(s settings, what string, few, many subject) (row, error) {
	var samples [2][]sample
	for round := range s.rounds {
		progress(fmt.Sprintf("%s, round %d of %d", what, round+1, s.rounds))
		for i, sub := range []subject{few, many} {
			if _, err := w.round(sub, connections, warmUp); err != nil { // it gave memory back while the other one was measured
				return row{}, err
			}
			got, err := w.round(sub, connections, s.seconds)
			if err != nil {
				return row{}, err
			}
			samples[i] = append(samples[i], got)
		}
	}
	cpu := func(s sample) time.Duration { return s.cpu }
	before, _, _ := median(samples[0], cpu)
	after, _, _ := median(samples[1], cpu)
	r := percent(what, growthMost, float64(after)/float64(before)-1)
	r.measured += fmt.Sprintf(" (%.1f → %.1f µs)", micros(before), micros(after))
	return r, nil
}

// turns writes a script for wrk: every request carries the next value in a header.
func (w *world) turns(header string, values []string) (path string, err error) {
	var b strings.Builder
	b.WriteString("local requests, turn = {}, 0\nlocal values = {\n")
	for _, v := range values {
		fmt.Fprintf(&b, "%q,\n", v)
	}
	fmt.Fprintf(&b, `}
function init()
  for i, value in ipairs(values) do
    wrk.headers[%q] = value
    requests[i] = wrk.format()
  end
end
function request()
  turn = turn %% #requests + 1
  return requests[turn]
end
`, header)
	path = filepath.Join(w.house.TempDir(), "turns.lua")
	return path, os.WriteFile(path, []byte(b.String()), 0o600)
}
