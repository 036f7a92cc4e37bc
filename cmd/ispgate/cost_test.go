package main

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"gopkg.in/yaml.v3"
)

// cost is what one request takes beside processor time: both figures are exact, on any machine.
type cost struct {
	Allocations int `yaml:"allocations"`
	Redis       int `yaml:"redis"` // commands for a hundred requests
}

const costs = "testdata/cost.yaml"

// sink is a ResponseWriter that allocates nothing.
type sink struct {
	header http.Header
	status int
}

func (d *sink) Header() http.Header         { return d.header }
func (d *sink) Write(b []byte) (int, error) { return len(b), nil }
func (d *sink) WriteHeader(status int)      { d.status = status }

func (d *sink) SetWriteDeadline(time.Time) error { return nil }

// commands counts what Redis is asked.
type commands struct{ n atomic.Int64 }

func (c *commands) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *commands) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmd)
	}
}

func (c *commands) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.n.Add(int64(len(cmds)))
		return next(ctx, cmds)
	}
}

// loggedIn is the Cookie header of a browser that has logged in.
func (g *whole) loggedIn(t testing.TB) string {
	t.Helper()
	w := g.ask("POST", "/ispgate/login", "username=admin%40demo.isp&password=demo-password", sameSite()...)
	if w.Code != http.StatusSeeOther {
		t.Fatalf("login: %d %s", w.Code, w.Body)
	}
	var pairs []string
	for _, c := range w.Result().Cookies() {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

// question is what nginx asks for a page.
func question(cookies string) *http.Request {
	r := httptest.NewRequest("GET", "/ispgate/auth", nil)
	r.Host, r.RemoteAddr = "ispgate", "192.0.2.1:1"
	r.Header = http.Header{"Accept": {"text/html"}, "Sec-Fetch-Mode": {"navigate"}, "User-Agent": {"Mozilla/5.0"}, "X-Forwarded-For": {"198.51.100.7"},
		"X-Original-Method": {"GET"}, "X-Original-Url": {"https://panel.example.net/dashboard?x=1"}}
	if cookies != "" {
		r.Header["Cookie"] = []string{cookies}
	}
	return r
}

// TestCost: what a question costs does not grow unseen. ISPGATE_RECORD_COST=1 writes the figures down anew.
func TestCost(t *testing.T) {
	g := wholeGateway(t)
	in := g.loggedIn(t)
	got := map[string]cost{}
	for name, c := range map[string]struct {
		cookies string
		status  int
	}{
		"auth, logged in":     {in, http.StatusNoContent},
		"auth, no cookie":     {"", http.StatusUnauthorized},
		"auth, forged cookie": {"__Host-ispgate=" + strings.Repeat("A", 136), http.StatusUnauthorized},
	} {
		got[name] = g.costOf(t, question(c.cookies), c.status)
	}
	if os.Getenv("ISPGATE_RECORD_COST") != "" {
		text, err := yaml.Marshal(got)
		if err == nil {
			err = os.WriteFile(costs, text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(costs)
	if err != nil {
		t.Fatal(err)
	}
	var recorded map[string]cost
	if err := yaml.Unmarshal(text, &recorded); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		now, before := got[name], recorded[name]
		t.Logf("%s: %d allocations, %d Redis commands for a hundred requests", name, now.Allocations, now.Redis)
		if now.Allocations > before.Allocations || now.Redis > before.Redis {
			t.Errorf("%s grew: %+v, recorded %+v", name, now, before)
		}
	}
}

func (g *whole) costOf(t *testing.T, r *http.Request, status int) cost {
	t.Helper()
	w := &sink{header: http.Header{}}
	once := func() {
		clear(w.header)
		g.handler.ServeHTTP(w, r)
	}
	once()
	if w.status != status {
		t.Fatalf("status %d, want %d", w.status, status)
	}
	before := g.asked.n.Load()
	for range 100 {
		once()
	}
	return cost{Allocations: int(testing.AllocsPerRun(100, once)), Redis: int(g.asked.n.Load() - before)}
}

// BenchmarkAuth is the answer to auth_request, from the request to its status, without a network.
func BenchmarkAuth(b *testing.B) {
	g := wholeGateway(b)
	r, w := question(g.loggedIn(b)), &sink{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		g.handler.ServeHTTP(w, r)
	}
	if w.status != http.StatusNoContent {
		b.Fatal(w.status)
	}
}
