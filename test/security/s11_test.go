package security

import (
	"regexp"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/mission/office"
)

var absolute = regexp.MustCompile(`(?i)(https?:)?//[a-z0-9.-]+[^\s"'<>]*`)

// What a request says of its host, scheme or port is in no address that we make.
func TestS11_AbsoluteURLsComeFromPublicURL(t *testing.T) {
	whole := theOffice(t)
	o := whole.Branch(t, "panel", panelAt(whole.Panel.URL), "hosts", "[old.example.net]")
	c := o.Clerk(t)
	lies := [][]string{
		{"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "http", "X-Forwarded-Port", "81"},
		{"Forwarded", "host=evil.example;proto=http", "X-Original-Url", "http://evil.example/", "Referer", "http://evil.example/x", "Origin", office.Origin},
		{"X-Forwarded-Prefix", "//evil.example", "X-Host", "evil.example"},
	}
	for _, stage := range []func(){func() {}, c.LogIn} {
		stage()
		for _, host := range []string{"panel.example.net", "PANEL.example.NET", "panel.example.net:443", "panel.example.net.", "old.example.net", "OLD.example.net:443"} {
			for _, target := range []string{"/", "/dashboard", "/login", "/logout", "/admin/two-factor-authentication", "/ispgate/login", "/ispgate/verify", "/ispgate/two-factor", "/ispgate/two-factor/disable", "/ispgate/logout", "/ispgate/session", "/ispgate/nothing"} {
				for _, lie := range lies {
					for _, method := range []string{"GET", "POST"} {
						r := request(t, method, target, "", lie...)
						r.Host = host
						page := send(t, c.Elsewhere().Browser, withCookies(r, c.Cookies("/")))
						if at := page.Location(); strings.Contains(at, "//") && !strings.HasPrefix(at, office.Origin+"/") {
							t.Errorf("%s %s at %s with %q leads to %s", method, target, host, lie, at)
						}
						if strings.HasPrefix(page.Header.Get("Content-Security-Policy"), "default-src 'none'") { // a page of ours
							wantOwnAddresses(t, method+" "+target+" at "+host, page.Body)
						}
					}
				}
			}
		}
	}
}

func wantOwnAddresses(t *testing.T, what, text string) {
	t.Helper()
	for _, address := range absolute.FindAllString(text, -1) {
		if !strings.HasPrefix(address, office.Origin) && address != "http://www.w3.org/2000/svg" && !strings.HasPrefix(address, "//totp/") {
			t.Errorf("%s: the answer has the address %s", what, address)
		}
	}
}
