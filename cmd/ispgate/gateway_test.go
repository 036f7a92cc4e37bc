package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/demo"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/web"
)

// written is a log that a test reads while others write it.
type written struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *written) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(b)
}

// take returns the lines since the last take; each must be one JSON object.
func (w *written) take(t *testing.T) []map[string]any {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []map[string]any
	for _, line := range strings.Split(strings.TrimSuffix(w.b.String(), "\n"), "\n") {
		if line == "" {
			continue
		}
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		out = append(out, m)
	}
	w.b.Reset()
	return out
}

// whole is the gateway as serve builds it, before the demo panel, over the demo's stores.
type whole struct {
	*gateway
	metrics *metrics
	log     *written
	asked   *commands
	stop    context.CancelFunc // serving is to end
}

func wholeGateway(t testing.TB) *whole {
	t.Helper()
	accounts, err := demonstration{listen: "127.0.0.1:0"}.accounts()
	if err != nil {
		t.Fatal(err)
	}
	return wholeGatewayFor(t, accounts, demoProfile, web.Patience{})
}

// wholeGatewayFor is wholeGateway with other people in the panel, another profile and another patience.
func wholeGatewayFor(t testing.TB, accounts []demo.Account, text []byte, patience web.Patience) *whole {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	out := &whole{metrics: newMetrics(), log: &written{}}
	var stopping context.Context
	stopping, out.stop = context.WithCancel(ctx)
	log := newLogger(out.log, config.Log{Level: "info", Format: "json"})
	d := demonstration{listen: "127.0.0.1:0"}
	cfg := d.config()
	cfg.PublicURL, _ = url.Parse("https://panel.example.net")
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	profile, err := panel.Parse("demo.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	back, closePanel, err := servePanel(ctx, accounts, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closePanel)
	cfg.Panel.URL = back
	st, closeStores, err := d.stores(ctx, cfg, profile, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeStores)
	out.asked = &commands{}
	st.redis.AddHook(out.asked)
	if out.gateway, err = (builder{cfg: cfg, profile: profile, stores: st, metrics: out.metrics, log: log, stopping: stopping, patience: patience}).gateway(); err != nil {
		t.Fatal(err)
	}
	return out
}

// ask sends a request with a raw target through the whole public surface.
func (g *whole) ask(method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.RequestURI, r.Host, r.RemoteAddr = target, "panel.example.net", "203.0.113.9:1"
	r.URL, _ = url.ParseRequestURI(target)
	r.Header.Set("Accept", "text/html")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	return w
}

// routes counts the requests of each route label.
func (g *whole) routes(t *testing.T) map[string]uint64 {
	t.Helper()
	families, err := g.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]uint64{}
	for _, f := range families {
		if f.GetName() != "ispgate_request_duration_seconds" {
			continue
		}
		for _, m := range f.GetMetric() {
			out[m.GetLabel()[0].GetValue()] = m.GetHistogram().GetSampleCount()
		}
	}
	return out
}

var form = []string{"Content-Type", "application/x-www-form-urlencoded"}

func sameSite(more ...string) []string {
	return append(append([]string{"Sec-Fetch-Site", "same-origin"}, form...), more...)
}

func crossSite() []string { return append([]string{"Sec-Fetch-Site", "cross-site"}, form...) }

func ours(h http.Header) bool {
	return strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") && h.Get("X-Content-Type-Options") == "nosniff" &&
		h.Get("Referrer-Policy") == "same-origin" && h.Get("Cross-Origin-Opener-Policy") == "same-origin" && h.Get("Strict-Transport-Security") != ""
}
