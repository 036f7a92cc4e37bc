package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
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

// TestStopEndsStreamsOnly: an event stream has no end of its own and does not hold the stop; a slow answer comes whole.
func TestStopEndsStreamsOnly(t *testing.T) {
	slow, streamEnded := make(chan struct{}), make(chan struct{})
	r := startRun(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			w.WriteHeader(http.StatusOK)
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			close(streamEnded)
			return
		}
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-slow
		if err := r.Context().Err(); err != nil {
			_, _ = io.WriteString(w, err.Error())
			return
		}
		_, _ = io.WriteString(w, "whole")
	}))
	var bodies []io.Reader
	for _, path := range []string{"/stream", "/report"} {
		res, err := http.Get(r.url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		bodies = append(bodies, res.Body)
	}
	r.stop()
	select {
	case <-streamEnded:
	case <-time.After(5 * time.Second):
		t.Error("the stream goes on")
	}
	select {
	case err := <-r.ended:
		t.Errorf("run did not wait for the answer: %v", err)
	default:
	}
	close(slow)
	if body, err := io.ReadAll(bodies[1]); err != nil || string(body) != "whole" {
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
	}), slog.New(slog.DiscardHandler), requests)
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
	if err := drain(ctx, servers{log: newLogger(log, config.Log{})}, public, newServer(nil, slog.Default(), requests), cut); err != nil {
		t.Error(err)
	}
	if at := <-ended; at.Sub(start) < patience {
		t.Errorf("cut off after %s, want %s", at.Sub(start), patience)
	}
	if lines := log.take(t); len(lines) != 1 || !strings.Contains(lines[0]["msg"].(string), "cut off") {
		t.Errorf("log: %v", lines)
	}
}

// TestStreamsAreSpotted: what is no event stream is never ended early, and what needs the bare connection still gets it.
func TestStreamsAreSpotted(t *testing.T) {
	stopping, stop := context.WithCancel(context.Background())
	stop()
	for mt, stream := range map[string]bool{"text/event-stream": true, "Text/Event-Stream;charset=utf-8": true, "text/html": false, "": false} {
		srv := httptest.NewServer(endStreams(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", mt)
			w.WriteHeader(http.StatusOK)
			select {
			case <-r.Context().Done():
			case <-time.After(map[bool]time.Duration{true: 5 * time.Second, false: 20 * time.Millisecond}[stream]):
			}
			if ended := r.Context().Err() != nil; ended != stream {
				t.Errorf("%q: ended %v", mt, ended)
			}
			if _, _, err := http.NewResponseController(w).Hijack(); err != nil {
				t.Errorf("%q: %v", mt, err)
			}
		}), stopping))
		_, _ = http.Get(srv.URL)
		srv.Close()
	}
}
