package mission

import (
	"maps"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/ispgate/ispgate/test/harness"
)

// TestS13_BrowserCookies: a right password brings no cookie of the panel into the browser, a code does; and scripts read
// none but those that the profile lists as visible.
func TestS13_BrowserCookies(t *testing.T) {
	b := chromium(t, harness.Demo(t).URL)
	b.open("/").submitPassword(admin, password)
	app, _ := b.enable()
	b.press("I have saved them").leave()

	before := b.panelCookies()
	b.submitPassword(admin, password).at(prefix+"verify", 200)
	if after := b.panelCookies(); !maps.Equal(before, after) {
		t.Errorf("a right password changes the panel's cookies from %q to %q", before, after)
	}
	b.submitCode(app.code()).at("/dashboard", 200)
	if sealed := b.panelCookies()["ispbills_session"]; !strings.HasPrefix(sealed, "ig1.") || sealed == before["ispbills_session"] {
		t.Errorf("after the code the panel's session cookie is %q", sealed)
	}
	if seen := value[string](b, `document.cookie`); !strings.HasPrefix(seen, "XSRF-TOKEN=") || strings.Contains(seen, ";") {
		t.Errorf("scripts of the panel read the cookies %q", seen)
	}
}

// panelCookies returns the browser's cookies, name to value, without ours.
func (b *tab) panelCookies() map[string]string {
	b.t.Helper()
	got, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{})
	if err != nil {
		b.t.Fatalf("read cookies: %v", err)
	}
	cookies := map[string]string{}
	for _, cookie := range got.Cookies {
		if !strings.HasPrefix(cookie.Name, "ispgate") {
			cookies[cookie.Name] = cookie.Value
		}
	}
	return cookies
}

// forget deletes a cookie.
func (b *tab) forget(name string) *tab {
	b.t.Helper()
	b.do(call(network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: b.base}))
	return b
}
