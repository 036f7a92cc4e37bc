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

// TestExpiry_CookiesOfTheProbe: the guarded page is asked with the cookies that the suspicious answer has changed, and what it
// changes in turn goes on, whatever it says; one by one, since a panel may renew an id with every answer.
func TestExpiry_CookiesOfTheProbe(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		kept   bool // the suspicion: a session cookie that the browser does not send to this path
	}{"alive": {200, false}, "odd": {202, false}, "unknown": {503, false}, "lost": {200, true}, "lost, unknown": {503, true}, "lost, then no answer": {202, true}} {
		t.Run(name, func(t *testing.T) {
			var with []string
			h := built(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				if r.URL.Path == "/dashboard" {
					with = append(with, r.Header.Get("Cookie"))
					w.Header().Set("Set-Cookie", "laravel_session=3; Path=/")
					w.WriteHeader(c.status)
					return
				}
				if strings.HasSuffix(name, "no answer") {
					panic(http.ErrAbortHandler)
				}
				w.Header().Set("Set-Cookie", "laravel_session=2; Path=/")
				if !c.kept {
					w.WriteHeader(http.StatusUnauthorized)
				}
			})
			sealed, want := h.sealedCookie("laravel_session=1"), "laravel_session=2"
			if c.kept {
				_, sealed, _ = strings.Cut(h.sealedCookie("laravel_session=1; Path=/dashboard"), "; ")
				want = "laravel_session=1"
			}
			w := ask(h.proxied(), "GET", "/page", "", "Cookie", sealed, "Accept", "text/html")
			if len(with) != 1 || with[0] != want {
				t.Errorf("the guarded page is asked with %q, want %q", with, want)
			}
			set := w.Header().Values("Set-Cookie")
			newest, _, _ := strings.Cut(set[len(set)-1], ";")
			if got := h.custody.Open(h.custody.Session("custody-1"), []string{newest}).Header(); got != "laravel_session=3" {
				t.Errorf("the browser is left with %q of %q", got, set)
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
