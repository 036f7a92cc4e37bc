package panel

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
)

// surveyed looks at a panel of which only the address is known.
func surveyed(t *testing.T, address, user, password string, signs []signature) (*Proposal, string) {
	t.Helper()
	generic, err := Load("generic")
	if err != nil {
		t.Fatal(err)
	}
	inner, _ := url.Parse(address)
	public, _ := url.Parse("https://panel.example.net")
	p, err := assemble(Options{URL: inner, Public: public, Profile: generic, Timeout: 30 * time.Second, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	s := &survey{panel: p, signs: signs, out: &Proposal{Base: "generic"}, line: func(line string) { lines = append(lines, line) },
		ask: Ask{Client: Client{UserAgent: "Mozilla/5.0 check", Language: "en"}, Username: user, Password: password, Wrong: true}}
	if err := s.look(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(lines, "\n"))
	}
	return s.out, strings.Join(lines, "\n")
}

// TestSurveyOfUnknownPanels: somebody who knows only the address and an account gets a profile that works, also where the
// software is none that this program knows.
func TestSurveyOfUnknownPanels(t *testing.T) {
	db := harness.MariaDB(t)
	for name, start := range map[string]func() (string, string, string){
		"wordpress": func() (string, string, string) {
			return harness.WordPress(t, db).URL, harness.ForeignAdmin, harness.ForeignPassword
		},
		"phpmyadmin": func() (string, string, string) {
			return harness.PHPMyAdmin(t, db).URL, harness.ForeignAdmin, harness.ForeignPassword
		},
		"icingaweb2": func() (string, string, string) {
			return harness.Icinga(t, db).URL, harness.ForeignAdmin, harness.ForeignPassword
		},
		"django-admin": func() (string, string, string) {
			return harness.Django(t).URL, harness.ForeignAdmin, harness.ForeignPassword
		},
		"http-basic": func() (string, string, string) {
			return harness.BasicSite(t).URL, harness.ForeignAdmin, harness.ForeignPassword
		},
		"laravel": func() (string, string, string) {
			return harness.Laravel(t).URL, harness.LaravelAdmin, harness.LaravelPassword
		},
	} {
		t.Run(name, func(t *testing.T) {
			address, user, password := start()
			for _, signs := range [][]signature{signatures, nil} {
				found, told := surveyed(t, address, user, password, signs)
				if signs != nil && found.Base != name {
					t.Errorf("recognised as %s\n%s", found.Base, told)
				}
				if !found.Complete() || !strings.Contains(told, "the right password: ok") || !strings.Contains(told, "a wrong password: bad-credentials") {
					t.Fatalf("no working profile, missing %q\n%s", found.Missing, told)
				}
				if strings.Contains(told, password) {
					t.Error("the password is told")
				}
				profile, err := Parse("proposed.yaml", []byte(found.YAML()))
				if err != nil {
					t.Fatalf("%v\n%s", err, found.YAML())
				}
				out := panelAt(t, profile, address, "https://panel.example.net").Login(t.Context(), Attempt{Client{UserAgent: "x", Language: "en"}, user, password})
				if out.Verdict != OK {
					t.Errorf("%s (%s) with\n%s", out.Verdict, out.Reason, found.YAML())
				}
			}
		})
	}
}

// TestSurveySaysWhatCannotBeDone: in plain words, and without a profile.
func TestSurveySaysWhatCannotBeDone(t *testing.T) {
	for name, c := range map[string]struct{ page, says string }{
		"captcha":            {`<form method=post><input name=u><input type=password name=p><div class="g-recaptcha"></div></form>`, "captcha"},
		"sent by a script":   {`<form><input name=u><input type=password name=p></form><script>login()</script>`, "a script sends it"},
		"two forms":          {`<form method=post><input name=u><input type=password name=p></form><form method=post><input name=a><input type=password name=b></form>`, "2 forms look like the login"},
		"no form":            {`<div id=app></div>`, "no login form was found"},
		"only a password":    {`<form method=post><input type=password name=p></form>`, "no login form was found"},
		"the wrong password": {`<form method=post action=/login><input name=u><input type=password name=p></form><p class=error>Nope`, "did not let somebody in"},
	} {
		f := newFake(t, func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(c.page))
			return true
		})
		found, told := surveyed(t, f.URL, "somebody", "x", signatures)
		if found.Complete() || !slices.ContainsFunc(found.Missing, func(line string) bool { return strings.Contains(line, c.says) }) {
			t.Errorf("%s: complete %t, missing %q\n%s", name, found.Complete(), found.Missing, told)
		}
	}
}

// TestOpenFollowsRefresh: some panels say with <meta refresh> where to go on (T13).
func TestOpenFollowsRefresh(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/start" {
			return false
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<meta http-equiv="Refresh" content="0; URL='login'">one moment`))
		return true
	})
	p := f.panel(t, fakeProfile)
	page, err := p.visit(Client{}, &Jar{}).open(t.Context(), "/start")
	if err != nil || page.Target != "/login" {
		t.Errorf("%+v, %v", page, err)
	}
}

// TestOnwardStaysOnAPageThatReloads: itself, or after a while in which somebody logged in looks at it (T13).
func TestOnwardStaysOnAPageThatReloads(t *testing.T) {
	for content, onward := range map[string]string{
		"0; url=/next": "/next", "3;URL='next'": "/next", "0.5, /next": "/next", "0;url=/start": "/start", "5;url=start#top": "/start", "30; url=/next": "/start", "900;url=/login": "/start",
	} {
		f := newFake(t, func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", "text/html")
			if r.URL.Path == "/start" {
				_, _ = w.Write([]byte(`<meta http-equiv="refresh" content="` + content + `">`))
			}
			return true
		})
		page, err := f.panel(t, fakeProfile).visit(Client{}, &Jar{}).open(t.Context(), "/start")
		if err != nil || page.Target != onward || len(f.lines()) > 2 {
			t.Errorf("%s: %+v, %v, %v", content, page, err, f.lines())
		}
	}
}
