package security

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/mission/office"
)

// After a code of step s every code of a step up to s is spent: in every session, at every node, for every purpose, after
// a restart and after Redis forgot everything.
func TestS20_AStepIsSpentOnce(t *testing.T) {
	o := office.Open(t)
	node := o.Node(t)
	c := o.Enrolled(t)
	c.LogOut()
	c.Challenge()
	used := c.Phone.Code(t)
	earlier := c.Phone.At(t, c.Phone.Step()-1)
	if page := c.Code(used); page.Location() != "/dashboard" {
		t.Fatalf("the code leads to %d %q", page.Status, page.Location())
	}
	spent := func(name string, e *office.Clerk) {
		t.Helper()
		for _, code := range []string{used, earlier} {
			if page := e.Code(code); page.Status != http.StatusUnauthorized {
				t.Errorf("%s: a spent code answers %d %q", name, page.Status, page.Location())
			}
		}
		e.WantPage("/dashboard", office.Verify)
	}
	elsewhere := c.Elsewhere()
	elsewhere.Challenge()
	spent("another session", elsewhere)
	if page := c.PostForm(office.Disable, url.Values{"code": {used}}); page.Status != http.StatusUnauthorized {
		t.Errorf("disabling with a spent code answers %d", page.Status)
	}
	away := c.At(node)
	away.Challenge()
	if page := away.Code(used); page.Status != http.StatusUnauthorized {
		t.Errorf("another node: a spent code answers %d %q", page.Status, page.Location())
	}
	// That account has had its five failures without a wait: another one goes on.
	restarted := o.Enrolled(t)
	restarted.LogOut()
	restarted.Challenge()
	used = restarted.Phone.Code(t)
	earlier = restarted.Phone.At(t, restarted.Phone.Step()-1)
	if page := restarted.Code(used); page.Location() != "/dashboard" {
		t.Fatalf("the code leads to %d %q", page.Status, page.Location())
	}
	o.Gateway.Stop()
	o.Gateway.Start()
	fresh := restarted.Elsewhere()
	fresh.Challenge()
	spent("after a restart", fresh)
	o.Redis.Flush()
	restarted.Reconnect()
	restarted.WantOut()
	fresh = restarted.Elsewhere()
	fresh.Challenge()
	spent("after Redis forgot everything", fresh)
}

// The code that enabled is spent for the login, and the code of a login for everything else.
func TestS20_AcrossPurposes(t *testing.T) {
	o := theOffice(t)
	c := o.Clerk(t)
	c.LogIn()
	c.Setup()
	now := time.Now().Unix() / 30
	code := c.Phone.Code(t)
	c.Keep(c.PostForm(office.Enable, url.Values{"code": {code}}).Want(http.StatusOK))
	e := c.Elsewhere()
	e.Challenge()
	if page := e.Code(code); page.Status != http.StatusUnauthorized {
		t.Errorf("the code that enabled logs in: %d %q (step %d)", page.Status, page.Location(), now)
	}
	next := c.Phone.Code(t)
	if page := e.Code(next); page.Location() != "/dashboard" {
		t.Fatalf("the next code leads to %d %q", page.Status, page.Location())
	}
	if page := e.PostForm(office.NewCodes, url.Values{"code": {next}}); page.Status != http.StatusUnauthorized {
		t.Errorf("the code of the login makes recovery codes: %d", page.Status)
	}
	third := c.Phone.Code(t)
	e.Keep(e.PostForm(office.NewCodes, url.Values{"code": {third}}).Want(http.StatusOK))
	if page := e.PostForm(office.Disable, url.Values{"code": {third}}); page.Status != http.StatusUnauthorized {
		t.Errorf("the code that made recovery codes disables: %d", page.Status)
	}
	for _, old := range c.Codes[:2] { // of the set before
		f := c.Elsewhere()
		f.Challenge()
		if page := f.Recover(old); page.Status != http.StatusUnauthorized {
			t.Errorf("a recovery code of the old set answers %d", page.Status)
		}
	}
}
