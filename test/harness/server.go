package harness

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const (
	startTime = 60 * time.Second // generous: a loaded machine, a cold page cache
	stopTime  = 15 * time.Second
	endTime   = 3 * time.Second // at the end of the test, before SIGKILL
	pollEvery = 10 * time.Millisecond
)

// Server is one process in a process group of its own, started again with the same arguments and the same data.
type Server struct {
	t       testing.TB
	name    string
	command func() *exec.Cmd // a new one for every start
	ready   func() bool
	quit    syscall.Signal // asks for an orderly end
	output  string         // path; both streams, all starts
	since   int            // where the output of the last start begins
	process *exec.Cmd
	ended   chan struct{} // closed when the process is gone
}

// StartServer starts a server and ends it with the test. The command is made anew for every start; quit is the signal for
// an orderly end; ready tells whether the server answers.
func StartServer(t testing.TB, name string, quit syscall.Signal, command func() *exec.Cmd, ready func() bool) *Server {
	t.Helper()
	s := newServer(t, name, quit, command, ready)
	s.begin()
	return s
}

func newServer(t testing.TB, name string, quit syscall.Signal, command func() *exec.Cmd, ready func() bool) *Server {
	t.Helper()
	return &Server{t: t, name: name, command: command, ready: ready, quit: quit, output: filepath.Join(t.TempDir(), name+".log")}
}

func (s *Server) begin() {
	s.t.Helper()
	s.t.Cleanup(func() {
		s.end(endTime)
		if s.t.Failed() {
			s.t.Logf("the end of %s's output:\n%s", s.name, tail(s.Output(), 4000))
		}
	})
	s.Start()
}

// Start starts the server and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	s.launch()
	deadline := time.Now().Add(startTime)
	for !s.ready() {
		select {
		case <-s.ended:
			s.t.Fatalf("%s ended while starting:\n%s", s.name, tail(s.Output(), 4000))
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s does not answer after %s:\n%s", s.name, startTime, tail(s.Output(), 4000))
		}
		time.Sleep(pollEvery)
	}
}

func (s *Server) launch() {
	s.t.Helper()
	s.since = len(s.Output())
	output, err := os.OpenFile(s.output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatalf("start %s: %v", s.name, err)
	}
	defer output.Close()
	command := s.command()
	// Files, not pipes: a child that outlives its parent must not hold Wait.
	command.Stdout, command.Stderr = output, output
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setpgid = true
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL // a test that dies of its timeout runs no Cleanup
	if err := command.Start(); err != nil {
		s.t.Fatalf("start %s: %v", s.name, err)
	}
	s.process, s.ended = command, make(chan struct{})
	go func(ended chan struct{}) {
		command.Wait()
		close(ended)
	}(s.ended)
}

// Stop asks the server to end (SIGTERM, or what the program wants for it), waits for it and returns its exit code; -1
// when it had to be killed, which fails the test.
func (s *Server) Stop() int {
	s.t.Helper()
	if !s.end(stopTime) {
		s.t.Errorf("%s does not end on %s within %s", s.name, s.quit, stopTime)
	}
	return s.process.ProcessState.ExitCode()
}

// end asks first, so that children are waited for by their parent, and kills what is left.
func (s *Server) end(patience time.Duration) (orderly bool) {
	if s.process == nil {
		return true
	}
	s.signal(s.quit)
	s.signal(syscall.SIGCONT) // it may be paused
	select {
	case <-s.ended:
		orderly = true
	case <-time.After(patience):
	}
	s.Kill()
	return orderly
}

// Kill ends the server and its children without a word, and waits for it.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	s.signal(syscall.SIGKILL)
	<-s.ended
	s.signal(syscall.SIGKILL) // children that the first one missed while they were being forked
}

// Pause makes the server deaf (SIGSTOP): connections are still accepted by the kernel, nothing answers.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

// PID returns the process id.
func (s *Server) PID() int { return s.process.Process.Pid }

// Output returns what the server has printed so far, both streams, all starts.
func (s *Server) Output() string {
	text, err := os.ReadFile(s.output)
	if err != nil && !os.IsNotExist(err) {
		s.t.Errorf("read %s's output: %v", s.name, err)
	}
	return string(text)
}

// printed returns the output since the last start.
func (s *Server) printed() string { return s.Output()[s.since:] }

func (s *Server) signal(signal syscall.Signal) {
	err := syscall.Kill(-s.process.Process.Pid, signal)
	if err != nil && err != syscall.ESRCH {
		s.t.Errorf("send %s to %s: %v", signal, s.name, err)
	}
}

// Listening tells whether a TCP connection to host:port can be made.
func Listening(address string) bool {
	connection, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}

func tail(text string, size int) string {
	return text[max(0, len(text)-size):]
}
