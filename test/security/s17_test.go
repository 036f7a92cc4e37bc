package security

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// Whose code is asked for comes from the challenge alone, and nothing in a request moves the login on.
func TestS17_NothingInTheRequestNamesTheUser(t *testing.T) {
	o := theOffice(t)
	victim, attacker := o.Enrolled(t), o.Enrolled(t)
	victim.LogOut()
	victim.Challenge()
	code := attacker.Phone.Code(t)
	claims := url.Values{"code": {code}}
	for _, name := range []string{"username", "user", "user_id", "account", "account_id", "id", "email", "name", "session", "challenge", "key"} {
		claims.Set(name, attacker.Email)
	}
	for _, values := range []url.Values{claims, {"code": {code}, "stage": {"full"}, "verified": {"1"}, "step": {"done"}, "next": {"/dashboard"}}} {
		if page := victim.PostForm(office.Verify, values); page.Status != http.StatusUnauthorized {
			t.Errorf("another person's code with claims answers %d %q", page.Status, page.Location())
		}
	}
	asked := request(t, "POST", office.Verify+"?username="+url.QueryEscape(attacker.Email)+"&stage=full&code="+code, url.Values{"code": {code}}.Encode(),
		"Remote-User", attacker.Email, "X-Remote-User", attacker.Email, "X-Forwarded-User", attacker.Email, "X-Ispgate-Account", attacker.Email)
	if page := send(t, victim.Browser, asked); page.Status != http.StatusUnauthorized {
		t.Errorf("another person's code with headers answers %d %q", page.Status, page.Location())
	}
	victim.WantPage("/dashboard", office.Verify)
	if page := victim.Code(victim.Phone.Code(t)); page.Location() != "/dashboard" {
		t.Fatalf("the own code leads to %d %q", page.Status, page.Location())
	}
	victim.WantPanel() // not the attacker's
	again := attacker.Elsewhere()
	again.Challenge()
	if page := again.Code(code); page.Location() != "/dashboard" { // the victim's browser did not spend it
		t.Errorf("the attacker's own code answers %d %q", page.Status, page.Location())
	}
}

// A code in the query, a code in a GET, steps out of order: nothing moves.
func TestS17_StepsOutOfOrder(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	c.LogOut()
	code := c.Phone.Code(t)
	for _, form := range []string{office.Verify, office.Recovery, office.Enable, office.Disable, office.NewCodes, "/ispgate/offer"} {
		if page := c.PostForm(form, url.Values{"code": {code}, "username": {c.Email}, "password": {harness.LaravelPassword}}); page.Location() != office.Login {
			t.Errorf("POST %s as nobody answers %d %q, want to lead to the login", form, page.Status, page.Location())
		}
	}
	c.Challenge()
	for _, path := range []string{office.Verify + "?code=" + code, office.Recovery + "?code=" + c.Codes[0], office.Login + "?stage=full", office.TwoFactor + "?stage=full"} {
		c.Get(path)
		c.WantPage("/dashboard", office.Verify)
	}
	if page := send(t, c.Browser, request(t, "POST", office.Verify+"?code="+code, "x=1")); page.Status != http.StatusUnauthorized {
		t.Errorf("a code in the query answers %d %q", page.Status, page.Location())
	}
	if page := c.Code(code); page.Location() != "/dashboard" {
		t.Errorf("the code in the form answers %d %q", page.Status, page.Location())
	}
}
