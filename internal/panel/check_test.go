package panel

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

// TestChecks: what would be read and then never do anything, or do what nobody means, is a fault with its line and its cure.
func TestChecks(t *testing.T) {
	const head = "base: laravel\nverify: /dashboard\n"
	cases := []struct{ name, text, want string }{
		{"a key and its neighbours", head + "login: {pge: /x}", `:3: login.pge: is not a key that a profile has here; there are action, anywhere, as, page, `},

		{"signed_out for everybody", head + "signed_out: [{status: 200}]", `:3: signed_out\[0\]: matches everything that signed_in\[0\] does`},
		{"signed_out for everybody, among others", head + "signed_out:\n  - {location: '^/login'}\n  - {status: [200, 302], ajax: false}", `:5: signed_out\[1\]: matches everything`},
		{"signed_in like signed_out", head + "signed_in: [{status: 302, location: '^/login([/?#]|$)'}]", `:3: signed_in\[0\]: can never match: signed_out\[0\] comes first`},
		{"failed before ok", head + "outcome:\n  failed: [{status: 302}]\n  ok: [{status: 302, location: '^/home'}]", `:5: outcome.ok\[0\]: can never match: outcome.failed\[0\] comes first`},
		{"throttled before failed", head + "outcome: {failed: [{status: 429, body: x}]}", `:3: outcome.failed\[0\]: can never match: outcome.throttled\[1\] comes first`},

		{"pattern of capitals", head + "usernames: {fold: true, pattern: '^[A-Z]+$'}", `:3: usernames.pattern: takes nobody: with fold`},
		{"pattern of capitals in every branch", head + "usernames: {pattern: '^(ISP|[A-Z]{2}[0-9]+)-?x$'}", `:3: usernames.pattern: takes nobody`},
		{"pattern with a blank", head + "usernames: {fold: false, pattern: '^[a-z]+ [a-z]+$'}", `:3: usernames.pattern: takes nobody: names have no blanks`},

		{"no session cookie", head + "cookies: {session: []}", `:3: cookies.session: is empty`},
		{"session cookie dropped", head + "cookies:\n  session: [remember_web_x]", `:4: cookies.session: drop takes in remember_web_x`},
		{"session cookie dropped as PHP folds it", head + "cookies:\n  session: [my.session]\n  drop: [my_session]", `:5: cookies.drop: drop takes in my.session`},
		{"session cookie visible", head + "cookies:\n  session: ['*_session']\n  visible: [XSRF-TOKEN, isp_session]", `:5: cookies.visible\[1\]: can never match: cookies.session takes in isp_session`},
		{"visible cookie dropped", head + "cookies: {visible: [a_b], drop: ['a_*']}", `:3: cookies.visible\[0\]: can never match: cookies.drop takes in a_b`},

		{"kind without identity", head + "identity: {kind: email}", `:3: identity.kind: is email, but nothing is read`},
		{"kind and a role", head + "identity: {kind: name, role: {css: b}}", `:3: identity.kind: is name, but nothing is read`},
		{"page without identity", head + "identity: {page: /me}", `:3: identity.page: is a page of which nothing is read`},
		{"json with an empty key", head + "identity: {kind: name, name: {json: a..b}}", `:3: identity.name: json has two dots`},
		{"json with a dot at its end", head + "identity: {kind: name, name: {json: a.}}", `:3: identity.name: json has two dots`},
		{"attr beside json", head + "identity: {kind: name, name: {json: a, attr: b}}", `:3: identity.name: has an attr`},

		{"basic with fields", "base: http-basic\nlogin:\n  user: u", `:3: login.user: can never be used`},
		{"basic with set", "base: http-basic\nlogin:\n  set: {a: b}", `:3: login.set.a: can never be used`},
		{"basic with take", "base: http-basic\nlogin:\n  take: {a: '(b)'}", `:3: login.take: can never be used`},
		{"basic with a logout", "base: http-basic\nlogout: auto", `:2: logout: auto finds its form or link by routes.logout, which is empty`},
		{"fields that PHP folds", head + "login: {user: user.name, password: user_name}", `:3: login: user and password must name two fields`},
		{"set what is typed, as PHP folds it", head + "login: {user: user.name, password: p, set: {user_name: x}}", `:3: login.set: sets user_name, which is typed`},
		{"take what is typed", head + "login: {user: u, password: p, take: {p: '(x)'}}", `:3: login.take: takes p, which is typed`},
		{"take what is set", head + "login: {set: {a: x}, take: {a: '(x)'}}", `:3: login.take: takes a, which login.set sets`},

		{"challenge without pages", head + "routes: {challenge: []}", `:3: routes.challenge: outcome.challenge finds .*write outcome: \{challenge: \[\]\}`},
		{"pages without a challenge", head + "outcome: {challenge: []}\nroutes: {challenge: [/2fa]}", `:4: routes.challenge: can never match: without outcome.challenge`},

		{"verify denied", head + "routes:\n  deny: ['/dash*']", `:4: routes.deny\[0\]: deny "/dash\*" takes in verify \(/dashboard\)`},
		{"all denied", head + "home: /home\nroutes:\n  deny: ['/*']", `:5: routes.deny\[0\]: deny "/\*" takes in verify \(/dashboard\), home \(/home\), login.page \(/login\)`},
		{"all is two-factor", head + "home: /home\nroutes:\n  two_factor: ['/*']", `:5: routes.two_factor\[0\]: two_factor "/\*" takes in verify \(/dashboard\), home \(/home\)`},
		{"verify impersonates", head + "routes:\n  impersonate: ['/dash*']", `:4: routes.impersonate\[0\]: impersonate "/dash\*" takes in verify`},
		{"verify logs out", head + "routes:\n  logout: ['/*board']", `:4: routes.logout\[0\]: logout "/\*board" takes in verify`},
		{"verify is a challenge", head + "routes:\n  challenge: [/two-factor, /dashboard/]", `:4: routes.challenge\[1\]: challenge "/dashboard/" takes in verify`},
		{"verify behind a rule of the base", "base: laravel\nverify: /two-factor-challenge", `:2: verify: is taken in by challenge "/two-factor-challenge" of the profile`},
		{"identity.page denied", head + "identity: {page: /api/me, kind: name, name: {json: n}}\nroutes: {deny: [/api/*]}", `:4: routes.deny\[0\]: deny "/api/\*" takes in identity.page`},
		{"home denied", head + "home: /x\nroutes: {deny: [/x]}", `:4: routes.deny\[0\]: deny "/x" takes in home \(/x\)`},
		{"home logs out", head + "home: /x\nroutes: {logout: [/x]}", `:4: routes.logout\[0\]: logout "/x" takes in home \(/x\)`},
		{"identity.page is a login", head + "identity: {page: /login, kind: name, name: {json: n}}", `:3: identity.page: is a login`},
		{"verify is ours", "base: laravel\nverify: /ispgate/session", `:2: verify: is under /ispgate/`},
		{"home is ours", head + "home: /ISPgate", `:3: home: is under /ispgate/`},
		{"home with many readings", head + "home: /" + strings.Repeat("a%252e/;b/../index.php/x.php/", 20), `:3: home: can be read in too many ways`},
		{"home with dots", head + "home: /a/../b", `:3: home: is no address to send a browser to`},
		{"public under our prefix", head + "routes: {public: ['/ispgate/x*']}", `:3: routes.public\[0\]: can never match: /ispgate/ is`},
		{"deny under our prefix", head + "routes: {deny: [/ispgate/*]}", `:3: routes.deny\[0\]: can never match: /ispgate/ is`},

		{"host with two ports", head + "forward: {host: 'a:b:c'}", `:3: forward.host: is neither`},
		{"host with a word for a port", head + "forward: {host: 'a:b'}", `:3: forward.host: is neither`},
		{"host with a great port", head + "forward: {host: 'a:70000'}", `:3: forward.host: is neither`},
		{"host without its port", head + "forward: {host: 'a:'}", `:3: forward.host: is neither`},
		{"host in open brackets", head + "forward: {host: '[::1'}", `:3: forward.host: is neither`},
		{"host with a user", head + "forward: {host: 'u@a'}", `:3: forward.host: is neither`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := tryProfile(c.text)
			var faults Faults
			if !errors.As(err, &faults) || !regexp.MustCompile(`^test.yaml`+c.want).MatchString(err.Error()) || len(faults) != 1 {
				t.Errorf("faults:\n%v\nwant only one like %s", err, c.want)
			}
		})
	}
}

// TestChecks_OddButRight: what panels do need, however strange it looks.
func TestChecks_OddButRight(t *testing.T) {
	const head = "base: laravel\nverify: /dashboard\n"
	for name, text := range map[string]string{
		"signed_out of a host for single sign-on":  head + "signed_out: [{location: '^https://sso.example.org/'}]",
		"signed_out of any other host":             head + "signed_out: [{location: '^https://'}, {status: 401}]",
		"signed_out by 200 where pages redirect":   head + "signed_in: [{status: 302, location: '^/me'}]\nsigned_out: [{status: 200}]",
		"signed_out by a form":                     head + "signed_out: [{status: 200, form: true}]",
		"failed and ok share a status":             head + "outcome: {failed: [{status: 200}], ok: [{status: [200, 302]}]}",
		"failed behind a stale answer":             head + "outcome: {stale: [{status: 302}], failed: [{status: 302, body: no}]}",
		"capitals beside small letters":            head + "usernames: {pattern: '^[A-Za-z]+$'}",
		"capitals that need not be there":          head + "usernames: {pattern: '^[A-Z]*[a-z]+$'}",
		"capitals of either case":                  head + "usernames: {pattern: '(?i)^ISP[0-9]+$'}",
		"capitals without fold":                    head + "usernames: {fold: false, pattern: '^[A-Z]+$'}",
		"another script":                           head + `usernames: {pattern: '^\p{Bengali}+$'}`,
		"a role only":                              head + "identity: {role: {css: .role}}",
		"the defaults, written out":                head + `identity: {page: "", kind: id, id: {css: "", attr: ""}, name: {css: "", attr: ""}, role: {css: "", attr: ""}}`,
		"basic with the defaults, written out":     "base: http-basic\nlogin: {page: '', as: basic, user: auto, password: auto, set: {}, take: {}}",
		"basic with a cookie and its logout":       "base: http-basic\nlogout: GET /quit\ncookies: {session: [app]}",
		"session cookies beside visible ones":      head + "cookies: {session: ['*_session', app], visible: ['app_*', 'csrf_*'], drop: ['remember_*']}",
		"the panel's own second step switched off": head + "outcome: {challenge: []}",
		"deny for some networks":                   head + "routes: {deny: [{rule: '/*', from: [203.0.113.0/24]}]}",
		"deny of a method":                         head + "routes: {deny: [POST /dashboard, POST /login]}",
		"home is open":                             head + "home: /\nroutes: {public: [/]}",
		"home with a query":                        head + "home: '/index.php?route=/a/../b'",
		"a path like ours":                         head + "home: /ispgates\nroutes: {deny: [/ispgate-old/*]}",
		"fields that only case tells apart":        head + "login: {user: Login, password: login}",
		"fields in arrays":                         head + "login: {user: 'session[email]', password: 'session[password]'}",
		"host with a port":                         head + "forward: {host: 'panel_1.example.net:8443'}",
		"host that is an address":                  head + "forward: {host: '[2001:db8::1]:8443'}",
	} {
		if _, err := tryProfile(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNew_LocationOfOwnHost: the panel's own host is cut off a Location before rules look at it, so none waits for it.
func TestNew_LocationOfOwnHost(t *testing.T) {
	for expression, fault := range map[string]bool{
		`^https://panel\.example\.net/login`:     true,
		`^https?://Panel.example.net(:443)?/`:    true,
		`^http://127\.0\.0\.1:8000/login`:        true,
		`^https:\/\/panel\.example\.net$`:        true,
		`^https://panel\.example\.network/`:      false,
		`^https://sso\.example\.net/`:            false,
		`^https://panel\.example\.net/x|^/login`: false,
		`^/login`:                                false,
		`/to\?url=https://panel\.example\.net/`:  false,
		`^https://[a-z]+\.example\.net/`:         false,
	} {
		o := panelAt(t, profileOf(t, "{base: laravel, verify: /x}"), "http://127.0.0.1:8000", "https://panel.example.net").opt
		o.Profile = profileOf(t, "base: laravel\nverify: /x\nsigned_out:\n  - {status: 401}\n  - {location: '"+expression+"'}\n")
		_, err := New(o)
		var faults Faults
		if fault != errors.As(err, &faults) {
			t.Errorf("%s: %v", expression, err)
		}
		if fault && (faults[0].Line != 5 || faults[0].Key != "signed_out[1].location") {
			t.Errorf("%s: %v", expression, err)
		}
	}
}
