// Command bench measures what it costs to ask "may this pass?": the gateway in both doors beside bare references, in one interleaved
// run with a real Redis. `make bench` runs it; docs/performance.md is what it writes.
//
//	main.go  the run      world.go    what is measured    reference.go  the bare servers and the panel's stand-in
//	measure.go  one round with wrk, processor time, memory, Redis commands      report.go  the table and the plot
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/ispgate/ispgate/test/harness"
)

// settings are the flags.
type settings struct {
	rounds, seconds int
	out             string // directory of performance.md and performance.svg; empty: only print
	peers           []subject
}

func main() {
	if len(os.Args) == 5 && os.Args[1] == "reference" {
		fail(serveReference(os.Args[2], os.Args[3], os.Args[4]))
		return
	}
	var s settings
	flag.IntVar(&s.rounds, "rounds", 5, "rounds of every subject, interleaved")
	flag.IntVar(&s.seconds, "seconds", 4, "length of a round")
	flag.StringVar(&s.out, "out", "", "directory to write performance.md and performance.svg to")
	flag.Func("peer", "another server to measure beside them: NAME,URL,STATUS,PID[,Header: value]…", s.peer)
	flag.Parse()
	fail(run(s))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
}

// peer takes a server that somebody else started; it becomes part of the first group.
func (s *settings) peer(text string) error {
	f := strings.Split(text, ",")
	if len(f) < 4 {
		return fmt.Errorf("%q: write NAME,URL,STATUS,PID and then headers", text)
	}
	p := subject{name: f[0], url: f[1], headers: f[4:]}
	var pid int
	if _, err := fmt.Sscan(f[2]+" "+f[3], &p.status, &pid); err != nil {
		return fmt.Errorf("%q: STATUS and PID are numbers", text)
	}
	p.pids = func() []int { return []int{pid} }
	s.peers = append(s.peers, p)
	return nil
}

func run(s settings) error {
	h := harness.NewHouse()
	defer h.Close()
	w := newWorld(h)
	w.groups[0].subjects = append(w.groups[0].subjects, s.peers...)
	if err := w.check(); err != nil {
		return err
	}
	idle, err := rss(w.gateway.PID())
	if err != nil {
		return err
	}
	var all []result
	for _, g := range w.groups {
		got, err := w.measure(g, s)
		if err != nil {
			return err
		}
		all = append(all, got...)
	}
	after, err := rss(w.gateway.PID())
	if err != nil {
		return err
	}
	return report(s, w, all, idle, after)
}

// result is what came out for one subject.
type result struct {
	group   group
	subject subject
	many    []sample // 32 connections
	one     []sample // one connection
}

const connections = 32

// measure runs a group's subjects in turn, round for round, so that whatever else the machine does hits all alike.
func (w *world) measure(g group, s settings) ([]result, error) {
	out := make([]result, len(g.subjects))
	for i, sub := range g.subjects {
		out[i] = result{group: g, subject: sub}
	}
	for round := range s.rounds {
		for i, sub := range g.subjects {
			fmt.Fprintf(os.Stderr, "%s, round %d of %d: %s\n", g.title, round+1, s.rounds, sub.name)
			many, err := w.round(sub, connections, s.seconds)
			if err != nil {
				return nil, err
			}
			one, err := w.round(sub, 1, max(1, s.seconds/2))
			if err != nil {
				return nil, err
			}
			out[i].many, out[i].one = append(out[i].many, many), append(out[i].one, one)
		}
	}
	return out, nil
}
