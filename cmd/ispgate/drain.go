package main

import (
	"context"
	"errors"
	"mime"
	"net/http"
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
		ctx, end := context.WithCancel(r.Context())
		defer end()
		next.ServeHTTP(&streamSpotter{w, func() { context.AfterFunc(stopping, end) }}, r.WithContext(ctx))
	})
}

// streamSpotter tells when an answer turns out to be an event stream. Unwrap keeps flushing, hijacking and deadlines
// (http.ResponseController).
type streamSpotter struct {
	http.ResponseWriter
	found func()
}

func (w *streamSpotter) WriteHeader(status int) {
	if mt, _, _ := mime.ParseMediaType(w.Header().Get("Content-Type")); mt == "text/event-stream" {
		w.found()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *streamSpotter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
