package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ispgate/ispgate/internal/account"
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

// TestReadyzNamesWhatIsWrong: a database that answers may still refuse logins.
func TestReadyzNamesWhatIsWrong(t *testing.T) {
	h := &health{}
	h.serving.Store(true)
	for want, err := range map[string]error{"ok": nil, "tampered": account.ErrTampered, "moved": account.ErrMoved, "unreachable": context.DeadlineExceeded} {
		h.open(map[string]func(context.Context) error{"sql": func(context.Context) error { return fmt.Errorf("ping: %w", err) }})
		if err == nil {
			h.open(map[string]func(context.Context) error{"sql": func(context.Context) error { return nil }})
		}
		w := httptest.NewRecorder()
		h.ready(w, httptest.NewRequest("GET", "/readyz", nil))
		if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `"sql":"`+want+`"`) {
			t.Errorf("%d, no %q: %s", w.Code, want, body)
		}
	}
}

// TestS41_OpenAdminListener: it is warned of, by check too.
func TestS41_OpenAdminListener(t *testing.T) {
	for address, open := range map[string]bool{"127.0.0.1:9464": false, "[::1]:9464": false, "localhost:9464": false, "127.8.0.1:0": false, "unix:/run/ispgate/admin.sock": false,
		"0.0.0.0:9464": true, ":9464": true, "[::]:9464": true, "192.0.2.7:9464": true, "gateway.example.net:9464": true} {
		if got := openAdmin(address); (got != "") != open || open && !strings.Contains(got, address) {
			t.Errorf("%s: %q", address, got)
		}
	}
	for address, open := range map[string]bool{"127.0.0.1:9464": false, "0.0.0.0:9464": true} {
		path := configFile(t, "")
		rewrite(t, path, "admin: {listen: '127.0.0.1:0'}", "admin: {listen: '"+address+"'}")
		if out, _ := command(t, "check", "-c", path); strings.Contains(out, "note  admin.listen") != open {
			t.Errorf("%s:\n%s", address, out)
		}
	}
}
