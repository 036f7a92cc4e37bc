package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
)

// demoBuilder wires over the demo's panel and stores.
func demoBuilder(t *testing.T) builder {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	log := slog.New(slog.DiscardHandler)
	d := demonstration{listen: "127.0.0.1:0"}
	b := builder{cfg: d.config(), metrics: newMetrics(), log: log}
	b.cfg.PublicURL, _ = url.Parse("https://panel.example.net")
	people, err := d.accounts()
	if err != nil {
		t.Fatal(err)
	}
	back, closePanel, err := servePanel(ctx, people, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closePanel)
	b.cfg.Panel.URL = back
	if b.profile, err = panel.Parse("demo.yaml", demoProfile); err != nil {
		t.Fatal(err)
	}
	st, closeStores, err := d.stores(ctx, b.cfg, b.profile, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeStores)
	b.stores = st
	return b
}

// TestS33_EndReachesEveryNode: the other nodes hear of it from SQL, also when the browser has hung up.
func TestS33_EndReachesEveryNode(t *testing.T) {
	b := demoBuilder(t)
	here := b.sessions(nil)
	acc, err := b.stores.accounts.Meet(t.Context(), account.Identity{ID: "1", Name: "admin@demo.isp"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := here.Advance(t.Context(), http.Header{}, here.Begin(acc.ID, acc.Name, "", acc.Generation), session.Full, session.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	hungUp, hangUp := context.WithCancel(t.Context())
	hangUp()
	if err := b.end(here)(hungUp, w.Header(), s); err != nil {
		t.Fatal(err)
	}
	if cookie := w.Header().Get("Set-Cookie"); !strings.HasPrefix(cookie, "__Host-ispgate=;") {
		t.Errorf("the cookie: %q", cookie)
	}
	rows, _, err := b.revoked(t.Context(), 0)
	if err != nil || len(rows) != 1 || rows[0].Session != s.ID || rows[0].Account != acc.ID {
		t.Errorf("revoked: %+v, %v", rows, err)
	}
}

// TestS33_EndByTheIDAlone: what is known of a session while Redis does not answer is enough with SQL, and nothing without it.
func TestS33_EndByTheIDAlone(t *testing.T) {
	b := demoBuilder(t)
	end, named := b.end(b.sessions(nil)), session.Session{ID: "0123456789abcdef0123456789abcdef"}
	if err := end(t.Context(), nil, named); err != nil {
		t.Fatal(err)
	}
	rows, _, err := b.revoked(t.Context(), 0)
	if err != nil || len(rows) != 1 || rows[0].Session != named.ID {
		t.Errorf("revoked: %+v, %v", rows, err)
	}
	if err := b.stores.accounts.Close(); err != nil {
		t.Fatal(err)
	}
	if err := end(t.Context(), nil, named); err == nil {
		t.Error("an end that no other node hears of passes for one")
	}
}

// TestGatewayReadsRevocationsFirst: the first request finds everything in force that was revoked while nobody served.
func TestGatewayReadsRevocationsFirst(t *testing.T) {
	b := demoBuilder(t)
	before := b.sessions(nil)
	acc, err := b.stores.accounts.Meet(t.Context(), account.Identity{ID: "1", Name: "admin@demo.isp"})
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	if _, err := before.Advance(t.Context(), h, before.Begin(acc.ID, acc.Name, "", acc.Generation), session.Full, session.Meta{}); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", strings.Split(h.Get("Set-Cookie"), ";")[0])
	if s, err := before.Load(t.Context(), r); err != nil || s.Stage != session.Full {
		t.Fatalf("before: %+v, %v", s, err)
	}
	if err := b.stores.accounts.Revoke(t.Context(), acc.ID); err != nil {
		t.Fatal(err)
	}
	for range 20 { // the poll in the background, which comes soon after, must not make this pass by chance
		gw, err := b.gateway()
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		gw.run(ctx, b.log)
		s, err := gw.sessions.Load(t.Context(), r)
		stop()
		if err != nil || s.Stage != session.Anonymous {
			t.Fatalf("a revoked session after a restart: %+v, %v", s, err)
		}
	}
}
