package office

import (
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
)

// Our pages.
const (
	Login     = "/ispgate/login"
	Verify    = "/ispgate/verify"
	Recovery  = "/ispgate/recovery"
	TwoFactor = "/ispgate/two-factor"
	Enable    = "/ispgate/two-factor/enable"
	Disable   = "/ispgate/two-factor/disable"
	NewCodes  = "/ispgate/two-factor/recovery-codes"
	Logout    = "/ispgate/logout"
)

// Clerk is a person at a browser, perhaps with a phone.
type Clerk struct {
	*harness.Browser
	Email string
	Phone *Phone   // nil: not enrolled
	Codes []string // recovery codes, unused

	t      testing.TB
	office *Office
}

const freshUsers = 300 // as prepare.php makes them

// clerks counts the users that this test process has taken from the panel's user1 … user300.
var clerks atomic.Uint32

// Clerk returns somebody new: a panel user whom no other test of this process has, at a browser without cookies.
func (o *Office) Clerk(t testing.TB) *Clerk {
	t.Helper()
	n := clerks.Add(1)
	if n > freshUsers {
		t.Fatalf("all %d fresh users of the panel are taken: make more in test/panels/laravel/prepare.php", freshUsers)
	}
	return o.ClerkNamed(t, fmt.Sprintf("user%d@example.test", n))
}

// ClerkNamed returns a certain panel user at a browser without cookies.
func (o *Office) ClerkNamed(t testing.TB, email string) *Clerk {
	t.Helper()
	return &Clerk{Browser: o.Browser(t), Email: email, t: t, office: o}
}

// Enrolled returns somebody new who has enabled the second factor and is logged in.
func (o *Office) Enrolled(t testing.TB) *Clerk {
	t.Helper()
	c := o.Clerk(t)
	c.LogIn()
	c.Enable()
	return c
}

// Elsewhere returns the same person at another browser, at another address.
func (c *Clerk) Elsewhere() *Clerk {
	c.t.Helper()
	other := *c
	other.Browser = c.office.Browser(c.t)
	return &other
}

// At returns the same person at another browser, before another gateway.
func (c *Clerk) At(o *Office) *Clerk {
	c.t.Helper()
	other := *c
	other.Browser, other.office = o.Browser(c.t), o
	return &other
}

// Reconnect takes the browser, with its cookies, to where the gateway listens now.
func (c *Clerk) Reconnect() {
	c.t.Helper()
	jar := c.Jar
	c.Browser = c.office.Browser(c.t)
	c.Jar = jar
}

// Password sends name and password.
func (c *Clerk) Password(password string) *harness.Page {
	c.t.Helper()
	return c.PostForm(Login, url.Values{"username": {c.Email}, "password": {password}})
}

// Challenge sends the right password and wants to be asked for a code.
func (c *Clerk) Challenge() {
	c.t.Helper()
	if page := c.Password(harness.LaravelPassword); page.Location() != Verify {
		c.t.Fatalf("%s: a right password leads to %d %q, want the code page\n%s", c.Email, page.Status, page.Location(), page.Text("main"))
	}
}

// LogIn logs in, with a code of the phone if there is one, and wants to reach the panel.
func (c *Clerk) LogIn() {
	c.t.Helper()
	if c.Phone == nil {
		if page := c.Password(harness.LaravelPassword); page.Location() != "/dashboard" {
			c.t.Fatalf("%s: a right password leads to %d %q, want /dashboard\n%s", c.Email, page.Status, page.Location(), page.Text("main"))
		}
		return
	}
	c.Challenge()
	if page := c.Code(c.Phone.Code(c.t)); page.Location() != "/dashboard" {
		c.t.Fatalf("%s: a right code leads to %d %q, want /dashboard\n%s", c.Email, page.Status, page.Location(), page.Text("main"))
	}
}

// Code sends a code to the code page.
func (c *Clerk) Code(code string) *harness.Page {
	c.t.Helper()
	return c.PostForm(Verify, url.Values{"code": {code}})
}

// Recover sends a recovery code.
func (c *Clerk) Recover(code string) *harness.Page {
	c.t.Helper()
	return c.PostForm(Recovery, url.Values{"code": {code}})
}

// Setup opens the Two Factor page while it is off and takes the secret into a phone.
func (c *Clerk) Setup() *harness.Page {
	c.t.Helper()
	page := c.Get(TwoFactor).Want(http.StatusOK)
	uri, err := url.Parse(page.Find(`a[href^="otpauth://totp/"]`).AttrOr("href", ""))
	if err != nil || uri.Query().Get("secret") == "" {
		c.t.Fatalf("no otpauth link on the Two Factor page (%v)\n%s", err, page.Text("main"))
	}
	c.Phone = &Phone{Secret: uri.Query().Get("secret")}
	return page
}

// Enable sets the second factor up and keeps the recovery codes.
func (c *Clerk) Enable() *harness.Page {
	c.t.Helper()
	c.Setup()
	page := c.PostForm(Enable, url.Values{"code": {c.Phone.Code(c.t)}}).Want(http.StatusOK)
	c.Keep(page)
	return page
}

// Keep takes the recovery codes from a page.
func (c *Clerk) Keep(page *harness.Page) {
	c.t.Helper()
	if n := page.Find("#codes code").Length(); n != 10 {
		c.t.Fatalf("%d recovery codes on the page, want 10\n%s", n, page.Text("main"))
	}
	c.Codes = nil
	for _, node := range page.Find("#codes code").Nodes {
		c.Codes = append(c.Codes, node.FirstChild.Data)
	}
}

// InPanel reports whether the panel's dashboard opens, and says who it is for.
func (c *Clerk) InPanel() (email string, ok bool) {
	c.t.Helper()
	page := c.Get("/dashboard")
	return page.Text("#email"), page.Status == http.StatusOK
}

// WantPanel wants the dashboard, for this person.
func (c *Clerk) WantPanel() {
	c.t.Helper()
	if email, ok := c.InPanel(); !ok || email != c.Email {
		c.t.Fatalf("%s: dashboard opens: %t, for %q", c.Email, ok, email)
	}
}

// WantOut wants a request for the panel to be sent to the password page.
func (c *Clerk) WantOut() {
	c.t.Helper()
	if page := c.Get("/dashboard"); page.Location() != Login+"?return_to=%2Fdashboard" {
		c.t.Fatalf("%s: the dashboard answers %d %q, want to be sent to the login", c.Email, page.Status, page.Location())
	}
}

// WantPage wants a request for the panel to be sent to this page of ours.
func (c *Clerk) WantPage(target, page string) {
	c.t.Helper()
	if got := c.Get(target); got.Location() != page {
		c.t.Fatalf("%s: %s answers %d %q, want to be sent to %s", c.Email, target, got.Status, got.Location(), page)
	}
}

// LogOut logs out by our page.
func (c *Clerk) LogOut() {
	c.t.Helper()
	if page := c.PostForm(Logout, url.Values{}); page.Location() != Login+"?out=1" {
		c.t.Fatalf("%s: the logout leads to %d %q", c.Email, page.Status, page.Location())
	}
}

// WantEnded wants the session to end within the second that S33 allows.
func (c *Clerk) WantEnded() {
	c.t.Helper()
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, in := c.InPanel(); !in {
			break
		}
	}
	c.WantOut()
}
