// Package front tests the gateway behind real servers that run the configuration ispgate prints for them.
package front

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// each runs a test behind every server in every mode.
func each(t *testing.T, test func(t *testing.T, server, mode string)) {
	for _, server := range []string{"nginx", "caddy"} {
		for _, mode := range []string{"proxy", "auth-request"} {
			t.Run(server+"/"+mode, func(t *testing.T) {
				t.Parallel()
				test(t, server, mode)
			})
		}
	}
}

// TestMission: log in, enable, log out by the panel's menu, log in with a code, expire, log out by our page.
func TestMission(t *testing.T) {
	each(t, func(t *testing.T, server, mode string) {
		o := office.Behind(t, server, mode, nil)
		c := o.Clerk(t)
		if page := c.Get("/profile"); page.Status/100 != 3 || page.Location() != office.Login+"?return_to=%2Fprofile" {
			t.Fatalf("a protected page answers %d %q", page.Status, page.Location())
		}
		if page := c.Fetch(http.MethodGet, "/data", "", ""); page.Status != 401 || !strings.Contains(page.Body, "login_url") {
			t.Fatalf("a script is answered %d %s", page.Status, page.Body)
		}
		c.LogIn()
		c.WantPanel()
		c.Enable()
		c.WantPanel()
		if page := c.Submit(c.Get("/dashboard").Form("form#logout")); page.Status/100 != 3 {
			t.Fatalf("the panel's logout answers %d", page.Status)
		}
		c.WantOut()
		c.Challenge()
		if page := c.Get("/dashboard"); page.Location() != office.Verify {
			t.Fatalf("before the code: %d %q", page.Status, page.Location())
		}
		if page := c.Code(c.Phone.Code(t)); page.Location() != "/dashboard" {
			t.Fatalf("after the code: %d %q", page.Status, page.Location())
		}
		c.WantPanel()
		panelEnds(t, o, c)
		c.LogOut()
		c.WantOut()
	})
}

// panelEnds: when the panel forgets its session, a page leads to the password, a script is told 401, and the factor is not asked
// again.
func panelEnds(t *testing.T, o *office.Office, c *office.Clerk) {
	t.Helper()
	o.Panel.KillSessions()
	if page := c.Fetch(http.MethodGet, "/data", "", ""); page.Status != http.StatusUnauthorized {
		t.Errorf("a script after the panel's session ended: %d", page.Status)
	}
	tab := c.Tab()
	tab.Follow = true
	page := tab.Get("/dashboard")
	if page.Status != http.StatusOK || page.URL.Path != office.Login {
		t.Fatalf("after the panel's session ended: %d %s", page.Status, page.URL)
	}
	if name := page.Find("input[name=username]").AttrOr("value", ""); name != c.Email {
		t.Errorf("the name is not filled in: %q", name)
	}
	form := page.Form("main form")
	if page := c.Submit(form, "username", c.Email, "password", harness.LaravelPassword); page.Location() != "/dashboard" {
		t.Fatalf("the re-login leads to %d %q", page.Status, page.Location())
	}
	c.WantPanel()
}

// TestPlainSite: an application without a login, which is told who is there.
func TestPlainSite(t *testing.T) {
	each(t, func(t *testing.T, server, mode string) {
		o := office.LocalBehind(t, server, mode)
		alice := o.ClerkNamed(t, "alice")
		if page := alice.Get("/login?x=1"); page.Status/100 != 3 || page.Location() != office.Login+"?return_to=%2Flogin%3Fx%3D1" {
			t.Fatalf("a stranger gets %d %q", page.Status, page.Location())
		}
		page := alice.PostForm(office.Login+"?return_to=%2Flogin%3Fx%3D1", url.Values{"username": {"alice"}, "password": {office.LocalPassword}})
		if page.Location() != "/login?x=1" {
			t.Fatalf("a right password leads to %d %q", page.Status, page.Location())
		}
		alice.Header.Set("Remote-User", "root")
		page = alice.Get("/login?x=1").Want(http.StatusOK)
		if got := page.Text("#user") + " " + page.Text("#role"); got != "alice manager" {
			t.Errorf("the site is told %q", got)
		}
		if got := alice.Get("/").Text("#cookies"); got != "app=biscuit" {
			t.Errorf("the site gets the cookies %q", got)
		}
		alice.LogOut()
		if page := alice.Get("/"); page.Status/100 != 3 {
			t.Errorf("after the logout: %d", page.Status)
		}
	})
}
