package security

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// Somebody who has only given the password reaches verify, recovery and logout, and is nobody everywhere else.
func TestS12_StagePassword(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	c.LogOut()
	c.Challenge()
	wantAnonymous(t, c)
	for _, page := range []string{office.TwoFactor, office.Disable, "/ispgate/offer"} {
		if got := c.Get(page); got.Location() != office.Verify {
			t.Errorf("GET %s answers %d %q, want to lead to the code page", page, got.Status, got.Location())
		}
	}
	code := c.Phone.Code(t)
	for _, form := range []string{office.Enable, office.Disable, office.NewCodes, "/ispgate/offer"} {
		if got := c.PostForm(form, url.Values{"code": {code}, "password": {harness.LaravelPassword}}); got.Location() != office.Verify {
			t.Errorf("POST %s answers %d %q, want to lead to the code page", form, got.Status, got.Location())
		}
	}
	for _, page := range []string{office.Verify, office.Recovery, office.Logout, office.Login} {
		c.Get(page).Want(http.StatusOK)
	}
	c.WantPage("/admin/two-factor-authentication", office.Verify)
	if page := c.Code(code); page.Location() != "/dashboard" { // none of the above used the code
		t.Fatalf("the code leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
	c.WantPanel()
}

// Somebody who must enrol first reaches that page and logout.
func TestS12_StageEnrolling(t *testing.T) {
	o := theOffice(t).Branch(t, "two_factor", "{policy: required, enrolment: open}")
	c := o.Clerk(t)
	if page := c.Password(harness.LaravelPassword); page.Location() != office.TwoFactor {
		t.Fatalf("the password leads to %d %q, want the Two Factor page", page.Status, page.Location())
	}
	wantAnonymous(t, c)
	for _, page := range []string{office.Verify, office.Recovery, office.Disable, "/ispgate/offer"} {
		if got := c.Get(page); got.Location() != office.TwoFactor {
			t.Errorf("GET %s answers %d %q, want to lead to the Two Factor page", page, got.Status, got.Location())
		}
	}
	for _, form := range []string{office.Verify, office.Recovery, office.Disable, office.NewCodes} {
		if got := c.PostForm(form, url.Values{"code": {"123456"}, "password": {harness.LaravelPassword}}); got.Location() != office.TwoFactor {
			t.Errorf("POST %s answers %d %q, want to lead to the Two Factor page", form, got.Status, got.Location())
		}
	}
	c.Enable()
	c.Get(office.Login) // "I have saved them" leads here, and hands the panel session over
	c.WantPanel()
}

// wantAnonymous asks for everything that belongs to the panel, by both doors.
func wantAnonymous(t *testing.T, c *office.Clerk) {
	t.Helper()
	for _, path := range []string{"/", "/dashboard", "/data", "/profile", "/nonexistent", "/logout", "/admin/login-as/1", "/dashboard%2f", "/x//dashboard", "/customer/../dashboard"} {
		if page := c.Get(path); page.Status != http.StatusSeeOther || !strings.HasPrefix(page.Location(), "/ispgate/") {
			t.Errorf("GET %s answers %d %q", path, page.Status, page.Location())
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"} {
		if page := c.Fetch(method, "/profile", "application/json", "{}"); page.Status != http.StatusUnauthorized {
			t.Errorf("%s /profile by a script answers %d", method, page.Status)
		}
	}
	c.PostForm("/profile", url.Values{"name": {"x"}}).Want(http.StatusUnauthorized)
	c.PostForm("/logout", url.Values{}).Want(http.StatusUnauthorized)
	socket := request(t, "GET", "/socket", "", "Connection", "Upgrade", "Upgrade", "websocket", "Origin", office.Origin, "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	if page := send(t, c.Browser, socket); page.Status == http.StatusSwitchingProtocols || page.Status == http.StatusOK {
		t.Errorf("a websocket is answered %d", page.Status)
	}
	var said map[string]any
	if page := c.Fetch("GET", "/ispgate/session", "", ""); json.Unmarshal([]byte(page.Body), &said) != nil || said["stage"] != "anonymous" || said["user"] != "" || said["seconds_left"] != 0.0 {
		t.Errorf("the session says %s", page.Body)
	}
	asked := request(t, "GET", "/ispgate/auth", "", "X-Original-Method", "GET", "X-Original-URL", office.Origin+"/dashboard")
	if page := send(t, c.Browser, asked); page.Status != http.StatusUnauthorized || page.Body != "" || page.Header.Get("Remote-User") != "" || page.Header.Get("Set-Cookie") != "" {
		t.Errorf("auth_request answers %d %q %v", page.Status, page.Body, page.Header)
	}
	portal := c.Get("/customer/portal").Want(http.StatusOK)
	if user := portal.Text("#panel-user"); user != "none" || strings.Contains(portal.Body, "HTTP_REMOTE_USER") {
		t.Errorf("a public page is somebody's: %s", portal.Text("body"))
	}
}
