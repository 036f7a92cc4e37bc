package security

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// A pending secret belongs to one session: shown to it alone, the same at every look, gone at logout and re-login.
func TestS26_PendingSecretsBelongToOneSession(t *testing.T) {
	o := theOffice(t)
	first := o.Clerk(t)
	first.LogIn()
	second := first.Elsewhere()
	second.LogIn()
	first.Setup()
	second.Setup()
	if first.Phone.Secret == second.Phone.Secret {
		t.Fatal("two sessions were shown the same secret")
	}
	shown := first.Phone.Secret
	if first.Setup(); first.Phone.Secret != shown {
		t.Error("the same session is shown another secret at the next look")
	}
	if page := first.PostForm(office.Enable, url.Values{"code": {second.Phone.Code(t)}}); page.Status != http.StatusUnauthorized {
		t.Fatalf("the code of another session's secret enables: %d", page.Status)
	}
	first.LogOut()
	first.Phone = nil
	first.LogIn()
	if first.Setup(); first.Phone.Secret == shown {
		t.Error("after a logout the old secret is shown again")
	}
	shown = first.Phone.Secret
	if page := first.Password(harness.LaravelPassword); page.Location() != "/dashboard" { // renews the panel session: a rotation
		t.Fatalf("the second login leads to %d %q", page.Status, page.Location())
	}
	if first.Setup(); first.Phone.Secret == shown {
		t.Error("after a rotation the old secret is shown again")
	}
}

// Enabling activates exactly the secret whose code was given, whatever the form says of secrets; the other session's is void.
func TestS26_TheSecretThatWasShown(t *testing.T) {
	o := theOffice(t)
	first := o.Clerk(t)
	first.LogIn()
	second := first.Elsewhere()
	second.LogIn()
	first.Setup()
	second.Setup()
	forged := url.Values{"code": {first.Phone.Code(t)}}
	for _, name := range []string{"secret", "key", "uri", "pending", "otpauth", "seed"} {
		forged.Set(name, second.Phone.Secret)
	}
	mine := &office.Phone{Secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}
	if page := second.PostForm(office.Enable, url.Values{"code": {mine.Code(t)}, "secret": {mine.Secret}, "key": {mine.Secret}}); page.Status != http.StatusUnauthorized {
		t.Fatalf("a secret of the client's enables: %d", page.Status)
	}
	first.Keep(first.PostForm(office.Enable, forged).Want(http.StatusOK))
	second.WantEnded()
	if page := second.PostForm(office.Enable, url.Values{"code": {second.Phone.Code(t)}}); page.Location() != office.Login {
		t.Errorf("the other session enables: %d %q", page.Status, page.Location())
	}
	login := first.Elsewhere()
	login.Challenge()
	if page := login.Code(second.Phone.Code(t)); page.Status != http.StatusUnauthorized {
		t.Errorf("a code of the other secret logs in: %d %q", page.Status, page.Location())
	}
	if page := login.Code(first.Phone.Code(t)); page.Location() != "/dashboard" {
		t.Errorf("a code of the secret that was shown: %d %q", page.Status, page.Location())
	}
}

// Without a look at the page there is nothing to enable, and nobody enables over an active factor (S18).
func TestS26_NothingToEnable(t *testing.T) {
	o := theOffice(t)
	c := o.Clerk(t)
	c.LogIn()
	if page := c.PostForm(office.Enable, url.Values{"code": {"123456"}, "secret": {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}); page.Status != http.StatusConflict {
		t.Errorf("enabling before the page was seen: %d", page.Status)
	}
	c.Enable()
	if page := c.PostForm(office.Enable, url.Values{"code": {c.Phone.Code(t)}}); page.Status == http.StatusOK {
		t.Errorf("enabling over an active factor: %d %s", page.Status, page.Text("h1"))
	}
	c.Elsewhere().LogIn() // the factor is the one that it was
}
