package mission

import (
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// TestBrowserMission is what the gateway is for, as a clerk meets it: log in, enable, verify, recover, disable.
func TestBrowserMission(t *testing.T) { browserMission(t, harness.Demo(t).URL) }

func browserMission(t *testing.T, base string) {
	b := chromium(t, base)

	// The password alone, while there is no second factor.
	b.open("/").at(prefix+"login", 200).see("Log in to ISPBills")
	b.submitPassword(admin, password).at("/dashboard", 200).see("Shahriar Kabir")

	app, codes := enableAndKeep(t, b)

	// Password and code. A code that does not fit first, then one that does.
	b.leave().submitPassword(admin, password).at(prefix+"verify", 200).see("Enter your 2FA code")
	b.submitCode(app.wrong()).at(prefix+"verify", 401).see("Wait for the next code to appear in your app and try again.")
	b.submitCode(app.code()).at("/dashboard", 200).see("Shahriar Kabir")

	// A used code is used, also in a new login.
	b.leave().submitPassword(admin, password).at(prefix+"verify", 200)
	b.submitCode(app.again()).at(prefix+"verify", 401).see("Wait for the next code to appear in your app and try again.")

	// A recovery code, written as people write it.
	b.press("Use a recovery code").at(prefix+"recovery", 200)
	b.fill("Recovery code", " "+strings.ToLower(strings.ReplaceAll(codes[0], "-", " "))).press("Continue")
	b.at(prefix+"recovery", 200).see("You used a recovery code. 9 are left.").press("Continue").at("/dashboard", 200)
	b.press("Two Factor").at(prefix+"two-factor", 200).see("9 codes are left.")
	b.press("Back to ISPBills").at("/dashboard", 200)

	// Once each.
	b.leave().submitPassword(admin, password).press("Use a recovery code")
	b.fill("Recovery code", codes[0]).press("Continue").at(prefix+"recovery", 401).see("That recovery code was not accepted.")
	b.press("Use your authenticator app").at(prefix+"verify", 200).submitCode(app.code()).at("/dashboard", 200)

	disable(b, codes[1])
	b.leave().submitPassword(admin, password).at("/dashboard", 200).see("Shahriar Kabir")
}

// enableAndKeep enables the second factor, with all that the page promises, and ends at the panel.
func enableAndKeep(t *testing.T, b *tab) (*authenticator, []string) {
	b.press("Two Factor").at(prefix+"two-factor", 200)
	app := scan(b)
	if app.user != admin {
		t.Errorf("the app shows the user %q", app.user)
	}
	if key := strings.ReplaceAll(b.text("#setup-key"), " ", ""); key != app.secret {
		t.Errorf("setup key %q, but the QR code has %q", key, app.secret)
	}
	b.fill("Verification Code", app.code()).press("Enable").at(prefix+"two-factor/enable", 200)
	b.see("Two-factor authentication is on").see("It worked. From now on you will enter a code after your password.")
	codes := b.recoveryCodes()
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes, want ten: %q", len(codes), codes)
	}
	file := string(b.download("Download"))
	for _, want := range append([]string{"ISPBills", admin}, codes...) {
		if !strings.Contains(file, want) {
			t.Errorf("the saved file lacks %q:\n%s", want, file)
		}
	}
	b.press("I have saved them").at("/dashboard", 200)
	b.press("Two Factor").at(prefix+"two-factor", 200).see("10 codes are left.")
	for _, code := range codes {
		b.lacks(code)
	}
	b.press("Back to ISPBills").at("/dashboard", 200)
	return app, codes
}

// disable turns the second factor off, confirmed with a code of either kind.
func disable(b *tab, code string) {
	b.t.Helper()
	b.press("Two Factor").press("Disable Two Factor Authentication").at(prefix+"two-factor/disable", 200)
	b.press("Keep it on").at(prefix+"two-factor", 200).press("Disable Two Factor Authentication")
	b.fill("Current code", code).press("Disable Two Factor Authentication").at(prefix+"two-factor/disable", 200)
	b.see("Two-factor authentication is off. From now on your password alone logs you in.")
	b.press("Continue").at("/dashboard", 200)
}
