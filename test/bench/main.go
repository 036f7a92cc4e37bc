// Command bench measures what it costs to ask "may this pass?": the gateway in both doors beside bare references, in one interleaved
// run with a real Redis; then what grows, memory, logins and the start. `make bench` runs it; docs/performance.md is what it writes.
//
//	main.go  the run      world.go  the gateway and its Redis      speed.go  the first table     rows.go  the second, with
//	growth.go, sessions.go, memory.go, login.go, start.go      reference.go  the bare servers and the panel's stand-in
//	measure.go  one round with wrk, processor time, memory      report.go  the tables and the plot
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/ispgate/ispgate/test/harness"
)

// settings are the flags.
type settings struct {
	rounds, seconds int
	out             string // directory of performance.md and performance.svg; empty: only print
	only            string // speed, or the name of a part; empty: everything
	peers           []subject
}

func main() {
	if len(os.Args) == 5 && os.Args[1] == "reference" {
		fail(serveReference(os.Args[2], os.Args[3], os.Args[4]))
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "storm" {
		fail(each(atOnce, atOnce, func(n int) error { return logIn(os.Args[2], n) }))
		return
	}
	var s settings
	flag.IntVar(&s.rounds, "rounds", 5, "rounds of every subject, interleaved")
	flag.IntVar(&s.seconds, "seconds", 2, "length of a round")
	flag.StringVar(&s.out, "out", "", "directory to write performance.md and performance.svg to")
	flag.StringVar(&s.only, "only", "", "measure only speed, redis, growth, memory, login or start; nothing is written")
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
	if err := manyFiles(); err != nil {
		return err
	}
	var all []result
	var rows []row
	ran := false
	if s.only == "" || s.only == "speed" {
		ran = true
		err := inside(func(w *world) (err error) {
			all, err = w.speed(s)
			rows = added(all)
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, p := range parts {
		if s.only != "" && s.only != p.name {
			continue
		}
		ran = true
		err := inside(func(w *world) error {
			got, err := p.measure(w, s)
			rows = append(rows, got...)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if !ran {
		return fmt.Errorf("nothing is called %q", s.only)
	}
	return report(s, all, rows)
}

// inside gives each part a world of its own, so that nothing of the last one is still running.
func inside(do func(*world) error) error {
	h := harness.NewHouse()
	defer h.Close()
	return do(newWorld(h))
}

// manyFiles lets this program and those it starts have the connections that are asked for.
func manyFiles() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = min(limit.Max, 65536)
	if limit.Cur < 2*manyOpen {
		return fmt.Errorf("%d open files are allowed; %d connections need twice as many (ulimit -n)", limit.Cur, manyOpen)
	}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
