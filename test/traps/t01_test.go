package traps

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/mission/office"
	"github.com/ispgate/ispgate/test/panels/fake"
)

// plain is a panel without tricks, to be changed by one trap at a time, and plainProfile is all that is said of it.
func plain() fake.Behaviour {
	return fake.Behaviour{
		Proto: true, Page: "/login", Action: "/login", Name: "user", Pass: "pass", Token: "token", Extra: `<button>Log in</button>`,
		Right: fake.Reply{Status: http.StatusFound, To: "/home"}, Wrong: fake.Reply{Form: true, Says: "No."},
		Throttled: fake.Reply{Form: true, Says: "Wait 37 seconds."}, Stale: fake.Reply{Status: 419, Says: "Page expired"},
		Stranger: fake.Reply{Status: http.StatusFound, To: "/login?from={path}"},
		Cookie:   "sid", Home: "/home", Logout: "POST /logout",
	}
}

const plainProfile = generous + `
verify: /me
signed_out: [{location: '^/login([/?#]|$)'}, {status: [401, 419]}]
outcome: {throttled: [{body: 'Wait ([0-9]+) seconds'}]}
cookies: {session: [sid]}
`

// TestT01_ARedirectIsNoProof: where the answer to a password leads says nothing; only the guarded page does.
func TestT01_ARedirectIsNoProof(t *testing.T) {
	t.Parallel()
	w := open(t, plain(), plainProfile, "/orders")
	for _, test := range []struct {
		name         string
		right, wrong string
	}{
		{"wrong goes home, right goes back to the login", "/login", "/home"},
		{"both go home", "/home", "/home"},
		{"both go back", "{referer}", "{referer}"},
		{"wrong goes where right goes, by an absolute address", "/orders", "{origin}/orders"},
		{"both go to another host", "https://sso.example.org/", "https://sso.example.org/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := w.within(t)
			w.panel.Be(func(b *fake.Behaviour) {
				b.Right.To, b.Wrong = test.right, fake.Reply{Status: http.StatusFound, To: test.wrong}
			})
			w.somebody().wantRefused("wrong")
			p := w.somebody()
			p.in()
			p.wantInside()
		})
	}
}

// TestT02_AnyStatus: a failure comes as 200, 302, 401 or 403, a success as 200, 302 or 303.
func TestT02_AnyStatus(t *testing.T) {
	t.Parallel()
	w := open(t, plain(), plainProfile, "/orders")
	for _, wrong := range []fake.Reply{
		{Form: true, Says: "No."}, {Says: "No."}, {Status: http.StatusFound, To: "/login"}, {Status: http.StatusSeeOther, To: "/sorry"}, {Status: http.StatusUnauthorized, Form: true},
		{Status: http.StatusUnauthorized, Says: "No."}, {Status: http.StatusForbidden, Says: "Wrong password."}, {Status: http.StatusUnprocessableEntity, Form: true},
		{Type: "application/json", Says: `{"ok":false}`}, {Status: http.StatusBadRequest, Says: "No."},
	} {
		w.panel.Be(func(b *fake.Behaviour) { b.Wrong = wrong })
		w.somebody().wantRefused("wrong")
	}
	for _, right := range []fake.Reply{
		{Status: http.StatusFound, To: "/home"}, {Status: http.StatusSeeOther, To: "/home"}, {Status: http.StatusMovedPermanently, To: "home"}, {Says: "Welcome"},
		{Type: "application/json", Says: `{"ok":true}`}, {Status: http.StatusCreated, Says: "in"}, {Status: http.StatusNoContent},
		{Says: `<meta http-equiv="refresh" content="0;url=/home">`},
	} {
		w.panel.Be(func(b *fake.Behaviour) { b.Right = right })
		p := w.somebody()
		p.in()
		p.wantInside()
	}
	w.panel.Be(func(b *fake.Behaviour) { b.Wrong = fake.Reply{Status: http.StatusInternalServerError, Says: "No."} })
	if page := w.somebody().password("wrong"); page.Status != http.StatusServiceUnavailable || strings.Contains(page.Text("main"), "not right") {
		t.Errorf("a panel that is broken is answered %d %s", page.Status, page.Text("main"))
	}
}

// TestT03_TheWaitStandsOnTheNextPage: the text of a limiter stands in the answer, or on the page behind its redirect.
func TestT03_TheWaitStandsOnTheNextPage(t *testing.T) {
	t.Parallel()
	w := open(t, plain(), plainProfile, "/orders")
	w.panel.Throttle(true)
	for _, reply := range []fake.Reply{
		{Form: true, Says: "Wait 37 seconds."}, {Status: http.StatusFound, To: "{referer}", Says: "Wait 37 seconds."},
		{Status: http.StatusSeeOther, To: "{origin}/login?failed=1", Says: "Wait 37 seconds."}, {Status: http.StatusForbidden, Says: "Wait 37 seconds."},
	} {
		w.panel.Be(func(b *fake.Behaviour) { b.Throttled = reply })
		page := w.somebody().password(fake.Password)
		if page.Status != http.StatusTooManyRequests || page.Header.Get("Retry-After") != "37" || !strings.Contains(page.Text("main"), "37") {
			t.Errorf("%+v: %d, Retry-After %q, %s", reply, page.Status, page.Header.Get("Retry-After"), page.Text("main"))
		}
	}
	w.panel.Throttle(false)
	p := w.somebody()
	p.in()
	p.wantInside()
}

// TestT03_TheWaitIsSlept: a panel that throttles by sleeping is waited for, however short panel.timeout is: that is for pages. The
// 45 seconds themselves are tested where the clock is false (internal/panel).
func TestT03_TheWaitIsSlept(t *testing.T) {
	t.Parallel()
	w := open(t, plain(), plainProfile, "/orders", "panel", "{url: %s, timeout: 1s, profile: %f}")
	p := w.somebody()
	p.in()
	w.panel.Be(func(b *fake.Behaviour) { b.Sleep = 1500 * time.Millisecond })
	w.somebody().wantRefused("wrong")
	q := w.somebody()
	q.in()
	q.wantInside()
	p.wantInside() // nobody else waited
}

// TestT07_ParkedCookiesMayDie: a panel session that ends between password and code is noticed, and the code is not asked twice.
func TestT07_ParkedCookiesMayDie(t *testing.T) {
	t.Parallel()
	w := open(t, plain(), plainProfile, "/orders")
	p := w.somebody()
	p.in()
	w.code(p)
	e := p.elsewhere()
	if page := e.password(fake.Password); page.Location() != office.Verify {
		t.Fatalf("%d %q", page.Status, page.Location())
	}
	w.panel.KillSessions()
	page := e.PostForm(office.Verify, map[string][]string{"code": {p.phone.Code(t)}})
	if page.Status != http.StatusOK || page.Find("#password").Length() != 1 || strings.Contains(page.Header.Get("Set-Cookie"), "sid=") {
		t.Fatalf("a right code over a dead session is answered %d %q %s", page.Status, page.Location(), page.Text("main"))
	}
	if page := e.password(fake.Password); page.Location() != "/orders" {
		t.Fatalf("the password again leads to %d %q", page.Status, page.Location())
	}
	e.wantInside()
}
