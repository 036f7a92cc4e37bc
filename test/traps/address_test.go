package traps

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/mission/office"
	"github.com/ispgate/ispgate/test/panels/fake"
)

// TestPanelUnderAPath: all pages of the panel stand below /billing, and so do its cookies.
func TestPanelUnderAPath(t *testing.T) {
	t.Parallel()
	b := fake.LibreNMS()
	b.Base, b.Action = "/billing", "{origin}/billing/login"
	b.Right, b.Stranger = fake.Reply{Status: http.StatusFound, To: "{origin}/billing/overview"}, fake.Reply{Status: http.StatusFound, To: "{origin}/billing/login"}
	b.Path, b.Cookies, b.Late = "/billing", []fake.Cookie{{Name: "second_session", Path: "/billing"}}, nil
	w := open(t, b, generous+`
base: laravel
login: {page: /billing/login}
verify: /billing/preferences
signed_out: [{location: '^/billing/login([/?#]|$)'}, {status: [401, 419]}]
usernames: {fold: true, pattern: '^[a-z0-9._-]{1,64}$'}
routes: {logout: [POST /billing/logout], public: [/billing/open]}
`, "/billing/devices")
	w.throttled()
	w.proof(true)
	p := w.somebody()
	if page := p.Get("/"); page.Location() != office.Login { // what the panel does not have is not open either
		t.Errorf("/ answers a stranger %d %q", page.Status, page.Location())
	}
}

// TestPanelOnAnotherHost: the panel answers to its own name only, writes that name into everything, and gives its cookies to it.
func TestPanelOnAnotherHost(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Origin, b.Hosted, b.Domain, b.Whole = "http://intern.example.lan:8080", true, "intern.example.lan", true
	b.Action, b.Right.To, b.Stranger.To = "{origin}/login", "{origin}/home", "{origin}/login?from={path}"
	b.Referer = true
	w := open(t, b, plainProfile+"forward: {host: 'intern.example.lan:8080', proto: http}\n", "/orders")
	w.throttled()
	p := w.somebody()
	w.passwords(p)
	page := p.wantInside()
	form := page.Form("#note")
	form.Action = strings.Replace(form.Action, b.Origin, office.Origin, 1) // what the panel's pages say is not rewritten
	answer := p.Submit(form, "note", "blue")
	if answer.Location() != office.Origin+"/orders" {
		t.Errorf("a redirect to the panel's own name leads to %q", answer.Location())
	}
	for _, seen := range w.panel.Seen() {
		if seen.Host != "intern.example.lan:8080" || seen.Header.Get("X-Forwarded-Host") != "panel.example.net" {
			t.Fatalf("%s %s came under %q, X-Forwarded-Host %q", seen.Method, seen.Target, seen.Host, seen.Header.Get("X-Forwarded-Host"))
		}
	}
	w.panel.KillSessions()
	p.wantOutside("the panel session is dead")
	p.in()
	logout := p.wantInside().Form("#logout")
	logout.Action = strings.Replace(logout.Action, b.Origin, office.Origin, 1)
	if page := p.Submit(logout); page.Location() != office.Login+"?out=1" {
		t.Errorf("the panel's logout leads to %d %q", page.Status, page.Location())
	}
	p.wantOutside("after the panel's logout")
	w.code(p.elsewhere().entered())
}

// entered logs in.
func (p *person) entered() *person {
	p.w.Helper()
	p.in()
	return p
}

// TestT09_ItComparesOrigins: a panel that thinks it is http and takes forms from its own pages only: forward.proto says what it
// believes, and it finds that in every form.
func TestT09_ItComparesOrigins(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Proto, b.Referer = false, true
	w := open(t, b, plainProfile+"forward: {proto: http}\n", "/orders")
	p := w.somebody()
	w.passwords(p)
	w.browsing(p, true)
	form := p.wantInside().Form("#note")
	r := p.FormRequest(form.Action, form.Values)
	r.Header.Set("Origin", office.Origin+".evil.example")
	if page, err := p.Send(r); err != nil || page.Status != http.StatusForbidden {
		t.Errorf("a form of another site is answered %v %v", page, err)
	}
	w.logouts(p)
}

// TestT09_ThePanelThinksItIsHTTP: a panel that believes no X-Forwarded-Proto writes http:// before its own name and sets cookies
// without Secure. Redirects lead to https, cookies are Secure.
func TestT09_ThePanelThinksItIsHTTP(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Proto, b.Whole = false, true
	b.Action, b.Right.To, b.Stranger.To = "{origin}/login", "{origin}/home", "{origin}/login?from={path}"
	w := open(t, b, plainProfile, "/orders")
	p := w.somebody()
	w.passwords(p)
	form := p.wantInside().Form("#note")
	if !strings.HasPrefix(form.Action, "http://panel.example.net/") {
		t.Fatalf("the panel writes %q", form.Action)
	}
	form.Action = strings.Replace(form.Action, "http://", "https://", 1) // as HSTS makes a browser do
	if page := p.Submit(form, "note", "blue"); page.Location() != office.Origin+"/orders" {
		t.Errorf("a redirect of the panel leads to %q", page.Location())
	}
	if hsts := p.Get(office.TwoFactor).Header.Get("Strict-Transport-Security"); hsts == "" {
		t.Error("our pages do not tell browsers to come by https")
	}
	for origin, want := range map[string]string{
		"http://panel.example.net:80": office.Origin, "HTTP://PANEL.EXAMPLE.NET:8080": office.Origin, "//panel.example.net": office.Origin, w.panel.URL: office.Origin, "": office.Origin,
		"https://other.example.org": "https://other.example.org", "http://panel.example.net.evil.example": "http://panel.example.net.evil.example",
	} {
		w.panel.Be(func(b *fake.Behaviour) { b.Origin = origin })
		if page := p.Submit(form); page.Location() != want+"/orders" {
			t.Errorf("a redirect to %s/orders leads to %q", origin, page.Location())
		}
	}
	w.panel.Be(func(b *fake.Behaviour) { b.Renews, b.Origin = true, "" })
	for _, line := range p.wantInside().Header.Values("Set-Cookie") {
		if !strings.Contains(line, "; Secure") || !strings.Contains(line, "; HttpOnly") || !strings.HasPrefix(line, "sid=ig1.") {
			t.Errorf("the browser gets %s", line)
		}
	}
	w.panel.KillSessions()
	p.wantOutside("the panel session is dead")
}
