package traps

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/panels/fake"
)

// TestT06_Expiry: however a panel says that its session is over, a page leads to the password, a script is told so in JSON, and a
// form in a page.
func TestT06_Expiry(t *testing.T) {
	t.Parallel()
	w := open(t, plain(), generous+`
verify: /me
signed_out: [{location: '^/login([/?#]|$)'}, {form: true}, {status: [401, 403, 419]}, {body: '(?i)not logged in'}]
cookies: {session: [sid]}
`, "/orders")
	json := func(status int, text string) fake.Reply {
		return fake.Reply{Status: status, Type: "application/json", Says: text}
	}
	page := func(to string) fake.Reply { return fake.Reply{Status: http.StatusFound, To: to} }
	w.panel.Be(func(b *fake.Behaviour) { b.Packed = true })
	for _, test := range []struct {
		name             string
		stranger, script fake.Reply
		staleFirst       bool
	}{
		{"page 302, script 401", page("/login"), json(http.StatusUnauthorized, `{}`), false},
		{"page 302 with an absolute address, script 403", page("{origin}/login?next={path}"), json(http.StatusForbidden, `{}`), false},
		{"page 303 relative, script 200 JSON", fake.Reply{Status: http.StatusSeeOther, To: "login"}, json(0, `{"error":"Not logged in"}`), false},
		{"page 200 login form, script 302", fake.Reply{Form: true}, page("/login"), false},
		{"page 200 text, script 200 JSON of an API", fake.Reply{Says: "You are not logged in"}, fake.Reply{Type: "application/problem+json", Says: `{"detail":"not logged in"}`}, false},
		{"page 401, script 401 page", fake.Reply{Status: http.StatusUnauthorized, Form: true}, fake.Reply{Status: http.StatusUnauthorized, Says: "no"}, false},
		{"a form 419 before anything else", page("/login"), json(419, `{"message":"CSRF token mismatch."}`), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := w.within(t)
			w.panel.Be(func(b *fake.Behaviour) {
				b.Stranger, b.Script, b.StaleFirst = test.stranger, test.script, test.staleFirst
			})
			p := w.somebody()
			p.in()
			w.expiry(p)
			w.expiry(p)
		})
	}
}

// TestT06_AliveAfterAll: what only looks like an expired session passes unchanged: no permission, a form that was open too long.
func TestT06_AliveAfterAll(t *testing.T) {
	t.Parallel()
	w := open(t, plain(), plainProfile, "/orders")
	p := w.somebody()
	p.in()
	for range 2 {
		if page := p.Get("/forbidden/settings"); page.Status != http.StatusUnauthorized || page.Body != "You may not see this." {
			t.Errorf("a page without permission is answered %d %q %.200s", page.Status, page.Location(), page.Body)
		}
		if page := p.Fetch("GET", "/forbidden/data", "", ""); page.Status != http.StatusUnauthorized || page.Body != "You may not see this." {
			t.Errorf("a script without permission is answered %d %.200s", page.Status, page.Body)
		}
		form := p.wantInside().Form("#note")
		if page := p.Submit(form, "token", "an old one"); page.Status != 419 || !strings.Contains(page.Body, "Page expired") {
			t.Errorf("an old form is answered %d %q %.200s", page.Status, page.Location(), page.Body)
		}
	}
	p.wantInside()
}
