package panel

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A profile for an application without a login keeps its routes, and nothing that it says of a login.
func TestLoginless(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":            "{}",
		"only routes":        "{routes: {public: [/open/*], login: [/own-login], deny: [/never]}}",
		"a whole login":      "{base: generic, verify: /dashboard, signed_out: [{status: 401}], login: {page: /login, user: u, password: p, anywhere: true}, identity: {kind: name, name: {css: '#name'}}}",
		"a panel of its own": "{base: laravel}",
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Reader{Loginless: true}.Parse("p.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Complete(); err != nil || !p.Loginless() || p.Identity.Configured() || p.NeedsBody() || p.Watch(Watched{Target: "/x?u=x&p=y", Inside: true}) != nil || p.Logout != "none" {
				t.Errorf("something of a login is left: %v, %+v", err, p)
			}
			if kind := p.Match("GET", "/login").Kind; kind == LoginRoute {
				t.Error("the login page of generic is the application's own address")
			}
			if p.SignedOut(Answer{Status: http.StatusUnauthorized, Header: http.Header{}}) {
				t.Error("an answer of the application ends a session")
			}
			for _, name := range []string{"alice", "alice@example.net"} {
				if folded, err := p.Fold(strings.ToUpper(name)); err != nil || folded != name {
					t.Errorf("%s folds to %q, %v", name, folded, err)
				}
			}
		})
	}
	p, err := Reader{Loginless: true}.Parse("p.yaml", []byte("{routes: {public: [/open/*], login: [/own-login], deny: [/never]}}"))
	if err != nil {
		t.Fatal(err)
	}
	for target, kind := range map[string]Kind{"/open/x": Public, "/own-login": LoginRoute, "/never": Deny, "/x": Protected} {
		if got := p.Match("GET", target).Kind; got != kind {
			t.Errorf("%s is %s, want %s", target, got, kind)
		}
	}
	if _, err := (Reader{Loginless: true}).Parse("p.yaml", []byte("{routes: {public: [open]}}")); err == nil {
		t.Error("a faulty route is taken")
	}
}

// Of an application without a login only an answer is wanted, and no password is ever sent to it.
func TestLoginlessPanel(t *testing.T) {
	var asked []string
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer back.Close()
	at, _ := url.Parse(back.URL)
	profile, err := Reader{Loginless: true}.Load("generic")
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(Options{URL: at, Public: at, Profile: profile, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Control(t.Context(), Client{}); err != nil || strings.Join(asked, ", ") != "GET /" {
		t.Errorf("control: %v, asked %q", err, asked)
	}
	p.Run(t.Context()) // over at once
	if out := p.Login(t.Context(), Attempt{Username: "alice", Password: "x"}); out.Verdict != FormChanged || len(asked) != 1 {
		t.Errorf("a login: %s, asked %q", out.Verdict, asked)
	}
	back.Close()
	if err := p.Control(t.Context(), Client{}); err == nil {
		t.Error("control of an application that is away")
	}
}
