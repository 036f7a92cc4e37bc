package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestExpiry: an answer as strangers get it is a suspicion; the guarded page decides.
func TestExpiry(t *testing.T) {
	page, script := []string{"Accept", "text/html"}, []string{"Accept", "application/json"}
	for _, c := range []struct {
		name     string
		alive    bool
		method   string
		target   string
		header   []string
		status   int
		location string
	}{
		{"dead, page", false, "GET", "/gone?x=1", page, 303, "/ispgate/login?return_to=%2Fgone%3Fx%3D1"},
		{"dead, form", false, "POST", "/gone", page, 401, ""},
		{"dead, script", false, "GET", "/gone", script, 401, ""},
		{"alive, page", true, "GET", "/gone", page, 302, "/login"},
		{"alive, script", true, "GET", "/gone", script, 302, "/login"},
		{"dead, but the answer is a good one", false, "GET", "/fine", page, 200, ""},
		{"dead, public", false, "GET", "/pay/gone", page, 302, "/login"},
		{"dead, logging out", false, "POST", "/logout", page, 302, "/ispgate/login?out=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			probes := 0
			h := built(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/dashboard":
					if probes++; c.alive {
						w.Header().Set("Content-Type", "text/html")
						_, _ = io.WriteString(w, "<p>hello")
						return
					}
				case r.URL.Path == "/fine":
					return
				}
				w.Header().Set("Location", "/login")
				w.WriteHeader(http.StatusFound)
			})
			cookie := append([]string{"Cookie", h.sealedCookie("laravel_session=1")}, c.header...)
			for range 2 { // the second answer comes from what the first probe said
				w := ask(h.proxied(), c.method, c.target, "", cookie...)
				if w.Code != c.status || w.Header().Get("Location") != c.location {
					t.Errorf("%d to %q; want %d to %q", w.Code, w.Header().Get("Location"), c.status, c.location)
				}
				if strings.Contains(strings.Join(w.Header().Values("Set-Cookie"), " "), "__Host-ispgate") && c.target != "/logout" {
					t.Error("our own session is touched")
				}
			}
			if suspected := strings.HasPrefix(c.target, "/gone"); (probes == 1) != suspected {
				t.Errorf("%d probes", probes)
			}
		})
	}
}

// TestLostPanelCookie: a protected page asked for without any session cookie of the panel.
func TestLostPanelCookie(t *testing.T) {
	h := built(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/login")
		w.WriteHeader(http.StatusFound)
	})
	if w := ask(h.proxied(), "GET", "/fine", "", "Accept", "text/html"); w.Code != 303 || w.Header().Get("Location") != "/ispgate/login?return_to=%2Ffine" {
		t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
	}
	for r := range len(h.seen) {
		if got := <-h.seen; got.URL.Path != "/dashboard" {
			t.Errorf("request %d asks the panel for %s", r, got.URL.Path)
		}
	}
}

// TestExpiryRightAfterAnOutage: a probe that found the panel away says nothing about it once it is back.
func TestExpiryRightAfterAnOutage(t *testing.T) {
	away := true
	h := built(t, func(w http.ResponseWriter, r *http.Request) {
		if away && r.URL.Path == "/dashboard" {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Location", "/login")
		w.WriteHeader(http.StatusFound)
	})
	page := []string{"Cookie", h.sealedCookie("laravel_session=1"), "Accept", "text/html"}
	if w := ask(h.proxied(), "GET", "/gone", "", page...); w.Header().Get("Location") != "/login" {
		t.Errorf("while it cannot be told: %d to %q", w.Code, w.Header().Get("Location"))
	}
	away = false
	if w := ask(h.proxied(), "GET", "/gone", "", page...); w.Header().Get("Location") != "/ispgate/login?return_to=%2Fgone" {
		t.Errorf("back again: %d to %q", w.Code, w.Header().Get("Location"))
	}
}
