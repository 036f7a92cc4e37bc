// Package foreign holds the gateway against panels that nobody here wrote, with nothing but the built-in profiles.
package foreign

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// software is a panel and what a person does in it.
type software struct {
	profile string
	start   func(testing.TB) *harness.ForeignPanel
	guarded string                      // a page that only a logged-in user gets
	shows   string                      // stands on it
	session string                      // begins the name of a cookie that carries the login
	post    func(*testing.T, *person)   // changes something by a form of the panel's own
	script  string                      // what a script of the panel asks for
	ajax    string                      // what one asks for that tells a dead session; else guarded
	logout  func(*person) *harness.Page // the panel's own menu entry
	named   string                      // what the profile must be told
}

func panels(db *harness.SQLServer) []software {
	return []software{
		{
			profile: "wordpress", start: func(t testing.TB) *harness.ForeignPanel { return harness.WordPress(t, db) },
			guarded: "/wp-admin/profile.php", shows: "user_login", session: "wordpress_", script: "/wp-admin/admin-ajax.php?action=rest-nonce", // heartbeat without its nonce is answered as strangers are
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
		{
			profile: "laravel", named: "verify: /profile", start: harness.LaravelForeign,
			guarded: "/dashboard", shows: harness.LaravelAdmin, session: "laravel_session", script: "/data",
			post: func(t *testing.T, p *person) {
				form := p.Get("/profile").Want(http.StatusOK).Form("#profile")
				if page := p.Submit(form, "name", "changed through the gateway"); page.Status != http.StatusFound {
					t.Errorf("the panel's form answers %d", page.Status)
				}
				if page := p.Get("/profile"); page.Text(".status") != "Saved." || page.Find("#name").AttrOr("value", "") != "changed through the gateway" {
					t.Errorf("the form changed nothing, or the panel's message after the redirect is lost: %q", page.Text(".status"))
				}
			},
			logout: button("/dashboard", "#logout"),
		},
		{profile: "http-basic", start: harness.BasicSite, guarded: "/hosts", shows: "All is well", script: "/api"},
	}
}

// told is the profile as the configuration has it.
func (s *software) told() string {
	if s.named == "" {
		return s.profile
	}
	return fmt.Sprintf("{base: %s, %s}", s.profile, s.named)
}

// link is a menu entry that a browser follows.
func link(page, selector string) func(*person) *harness.Page {
	return func(p *person) *harness.Page {
		return p.Click(p.Get(page).Find(selector).First().AttrOr("href", ""))
	}
}

// posted is one that a script of the page posts with its token.
func posted(page, target string) func(*person) *harness.Page {
	return func(p *person) *harness.Page {
		token := p.Get(page).Find("input[name=token]").First().AttrOr("value", "")
		return p.PostForm(target, url.Values{"token": {token}})
	}
}

// button is one that is a form.
func button(page, selector string) func(*person) *harness.Page {
	return func(p *person) *harness.Page { return p.Submit(p.Get(page).Form(selector)) }
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
	config := office.Basic(dir, "", redis.URL()).With("panel", fmt.Sprintf("{url: %s, timeout: 60s, profile: %s}", w.panel.URL, s.told()))
	w.office = &office.Office{Gateway: harness.Serve(t, config.YAML()), Redis: redis}
	w.person = &person{Browser: w.office.Browser(t), name: w.panel.Admin}
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
	profile := "`" + s.profile + "`"
	if s.named != "" {
		profile += ", `" + s.named + "`"
	}
	return fmt.Sprintf("| %s | %s | %s | %s |", w.panel.Name, w.panel.Version, profile, strings.Join(w.done, ", "))
}
