package panel

import (
	"net/netip"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// profileOf reads a mapping that must be without faults.
func profileOf(t testing.TB, text string) *Profile {
	t.Helper()
	p, err := tryProfile(text)
	if err != nil {
		t.Fatalf("profile: %v", err)
	}
	return p
}

func tryProfile(text string) (*Profile, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	return FromNode("test.yaml", doc.Content[0])
}

const mappedRoutes = `
base: laravel
verify: /dashboard
routes:
  logout: [POST /logout]
  challenge: [/two-factor-challenge]
  impersonate: ['POST /admin/login-as/*']
  two_factor: [/admin/two-factor-authentication]
  background: [/poll/*]
  public:
    - {rule: '/customer/*', name: portal}
    - '/pay/return?status=*&id=*'
    - '/shop/index.php'
    - {rule: '/office/*', from: [192.0.2.0/24]}
    - 'POST /hotspot/login'
    - '/assets/{css,js}/*'
  deny:
    - POST /api/auth/login
    - /internal/*
    - /rpc?do=login
`

func TestS04_OddTargets(t *testing.T) {
	p := profileOf(t, mappedRoutes)
	cases := []struct {
		name, method, target string
		want                 Kind
	}{
		{"login", "GET", "/login", LoginRoute},
		{"login, any method", "DELETE", "/login", LoginRoute},
		{"login, query", "GET", "/login?x=1", LoginRoute},
		{"login, encoded letter", "GET", "/%6cogin", LoginRoute},
		{"login, encoded twice", "GET", "/%256cogin", LoginRoute},
		{"login, encoded slash", "GET", "/x%2f..%2flogin", LoginRoute},
		{"login, trailing slash", "POST", "/login/", LoginRoute},
		{"login, slashes at the end", "POST", "/login///", LoginRoute},
		{"login, upper case", "POST", "/LOGIN", LoginRoute},
		{"login, two slashes", "POST", "//login", LoginRoute},
		{"login, dot segments", "POST", "/a/../login", LoginRoute},
		{"login, dot segments out of the root", "POST", "/../login/.", LoginRoute},
		{"login, front controller", "POST", "/index.php/login", LoginRoute},
		{"login, front controller, upper case", "POST", "/INDEX.PHP/login", LoginRoute},
		{"login, front controller and dots", "POST", "/a/index.php/../login", LoginRoute},
		{"login, parameter", "POST", "/login;x", LoginRoute},
		{"login, parameter in front", "POST", "/;x/login", LoginRoute},
		{"login, encoded parameter", "POST", "/login%3bx=1", LoginRoute},
		{"login, encoded query", "POST", "/login%3fx", LoginRoute},
		{"login, fragment", "POST", "/login#x", LoginRoute},
		{"login, backslash", "POST", `/x\..\login`, LoginRoute},
		{"login, encoded backslash", "POST", `/%5clogin`, LoginRoute},
		{"login, NUL at the end", "POST", "/login%00.css", LoginRoute},
		{"login, NUL within", "POST", "/lo%00gin", LoginRoute},
		{"login, absolute form", "POST", "http://else.where/login", LoginRoute},
		{"no login", "POST", "/logins", Protected},
		{"logout", "POST", "/logout/", Logout},
		{"logout, other method", "GET", "/logout", Protected},
		{"challenge", "POST", "/Two-Factor-Challenge", ChallengeRoute},
		{"impersonate", "POST", "/admin//login-as/3", Impersonate},
		{"two factor", "GET", "/admin/two-factor-authentication", TwoFactorRoute},
		{"deny, slash at the end", "POST", "/api/auth/login/", Deny},
		{"deny, below a prefix", "GET", "/internal/", Deny},
		{"deny, dots kept by the panel", "GET", "/internal/../x", Deny},
		{"deny, query", "GET", "/rpc?do=login", Deny},
		{"deny, query, last wins", "GET", "/rpc?do=x&do=login", Deny},
		{"deny, query, first wins", "GET", "/rpc?do=login&do=x", Deny},
		{"deny, query, encoded", "GET", "/rpc?%64o=%6cogin", Deny},
		{"deny, query, blank for underscore", "GET", "/rpc?x;do=LOGIN", Deny},
		{"deny, other query", "GET", "/rpc?do=list", Protected},
		{"public", "GET", "/customer/bill", Public},
		{"public, HEAD", "HEAD", "/customer/bill", Public},
		{"public, slash at the end", "GET", "/customer/", Public},
		{"public, query", "GET", "/customer/bill?id=3&x=%2f", Public},
		{"public, other method", "POST", "/customer/bill", Protected},
		{"public, prefix only", "GET", "/customer", Protected},
		{"public, dot segments", "GET", "/customer/../admin", Protected},
		{"public, encoded dots", "GET", "/customer/%2e%2e/admin", Protected},
		{"public, single dot", "GET", "/customer/./x", Protected},
		{"public, encoding", "GET", "/customer/%61", Protected},
		{"public, two slashes", "GET", "/customer//x", Protected},
		{"public, parameter", "GET", "/customer/x;y", Protected},
		{"public, backslash", "GET", `/customer/\x`, Protected},
		{"public, NUL", "GET", "/customer/x%00", Protected},
		{"public, upper case", "GET", "/CUSTOMER/x", Protected},
		{"public, absolute form", "GET", "http://h/customer/x", Protected},
		{"public, script below", "GET", "/customer/x.php/y", Protected},
		{"public, script at the end", "GET", "/customer/x.PHP", Protected},
		{"public, double suffix", "GET", "/customer/x.php.jpg", Protected},
		{"public, script that the rule names", "GET", "/shop/index.php", Public},
		{"public, tested parameter", "GET", "/customer/x?do=1", Protected},
		{"public, tested parameter, encoded", "GET", "/customer/x?%64%6f=1", Protected},
		{"public, tested parameter, array", "GET", "/customer/x?do[]=1", Protected},
		{"public, tested parameter, after ;", "GET", "/customer/x?a=1;DO=1", Protected},
		{"public query, equal", "GET", "/pay/return?status=ok&id=7", Public},
		{"public query, one more", "GET", "/pay/return?status=ok&id=7&x=1", Protected},
		{"public query, other order", "GET", "/pay/return?id=7&status=ok", Protected},
		{"public query, none", "GET", "/pay/return", Protected},
		{"public, method named", "POST", "/hotspot/login", Public},
		{"public, method named, GET", "GET", "/hotspot/login", Protected},
		{"public, alternatives", "GET", "/assets/js/a.js", Public},
		{"public, no alternative", "GET", "/assets/img/a.js", Protected},
		{"public, network unknown", "GET", "/office/x", Protected},
		{"no slash", "GET", "customer/x", Protected},
		{"star", "OPTIONS", "*", Protected},
		{"empty", "GET", "", Protected},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := p.Match(c.method, c.target).Kind; got != c.want {
				t.Errorf("%s %s is %s, want %s (readings %q)", c.method, c.target, got, c.want, read(c.target).loose.whole)
			}
		})
	}
}

func TestMatch_NameNumberBackgroundNetwork(t *testing.T) {
	p := profileOf(t, mappedRoutes)
	if r := p.Match("GET", "/customer/x"); r.Name != "portal" || r.Number != 1 || r.Background {
		t.Errorf("route = %+v", r)
	}
	if r := p.Match("POST", "/hotspot/login"); r.Name != "POST /hotspot/login" || r.Number != 5 {
		t.Errorf("route = %+v", r)
	}
	if r := p.Match("GET", "/POLL/now"); r.Kind != Protected || !r.Background {
		t.Errorf("route = %+v", r)
	}
	for addr, want := range map[string]Kind{"192.0.2.7": Public, "::ffff:192.0.2.7": Public, "192.0.3.7": Protected} {
		if got := p.MatchFrom("GET", "/office/x", netip.MustParseAddr(addr)).Kind; got != want {
			t.Errorf("from %s: %s, want %s", addr, got, want)
		}
	}
}

func TestMatch_QueryRoutedLoginAndLogout(t *testing.T) {
	p := profileOf(t, `
base: generic
login: {page: /wp-login.php, user: log, password: pwd}
verify: /wp-admin/profile.php
signed_out: [{location: '^/wp-login\.php'}]
routes: {logout: ['/wp-login.php?action=logout']}
`)
	for target, want := range map[string]Kind{
		"/wp-login.php":                                   LoginRoute,
		"/wp-login.php?action=lostpassword":               LoginRoute,
		"/wp-login.php?action=logout&_wpnonce=1":          Logout,
		"/wp-login.php?action=logout&action=x":            LoginRoute,
		"/wp-login.php?action=x&action=logout":            LoginRoute,
		"/wp-login.php?action=logout&%61ction=login":      LoginRoute,
		"/index.php/wp-login.php/?action=logout&redirect": Logout,
	} {
		if got := p.Match("GET", target).Kind; got != want {
			t.Errorf("GET %s is %s, want %s", target, got, want)
		}
	}
	if got := p.Match("POST", "/wp-login.php?action=logout").Kind; got != LoginRoute {
		t.Errorf("POST with a body that may say action=login is %s", got)
	}
}

func TestMatch_FormActionIsALogin(t *testing.T) {
	p := profileOf(t, "{base: laravel, verify: /dashboard}")
	if got := p.Match("POST", "/sessions").Kind; got != Protected {
		t.Fatalf("before: %s", got)
	}
	p.learn(&form{}, "/sessions")
	if got := p.Match("GET", "/Sessions/").Kind; got != LoginRoute {
		t.Errorf("after the form was seen: %s", got)
	}
	p.learn(&form{}, "/auth/check?token=abc")
	for _, target := range []string{"/auth/check?token=abc", "/auth/check?token=other", "/auth/check"} {
		if got := p.Match("POST", target).Kind; got != LoginRoute {
			t.Errorf("POST %s is %s: its token is new in every form", target, got)
		}
	}
	p.learn(&form{}, "/dashboard")
	if got := p.Match("GET", "/dashboard").Kind; got != Protected {
		t.Errorf("a form that posts to verify made verify a login: %s", got)
	}
	all := profileOf(t, "{base: laravel, login: {page: '/?do=login'}, verify: '/?do=account'}")
	all.learn(&form{}, "/?do=auth&token=1")
	for target, want := range map[string]Kind{"/?do=auth&token=1": LoginRoute, "/?do=save": Protected} {
		if got := all.Match("POST", target).Kind; got != want {
			t.Errorf("one path for everything: POST %s is %s, want %s", target, got, want)
		}
	}
}

func TestMatch_LoginAnywhere(t *testing.T) {
	p := profileOf(t, `
base: generic
login: {page: '/index.php?route=/', user: u, password: p, anywhere: true}
verify: '/index.php?route=/server/databases'
signed_out: [{form: true}]
`)
	if got := p.Match("GET", "/index.php?route=/").Kind; got != Protected {
		t.Errorf("the home page, which is the login page, is %s", got)
	}
	if got := p.Match("POST", "/?route=%2F").Kind; got != LoginRoute {
		t.Errorf("a POST to it is %s", got)
	}
}

func TestMatch_ISPBills(t *testing.T) {
	p, err := Load("ispbills")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Complete(); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]Kind{
		"GET /":                                    Public,
		"GET /?a=b":                                Public,
		"GET /login":                               LoginRoute,
		"POST /login":                              LoginRoute,
		"GET /admin/dashboard":                     Protected,
		"GET /admin/change-password":               Protected,
		"GET /admin/two-factor-authentication":     TwoFactorRoute,
		"POST /logout":                             Logout,
		"POST /api/auth/login":                     Deny,
		"POST /customer/web/login":                 Public,
		"POST /hotspot/login":                      Public,
		"GET /customers/3":                         Public,
		"POST /bkash/customer_payment/callback":    Public,
		"GET /sslcommerz/customer_payment/success": Public,
		"GET /.well-known/acme-challenge/abc":      Public,
		"POST /admin/operators/3/login-as":         Impersonate,
		"GET /two-factor-challenge":                ChallengeRoute,
		"GET /customer/../admin/change-password":   Protected,
		"GET /forgot-password":                     Public,
		"GET /register":                            Protected,
	} {
		method, target, _ := strings.Cut(line, " ")
		if got := p.Match(method, target).Kind; got != want {
			t.Errorf("%s is %s, want %s", line, got, want)
		}
	}
	if got := p.ResetURL(); got != "/forgot-password" {
		t.Errorf("ResetURL = %q", got)
	}
}

func BenchmarkMatch(b *testing.B) {
	p := profileOf(b, mappedRoutes)
	for _, target := range []string{"/admin/customers/17?page=2", "/%61dmin/..%2fx;y", "/" + strings.Repeat("%2561/", 1300), "/customer/x?" + strings.Repeat("%61.b=1&", 1000)} {
		b.Run(target[:min(len(target), 30)], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Match("GET", target)
			}
		})
	}
}
