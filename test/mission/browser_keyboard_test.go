package mission

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/ispgate/ispgate/test/harness"
)

// TestBrowserKeyboard logs in, enables and verifies without a mouse.
func TestBrowserKeyboard(t *testing.T) {
	b := chromium(t, harness.Demo(t).URL)
	b.open("/").keys(admin).keys(kb.Tab).keys(password).arrive(chromedp.KeyEvent(kb.Enter)).at("/dashboard", 200)
	b.open(prefix + "two-factor")
	app := scan(b)
	b.tabTo("Verification Code").keys(app.code()).arrive(chromedp.KeyEvent(kb.Enter)).see("Two-factor authentication is on")
	b.tabTo("I have saved them").arrive(chromedp.KeyEvent(kb.Enter)).at("/dashboard", 200)
	b.open(prefix+"logout").tabTo("Log out").arrive(chromedp.KeyEvent(kb.Enter)).at(prefix+"login", 200).see("You are logged out.")
	b.keys(admin).keys(kb.Tab).keys(password).keys(kb.Tab).arrive(chromedp.KeyEvent(" ")).at(prefix+"verify", 200)
	b.keys(app.code()).arrive(chromedp.KeyEvent(kb.Enter)).at("/dashboard", 200)
}

// tabTo presses Tab until the field or button with this label has the focus, which must be visible all the way.
func (b *tab) tabTo(label string) *tab {
	b.t.Helper()
	for range 20 {
		b.keys(kb.Tab)
		if ring := value[string](b, `(s => s.outlineStyle + " " + s.outlineWidth)(getComputedStyle(document.activeElement))`); ring != "solid 3px" {
			b.t.Errorf("%s: the focus ring of %q is %s", b.where(), value[string](b, `document.activeElement.outerHTML`), ring)
		}
		if value[string](b, `(e => (e.labels && e.labels[0] || e).innerText.trim())(document.activeElement)`) == label {
			return b
		}
	}
	b.t.Fatalf("%s: Tab does not reach %q", b.where(), label)
	return b
}
