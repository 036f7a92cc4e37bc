package mission

import (
	"fmt"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// tour walks through all our pages and inspects each.
type tour struct{ *tab }

// TestBrowserEveryPage inspects every page of ours that a browser can be brought to: its status and title, where the focus
// is, that nothing is wider than a phone, and axe's rules in light and dark. With ISPGATE_SCREENSHOTS=directory it also
// takes the README's pictures.
func TestBrowserEveryPage(t *testing.T) {
	b := tour{chromium(t, harness.Demo(t).URL)}
	b.rules = axeRules(t)
	b.beforeLogin()
	app, codes := b.enabling()
	b.managing(app)
	b.atTheCode(app, codes)
	b.disabling(app)
	b.refusals()
}

func (b tour) beforeLogin() {
	b.open("/").inspect("login", 200, "username").picture("login", 1)
	b.submitPassword(admin, "not-the-password").inspect("login: wrong", 401, "password")
	b.see("That e-mail or password is not right. Check both and try again.")
	b.fill("Password", password).press("Log in").at("/dashboard", 200)
	b.await("live number", `document.getElementById("online").textContent !== "–"`)
	b.picture("dashboard", 1)
	b.open(prefix+"offer").inspect("offer", 200, "")
}

func (b tour) enabling() (*authenticator, []string) {
	b.open(prefix+"two-factor").inspect("two-factor: off", 200, "").picture("two-factor", 3)
	app := scan(b.tab)
	b.fill("Verification Code", app.wrong()).press("Enable").inspect("two-factor: wrong code", 401, "code")
	b.see("That code does not match. Wait for the next code and try again.")
	if scan(b.tab).secret != app.secret {
		b.t.Error("after a wrong code the page shows another secret")
	}
	b.fill("Verification Code", app.code()).press("Enable").inspect("recovery codes", 200, "").picture("recovery-codes", 2)
	return app, b.recoveryCodes()
}

func (b tour) managing(app *authenticator) {
	b.open(prefix+"two-factor").inspect("two-factor: on", 200, "")
	b.fill("Current code", app.wrong()).press("Make new codes").inspect("two-factor: wrong confirmation", 401, "code")
	b.open(prefix+"logout").inspect("logout", 200, "")
	b.press("Log out").inspect("logged out", 200, "username").see("You are logged out.")
}

func (b tour) atTheCode(app *authenticator, codes []string) {
	b.submitPassword(admin, password).inspect("verify", 200, "code").picture("verify", 1)
	b.submitCode(app.wrong()).inspect("verify: wrong", 401, "code")
	b.press("Use a recovery code").inspect("recovery", 200, "code")
	b.fill("Recovery code", "AAAA-BBBB-CCCC-DDDD").press("Continue").inspect("recovery: wrong", 401, "code")
	b.fill("Recovery code", codes[0]).press("Continue").inspect("recovery code used", 200, "")
	b.press("Continue").at("/dashboard", 200)
	b.open(prefix+"two-factor").fill("Current code", app.code()).press("Make new codes").inspect("new recovery codes", 200, "")
	if fresh := b.recoveryCodes(); len(fresh) != 10 || fresh[1] == codes[1] {
		b.t.Errorf("new recovery codes: %q", fresh)
	}
	b.press("I have saved them").at("/dashboard", 200)
}

func (b tour) disabling(app *authenticator) {
	b.open(prefix+"two-factor/disable").inspect("disable", 200, "code")
	b.fill("Current code", app.wrong()).press("Disable Two Factor Authentication").inspect("disable: wrong code", 401, "code")
	b.fill("Current code", "").fill("Password", "not-the-password").press("Disable Two Factor Authentication")
	b.inspect("disable: wrong password", 401, "password")
	b.fill("Password", password).press("Disable Two Factor Authentication").inspect("disabled", 200, "")
	b.press("Continue").at("/dashboard", 200)
}

func (b tour) refusals() {
	b.leave().submitPassword(admin, password).press("Operators").press("Log in as operator").inspect("not allowed", 403, "")
	b.open(prefix+"nothing-here").inspect("not found", 404, "")
	b.open("/admin/invoices").forget("ispbills_session").open("/admin/payments").inspect("session ended", 200, "password")
	b.see("You were logged out after a while without activity. Log in to go back to where you were.")
	b.fill("Password", password).press("Log in").at("/admin/payments", 200)
	b.open("/admin/customers/1003").forget("ispgate").press("Save").inspect("form after the end", 401, "")
	b.see("You were logged out before the form arrived, so nothing was saved.")
}

// inspect looks at the page that was just opened. The focus is an element's id; empty: nowhere yet.
func (b *tab) inspect(page string, status int64, focus string) *tab {
	b.t.Helper()
	if b.status != status {
		b.t.Errorf("%s: status %d, want %d", page, b.status, status)
	}
	if got := value[string](b, focused); got != focus {
		b.t.Errorf("%s: the focus is on %q, want %q", page, got, focus)
	}
	b.quiet() // axe may make the browser complain of axe
	for _, scheme := range []string{"light", "dark"} {
		b.phone()
		b.colours(scheme)
		if width := value[int](b, `document.documentElement.scrollWidth`); width > 360 {
			b.t.Errorf("%s: %d px wide on a phone of 360", page, width)
		}
		if scheme == "dark" {
			b.desktop()
		}
		b.axe(fmt.Sprintf("%s, %s", page, scheme))
	}
	b.colours("light")
	b.said.forget()
	return b
}

// focused is the id of the element with the focus, two frames later: autofocus waits for the page to be drawn.
const focused = `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(document.activeElement.id))))`
