package traps

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
	"github.com/ispgate/ispgate/test/panels/fake"
)

// TestT04_Cookies: what panels do with their cookies at a login and later.
func TestT04_Cookies(t *testing.T) {
	t.Parallel()
	w := open(t, plain(), strings.Replace(plainProfile, "[sid]", "['sid*', 'auth*', 'user', '__Secure-*']", 1), "/orders")
	for _, test := range []struct {
		name string
		does func(*fake.Behaviour)
	}{
		{"the same name at two Paths", func(b *fake.Behaviour) {
			b.Cookies = []fake.Cookie{{Name: "auth", Path: "/"}, {Name: "auth", Path: "/orders"}, {Name: "auth", Path: "/me"}}
		}},
		{"set twice, the last wins", func(b *fake.Behaviour) { b.Early = []string{"sid=first; Path=/", "sid=second; Path=/; HttpOnly"} }},
		{"deleted, then set", func(b *fake.Behaviour) {
			b.Early = []string{"sid=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/"}
		}},
		{"deleted where it never was", func(b *fake.Behaviour) {
			b.Late = []string{"sid=gone; Max-Age=0; Path=/elsewhere", "auth=gone; Max-Age=0; Path=/"}
		}},
		{"names depend on the scheme", func(b *fake.Behaviour) { b.Suffix = "_https" }},
		{"three are needed", func(b *fake.Behaviour) {
			b.Cookies = []fake.Cookie{{Name: "auth-1", Path: "/"}, {Name: "user", Path: "/"}}
		}},
		{"new with every answer", func(b *fake.Behaviour) { b.Renews = true }},
		{"one that stands for a folder", func(b *fake.Behaviour) { b.Cookies = []fake.Cookie{{Name: "auth", Path: "/orders"}} }},
		{"a name with odd letters", func(b *fake.Behaviour) { b.Cookie = "sid.a-b" }},
		{"a name that only https may have", func(b *fake.Behaviour) {
			b.Cookie, b.Cookies = "__Secure-sid", []fake.Cookie{{Name: "__Host-auth", Path: "/"}}
		}},
		{"no Path", func(b *fake.Behaviour) { b.NoPath = true }},
		{"a Domain of its own", func(b *fake.Behaviour) { b.Domain = "panel.example.net" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := w.within(t)
			w.panel.Be(func(b *fake.Behaviour) { *b = plain(); test.does(b) })
			p := w.somebody()
			p.in()
			w.browsing(p, true)
			w.logouts(p)
			w.expiry(p)
		})
	}
}

// TestT04_CookiesThatNobodyListed: a profile that does not say which cookies carry the login costs questions, not logins: both
// logouts end the panel's session, and the password page knows who is there.
func TestT04_CookiesThatNobodyListed(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Cookie, b.Cookies = "MYAPP", []fake.Cookie{{Name: "MYKEY", Path: "/"}}
	w := open(t, b, strings.Replace(plainProfile, "cookies: {session: [sid]}", "", 1), "/orders")
	p := w.somebody()
	w.passwords(p)
	w.browsing(p, true)
	if page := p.Get(office.Login + "?return_to=%2Forders"); page.Location() != "/orders" {
		t.Errorf("the password page leads somebody who is in to %d %q", page.Status, page.Location())
	}
	w.logouts(p)
}

// TestT05_RememberMeIsDropped: a cookie of the panel's that would outlive the gateway's session reaches no browser, and none that
// a browser has reaches the panel.
func TestT05_RememberMeIsDropped(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Extra = `<input type="checkbox" name="remember" checked><button>Log in</button>`
	b.Late = []string{"remember_web_59ba36=forever; Path=/; Max-Age=157680000; HttpOnly"}
	w := open(t, b, plainProfile, "/orders")
	p := w.somebody()
	page := p.in()
	if page.Cookie("remember_web_59ba36") != nil {
		t.Errorf("the browser gets %v", page.Header.Values("Set-Cookie"))
	}
	w.panel.Seen()
	thief := w.somebody()
	thief.in()
	r := thief.FormRequest("/orders", map[string][]string{})
	r.Header.Set("Cookie", "remember_web_59ba36=forever; remember[web_59ba36=forever")
	if _, err := thief.Send(r); err != nil {
		t.Fatal(err)
	}
	arrived := false
	for _, seen := range w.panel.Seen() {
		arrived = arrived || seen.Target == "/orders" && seen.Method == http.MethodPost
		if seen.Form.Has("remember") || strings.Contains(seen.Header.Get("Cookie"), "forever") && seen.Target == "/orders" {
			t.Errorf("%s %s got %v, cookies %q", seen.Method, seen.Target, seen.Form, seen.Header.Get("Cookie"))
		}
	}
	if !arrived {
		t.Error("the form of the thief did not reach the panel, with or without cookies")
	}
}

// TestT08_TheSameBrowserAlways: panels that bind a session to what the browser says of itself, to its address or to their own
// name find the same at the login and on every page, script and form later.
func TestT08_TheSameBrowserAlways(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Bound = []string{"User-Agent", "Accept-Language", "Accept-Encoding", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Host"}
	w := open(t, b, plainProfile, "/orders")
	for name, about := range map[string]func(*person){
		"Chromium": func(p *person) { p.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd") },
		"an old browser": func(p *person) {
			p.Header.Set("Accept-Encoding", "gzip")
			p.UserAgent, p.Language = "Mozilla/4.0 (compatible; MSIE 8.0)", "bn-BD"
		},
		"unpacked": func(p *person) { p.Header.Set("Accept-Encoding", "identity") },
	} {
		t.Run(name, func(t *testing.T) {
			w := w.within(t)
			p := w.somebody()
			about(p)
			p.in()
			w.browsing(p, true)
			w.logouts(p)
		})
	}
}

// TestT18_HandOverFirst: a panel that gives a new session id with the first page after a login, and forgets the old one, loses
// nobody: the session is handed over before the browser is sent on, and asked by one at a time before that.
func TestT18_HandOverFirst(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Racy = true
	w := open(t, b, plainProfile, "/orders")
	p := w.somebody()
	p.in()
	var done [12]*harness.Page
	together(len(done), func(i int) { done[i] = p.Tab().Fetch("GET", "/orders", "", "") })
	for _, page := range done {
		if page.Status != http.StatusOK {
			t.Errorf("one of the first requests is answered %d %.100s", page.Status, page.Body)
		}
	}
	p.wantInside()
}
