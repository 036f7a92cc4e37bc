// Package foreign holds the gateway against panels that nobody here wrote, with nothing but the built-in profiles.
package foreign

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// software is a panel and what a person does in it.
type software struct {
	profile string
	start   func(testing.TB) *harness.ForeignPanel
	guarded string                            // a page that only a logged-in user gets
	shows   string                            // stands on it
	session string                            // begins the name of a cookie that carries the login
	post    func(*testing.T, *person)         // changes something by a form of the panel's own
	script  string                            // what a script of the panel asks for
	ajax    string                            // what one asks for that tells a dead session; else guarded
	logout  func(*person) (page, link string) // the panel's own menu entry
}

func panels(db *harness.SQLServer) []software {
	return []software{
		{
			profile: "wordpress", start: func(t testing.TB) *harness.ForeignPanel { return harness.WordPress(t, db) },
			guarded: "/wp-admin/profile.php", shows: "user_login", session: "wordpress_", script: "/wp-admin/admin-ajax.php?action=heartbeat",
			post: func(t *testing.T, p *person) {
				form := p.Get("/wp-admin/profile.php").Want(http.StatusOK).Form("#your-profile")
				if page := p.Submit(form, "description", "changed through the gateway"); page.Status != http.StatusFound {
					t.Errorf("the panel's form answers %d", page.Status)
				}
				if text := p.Get("/wp-admin/profile.php").Text("#description"); text != "changed through the gateway" {
					t.Errorf("the form changed nothing: %q", text)
				}
			},
			logout: link("/wp-admin/", `a[href*="action=logout"]`),
		},
		{
			profile: "phpmyadmin", start: func(t testing.TB) *harness.ForeignPanel { return harness.PHPMyAdmin(t, db) },
			guarded: "/index.php?route=/server/databases", shows: "information_schema", session: "phpMyAdmin", script: "/index.php?route=/server/status/processes&ajax_request=1", ajax: "/index.php?route=/server/status/processes&ajax_request=1",
			post: func(t *testing.T, p *person) {
				page := p.Get("/index.php?route=/server/sql").Want(http.StatusOK)
				token := page.Find("input[name=token]").First().AttrOr("value", "")
				answer := p.PostForm("/index.php?route=/import", url.Values{"token": {token}, "server": {"1"}, "ajax_request": {"true"}, "is_js_confirmed": {"0"}, "sql_query": {"SELECT 40 + 2 AS answer"}, "sql_delimiter": {";"}})
				if !strings.Contains(answer.Body, "42") {
					t.Errorf("a query answers %d %.300s", answer.Status, answer.Body)
				}
			},
			logout: posted("/index.php?route=/server/databases", "/index.php?route=/logout"),
		},
		{
			profile: "icingaweb2", start: func(t testing.TB) *harness.ForeignPanel { return harness.Icinga(t, db) },
			guarded: "/account", shows: "clerk", session: "Icingaweb2", script: "/layout/menu",
			post: func(t *testing.T, p *person) {
				form := p.Get("/account").Want(http.StatusOK).Form("form[name=form_config_preferences]")
				if page := p.Submit(form, "timezone", "Asia/Dhaka"); page.Status >= http.StatusBadRequest {
					t.Errorf("the panel's form answers %d", page.Status)
				}
			},
			logout: link("/account", `a[href$="/authentication/logout"]`),
		},
		{
			profile: "django-admin", start: harness.Django,
			guarded: "/admin/auth/user/", shows: "operator@example.test", session: "sessionid", script: "/admin/jsi18n/",
			post: func(t *testing.T, p *person) {
				form := p.Get("/admin/auth/group/add/").Want(http.StatusOK).Form("#group_form")
				if page := p.Submit(form, "name", "made through the gateway"); page.Location() != "/admin/auth/group/" {
					t.Errorf("the panel's form answers %d %q", page.Status, page.Location())
				}
				if page := p.Get("/admin/auth/group/"); !strings.Contains(page.Body, "was added successfully") {
					t.Error("the panel's message after the redirect is lost")
				}
			},
			logout: link("/admin/", `a[href="/admin/logout/"]`),
		},
		{profile: "http-basic", start: harness.BasicSite, guarded: "/hosts", shows: "All is well", script: "/api"},
	}
}

// link is a menu entry that a browser follows.
func link(page, selector string) func(*person) (string, string) {
	return func(p *person) (string, string) {
		href := p.Get(page).Find(selector).First().AttrOr("href", "")
		return "GET", href
	}
}

// posted is one that a script of the page posts with its token.
func posted(page, target string) func(*person) (string, string) {
	return func(p *person) (string, string) {
		return "token=" + p.Get(page).Find("input[name=token]").First().AttrOr("value", ""), target
	}
}

// person is somebody at a browser before the gateway.
type person struct {
	*harness.Browser
	name  string
	phone *office.Phone
}

func (p *person) password(name, password, target string) *harness.Page {
	return p.PostForm("/ispgate/login?return_to="+url.QueryEscape(target), url.Values{"username": {name}, "password": {password}})
}

func TestForeignPanels(t *testing.T) {
	db, redis := harness.MariaDB(t), harness.Redis(t)
	all := panels(db)
	outcomes := make([]string, len(all))
	t.Run("panels", func(t *testing.T) {
		for i, s := range all {
			t.Run(s.profile, func(t *testing.T) {
				t.Parallel() // each waits for codes of its own
				outcomes[i] = tried(t, s, redis)
			})
		}
	})
	writtenDown(t, outcomes)
}

// tried puts one panel behind a gateway and says how it went.
func tried(t *testing.T, s software, redis *harness.RedisServer) string {
	w := &world{T: t, software: s, panel: s.start(t)}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	config := office.Basic(dir, "", redis.URL()).With("panel", fmt.Sprintf("{url: %s, timeout: 60s, profile: %s}", w.panel.URL, s.profile))
	w.office = &office.Office{Gateway: harness.Serve(t, config.YAML()), Redis: redis}
	w.person = &person{Browser: w.office.Browser(t), name: harness.ForeignAdmin}
	for _, try := range []struct {
		what string
		do   func(*world, *person)
	}{
		{"passwords", (*world).passwords}, {"code asked", (*world).code}, {"browsing", (*world).browse}, {"session killed", (*world).killed},
		{"log out both ways", (*world).logOut}, {"cookies got elsewhere", (*world).stolen}, {"other spellings", (*world).spellings},
	} {
		if s.session == "" && (try.what == "session killed" || try.what == "cookies got elsewhere") {
			continue // HTTP Basic has neither
		}
		ok := t.Run(try.what, func(t *testing.T) { at := *w; at.T = t; try.do(&at, w.person) })
		w.done = append(w.done, map[bool]string{true: try.what, false: "**" + try.what + " failed**"}[ok])
	}
	return fmt.Sprintf("| %s | %s | `%s` | %s |", w.panel.Name, w.panel.Version, s.profile, strings.Join(w.done, ", "))
}

// writtenDown compares docs/panels.md with what was seen; ISPGATE_WRITE_DOCS=1 writes it anew.
func writtenDown(t *testing.T, outcomes []string) {
	t.Helper()
	file := filepath.Join(harness.Root(t), "docs", "panels.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- seen: begin -->\n", "<!-- seen: end -->"
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", file)
	}
	table := "| panel | version | profile | seen to work |\n|---|---|---|---|\n" + strings.Join(outcomes, "\n") + "\n"
	if whole := head + begin + table + end + tail; whole != string(text) {
		if os.Getenv("ISPGATE_WRITE_DOCS") != "" {
			if err := os.WriteFile(file, []byte(whole), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		t.Errorf("docs/panels.md says something else than was seen; ISPGATE_WRITE_DOCS=1 go test ./test/foreign writes it. Seen:\n%s", table)
	}
}

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
	return &person{Browser: w.office.Browser(w.T), name: harness.ForeignAdmin}
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
	page := p.password(p.name, harness.ForeignPassword, w.guarded)
	if p.phone != nil && page.Location() == "/ispgate/verify" {
		page = p.PostForm("/ispgate/verify", url.Values{"code": {p.phone.Code(w.T)}})
	}
	if page.Location() != w.guarded {
		w.Fatalf("the login leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
}

func (w *world) passwords(p *person) {
	w.wantOutside(p, "a stranger")
	for name, password := range map[string]string{harness.ForeignAdmin: "wrong", "nobody": harness.ForeignPassword} {
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
	page = e.password(p.name, harness.ForeignPassword, w.guarded)
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
	if page := p.Fetch("GET", w.script, "", ""); page.Status > http.StatusBadRequest || strings.Contains(page.Body, "login_url") {
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
	if page := p.password(p.name, harness.ForeignPassword, w.guarded); page.Location() != w.guarded {
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
	how, target := w.logout(p)
	page := &harness.Page{}
	if token, post := strings.CutPrefix(how, "token="); post {
		page = p.PostForm(target, url.Values{"token": {token}})
	} else {
		page = p.Click(target)
	}
	if page.Status >= http.StatusBadRequest {
		w.Errorf("the panel's logout answers %d", page.Status)
	}
	w.wantOutside(p, "after the panel's own logout")
}

// stolen: a panel session that was not made through the gateway opens nothing (S14).
func (w *world) stolen(p *person) {
	w.in(p)
	thief := w.elsewhere()
	thief.name, thief.phone = harness.ForeignOther, nil
	if page := thief.password(thief.name, harness.ForeignPassword, w.guarded); page.Status != http.StatusSeeOther {
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
	for _, name := range []string{"CLERK", "Clerk", " clerk ", "ｃｌｅｒｋ", "clérk", "clerk\u00a0", "clerk@example.test", "clerk\u200b"} {
		stranger := w.somebody()
		page := stranger.password(name, harness.ForeignPassword, w.guarded)
		if !slices.Contains([]string{"", "/ispgate/verify"}, page.Location()) || w.inside(stranger) {
			w.Errorf("%q got to %q without the code", name, page.Location())
		}
	}
}
