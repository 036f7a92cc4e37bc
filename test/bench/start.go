package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/ispgate/ispgate/test/harness"
)

const (
	startMost   = 50 * time.Millisecond
	programMost = 35 // MB
	starts      = 11
)

// start is how soon the program answers, and how big it is.
func (w *world) start(settings) ([]row, error) {
	progress("starts")
	program := harness.Binary(w.house)
	info, err := os.Stat(program)
	if err != nil {
		return nil, err
	}
	g := w.gateway()
	g.Stop()
	own, err := w.started(http.StatusOK, func(address string) *exec.Cmd {
		c := exec.Command(program, "serve", "-c", g.Config)
		c.Env = append(os.Environ(), "ISPGATE_LISTEN="+address)
		return c
	})
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	bare, err := w.started(http.StatusNoContent, func(address string) *exec.Cmd {
		return exec.Command(self, "reference", "handler", address, "")
	})
	if err != nil {
		return nil, err
	}
	first := duration(fmt.Sprintf("from exec to the first answer (median of %d, warm cache)", starts), startMost, own)
	first.measured += fmt.Sprintf(" (bare net/http handler: %.1f)", micros(bare)/1000)
	return []row{
		first,
		figure("size of the program, stripped", " MB", programMost, float64(info.Size())/1e6, "%.1f"),
	}, nil
}

// started is the median of how soon a program answers.
func (w *world) started(status int, program func(address string) *exec.Cmd) (time.Duration, error) {
	var all []time.Duration
	for range starts {
		address := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(w.house))
		took, err := firstAnswer(program(address), address, status)
		if err != nil {
			return 0, err
		}
		all = append(all, took)
	}
	slices.Sort(all)
	return all[starts/2], nil
}

// firstAnswer starts a program and asks for the login page until it comes.
func firstAnswer(c *exec.Cmd, address string, status int) (time.Duration, error) {
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r, err := http.NewRequest(http.MethodGet, "http://"+address+"/ispgate/login", nil)
	if err != nil {
		return 0, err
	}
	r.Host = "panel.example.net"
	begin := time.Now()
	if err := c.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	}()
	for time.Since(begin) < 10*time.Second {
		res, err := direct.Do(r)
		if err != nil {
			time.Sleep(200 * time.Microsecond)
			continue
		}
		took := time.Since(begin)
		if _, err := drain(res); err != nil || res.StatusCode != status {
			return 0, fmt.Errorf("the first answer is %s (%v)", res.Status, err)
		}
		return took, nil
	}
	return 0, errors.New("no answer within 10 s")
}
