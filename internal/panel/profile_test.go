package panel

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestLoad_Builtins(t *testing.T) {
	for _, name := range Builtins() {
		p, err := Load(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Name != name {
			t.Errorf("%s calls itself %q", name, p.Name)
		}
		err = p.Complete()
		if varies := slices.Contains([]string{"generic", "laravel", "laravel-fortify", "codeigniter"}, name); varies != (err != nil) {
			t.Errorf("%s: Complete = %v", name, err)
		}
		if p.Match("GET", "/.well-known/acme-challenge/token").Kind != Public {
			t.Errorf("%s: certificates could not be renewed", name)
		}
	}
	if _, err := Load("nagios"); err == nil || !strings.Contains(err.Error(), "ispbills") {
		t.Errorf("an unknown name: %v", err)
	}
}

func TestLoad_FileAndBase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "panel.yaml")
	if err := os.WriteFile(path, []byte("base: laravel\nname: ours\nverify: /dashboard\nlogin: {page: /staff/login}\nlimiter: {tries: 9}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Complete(); err != nil {
		t.Error(err)
	}
	value, set := p.Login.Set["remember"]
	switch {
	case p.Name != "ours" || p.Login.Page != "/staff/login" || p.Limiter.Tries != 9:
		t.Errorf("the mapping's own keys: %+v", p.Login)
	case p.Limiter.Window.Seconds() != 60 || p.Login.User != "auto" || !set || value != nil:
		t.Errorf("inherited keys: %+v %+v", p.Limiter, p.Login)
	case p.Fingerprint() != "identity=none fold=true":
		t.Errorf("fingerprint %q", p.Fingerprint())
	}
}

// TestFaults: all at once, each with its line and key.
func TestFaults(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"unknown key", "verfy: /x", `^test.yaml:1: verfy: is not a key`},
		{"unknown key below", "login: {pge: /x}", `login.pge: is not a key`},
		{"key twice", "verify: /a\nverify: /b", `test.yaml:2: verify: is written twice`},
		{"key twice below", "login:\n  page: /a\n  page: /b", `test.yaml:3: login.page: is written twice`},
		{"base unknown", "base: drupal", `base: is none of the built-in profiles`},
		{"not a mapping", "login: /login", `login: is not a mapping`},
		{"not a list", "routes: {public: /x}", `routes.public: is not a list`},
		{"null", "verify:", `verify: is not a text`},
		{"bad regexp", "signed_out: [{location: '('}]", `signed_out\[0\].location: is not a regular expression`},
		{"regexp for all", "signed_out: [{body: '.*'}]", `signed_out\[0\].body: matches everything`},
		{"bad status", "signed_out: [{status: 40}]", `signed_out\[0\].status: is not a number from 200 to 599`},
		{"bad status in a list", "signed_out: [{status: [401, x]}]", `signed_out\[0\].status\[1\]`},
		{"no status", "signed_out: [{status: []}]", `can never match: the list is empty`},
		{"rule without tests", "signed_out: [{}]", `tests nothing`},
		{"relative location", "signed_out: [{location: '^login'}]", `can never match: a location begins with /`},
		{"bad glob", "cookies: {session: ['a=b']}", `cookies.session\[0\]: can never match`},
		{"names and mails", "usernames: {pattern: '^[a-z0-9@._-]+$'}", `usernames.pattern: takes both`},
		{"unanchored pattern takes what it names", "usernames: {pattern: '[a-z]+(@[a-z.]+)?'}", `usernames.pattern: takes both`},
		{"quotation without end", `usernames: {pattern: '\Qabc'}`, `usernames.pattern: has a \\Q without its`},
		{"verify missing", "signed_out: [{status: 401}]", `verify: is missing`},
		{"signed_out missing", "base: generic", `signed_out: is missing`},
		{"signed_out empty", "signed_out: []", `signed_out: is missing`},
		{"signed_out only for scripts", "signed_out: [{status: 401, ajax: true}]", `signed_out: can never match a page`},
		{"ajax in outcome", "outcome: {failed: [{ajax: true}]}", `outcome.failed\[0\]: can never match`},
		{"body in ok", "outcome: {ok: [{body: x}]}", `outcome.ok\[0\]: may test only`},
		{"form in challenge", "outcome: {challenge: [{form: true}]}", `outcome.challenge\[0\]: may test only`},
		{"form false", "signed_out: [{form: false}]", `can only be true`},
		{"method", "routes: {deny: [TRACE /x]}", `routes.deny\[0\]: can never match: no request with the method`},
		{"lower-case method", "routes: {deny: [post /x]}", `can never match`},
		{"relative rule", "routes: {deny: [x]}", `does not begin with /`},
		{"open brace", "routes: {deny: ['/{a,b']}", `not closed`},
		{"percent in a public rule", "routes: {public: ['/%61']}", `can never match: public paths`},
		{"dots in a public rule", "routes: {public: ['/a/../b']}", `can never match: public paths`},
		{"percent in a loose rule", "routes: {deny: ['/%61']}", `can never match: paths are compared decoded`},
		{"fragment", "routes: {deny: ['/a#b']}", `can never match`},
		{"network", "routes: {public: [{rule: /x, from: [10.0.0.1]}]}", `routes.public\[0\].from\[0\]: is not a network`},
		{"no network", "routes: {public: [{rule: /x, from: []}]}", `can never match: the list is empty`},
		{"unknown key of a rule", "routes: {public: [{rul: /x}]}", `routes.public\[0\].rul: is not a key`},
		{"method changed by a public rule", "routes: {public: ['POST /a?_Method=PUT']}", `can never match: a request that changes its method`},
		{"POST behind another method", "routes: {deny: [PUT /a], public: [POST /a]}", `routes.public\[0\]: can never match: deny "PUT /a" comes first`},
		{"public behind deny", "routes: {deny: ['/a*'], public: [/a/b]}", `routes.public\[0\]: can never match: deny "/a\*" comes first`},
		{"public behind login", "routes: {public: [/login]}", `routes.public\[0\]`},
		{"public covers verify", "verify: /home\nroutes: {public: ['/*']}", `test.yaml:2: routes.public\[0\]: opens verify \(/home\)`},
		{"public covers identity", "identity: {page: /me, kind: name, name: {css: b}}\nroutes: {public: ['/me']}", `opens identity.page`},
		{"public covers logout", "routes: {public: ['/log*']}", `opens login.page`},
		{"login denied", "routes: {deny: ['/log*']}", `routes.deny\[0\]: deny "/log\*" takes in login.page \(/login\)`},
		{"verify is the login", "verify: /Login/", `verify: is a login`},
		{"home is the login", "home: /login?x", `home: is a login`},
		{"not a mapping at all", "[a, b]", `profile: is not a mapping`},
		{"reset not public", "routes: {reset: [/forgot]}", `routes.reset\[0\]: is not public`},
		{"identity without name", "identity: {id: {css: b}}", `identity: kind id needs both`},
		{"identity of another kind", "identity: {kind: email, id: {css: b}, name: {css: i}}", `identity: has an id`},
		{"bad css", "identity: {kind: name, name: {css: '['}}", `identity.name: css`},
		{"css and json", "identity: {kind: name, name: {css: b, json: a.b}}", `identity.name: reads either`},
		{"json without fields", "login: {as: json}", `login: user and password must be named`},
		{"set what is typed", "login: {user: u, password: p, set: {p: x}}", `login.set: sets p`},
		{"take without a group", "login: {take: {x: 'abc'}}", `login.take.x: has no group`},
		{"absolute page", "login: {page: 'https://x/login'}", `login.page: is not a path`},
		{"host with a slash", "forward: {host: 'a/b'}", `forward.host`},
		{"proto", "forward: {proto: ftp}", `forward.proto: is none of`},
		{"logout", "logout: /logout", `logout: is neither auto`},
		{"limiter", "limiter: {tries: 0}", `limiter.tries`},
		{"window", "limiter: {window: 60}", `limiter.window: is not a time`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := tryProfile(c.text)
			var faults Faults
			if !errors.As(err, &faults) || !regexp.MustCompile(c.want).MatchString(err.Error()) && !regexp.MustCompile(`(?m)`+c.want).MatchString(err.Error()) {
				t.Errorf("faults:\n%v\nwant one like %s", err, c.want)
			}
			for _, f := range faults {
				if f.Line < 1 || f.File != "test.yaml" || f.Key == "" {
					t.Errorf("fault without a place: %+v", f)
				}
			}
		})
	}
}

func TestFaults_AllAtOnce(t *testing.T) {
	_, err := tryProfile("verfy: /x\nlogin:\n  page: nowhere\n  pge: 1\nsigned_out: [{location: '('}]\nroutes: {deny: [TRACE /x]}\n")
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatalf("%v", err)
	}
	var keys []string
	for i, f := range faults {
		keys = append(keys, f.Key)
		if i > 0 && f.Line < faults[i-1].Line {
			t.Errorf("not in the order of the file: %v", faults)
		}
	}
	if got := strings.Join(keys, " "); got != "verfy verify login.page login.pge signed_out[0].location routes.deny[0]" {
		t.Errorf("keys: %s\n%v", got, err)
	}
}

func TestS16_Fold(t *testing.T) {
	mail := profileOf(t, "{base: laravel, verify: /dashboard}")
	exact := profileOf(t, "{base: generic, verify: /x, signed_out: [{status: 401}], usernames: {fold: false, pattern: '^[A-Za-z]+$'}}")
	wide := profileOf(t, `{base: generic, verify: /x, signed_out: [{status: 401}], usernames: {pattern: '^\p{L}+$'}}`)
	any := profileOf(t, `{base: generic, verify: /x, signed_out: [{status: 401}], usernames: {pattern: '(?s)^a[^@]*$'}}`)
	cases := []struct {
		name        string
		p           *Profile
		typed, want string // empty: refused
	}{
		{"as it is", mail, "admin@demo.isp", "admin@demo.isp"},
		{"case", mail, "Admin@Demo.ISP", "admin@demo.isp"},
		{"blanks around", mail, " admin@demo.isp\t", "admin@demo.isp"},
		{"full width", mail, "ａｄｍｉｎ@demo.isp", "admin@demo.isp"},
		{"blank within", mail, "ad min@demo.isp", ""},
		{"accent", mail, "ádmin@demo.isp", ""},
		{"a name where addresses are", mail, "admin", ""},
		{"NUL", wide, "admin\x00", ""},
		{"NUL in front", wide, "\x00admin", ""},
		{"escape", wide, "ad\x1bmin", ""},
		{"delete", wide, "admin\x7f", ""},
		{"C1 control", wide, "admin\u0085x", ""},
		{"control that any pattern takes", any, "ad\x00min", ""},
		{"newline", mail, "admin@demo.isp\nx", ""},
		{"zero-width joiner", mail, "ad\u200dmin@demo.isp", ""},
		{"cyrillic a", mail, "аdmin@demo.isp", ""},
		{"empty", mail, "", ""},
		{"long", mail, strings.Repeat("a", 260) + "@demo.isp", ""},
		{"not UTF-8", mail, "admin\xff@demo.isp", ""},
		{"without fold", exact, "Admin", "Admin"},
		{"composed", wide, "\u00e1dmin", "\u00e1dmin"},
		{"decomposed", wide, "a\u0301dmin", "\u00e1dmin"},
	}
	for _, c := range cases {
		got, err := c.p.Fold(c.typed)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: Fold(%q) = %q, %v; want %q", c.name, c.typed, got, err, c.want)
		}
	}
}

func TestS14_CookieNamesAsPHPFoldsThem(t *testing.T) {
	p := profileOf(t, "{base: laravel, verify: /dashboard}")
	for name, want := range map[string][3]bool{
		"isp_session":         {true, false, false},
		"isp.session":         {true, false, false},
		"isp session":         {true, false, false},
		"isp[session":         {true, false, false},
		"PHPSESSID":           {true, false, false},
		"XSRF-TOKEN":          {false, true, false},
		"remember_web_59ba36": {false, false, true},
		"remember.web_59ba36": {false, false, true},
		"theme":               {false, false, false},
	} {
		if got := [3]bool{p.MatchSession(name), p.MatchVisible(name), p.MatchDrop(name)}; got != want {
			t.Errorf("%q: session, visible, drop = %v, want %v", name, got, want)
		}
	}
}
