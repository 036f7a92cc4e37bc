package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestReadyzAsksAllAtOnce: stores that hang do not make one that answers look down, nor add up.
func TestReadyzAsksAllAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stores := map[string]func(context.Context) error{"sql": func(ctx context.Context) error { return ctx.Err() }}
		for i := range 9 {
			stores[fmt.Sprint("hanging", i)] = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		}
		h := &health{}
		h.open(stores)
		h.serving.Store(true)
		start, w := time.Now(), httptest.NewRecorder()
		h.ready(w, httptest.NewRequest("GET", "/readyz", nil))
		if took := time.Since(start); w.Code != 200 || took > time.Second {
			t.Errorf("%d after %s", w.Code, took)
		}
		if body := w.Body.String(); !strings.Contains(body, `"sql":"ok"`) || strings.Count(body, "unreachable") != 9 {
			t.Error(body)
		}
	})
}
