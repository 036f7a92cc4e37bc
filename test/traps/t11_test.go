package traps

import (
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
	"github.com/ispgate/ispgate/test/panels/fake"
)

// TestT11_CookieProbes: cookies that must come back before the form is shown, over several redirects.
func TestT11_CookieProbes(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Hops = []string{"/login?probe=1", "/cookies", "/cookies/again"}
	w := open(t, b, plainProfile, "/orders")
	w.proof(true)
	w.panel.Be(func(b *fake.Behaviour) { b.Hops = []string{"/1", "/2", "/3", "/4", "/5", "/6", "/7"} })
	if page := w.somebody().password(fake.Password); page.Status != http.StatusServiceUnavailable || !strings.Contains(page.Text("main"), "out of order") {
		t.Errorf("a panel that sends round in circles is answered %d %s", page.Status, page.Text("main"))
	}
}

// TestT12_LogoutOnTheLoginPath: an application routed by its query, whose logout stands on the path of the login and wants a token.
func TestT12_LogoutOnTheLoginPath(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "POST"} {
		b := plain()
		b.Page, b.Action, b.Stranger.To = "/index.php?r=site/login", "/index.php?r=site/login", "/index.php?r=site/login"
		b.Logout = method + " /index.php?r=site/logout"
		w := open(t, b, generous+`
login: {page: '/index.php?r=site/login'}
verify: '/index.php?r=user/me'
signed_out: [{location: '^/index[.]php[?]r=site/login'}, {status: 419}]
routes: {logout: ['/index.php?r=site/logout']}
cookies: {session: [sid]}
`, "/index.php?r=orders/index")
		p := w.somebody()
		p.in()
		w.logouts(p)
		w.expiry(p)
		if page := p.Get("/index.php?r=site/login"); page.Location() != office.Login {
			t.Errorf("the panel's login leads to %d %q", page.Status, page.Location())
		}
	}
}

// TestT13_LoginAnywhere: a panel that takes a login on any address: a stranger's reaches it nowhere, and inside a session one is cut
// off before anybody becomes somebody else.
func TestT13_LoginAnywhere(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Anywhere, b.Stranger, b.Token = true, fake.Reply{Form: true}, ""
	w := open(t, b, generous+`
login: {user: user, password: pass, anywhere: true}
verify: /me
signed_out: [{form: true}, {status: 401}]
cookies: {session: [sid]}
`, "/orders")
	login := url.Values{"user": {fake.Other}, "pass": {fake.Password}}
	for _, target := range []string{"/", "/orders", "/login", "/index.php/x"} {
		if page := w.somebody().PostForm(target, login); page.Status != http.StatusUnauthorized && !strings.HasPrefix(page.Location(), office.Login) {
			t.Errorf("a stranger's login at %s is answered %d %q", target, page.Status, page.Location())
		}
	}
	if n := w.panel.SignedIn(); n != 0 {
		t.Fatalf("%d sessions of the panel came to be past the gateway", n)
	}
	p := w.somebody()
	w.passwords(p)
	for _, try := range []struct{ target, body string }{{"/orders", login.Encode()}, {"/anything?user=operator", "pass=" + url.QueryEscape(fake.Password)}, {"/orders", `{"user":"operator","pass":"x"}`}} {
		if page := p.Fetch("POST", try.target, "application/x-www-form-urlencoded", try.body); page.Status != http.StatusForbidden {
			t.Errorf("a login inside a session at %s is answered %d", try.target, page.Status)
		}
	}
	p.wantInside()
	w.browsing(p, true)
	w.logouts(p)
}

// TestT13_TheFrontPageIsTheLogin: the form stands on the front page, which is a page of the panel to whoever is logged in.
func TestT13_TheFrontPageIsTheLogin(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Page, b.Action, b.Mixed, b.Right.To, b.Wrong, b.Stranger = "/", "", true, "/", fake.Reply{Form: true, Says: "No."}, fake.Reply{Status: http.StatusFound, To: "/"}
	w := open(t, b, generous+`
login: {page: /, user: user, password: pass, anywhere: true}
verify: /me
signed_out: [{location: '^/$'}, {form: true}, {status: 419}]
outcome: {throttled: [{body: 'Wait ([0-9]+) seconds'}]}
cookies: {session: [sid]}
`, "/orders")
	w.throttled()
	p := w.somebody()
	if page := p.Get("/"); page.Location() != office.Login {
		t.Errorf("the front page answers a stranger %d %q", page.Status, page.Location())
	}
	if page := p.PostForm(office.Login, url.Values{"username": {fake.User}, "password": {fake.Password}}); page.Location() != "/" {
		t.Errorf("a login without a way leads to %d %q", page.Status, page.Location())
	}
	if page := p.Get("/"); page.Status != http.StatusOK {
		t.Errorf("the front page answers %d %q", page.Status, page.Location())
	}
	w.proof(true)
}

// TestT13_RefreshToTheLogin: a page that sends to the login by <meta refresh>, and relative redirects behind it.
func TestT13_RefreshToTheLogin(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Front, b.Page, b.Action, b.Right.To, b.Stranger = "/start/", "/start/in/form.php", "../in/form.php", "../../home", fake.Reply{Says: `<meta http-equiv="refresh" content="0; URL='/start/'">`}
	b.Script = fake.Reply{Status: http.StatusUnauthorized, Says: "no"}
	w := open(t, b, generous+`
login: {page: /start/}
verify: /me
signed_out: [{body: 'URL=./start/.'}, {status: [401, 419]}]
cookies: {session: [sid]}
`, "/orders")
	p := w.somebody()
	w.passwords(p)
	w.browsing(p, true)
	w.expiry(p)
	if page := p.Get("/start/in/form.php"); page.Location() != office.Login { // learned from the form
		t.Errorf("the page behind the refresh leads to %d %q", page.Status, page.Location())
	}
}

// TestT14_DoorsBesideTheForm: an API that gives a token for a password, and HTTP Basic, open nothing unless somebody says so.
func TestT14_DoorsBesideTheForm(t *testing.T) {
	t.Parallel()
	b := plain()
	b.API, b.Open = "/api/token", "/portal"
	w := open(t, b, plainProfile+"routes: {logout: [POST /logout], public: [/portal], deny: [/api/denied]}\n", "/orders")
	ask := url.Values{"user": {fake.User}, "pass": {fake.Password}}.Encode()
	s := w.somebody()
	if page := s.Fetch("POST", "/api/token", "application/x-www-form-urlencoded", ask); page.Status != http.StatusUnauthorized || strings.Contains(page.Body, "api") {
		t.Errorf("a stranger's API call is answered %d %.100s", page.Status, page.Body)
	}
	if page := s.Get("/portal"); page.Status != http.StatusOK || page.Body != "open to everybody" {
		t.Errorf("what is public is answered %d %.100s", page.Status, page.Body)
	}
	p := w.somebody()
	p.in()
	if page := p.Fetch("POST", "/api/denied", "application/x-www-form-urlencoded", ask); page.Status != http.StatusForbidden {
		t.Errorf("what is denied is answered %d to somebody who is logged in", page.Status)
	}
	w.panel.Seen()
	for _, who := range []*person{s, p} {
		r := who.FormRequest("/orders", url.Values{})
		r.SetBasicAuth(fake.Other, fake.Password)
		if _, err := who.Send(r); err != nil {
			t.Fatal(err)
		}
	}
	for _, seen := range w.panel.Seen() {
		if seen.Header.Get("Authorization") != "" || strings.HasPrefix(seen.Target, "/api/") {
			t.Errorf("the panel was asked %s %s with Authorization %q", seen.Method, seen.Target, seen.Header.Get("Authorization"))
		}
	}
}

// TestT15_NotReplayable: a login that a script computes, or that comes in steps, is called so; nobody's password is called wrong
// where the panel was not even asked.
func TestT15_NotReplayable(t *testing.T) {
	t.Parallel()
	w := open(t, plain(), plainProfile, "/orders")
	for _, test := range []struct {
		name, page, user, says string
		status                 int
	}{
		{"no form at all", `<div id="app"></div><script src="/app.js"></script>`, "", "no login form was found", http.StatusServiceUnavailable},
		{"first the name, then the password", `<form method="post" action="/login"><input name="{user}"><button>Next</button></form>`, "", "no login form was found", http.StatusServiceUnavailable},
		{"a captcha", `<form method="post" action="/login">{token}` + fields + `<div class="g-recaptcha" data-sitekey="x"></div><button>Log in</button></form>`, "", "captcha: it cannot be replayed", http.StatusServiceUnavailable},
		{"sent by a script", `<form onsubmit="return send()">` + fields + `<button>Log in</button></form>`, "", "a script sends it: it cannot be replayed", http.StatusServiceUnavailable},
		{"computed by a script", `<script>function go(f) { f.hash.value = md5(f.pass.value) }</script><form method="post" action="/login" onsubmit="go(this)">{token}<input type="hidden" name="hash"><input name="user"><input type="password" name="pass"><button>Log in</button></form>`,
			fake.User, "cannot be replayed: something on the page computes what is sent", http.StatusUnauthorized},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := w.within(t)
			w.panel.Be(func(b *fake.Behaviour) {
				*b = plain()
				b.Markup = test.page
				if test.user != "" {
					b.Name = "hash" // is what the panel compares
				}
			})
			if page := w.somebody().password(fake.Password); page.Status != test.status {
				t.Errorf("the login is answered %d %s", page.Status, page.Text("main"))
			}
			check := exec.Command(harness.Binary(t), "panel", "check", "-c", w.office.Gateway.Config)
			if test.user != "" {
				check.Args = append(check.Args, "--user", test.user)
				check.Stdin = strings.NewReader(fake.Password + "\n")
			}
			output, err := check.CombinedOutput()
			if err == nil || !strings.Contains(string(output), test.says) {
				t.Errorf("panel check (%v) does not say %q:\n%s", err, test.says, output)
			}
		})
	}
}
