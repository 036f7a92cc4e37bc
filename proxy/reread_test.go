package proxy

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
)

// TestS15_AnotherPersonAtTheSecondDoor: the server in front shows us neither forms nor answers, but the cookies tell within ten
// minutes of activity whose panel session it is.
func TestS15_AnotherPersonAtTheSecondDoor(t *testing.T) {
	for _, door := range []string{"auth", "auth/redirect"} {
		who, probes := "17", 0
		h := builtIn(t, panel.Passthrough, namingProfile, naming(&who, &probes))
		h.desk.session.Created = h.now()
		handler := h.handler(h.Auth)
		if door == "auth/redirect" {
			handler = h.handler(h.AuthRedirect)
		}
		visit := func(what, method string, status, want int, header ...string) {
			t.Helper()
			w := ask(handler, "GET", "/ispgate/"+door, "", append(asked(method, "/x", "Cookie", "laravel_session=plain"), header...)...)
			if w.Code != status || probes != want {
				t.Errorf("%s, %s: %d, the panel was asked %d times; want %d, %d", door, what, w.Code, probes, status, want)
			}
			if w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s, %s: a cookie is set (S37)", door, what)
			}
		}
		page, script := []string{"Accept", "text/html"}, []string{"Sec-Fetch-Mode", "cors"}
		visit("too early", "GET", 204, 0, page...)
		h.skipped += 11 * time.Minute
		visit("a script", "GET", 204, 0, script...)
		visit("a script's form", "POST", 204, 0, script...)
		visit("a form", "POST", 204, 0, page...)
		visit("the page after a form", "GET", 204, 0, page...)
		h.skipped += time.Minute
		visit("due", "GET", 204, 1, page...)
		visit("known", "GET", 204, 1, page...)
		h.skipped += 11 * time.Minute
		who = "18"
		refused := map[string]int{"auth": 401, "auth/redirect": 302}[door]
		visit("another person", "GET", refused, 3, page...) // once more to log it out
		if h.desk.ended == 0 || !slices.Contains(h.audited, "identity_changed") {
			t.Errorf("%s: ended %d, audited %v", door, h.desk.ended, h.audited)
		}
	}
}

// TestS15_SecondDoorWithoutPages: who never loads a page is asked about after twice the time, and after a mark at once; what must be
// known and is not said does not pass.
func TestS15_SecondDoorWithoutPages(t *testing.T) {
	for _, how := range []string{"a script's form", "a script", "a form", "after a login"} {
		who, probes := "18", 0
		h := builtIn(t, panel.Passthrough, namingProfile, naming(&who, &probes))
		h.desk.session.Created = h.now()
		method, mode, after := "POST", "cors", identityLate+time.Second
		switch how {
		case "a script":
			method = "GET"
		case "a form":
			mode = "navigate"
		case "after a login":
			h.desk.session.Note.IdentityDue, after = session.LoginMark(h.now()), 0
		}
		h.skipped += after
		w := ask(h.handler(h.Auth), "GET", "/ispgate/auth", "", append(asked(method, "/x", "Cookie", "laravel_session=plain"), "Sec-Fetch-Mode", mode)...)
		if w.Code != 401 || h.desk.ended == 0 {
			t.Errorf("%s: %d, ended %d", how, w.Code, h.desk.ended)
		}
	}
	h := builtIn(t, panel.Passthrough, namingProfile, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) })
	h.desk.session.Note.IdentityDue = session.LoginMark(h.now())
	if w := ask(h.handler(h.Auth), "GET", "/ispgate/auth", "", asked("POST", "/x", "Cookie", "laravel_session=plain")...); w.Code != 503 {
		t.Errorf("nobody is named: %d", w.Code)
	}
}

// TestAuthNeverAsksThePanelWhenSealed: sealed cookies are nobody else's, so there is nothing to ask.
func TestAuthNeverAsksThePanelWhenSealed(t *testing.T) {
	who, probes := "18", 0
	h := builtWith(t, namingProfile, naming(&who, &probes))
	h.desk.session.Created = h.now()
	h.skipped = time.Hour
	if w := ask(h.handler(h.Auth), "GET", "/ispgate/auth", "", asked("GET", "/x", "Accept", "text/html", "Cookie", h.sealedCookie("laravel_session=1"))...); w.Code != 204 || probes != 0 {
		t.Errorf("%d, the panel was asked %d times", w.Code, probes)
	}
}

// TestS45_AuthTellsCookies: the application's cookies are told to a server that asks under a name of its own, never to a browser.
func TestS45_AuthTellsCookies(t *testing.T) {
	h := built(t, hello)
	cookies := []string{"Cookie", "a=1; __Host-ispgate=secret; __Host-ispgate=two; remember_web_x=3", "Cookie", "b=2; ispgate-device=x"}
	for _, c := range []struct{ name, host, want string }{
		{"the server in front", "ispgate", "a=1; b=2"},
		{"a browser", "panel.example.net", ""},
		{"a browser, default port", "PANEL.example.net:443", ""},
		{"a browser at another port", "panel.example.net:9999", ""},
		{"a browser at the second name", "old.example.net", ""},
	} {
		w := ask(h.handler(h.Auth), "GET", "/ispgate/auth", "", append(asked("GET", "/x", cookies...), "Host", c.host)...)
		if w.Code != 204 || w.Header().Get("Cookie") != c.want {
			t.Errorf("%s: %d, cookies %q; want %q", c.name, w.Code, w.Header().Get("Cookie"), c.want)
		}
		w = ask(h.handler(h.AuthRedirect), "GET", "/ispgate/auth/redirect", "", append(asked("GET", "/x", cookies...), "Host", c.host)...)
		if w.Code != 204 || w.Header().Get("Cookie") != c.want || w.Header().Get("Remote-User") != "admin@demo.isp" {
			t.Errorf("%s, redirect: %d, cookies %q; want %q", c.name, w.Code, w.Header().Get("Cookie"), c.want)
		}
	}
}
