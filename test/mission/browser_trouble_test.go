package mission

import (
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// TestBrowserTooManyCodes spends the five codes of a challenge. The next login says how long to wait, and for whom it is
// too long there are the recovery codes.
func TestBrowserTooManyCodes(t *testing.T) {
	b := chromium(t, harness.Demo(t).URL)
	b.rules = axeRules(t)
	b.open("/").submitPassword(operator, password).at("/dashboard", 200)
	app, codes := b.enable()
	b.press("I have saved them").leave().submitPassword(operator, password)
	for range 4 {
		b.submitCode(app.wrong()).at(prefix+"verify", 401)
	}
	b.inspect("verify: last try", 401, "code").see("1 try left for this login.")
	b.submitCode(app.wrong()).inspect("too many codes", 401, "username").see("Too many wrong codes. Log in again.")
	b.submitPassword(operator, password).see("Enter your 2FA code")
	if b.status == 200 {
		b.submitCode(app.code())
	}
	b.inspect("verify: wait", 429, "code").see("Too many wrong codes. Try again in")
	b.press("Use a recovery code").fill("Recovery code", codes[0]).press("Continue").press("Continue").at("/dashboard", 200)
}
