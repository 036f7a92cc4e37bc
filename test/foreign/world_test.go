package foreign

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// world is one panel with the gateway before it.
type world struct {
	*testing.T
	software
	panel  *harness.ForeignPanel
	office *office.Office
	person *person // enrolled
	done   []string
}

func (w *world) somebody() *person {
	return &person{Browser: w.office.Browser(w.T), name: w.panel.Admin}
}

// elsewhere is the same person at another browser.
func (w *world) elsewhere() *person {
	other := *w.person
	other.Browser = w.office.Browser(w.T)
	return &other
}

// inside reports whether the browser sees the guarded page.
func (w *world) inside(p *person) bool {
	page := p.Get(w.guarded)
	return page.Status == http.StatusOK && strings.Contains(page.Body, w.shows)
}

func (w *world) wantInside(p *person) {
	w.Helper()
	if page := p.Get(w.guarded); page.Status != http.StatusOK || !strings.Contains(page.Body, w.shows) {
		w.Fatalf("%s does not open: %d %q %.300s", w.guarded, page.Status, page.Location(), page.Body)
	}
}

func (w *world) wantOutside(p *person, when string) {
	w.Helper()
	if page := p.Get(w.guarded); page.Location() != "/ispgate/login?return_to="+url.QueryEscape(w.guarded) {
		w.Errorf("%s: %s answers %d %q", when, w.guarded, page.Status, page.Location())
	}
}

// in logs in with password and code.
func (w *world) in(p *person) {
	w.Helper()
	page := p.password(p.name, w.panel.Password, w.guarded)
	if p.phone != nil && page.Location() == "/ispgate/verify" {
		page = p.PostForm("/ispgate/verify", url.Values{"code": {p.phone.Code(w.T)}})
	}
	if page.Location() != w.guarded {
		w.Fatalf("the login leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
}

func (w *world) passwords(p *person) {
	w.wantOutside(p, "a stranger")
	for name, password := range map[string]string{w.panel.Admin: "wrong", "nobody": w.panel.Password} {
		page := w.somebody().password(name, password, w.guarded)
		if page.Status != http.StatusUnauthorized || !strings.Contains(page.Text("main"), "not right") {
			w.Errorf("%s with %q: %d %s", name, password, page.Status, page.Text("main"))
		}
	}
	w.in(p)
	w.wantInside(p)
}

func (w *world) code(p *person) {
	page := p.Get("/ispgate/two-factor").Want(http.StatusOK)
	uri, err := url.Parse(page.Find(`a[href^="otpauth://totp/"]`).AttrOr("href", ""))
	if err != nil {
		w.Fatal(err)
	}
	p.phone = &office.Phone{Secret: uri.Query().Get("secret")}
	if page := p.PostForm("/ispgate/two-factor/enable", url.Values{"code": {p.phone.Code(w.T)}}); page.Find("#codes code").Length() != 10 {
		w.Fatalf("%d %s", page.Status, page.Text("main"))
	}
	w.wantInside(p)
	e := w.elsewhere()
	page = e.password(p.name, w.panel.Password, w.guarded)
	if page.Location() != "/ispgate/verify" {
		w.Fatalf("no code is asked: %d %q", page.Status, page.Location())
	}
	for _, line := range page.Header.Values("Set-Cookie") { // S13
		if !strings.HasPrefix(line, "__Host-ispgate=") && !strings.Contains(line, "Max-Age=0") {
			w.Errorf("a cookie before the code: %s", line)
		}
	}
	if w.inside(e) {
		w.Error("inside without the code")
	}
	if page := e.PostForm("/ispgate/verify", url.Values{"code": {p.phone.Code(w.T)}}); page.Location() != w.guarded {
		w.Fatalf("a right code leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
	w.wantInside(e)
}

func (w *world) browse(p *person) {
	for range 3 {
		w.wantInside(p)
	}
	if page := p.Fetch("GET", w.script, "", ""); page.Status >= http.StatusBadRequest || strings.Contains(page.Body, "login_url") {
		w.Errorf("a script is answered %d %.200s", page.Status, page.Body)
	}
	if w.post != nil {
		w.post(w.T, p)
	}
	var done [8]*harness.Page // parallel requests of one page race for the panel's session (T18)
	together(len(done), func(i int) { done[i] = p.Tab().Fetch("GET", w.guarded, "", "") })
	for _, page := range done {
		if page.Status != http.StatusOK {
			w.Errorf("one of many at once is answered %d", page.Status)
		}
	}
	w.wantInside(p)
}

func (w *world) killed(p *person) {
	w.panel.KillSessions()
	if page := p.Fetch("GET", cmp.Or(w.ajax, w.guarded), "", ""); page.Status != http.StatusUnauthorized || !strings.Contains(page.Body, "login_url") {
		w.Errorf("a script is answered %d %.200s", page.Status, page.Body)
	}
	w.wantOutside(p, "the panel session is dead")
	if page := p.password(p.name, w.panel.Password, w.guarded); page.Location() != w.guarded {
		w.Fatalf("the password again leads to %d %q: the code is not asked twice", page.Status, page.Location())
	}
	w.wantInside(p)
}

func (w *world) logOut(p *person) {
	before := p.Cookies(w.guarded)
	if page := p.PostForm("/ispgate/logout", url.Values{}); page.Location() != "/ispgate/login?out=1" {
		w.Fatalf("our logout leads to %d %q", page.Status, page.Location())
	}
	w.wantOutside(p, "after our logout")
	if strings.Contains(p.Cookies(w.guarded), "ig1.") {
		w.Errorf("cookies are left: %s", p.Cookies(w.guarded))
	}
	w.in(p)
	old := w.somebody()
	r, _ := http.NewRequest("GET", w.guarded, nil)
	r.URL, _ = url.Parse(office.Origin + w.guarded)
	r.Header.Set("Cookie", before+"; __Host-ispgate="+p.Cookie("/", "__Host-ispgate"))
	if page, err := old.Send(r); err == nil && w.session != "" && page.Status == http.StatusOK && strings.Contains(page.Body, w.shows) {
		w.Error("panel cookies of the session before open something")
	}
	if w.logout == nil {
		return
	}
	if page := w.logout(p); page.Status >= http.StatusBadRequest {
		w.Errorf("the panel's logout answers %d", page.Status)
	}
	w.wantOutside(p, "after the panel's own logout")
}

// stolen: a panel session that was not made through the gateway opens nothing (S14).
func (w *world) stolen(p *person) {
	w.in(p)
	thief := w.elsewhere()
	thief.name, thief.phone = w.panel.Other, nil
	if page := thief.password(thief.name, w.panel.Password, w.guarded); page.Status != http.StatusSeeOther {
		w.Fatalf("somebody else: %d", page.Status)
	}
	sealed := p.Cookies(w.guarded)
	r, _ := http.NewRequest("GET", w.guarded, nil)
	r.URL, _ = url.Parse(office.Origin + w.guarded)
	r.Header.Set("Accept", "text/html")
	var cookies []string
	for pair := range strings.SplitSeq(sealed, "; ") {
		if !strings.HasPrefix(pair, "__Host-ispgate=") {
			cookies = append(cookies, pair)
		}
	}
	cookies = append(cookies, "__Host-ispgate="+thief.Cookie("/", "__Host-ispgate"))
	r.Header.Set("Cookie", strings.Join(cookies, "; "))
	page, err := w.office.Browser(w.T).Send(r)
	if err != nil {
		w.Fatal(err)
	}
	if page.Status == http.StatusOK && strings.Contains(page.Body, w.shows) {
		w.Error("another session's panel cookies open the panel")
	}
}

// spellings: whatever is typed for the enrolled person, the panel is not reached without the code (S16).
func (w *world) spellings(p *person) {
	for _, name := range spelt(p.name) {
		stranger := w.somebody()
		page := stranger.password(name, w.panel.Password, w.guarded)
		if !slices.Contains([]string{"", "/ispgate/verify"}, page.Location()) || w.inside(stranger) {
			w.Errorf("%q got to %q without the code", name, page.Location())
		}
	}
}

// spelt are ways to write a name: case, blanks, wide letters, an accent, an unseen one, the e-mail address or a part of it.
func spelt(name string) []string {
	wide := strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r - '!' + '！'
		}
		return r
	}, name)
	accented := strings.NewReplacer("a", "á", "e", "é").Replace(name)
	alias, _, mail := strings.Cut(name, "@")
	if !mail {
		alias = name + "@example.test"
	}
	return []string{strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], " " + name + " ", wide, accented, name + "\u00a0", alias, name + "\u200b"}
}
