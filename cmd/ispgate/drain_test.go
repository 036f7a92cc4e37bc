package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/config"
)

// running is a run of the listeners before handlers of the test.
type running struct {
	url   string
	stop  context.CancelFunc
	ended chan error
}

func startRun(t *testing.T, public http.Handler) running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cfg := config.Default()
	cfg.Listen, cfg.Admin.Listen = []string{"127.0.0.1:0"}, "127.0.0.1:0"
	printed, out := io.Pipe()
	r := running{stop: stop, ended: make(chan error, 1)}
	go func() {
		r.ended <- run(ctx, servers{public: public, admin: http.NotFoundHandler(), health: &health{}, out: out, log: slog.New(slog.DiscardHandler)}, cfg)
	}()
	b := make([]byte, 200)
	n, err := printed.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, printed) }()
	r.url = strings.TrimSpace(strings.TrimPrefix(string(b[:n]), "listening on"))
	t.Cleanup(stop)
	return r
}

// TestStopWaits: an answer under way when the stop begins comes whole.
func TestStopWaits(t *testing.T) {
	slow := make(chan struct{})
	r := startRun(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-slow
		if err := r.Context().Err(); err != nil {
			_, _ = io.WriteString(w, err.Error())
			return
		}
		_, _ = io.WriteString(w, "whole")
	}))
	res, err := http.Get(r.url + "/report")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	r.stop()
	for refused := false; !refused; { // the stop has begun
		c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if refused = err != nil; !refused {
			_ = c.Close()
		}
	}
	select {
	case err := <-r.ended:
		t.Errorf("run did not wait for the answer: %v", err)
	default:
	}
	close(slow)
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "whole" {
		t.Errorf("the slow answer: %q, %v", body, err)
	}
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
}

// TestDrainCutsAtItsEnd: a request is cut off when the time is over, and not before.
func TestDrainCutsAtItsEnd(t *testing.T) {
	requests, cut := context.WithCancel(context.Background())
	began, ended := make(chan struct{}), make(chan time.Time, 1)
	public := newServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		ended <- time.Now()
	}), requests)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = public.Serve(l) }()
	go func() {
		if res, err := http.Get("http://" + l.Addr().String()); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-began
	const patience = 300 * time.Millisecond
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	log := &written{}
	if err := drain(ctx, servers{log: newLogger(log, config.Log{})}, public, newServer(nil, requests), cut); err != nil {
		t.Error(err)
	}
	if at := <-ended; at.Sub(start) < patience {
		t.Errorf("cut off after %s, want %s", at.Sub(start), patience)
	}
	if lines := log.take(t); len(lines) != 1 || !strings.Contains(lines[0]["msg"].(string), "cut off") {
		t.Errorf("log: %v", lines)
	}
}
