package panel

import (
	"fmt"
	"net/http"
	"testing"
)

// TestProfiles_Routes: the doors beside the form that a built-in profile knows (T14), and the ways to a forgotten password.
func TestProfiles_Routes(t *testing.T) {
	for _, c := range []struct {
		profile, method, target string
		want                    Kind
	}{
		{"wordpress", "POST", "/wp-json/wp/v2/users/me/application-passwords", Deny},
		{"wordpress", "GET", "/wp-json/wp/v2/users/17/application-passwords?_locale=user", Deny},
		{"wordpress", "DELETE", "/wp-json/wp/v2/users/17/application-passwords/4c5d6e7f", Deny},
		{"wordpress", "POST", "/index.php/WP-JSON//wp/v2/users/me/Application-Passwords/", Deny},
		{"wordpress", "POST", "/?rest_route=/wp/v2/users/me/application-passwords", Deny},
		{"wordpress", "POST", "/index.php?rest_route=%2Fwp%2Fv2%2Fusers%2F1%2Fapplication-passwords%2Fintrospect&_locale=user", Deny},
		{"wordpress", "POST", "/?rest.route=/wp/v2/users/me/application-passwords", Deny},
		{"wordpress", "POST", "/?rest_route=/x&rest_route=/wp/v2/users/me/application-passwords", Deny},
		{"wordpress", "POST", "/wp-admin/authorize-application.php", Deny},
		{"wordpress", "GET", "/wp-json/wp/v2/users/me", Protected},
		{"wordpress", "GET", "/?rest_route=/wp/v2/posts", Protected},
		{"wordpress", "POST", "/wp-login.php?action=lostpassword", LoginRoute},
		{"grafana", "GET", "/user/password/send-reset-email", Public},
		{"grafana", "POST", "/api/user/password/send-reset-email", Public},
		{"grafana", "GET", "/user/password/reset?code=abc", Public},
		{"grafana", "POST", "/api/user/password/reset", Public},
		{"grafana", "PUT", "/api/user/password", Protected},
	} {
		p, err := Load(c.profile)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(c.method, c.target).Kind; got != c.want {
			t.Errorf("%s: %s %s is %s, want %s", c.profile, c.method, c.target, got, c.want)
		}
	}
}

// TestProfiles_ResetIsPublic: a link to a forgotten password that leads to our own login is none.
func TestProfiles_ResetIsPublic(t *testing.T) {
	for _, name := range Builtins() {
		p, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if at := p.ResetURL(); at != "" && p.Match(http.MethodGet, at).Kind != Public {
			t.Errorf("%s: %s is %s", name, at, p.Match(http.MethodGet, at).Kind)
		}
	}
}

// TestProfiles_IcingaMenu: Icinga Web lets people add menu entries, and one named like the menu's own for the person may write
// over its text where that is the person's name, too.
func TestProfiles_IcingaMenu(t *testing.T) {
	p, err := Load("icingaweb2")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ person, written, want string }{
		{"clerk", "clerk", "clerk"}, {"Clerk", "Clerk", "clerk"}, {"superuser", "superuser", "superuser"}, {"user", "clerk", ""}, {"user", "user", ""},
	} {
		page := fmt.Sprintf(`<body><div id="menu"><nav class="primary-nav"><ul><li class="nav-item active user-nav-item"><a href="/navigation/dashboard?name=user"><i class="icon-user"></i>%s</a>
			<ul><li class="nav-item"><a href="/account">My Account</a></li></ul></li></ul></nav>
			<nav class="config-menu"><ul class="nav"><li class="user-nav-item"><a href="/account"><i class="user-ball">%c</i>%s</a></li></ul></nav></div></body>`, c.written, c.person[0], c.person)
		who, err := p.identify(&Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: []byte(page)})
		if who.Name != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s, written as %s, is %+v, %v", c.person, c.written, who, err)
		}
	}
}
