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
	var all []time.Duration
	for range starts {
		took, err := firstAnswer(program, g.Config, fmt.Sprintf("127.0.0.1:%d", harness.FreePort(w.house)))
		if err != nil {
			return nil, err
		}
		all = append(all, took)
	}
	slices.Sort(all)
	return []row{
		duration(fmt.Sprintf("from exec to the first answer (median of %d, warm cache)", starts), startMost, all[starts/2]),
		figure("size of the program, stripped", " MB", programMost, float64(info.Size())/1e6, "%.1f"),
	}, nil
}

// firstAnswer starts the program and asks for its login page until it comes.
func firstAnswer(program, config, address string) (time.Duration, error) {
	c := exec.Command(program, "serve", "-c", config)
	c.Env = append(os.Environ(), "ISPGATE_LISTEN="+address)
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
		if _, err := drain(res); err != nil || res.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("the first answer is %s (%v)", res.Status, err)
		}
		return took, nil
	}
	return 0, errors.New("no answer within 10 s")
}
