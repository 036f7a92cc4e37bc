package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ispgate/ispgate/test/harness"
)

// subject is one thing that is measured.
type subject struct {
	name    string
	url     string
	headers []string // Name: value
	status  int      // that every answer must have
	pids    func() []int
	redis   *redisServer // part of the cost; nil: it has none
	script  string       // path of what wrk runs; empty: always the same request
}

// sample is one round of one subject.
type sample struct {
	rate     float64       // requests a second
	cpu      time.Duration // of the subject (and Redis) for one request
	p50, p99 time.Duration
	commands float64 // of Redis for one request
}

// ticks are what /proc/PID/stat counts in (proc(5), USER_HZ).
const ticks = 100

// cpuOf is the processor time that processes have used, their threads included.
func cpuOf(pids []int) (time.Duration, error) {
	var sum int64
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		_, rest, _ := strings.Cut(string(text), ") ") // the name may hold blanks
		fields := strings.Fields(rest)
		user, err1 := strconv.ParseInt(fields[11], 10, 64)
		system, err2 := strconv.ParseInt(fields[12], 10, 64)
		if err1 != nil || err2 != nil {
			return 0, fmt.Errorf("/proc/%d/stat: no times", pid)
		}
		sum += user + system
	}
	return time.Duration(sum) * time.Second / ticks, nil
}

// memory is a figure of /proc/PID/status in bytes: VmRSS, what a process holds now, or VmHWM, the most it held.
func memory(pid int, figure string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	m := regexp.MustCompile(figure + `:\s+(\d+) kB`).FindStringSubmatch(string(text))
	if m == nil {
		return 0, fmt.Errorf("/proc/%d/status: no %s", pid, figure)
	}
	kb, err := strconv.ParseInt(m[1], 10, 64)
	return kb << 10, err
}

var (
	requestsLine = regexp.MustCompile(`(?m)^\s+(\d+) requests in ([0-9.]+[a-z]+)`)
	p50Line      = regexp.MustCompile(`(?m)^\s+50%\s+([0-9.]+[a-z]+)`)
	p99Line      = regexp.MustCompile(`(?m)^\s+99%\s+([0-9.]+[a-z]+)`)
	failedLine   = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
	brokenLine   = regexp.MustCompile(`Socket errors: .*`)
)

// round loads a subject with wrk.
func (w *world) round(s subject, connections, seconds int) (sample, error) {
	args := []string{"-t1", "-c" + strconv.Itoa(connections), "-d" + strconv.Itoa(seconds) + "s", "--latency"}
	for _, header := range s.headers {
		args = append(args, "-H", header)
	}
	if s.script != "" {
		args = append(args, "-s", s.script)
	}
	before, asked, err := s.spent()
	if err != nil {
		return sample{}, err
	}
	out, err := exec.Command(harness.Need(w.house, "wrk", "wrk"), append(args, s.url)...).CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("wrk: %v\n%s", err, out)
	}
	after, commands, err := s.spent()
	if err != nil {
		return sample{}, err
	}
	return read(string(out), s, after-before, commands-asked-1) // to ask for the number is one
}

// spent is the processor time of a subject (and its Redis) so far, and how many commands Redis has carried out.
func (s subject) spent() (cpu time.Duration, commands int, err error) {
	pids := s.pids()
	if s.redis != nil {
		pids = append(slices.Clone(pids), s.redis.PID())
		if commands, err = s.redis.processed(); err != nil {
			return 0, 0, err
		}
	}
	cpu, err = cpuOf(pids)
	return cpu, commands, err
}

// read turns what wrk printed into a sample. An answer of the wrong kind is an error: a wrong answer is cheap.
func read(out string, s subject, cpu time.Duration, commands int) (sample, error) {
	m := requestsLine.FindStringSubmatch(out)
	if m == nil {
		return sample{}, fmt.Errorf("wrk said:\n%s", out)
	}
	n, _ := strconv.Atoi(m[1])
	took, err := time.ParseDuration(m[2])
	failed := 0
	if f := failedLine.FindStringSubmatch(out); f != nil {
		failed, _ = strconv.Atoi(f[1])
	}
	wanted := 0
	if s.status >= 400 {
		wanted = n
	}
	if broken := brokenLine.FindString(out); err != nil || n == 0 || failed != wanted || broken != "" {
		return sample{}, fmt.Errorf("%s: %d requests, %d failed, want %d; %s", s.name, n, failed, wanted, broken)
	}
	return sample{rate: float64(n) / took.Seconds(), cpu: cpu / time.Duration(n), commands: float64(commands) / float64(n),
		p50: latency(p50Line, out), p99: latency(p99Line, out)}, nil
}

func latency(line *regexp.Regexp, out string) time.Duration {
	m := line.FindStringSubmatch(out)
	if m == nil {
		return 0
	}
	d, _ := time.ParseDuration(m[1])
	return d
}

// median of what pick takes from samples, with the least and the most.
func median[T ~int64 | ~float64](samples []sample, pick func(sample) T) (mid, least, most T) {
	var all []T
	for _, s := range samples {
		all = append(all, pick(s))
	}
	slices.Sort(all)
	return all[len(all)/2], all[0], all[len(all)-1]
}
