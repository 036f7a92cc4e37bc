package security

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// forms are all our addresses that take a POST.
var forms = []string{office.Login, office.Verify, office.Recovery, office.Enable, office.Disable, office.NewCodes, office.Logout, "/ispgate/offer", "/ispgate/language"}

// origins are what a browser, or somebody who is none, may say of where a form comes from. same: from our own page.
var origins = []struct {
	site, origin string
	same         bool
}{
	{"same-origin", office.Origin, true},
	{"same-origin", "", true},
	{"none", "", true}, // typed or from a bookmark
	{"", office.Origin, true},
	{"cross-site", "https://evil.example", false},
	{"cross-site", "", false},
	{"cross-site", office.Origin, false},
	{"same-site", "https://other.example.net", false},
	{"same-site", office.Origin, false},
	{"", "https://evil.example", false},
	{"", "null", false},
	{"", "", false},
	{"", "http://panel.example.net", false},
	{"", "https://panel.example.net:8443", false},
	{"", "https://panel.example.net:443", false},
	{"", "https://panel.example.net.evil.example", false},
	{"", "https://panel.example.net/", false},
	{"", "https://PANEL.example.net", false},
	{"", office.Origin + ", https://evil.example", false},
	{"bogus", office.Origin, false},
	{"Same-Origin", office.Origin, false},
	{"bogus", "https://evil.example", false},
}

// A form is taken only from a page of our own.
func TestS39_FormsComeFromOurOwnPages(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	for _, form := range forms {
		for _, from := range origins {
			if from.same && form == office.Logout {
				continue // tried at the end
			}
			r := request(t, "POST", form, "code=abc&username=x&lang=en", "Sec-Fetch-Site", from.site, "Origin", from.origin)
			page := send(t, c.Browser, r)
			refused := page.Status == http.StatusForbidden && strings.Contains(page.Body, "This form was sent from another website, so nothing was done.")
			if refused == from.same {
				t.Errorf("POST %s, Sec-Fetch-Site %q, Origin %q: %d, refused: %t", form, from.site, from.origin, page.Status, refused)
			}
			if !from.same && page.Header.Get("Set-Cookie") != "" {
				t.Errorf("POST %s from elsewhere sets a cookie", form)
			}
		}
	}
	host := raw(t, o, "POST /ispgate/logout HTTP/1.1\r\nHost: panel.example.net\r\nX-Forwarded-Host: evil.example\r\nOrigin: https://evil.example\r\nCookie: "+
		c.Cookies("/")+"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n")
	if host == nil || host.StatusCode != http.StatusForbidden {
		t.Errorf("an Origin that is the forwarded host is answered %v", host)
	}
	doubled := request(t, "POST", office.Logout, "x=1", "Sec-Fetch-Site", "")
	doubled.Header["Origin"] = []string{office.Origin, "https://evil.example"}
	if page := send(t, c.Browser, doubled); page.Status != http.StatusForbidden {
		t.Errorf("two Origins are answered %d", page.Status)
	}
	c.WantPanel() // nothing above logged out
	if page := send(t, c.Browser, request(t, "POST", office.Logout, "x=1", "Sec-Fetch-Site", "same-origin")); page.Location() != office.Login+"?out=1" {
		t.Errorf("a logout from our own page answers %d", page.Status)
	}
	c.WantOut()
}

// Reading changes nothing: no GET, HEAD or OPTIONS of ours ends, raises, enables or uses anything up.
func TestS39_ReadingChangesNothing(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	c.LogOut()
	c.Challenge()
	half := c.Cookies("/")
	code, recovery := c.Phone.Code(t), c.Codes[0]
	everything := func() {
		t.Helper()
		for _, form := range append(forms, office.TwoFactor, "/ispgate/session", "/ispgate/auth", "/ispgate/auth/redirect") {
			for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"} {
				query := url.Values{"code": {code}, "username": {c.Email}, "password": {harness.LaravelPassword}, "lang": {"en"}, "_method": {"POST"}}.Encode()
				page := send(t, c.Browser, request(t, method, form+"?"+query, "", "X-HTTP-Method-Override", "POST"))
				for _, line := range page.Header.Values("Set-Cookie") {
					if strings.HasPrefix(line, ours) {
						t.Errorf("%s %s changes our cookie: %s", method, form, line)
					}
				}
			}
		}
	}
	everything()
	c.WantPage("/dashboard", office.Verify)
	if got := c.Cookies("/"); got != half {
		t.Errorf("the cookies changed: %q, were %q", got, half)
	}
	if page := c.Code(code); page.Location() != "/dashboard" {
		t.Fatalf("the code was used up: %d %q", page.Status, page.Location())
	}
	full := c.Cookie("/", ours)
	everything()
	if c.Cookie("/", ours) != full {
		t.Error("the session was rotated")
	}
	c.WantPanel()
	if text := c.Get(office.TwoFactor).Text("main"); !strings.Contains(text, "10 codes are left.") {
		t.Errorf("after all that the Two Factor page says %q", text)
	}
	e := c.Elsewhere()
	e.Challenge()
	e.Recover(recovery).Want(http.StatusOK)
}
