package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// drain stops accepting and waits for the requests under way until ctx ends; those that last longer are cut off. It does
// not wait for websockets: the server has handed their connections over.
func drain(ctx context.Context, s servers, public, admin *http.Server, cut func()) error {
	err := public.Shutdown(ctx)
	cut()
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests that were still under way have been cut off")
		err = public.Close()
	}
	return errors.Join(err, admin.Close())
}

// endStreams ends event streams as soon as stopping does. They have no end of their own, so a stop would wait its whole
// time for them; browsers open them again by themselves.
func endStreams(next http.Handler, stopping context.Context) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &streamSpotter{ResponseWriter: w, stopping: stopping}
		next.ServeHTTP(s, r)
		if s.forget != nil {
			s.forget()
		}
	})
}

// streamSpotter finds out whether an answer is an event stream, and hangs up on that one. Unwrap keeps flushing, hijacking and
// deadlines (http.ResponseController).
type streamSpotter struct {
	http.ResponseWriter
	stopping context.Context
	forget   func() bool
}

func (w *streamSpotter) WriteHeader(status int) {
	if strings.HasPrefix(strings.ToLower(w.Header().Get("Content-Type")), "text/event-stream") {
		w.forget = context.AfterFunc(w.stopping, func() {
			_ = http.NewResponseController(w.ResponseWriter).SetReadDeadline(time.Unix(1, 0)) // to net/http, the browser has gone
		})
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *streamSpotter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
