package mission

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// localLogin sends the right password and wants to get to a target.
func localLogin(t *testing.T, c *office.Clerk, target string) {
	t.Helper()
	page := c.PostForm(office.Login+"?return_to="+url.QueryEscape(target), url.Values{"username": {c.Email}, "password": {office.LocalPassword}})
	if page.Location() != target {
		t.Fatalf("%s: a right password leads to %d %q, want %s\n%s", c.Email, page.Status, page.Location(), target, page.Text("main"))
	}
}

// A person before a site without a login: password, then the site, which is told who is there; a second factor as anywhere else.
func TestLocalPasswords(t *testing.T) {
	o := office.OpenLocal(t)
	alice, bob := o.ClerkNamed(t, "Alice "), o.ClerkNamed(t, "bob")
	if page := alice.Get("/deep/page?x=1"); page.Location() != office.Login+"?return_to=%2Fdeep%2Fpage%3Fx%3D1" {
		t.Fatalf("a stranger gets %d %q", page.Status, page.Location())
	}
	localLogin(t, alice, "/deep/page?x=1")
	localLogin(t, bob, "/")
	for who, c := range map[string]*office.Clerk{"alice manager": alice, "bob ": bob} {
		page := c.Get("/").Want(http.StatusOK)
		if got := page.Text("#user") + " " + page.Text("#role"); got != who {
			t.Errorf("the site is told %q, want %q", got, who)
		}
	}
	if got := alice.Get("/").Text("#cookies"); got != "app=biscuit" {
		t.Errorf("the site gets the cookies %q", got)
	}
	if value := alice.Cookie("/", "app"); !strings.HasPrefix(value, "ig1.") {
		t.Errorf("the site's cookie is not sealed: %q", value)
	}
	forged := bob.Tab()
	forged.Header.Set("Remote-User", "root")
	if got := forged.Get("/").Text("#user"); got != "bob" {
		t.Errorf("with a header of his own bob is %q", got)
	}
	asked := alice.Tab()
	asked.Header.Set("X-Original-Method", "GET")
	asked.Header.Set("X-Original-Url", office.Origin+"/status")
	if page := asked.Get("/ispgate/auth"); page.Status != http.StatusNoContent || page.Header.Get("Remote-User")+" "+page.Header.Get("Remote-Role") != "alice manager" {
		t.Errorf("auth answers %d for %q", page.Status, page.Header.Get("Remote-User"))
	}
	if page := alice.Get(office.Login + "?return_to=%2Fx"); page.Location() != "/x" {
		t.Errorf("the login page, logged in: %d %q", page.Status, page.Location())
	}
	alice.Enable()
	if page := alice.Get("/").Want(http.StatusOK); page.Text("#user") != "alice" {
		t.Errorf("after enabling the site shows %q", page.Text("#user"))
	}
	again := alice.Elsewhere()
	if page := again.Password(office.LocalPassword); page.Location() != office.Verify {
		t.Fatalf("a right password leads to %d %q", page.Status, page.Location())
	}
	if page := again.Get("/"); page.Location() != office.Verify {
		t.Errorf("before the code the site answers %d %q", page.Status, page.Location())
	}
	if page := again.Recover(alice.Codes[0]); page.Status != http.StatusOK || !strings.Contains(page.Text("main"), "9 are left") {
		t.Errorf("a recovery code: %d %s", page.Status, page.Text("main"))
	}
	again.Get("/").Want(http.StatusOK)
	if page := again.PostForm(office.Disable, url.Values{"password": {office.LocalPassword}}); page.Status != http.StatusOK {
		t.Errorf("disabling with the password: %d %s", page.Status, page.Text("main"))
	}
	again.LogOut()
	if page := again.Get("/"); page.Status != http.StatusSeeOther {
		t.Errorf("after the logout the site answers %d", page.Status)
	}
}

// The profile may be there: its routes count, what it says of a login does not.
func TestLocalPasswordsWithAProfile(t *testing.T) {
	for name, profile := range map[string]string{
		"a mapping":            "{routes: {public: [/open/*], deny: [/never], background: [/poll]}, home: /start}",
		"generic and complete": "{base: generic, verify: /, signed_out: [{status: 200}], routes: {public: [/open/*], deny: [/never]}, home: /start}",
	} {
		t.Run(name, func(t *testing.T) {
			site := harness.PlainSite(t)
			o := office.OpenLocal(t, "panel", "{url: "+site.URL+", profile: "+profile+"}")
			c := o.ClerkNamed(t, "alice")
			if page := c.Get("/open/x").Want(http.StatusOK); page.Text("#user") != "" {
				t.Errorf("a stranger is %q", page.Text("#user"))
			}
			if page := c.Password(office.LocalPassword); page.Location() != "/start" {
				t.Errorf("the login leads to %q", page.Location())
			}
			c.Get("/never").Want(http.StatusForbidden)
			c.Get("/start").Want(http.StatusOK)
		})
	}
}

// What an operator does and reads: the lines, the check, the faults.
func TestLocalPasswordsAtTheTerminal(t *testing.T) {
	o := office.OpenLocal(t)
	if output, code := harness.Run(t, nil, "check", "-c", o.Gateway.Config); code != 0 || !strings.Contains(output, "ok    passwords.users_file "+o.Users) ||
		!strings.Contains(output, "note: "+o.Users+":1: bcrypt, cost 4 is soon guessed") || !strings.Contains(output, "ok    the application answers") {
		t.Errorf("check: exit %d\n%s", code, output)
	}
	fresh := strings.TrimSpace(harness.RunWith(t, "a long password of carol's\n", "users", "hash", "carol"))
	if !strings.HasPrefix(fresh, "carol:$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("users hash: %s", fresh)
	}
	cheap := strings.TrimSpace(harness.RunWith(t, "dave's", "users", "hash", "--bcrypt"))
	if !strings.HasPrefix(cheap, "$2a$12$") {
		t.Fatalf("users hash --bcrypt: %s", cheap)
	}
	o.WriteUsers(t, fresh+"\n", "dave:"+cheap+"\n")
	o.Gateway.WaitLog("the file was read again", func(line map[string]any) bool { return line["msg"] == "users file read again" })
	for name, password := range map[string]string{"carol": "a long password of carol's", "dave": "dave's"} {
		c := o.ClerkNamed(t, name)
		if page := c.Password(password); page.Location() != "/" {
			t.Errorf("%s: %d %q %s", name, page.Status, page.Location(), page.Text("main"))
		}
	}
	o.WriteUsers(t, fresh+"\n", "CAROL:"+cheap+"\n", "eve:secret\n")
	for _, command := range []string{"check", "serve"} {
		output, code := harness.Run(t, nil, command, "-c", o.Gateway.Config)
		if code != 2 || !strings.Contains(output, o.Users+`:2: "CAROL" is the person of line 1`) || !strings.Contains(output, o.Users+`:3: "eve" has no hash that is known`) {
			t.Errorf("%s with a broken file: exit %d\n%s", command, code, output)
		}
	}
	o.WriteUsers(t, fresh+"\n")
	if err := os.Chmod(o.Users, 0o644); err != nil {
		t.Fatal(err)
	}
	if output, code := harness.Run(t, nil, "serve", "-c", o.Gateway.Config); code != 2 || !strings.Contains(output, "run: chmod 600 "+o.Users) {
		t.Errorf("S43: with a file that others read: exit %d\n%s", code, output)
	}
	if output, code := harness.Run(t, nil, "panel", "check", "-c", o.Gateway.Config); code != 2 || !strings.Contains(output, "nobody logs in at the application") {
		t.Errorf("panel check: exit %d\n%s", code, output)
	}
}
