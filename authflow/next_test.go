package authflow

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
)

// TestDestination: a panel whose front page asks for a login, and whose login page is ours, must not send anybody round.
func TestDestination(t *testing.T) {
	profile := func(text string) *Flow {
		p, err := panel.Parse("p.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return &Flow{Options: Options{Profile: p}}
	}
	bare, withHome := profile("{base: laravel, verify: /account, routes: {two_factor: [/2fa]}}"), profile("{base: laravel, verify: /account, home: /home}")
	full := session.Session{Stage: session.Full, ReturnTo: "/customers?page=2"}
	login := httptest.NewRequest("GET", "/ispgate/login", nil)
	for name, c := range map[string]struct{ got, want string }{
		"right after the login":            {bare.destination(login, full, true), "/customers?page=2"},
		"nothing was asked for":            {bare.destination(login, session.Session{}, true), "/"},
		"home":                             {withHome.destination(login, session.Session{}, true), "/home"},
		"logged in, sent by the panel":     {bare.destination(login, full, false), "/account"},
		"logged in, with a home":           {withHome.destination(login, full, false), "/home"},
		"logged in, asked for":             {bare.destination(httptest.NewRequest("GET", "/ispgate/login?return_to=/x", nil), full, false), "/x"},
		"our own pages' way back":          {bare.home(full), "/customers?page=2"},
		"not to what is our own page":      {bare.home(session.Session{Stage: session.Full, ReturnTo: "/2fa"}), "/account"},
		"the way back, with a home":        {withHome.home(full), "/home"},
		"the way back of who is not there": {bare.home(session.Session{}), "/"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
}

// TestS09_OnlyPagesAreReturnedTo: whoever makes the link that somebody logs in by must not make him log out, or worse.
func TestS09_OnlyPagesAreReturnedTo(t *testing.T) {
	p, err := panel.Parse("p.yaml", []byte("{base: laravel, verify: /account, routes: {two_factor: [/2fa], logout: [/out], deny: [/api/login], challenge: [/step2], impersonate: ['/as/*'], public: ['/pay/*']}}"))
	if err != nil {
		t.Fatal(err)
	}
	f := &Flow{Options: Options{Profile: p}}
	for target, lands := range map[string]bool{
		"/customers?page=2": true, "/pay/1": true, "/": true, "/outer": true,
		"/out": false, "/OUT": false, "/out/": false, "/out;x": false, "/index.php/out": false, "/%6fut": false, "/%256fut": false, "/out?x=1": false,
		"/login": false, "/LOGIN/": false, "/login?next=/x": false, "/api/login": false, "/step2": false, "/2fa": false, "/2fa?x": false, "/as/5": false,
		"//evil.example": false, "/ispgate/logout": false,
	} {
		r := httptest.NewRequest("GET", "/ispgate/login?return_to="+url.QueryEscape(target), nil)
		s := session.Session{Stage: session.Full, ReturnTo: target}
		for name, got := range map[string]string{"asked for": f.destination(r, session.Session{}, true), "of the session": f.destination(httptest.NewRequest("GET", "/ispgate/login", nil), s, true)} {
			if want := map[bool]string{true: target, false: "/"}[lands]; got != want {
				t.Errorf("%s, %s: %q, want %q", target, name, got, want)
			}
		}
	}
}

// TestRightCodeThatCouldNotCount: a store goes away between the code and the new token. The code is spent; the next one logs
// in, and nobody is told to be logged in who is not.
func TestRightCodeThatCouldNotCount(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 100)
	p := h.enrolled(operator)
	p.post("logout", "x", "")
	p.want(p.login(""), http.StatusSeeOther, "/ispgate/verify")
	fail := func() error { return errors.New("the database is away") }
	h.renewal.Store(&fail)
	if page := p.post("verify", "code", p.code()); page.Status < 500 {
		t.Fatalf("%d %s", page.Status, page.Text("main"))
	}
	if page := p.post("verify", "code", p.code()).Want(http.StatusUnauthorized); page.Text("h1") != "Enter your 2FA code" {
		t.Errorf("%q", page.Text("main"))
	}
	p.want(p.post("verify", "code", p.code()), http.StatusSeeOther, "/dashboard")
}
