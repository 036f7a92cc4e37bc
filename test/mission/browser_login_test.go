package mission

import (
	"regexp"

	"github.com/chromedp/chromedp"
)

// The accounts of the demo, as README and the demo itself print them.
const (
	admin    = "admin@demo.isp"
	operator = "operator@demo.isp"
	password = "demo-password"
)

// recoveryCode is the shape that the contract promises.
var recoveryCode = regexp.MustCompile(`^[A-Za-z0-9]{4,8}(-[A-Za-z0-9]{4,8}){1,4}$`)

// submitPassword fills in the login page.
func (b *tab) submitPassword(name, password string) *tab {
	b.t.Helper()
	return b.fill("E-mail or username", name).fill("Password", password).press("Log in")
}

// submitCode fills in the page after it.
func (b *tab) submitCode(code string) *tab {
	b.t.Helper()
	return b.fill("2FA code", code).press("Verify")
}

// enable turns the second factor on from the panel's own menu, and returns the app and the recovery codes.
func (b *tab) enable() (*authenticator, []string) {
	b.t.Helper()
	b.press("Two Factor").at(prefix+"two-factor", 200)
	app := scan(b)
	b.fill("Verification Code", app.code()).press("Enable").at(prefix+"two-factor/enable", 200)
	return app, b.recoveryCodes()
}

// recoveryCodes reads the codes from the page: each is the whole text of one element.
func (b *tab) recoveryCodes() []string {
	b.t.Helper()
	var codes []string
	seen := map[string]bool{}
	for _, text := range value[[]string](b, `[...document.querySelectorAll("*")].filter(e => !e.children.length).map(e => e.textContent)`) {
		if recoveryCode.MatchString(text) && !seen[text] {
			seen[text] = true
			codes = append(codes, text)
		}
	}
	return codes
}

// leave logs out by the panel's own menu.
func (b *tab) leave() *tab {
	b.t.Helper()
	return b.press("Log out").at(prefix+"login", 200)
}

// clickOnly clicks without waiting for a page: downloads and scripts.
func (b *tab) clickOnly(label string) *tab {
	b.t.Helper()
	b.do(chromedp.Click(button(label)))
	return b
}
