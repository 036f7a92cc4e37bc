package security

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// device is the cookie by which a browser is recognised.
const device = "__Host-ispgate-device"

// trust logs somebody in with a code and the box ticked.
func trust(t *testing.T, c *office.Clerk) *harness.Page {
	t.Helper()
	c.Challenge()
	page := c.PostForm(office.Verify, url.Values{"code": {c.Phone.Code(t)}, "trust_device": {"1"}})
	if page.Location() != "/dashboard" {
		t.Fatalf("a right code leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
	return page
}

// with is the same person at another browser that holds this device token.
func with(t *testing.T, c *office.Clerk, token string) *office.Clerk {
	t.Helper()
	e := c.Elsewhere()
	origin, err := url.Parse(office.Origin)
	if err != nil {
		t.Fatal(err)
	}
	e.Jar.SetCookies(origin, []*http.Cookie{{Name: device, Value: token, Path: "/", Secure: true}})
	return e
}

func wantCode(t *testing.T, what string, c *office.Clerk) {
	t.Helper()
	if page := c.Password(harness.LaravelPassword); page.Location() != office.Verify {
		t.Errorf("%s: the password leads to %d %q, want the code page", what, page.Status, page.Location())
	}
}

// A trusted browser skips the code at every node, and nothing else; the panel sees nothing of its cookie.
func TestS44_TrustedBrowser(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	c.LogOut()
	c.Challenge()
	if c.Get(office.Verify).Find("input[name=trust_device]").Length() != 1 || c.Get(office.Recovery).Find("input[name=trust_device]").Length() != 0 {
		t.Error("the box is not on the code page alone")
	}
	set := trust(t, c.Elsewhere()).Cookie(device)
	if set == nil || !set.Secure || !set.HttpOnly || set.SameSite != http.SameSiteLaxMode || set.Path != "/" || set.Domain != "" || set.MaxAge < 30*24*3600 {
		t.Fatalf("cookie %+v", set)
	}
	node := o.Node(t)
	for _, at := range []*office.Office{o, node} {
		e := with(t, c.At(at), set.Value)
		if page := e.Password(harness.LaravelPassword); page.Location() != "/dashboard" {
			t.Fatalf("the password leads to %d %q", page.Status, page.Location())
		}
		e.WantPanel()
		if seen := e.Get("/debug/headers").Want(http.StatusOK).Body; strings.Contains(seen, "ispgate-device") || strings.Contains(seen, set.Value) {
			t.Errorf("the panel sees it: %s", seen)
		}
		e.PostForm(office.NewCodes, url.Values{}).Want(http.StatusUnauthorized)
		e.PostForm(office.Disable, url.Values{"password": {harness.LaravelPassword}}).Want(http.StatusForbidden)
	}
	if n := metric(t, node.Gateway, `ispgate_second_factor_total{method="trusted",result="ok"}`); n != 1 {
		t.Errorf("the node counted %v", n)
	}
}

// The cookie alone opens nothing, nor with a wrong password, nor for somebody else, nor twice, nor cut.
func TestS44_StolenCookie(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	e := c.Elsewhere()
	trust(t, e)
	token := e.Cookie("/", device)
	thief := with(t, c, token)
	thief.WantOut()
	thief.Password("guessed").Want(http.StatusUnauthorized)
	thief.WantOut()
	wantCode(t, "somebody else", with(t, o.Enrolled(t), token))
	for what, cookies := range map[string]string{"doubled": device + "=" + token + "; " + device + "=" + token, "cut": device + "=" + token[:63],
		"changed": device + "=" + strings.ToLower(token), "under another name": "ispgate-device=" + token} {
		e := c.Elsewhere()
		e.Header = http.Header{"Cookie": {cookies}}
		wantCode(t, what, e)
	}
}

// New codes, forgetting and a reset make it worth nothing.
func TestS44_Void(t *testing.T) {
	o := theOffice(t)
	for what, change := range map[string]func(c *office.Clerk){
		"new codes": func(c *office.Clerk) {
			c.PostForm(office.NewCodes, url.Values{"code": {c.Phone.Code(t)}}).Want(http.StatusOK)
		},
		"forgotten": func(c *office.Clerk) {
			forms := c.Get(office.TwoFactor).Find(`form[action="/ispgate/two-factor/browsers"] input[name=browser]`)
			if forms.Length() != 2 {
				t.Errorf("%d browsers are listed, want two", forms.Length())
			}
			for _, n := range forms.Nodes {
				for _, a := range n.Attr {
					if a.Key == "value" {
						c.PostForm("/ispgate/two-factor/browsers", url.Values{"browser": {a.Val}})
					}
				}
			}
		},
	} {
		c := o.Enrolled(t)
		e := c.Elsewhere()
		trust(t, e)
		token := e.Cookie("/", device)
		change(c)
		wantCode(t, what, with(t, c, token))
	}
	c := o.Enrolled(t)
	e := c.Elsewhere()
	trust(t, e)
	if output, code := harness.Run(t, nil, "users", "reset-2fa", c.Email, "-c", o.Gateway.Config); code != 0 {
		t.Fatal(output)
	}
	if page := with(t, c, e.Cookie("/", device)).Password(harness.LaravelPassword); page.Location() != office.TwoFactor {
		t.Errorf("after a reset the password leads to %d %q", page.Status, page.Location())
	}
}

// Administrators are never trusted, whatever their form says; nor is anybody where it is switched off.
func TestS44_NeverForAdministrators(t *testing.T) {
	o := theOffice(t)
	admin, other := o.Clerk(t), o.Clerk(t)
	b := o.Branch(t, "administrators", "["+strings.ToUpper(admin.Email)+"]", "two_factor", "{enrolment: open}")
	off := o.Branch(t, "two_factor", "{trusted_devices: {enabled: false}}")
	for what, c := range map[string]*office.Clerk{"an administrator": admin.At(b), "switched off": other.At(off)} {
		c.Password(harness.LaravelPassword)
		c.Enable()
		e := c.Elsewhere()
		e.Challenge()
		if e.Get(office.Verify).Find("input[name=trust_device]").Length() != 0 {
			t.Errorf("%s: it is offered", what)
		}
		e.PostForm(office.Verify, url.Values{"code": {e.Phone.Code(t)}, "trust_device": {"1"}})
		wantCode(t, what, with(t, c, e.Cookie("/", device)))
	}
}

// The new forms are as guarded as every other (S39).
func TestS44_FormsOfOtherSites(t *testing.T) {
	c := theOffice(t).Enrolled(t)
	for _, form := range []string{"/ispgate/two-factor/browsers", "/ispgate/two-factor/sessions"} {
		r := c.FormRequest(form, url.Values{"browser": {"x"}})
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		send(t, c.Browser, r).Want(http.StatusForbidden)
		c.Get(form).Want(http.StatusMethodNotAllowed)
	}
	c.WantPanel()
}
