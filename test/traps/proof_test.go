package traps

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
	"github.com/ispgate/ispgate/test/panels/fake"
)

// proof is what must hold before every panel, whatever its shape: passwords, pages, forms and scripts, both logouts, the code
// and no cookie before it, a panel session that dies. HTTP Basic has no sessions.
func (w *world) proof(sessions bool) {
	w.Helper()
	p := w.somebody()
	w.passwords(p)
	w.browsing(p, sessions)
	if sessions {
		w.logouts(p)
	}
	w.code(p)
	if sessions {
		w.expiry(p)
	}
}

func (w *world) passwords(p *person) {
	w.Helper()
	p.wantOutside("a stranger")
	if page := p.Fetch("GET", w.page, "", ""); page.Status != http.StatusUnauthorized || !strings.Contains(page.Body, `"login_url"`) {
		w.Errorf("a stranger's script is answered %d %.200s", page.Status, page.Body)
	}
	w.somebody().wantRefused("wrong")
	p.in()
	p.wantInside()
}

// throttled wants the panel's own limiter to be called by its name: nobody's password is wrong.
func (w *world) throttled() {
	w.Helper()
	w.panel.Throttle(true)
	defer w.panel.Throttle(false)
	page := w.somebody().password(fake.Password)
	if page.Status != http.StatusTooManyRequests || page.Header.Get("Retry-After") == "" {
		w.Errorf("the panel's limiter is answered %d %s\n%s", page.Status, page.Text("main"), w.verdict())
	}
}

// browsing: a page, its form, the text after its redirect, its scripts, many at once; every cookie of the login is sealed.
func (w *world) browsing(p *person, sessions bool) {
	w.Helper()
	if sessions {
		page := p.Submit(p.wantInside().Form("#note"), "note", "blue")
		if page.Status >= http.StatusBadRequest || page.Location() == "" {
			w.Fatalf("a form of the panel is answered %d %.300s", page.Status, page.Body)
		}
		if says := p.Click(page.Location()).Text("#says"); says != "Saved: blue" {
			w.Errorf("behind the form's redirect %q stands %q", page.Location(), says)
		}
	}
	var done [6]*harness.Page
	together(len(done), func(i int) { done[i] = p.Tab().Fetch("GET", w.page, "", "") })
	for _, page := range done {
		if page.Status != http.StatusOK || page.Body != `{"user":"`+fake.User+`"}` {
			w.Errorf("one script of many at once is answered %d %.200s", page.Status, page.Body)
		}
	}
	p.wantInside()
}

func (w *world) code(p *person) {
	w.Helper()
	setup := p.Get(office.TwoFactor).Want(http.StatusOK)
	uri, err := url.Parse(setup.Find(`a[href^="otpauth://totp/"]`).AttrOr("href", ""))
	if err != nil {
		w.Fatal(err)
	}
	p.phone = &office.Phone{Secret: uri.Query().Get("secret")}
	if page := p.PostForm(office.Enable, url.Values{"code": {p.phone.Code(w.T)}}); page.Find("#codes code").Length() != 10 {
		w.Fatalf("enabling is answered %d %s", page.Status, page.Text("main"))
	}
	p.wantInside()
	e := p.elsewhere()
	page := e.password(fake.Password)
	if page.Location() != office.Verify {
		w.Fatalf("no code is asked: %d %q", page.Status, page.Location())
	}
	for _, line := range page.Header.Values("Set-Cookie") { // S13
		if !strings.HasPrefix(line, "__Host-ispgate=") {
			w.Errorf("a cookie before the code: %s", line)
		}
	}
	if page := e.Get(w.page); page.Location() != office.Verify {
		w.Errorf("before the code %s answers %d %q", w.page, page.Status, page.Location())
	}
	page = e.PostForm(office.Verify, url.Values{"code": {p.phone.Code(w.T)}})
	if page.Location() != w.page {
		w.Fatalf("a right code leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
	for _, line := range page.Header.Values("Set-Cookie") {
		if pair, _, _ := strings.Cut(line, ";"); !strings.HasPrefix(line, "__Host-ispgate") && !strings.Contains(pair, "=ig1.") && !strings.Contains(line, "Max-Age=0") && !w.visible(pair) {
			w.Errorf("a cookie that is not sealed: %s", line)
		}
	}
	e.wantInside()
}

// visible cookies are those that scripts of the panel read.
func (w *world) visible(pair string) bool {
	return strings.HasPrefix(pair, "XSRF-TOKEN=") || strings.HasPrefix(pair, "csrf")
}

// expiry: the panel's sessions end behind the gateway's back; a page leads to the password, a form and a script are told so,
// and the same person is not asked for a code again.
func (w *world) expiry(p *person) {
	w.Helper()
	form := p.wantInside().Form("#note")
	w.panel.KillSessions()
	if page := p.Fetch("GET", w.page, "", ""); page.Status != http.StatusUnauthorized || !strings.Contains(page.Body, `"login_url"`) {
		w.Errorf("a script in a dead session is answered %d %.200s", page.Status, page.Body)
	}
	if page := p.Submit(form, "note", "lost"); page.Status != http.StatusUnauthorized || !strings.Contains(page.Text("main"), "nothing was saved") {
		w.Errorf("a form in a dead session is answered %d %q %s", page.Status, page.Location(), page.Text("main"))
	}
	p.wantOutside("the panel session is dead")
	if page := p.password(fake.Password); page.Location() != w.page {
		w.Fatalf("the password again leads to %d %q\n%s", page.Status, page.Location(), w.verdict())
	}
	p.wantInside()
}

func (w *world) logouts(p *person) {
	w.Helper()
	others := w.panel.SignedIn() - 1
	if page := p.PostForm(office.Logout, url.Values{}); page.Location() != office.Login+"?out=1" {
		w.Fatalf("our logout leads to %d %q", page.Status, page.Location())
	}
	p.wantOutside("after our logout")
	if n := w.panel.SignedIn(); n != others {
		w.Errorf("after our logout %d sessions of the panel are somebody's, want %d", n, others)
	}
	p.in()
	page := p.wantInside()
	if form := page.Find("form#logout"); form.Length() == 1 {
		page = p.Submit(page.Form("#logout"))
	} else {
		page = p.Click(page.Find("a#logout").AttrOr("href", ""))
	}
	if page.Status/100 != 3 {
		w.Errorf("the panel's own logout leads to %d %q", page.Status, page.Location())
	}
	p.wantOutside("after the panel's logout")
	if n := w.panel.SignedIn(); n != others {
		w.Errorf("after the panel's logout %d of its sessions are somebody's, want %d", n, others)
	}
	p.in()
}
