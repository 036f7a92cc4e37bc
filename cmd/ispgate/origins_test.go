package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
)

// newOrigins is what the demo serves.
func newOrigins(t *testing.T) *origins {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	b := demoBuilder(t)
	return &origins{builder: b, ctx: ctx}
}

func asked(host, peer string, header ...string) *http.Request {
	r := httptest.NewRequest("GET", "/ispgate/login", nil)
	r.Host, r.RemoteAddr = host, peer
	r.Header.Set("Accept", "text/html")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// TestOriginsNameCookiesByScheme (design 3.1). X-Forwarded-Proto of strangers is not believed.
func TestOriginsNameCookiesByScheme(t *testing.T) {
	o := newOrigins(t)
	overTLS := asked("demo.example", "203.0.113.9:1")
	overTLS.TLS = &tls.ConnectionState{}
	for name, c := range map[string]struct {
		r      *http.Request
		cookie string
	}{
		"plain":                           {asked("demo.example", "203.0.113.9:1"), "ispgate"},
		"our own TLS":                     {overTLS, "__Host-ispgate"},
		"a proxy on this machine, https":  {asked("demo.example", "127.0.0.1:1", "X-Forwarded-Proto", "https"), "__Host-ispgate"},
		"a proxy on this machine, IPv6":   {asked("demo.example", "[::1]:1", "X-Forwarded-Proto", "https"), "__Host-ispgate"},
		"a proxy on this machine, http":   {asked("demo.example", "127.0.0.1:1", "X-Forwarded-Proto", "http"), "ispgate"},
		"a proxy on this machine, a list": {asked("demo.example", "127.0.0.1:1", "X-Forwarded-Proto", "https, http"), "ispgate"},
		"a stranger who says https":       {asked("demo.example", "203.0.113.9:1", "X-Forwarded-Proto", "https"), "ispgate"},
	} {
		gw, err := o.of(c.r)
		if err != nil || gw.sessions.CookieName() != c.cookie {
			t.Errorf("%s: %v, want %s", name, err, c.cookie)
		}
	}
	if len(o.known) != 2 {
		t.Errorf("%d gateways for one name and two schemes", len(o.known))
	}
	for _, host := range []string{"", "a b", "user@demo.example", "demo.example/x", "demo.example?x", "[::1"} {
		w := httptest.NewRecorder()
		o.ServeHTTP(w, asked(host, "127.0.0.1:1"))
		if w.Code != http.StatusMisdirectedRequest {
			t.Errorf("Host %q: %d", host, w.Code)
		}
	}
}

// TestOriginsMakeRoom: however many names strangers think of, the next one is answered, and the work of the others ends.
func TestOriginsMakeRoom(t *testing.T) {
	o := newOrigins(t)
	if !o.loginsOpen() {
		t.Error("closed before anybody asked")
	}
	answers := func(host string) {
		t.Helper()
		w := httptest.NewRecorder()
		if o.ServeHTTP(w, asked(host, "203.0.113.9:1")); w.Code != http.StatusOK {
			t.Fatalf("%s: %d", host, w.Code)
		}
	}
	for i := range 3 * demoOrigins {
		answers("Kept.example:8080")
		answers(fmt.Sprint("name", i, ".example"))
	}
	if len(o.known) != demoOrigins || o.known["http://kept.example:8080"] == nil || o.known["http://name0.example"] != nil {
		t.Errorf("%d gateways; the one in use is there: %v", len(o.known), o.known["http://kept.example:8080"] != nil)
	}
	answers("name0.example")
	if !o.loginsOpen() {
		t.Error("logins are closed although the panel is in order")
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var b bytes.Buffer
		_ = pprof.Lookup("goroutine").WriteTo(&b, 2)
		polls := strings.Count(b.String(), "session.(*Manager).Run(")
		if polls <= demoOrigins {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d gateways still work", polls)
		}
	}
}

// TestDemoMetrics: the demo counts what serve counts.
func TestDemoMetrics(t *testing.T) {
	g := harness.Demo(t)
	res, err := http.Get(g.Admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(body), "\nispgate_logins_open 1\n") || !strings.Contains(string(body), "\nispgate_accounts{") {
		t.Errorf("ispgate_logins_open or ispgate_accounts is missing: %v", err)
	}
}
