package authflow

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/test/harness"
)

// spend uses up the five wrong codes that a pool has without a wait, by somebody who has the password, and the device cookie
// or none.
func spend(t *testing.T, thief *person) {
	t.Helper()
	thief.want(thief.login(""), http.StatusSeeOther, "/ispgate/verify")
	for i := range 5 {
		if page := thief.post("verify", "code", thief.wrong()); page.Status != http.StatusUnauthorized {
			t.Fatalf("wrong code %d: %d %s", i, page.Status, page.Text("main"))
		}
	}
}

// wantWait wants a refusal that says how long to wait, in the words of the page and in Retry-After.
func wantWait(t *testing.T, what string, page *harness.Page) {
	t.Helper()
	seconds, err := strconv.Atoi(page.Header.Get("Retry-After"))
	if page.Status != http.StatusTooManyRequests || err != nil || seconds < 1 || seconds > 30 {
		t.Fatalf("%s: %d, Retry-After %q\n%s", what, page.Status, page.Header.Get("Retry-After"), page.Text("main"))
	}
	if want := "Too many wrong codes. Try again in " + strconv.Itoa(seconds) + " second"; !strings.Contains(page.Text("main"), want) {
		t.Errorf("%s: %q, want %q", what, page.Text("main"), want)
	}
	if page.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s: a cookie is touched: %q", what, page.Header.Values("Set-Cookie"))
	}
}

// atStepBegin moves the clock to the beginning of a step, so that a code outlives a wait of 30 s.
func (h *house) atStepBegin() {
	now := h.clock()
	h.wait(now.Truncate(30 * time.Second).Add(30 * time.Second).Sub(now))
}

// TestS23_RightCodeDuringAWait: it is not compared, costs nothing and ends nothing; after the wait the very same code works.
func TestS23_RightCodeDuringAWait(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	for _, first := range []bool{true, false} { // logged in before the budget was empty, and after
		h.wait(24 * time.Hour)
		h.atStepBegin()
		e := p.elsewhere()
		if first {
			e.want(e.login("/customers"), http.StatusSeeOther, "/ispgate/verify")
		}
		spend(t, p.visitor(""))
		if !first {
			e.want(e.login("/customers"), http.StatusSeeOther, "/ispgate/verify")
		}
		code := e.code()
		for range 3 {
			wantWait(t, "verify", e.post("verify", "code", code))
		}
		if e.stage() != session.Password {
			t.Fatalf("the session is at stage %s", e.stage())
		}
		e.Get("/ispgate/verify").Want(http.StatusOK)
		h.wait(30 * time.Second) // asking did not make it longer
		e.want(e.post("verify", "code", code), http.StatusSeeOther, "/customers")
		if e.stage() != session.Full {
			t.Errorf("stage %s", e.stage())
		}
	}
	if n := h.counted.of("totp", "wait"); n != 6 {
		t.Errorf("counted %d waits", n)
	}
}

// TestS24_ConfirmationDuringAWait: the same in a full session, for new codes and for disabling.
func TestS24_ConfirmationDuringAWait(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	h.atStepBegin()
	spend(t, p.visitor(p.device()))
	code := p.code()
	for _, page := range []string{"two-factor/recovery-codes", "two-factor/disable"} {
		wantWait(t, page, p.post(page, "code", code))
		if p.stage() != session.Full {
			t.Fatalf("%s: the session is at stage %s", page, p.stage())
		}
	}
	p.Get("/ispgate/two-factor").Want(http.StatusOK)
	h.wait(30 * time.Second)
	p.keep(p.post("two-factor/recovery-codes", "code", code))
	if page := p.post("two-factor/disable", "code", p.code()).Want(http.StatusOK); !strings.Contains(page.Text("main"), "Two-factor authentication is off.") {
		t.Errorf("%q", page.Text("main"))
	}
	if p.stage() != session.Full {
		t.Errorf("stage %s", p.stage())
	}
}

// TestRecoveryDuringAWait: recovery codes do not wait for the budget of the app's codes.
func TestRecoveryDuringAWait(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	spend(t, p.visitor(""))
	e := p.elsewhere()
	e.want(e.login(""), http.StatusSeeOther, "/ispgate/verify")
	if text := e.post("recovery", "code", p.codes[0]).Want(http.StatusOK).Text("main"); !strings.Contains(text, "You used a recovery code. 9 are left.") {
		t.Errorf("%q", text)
	}
}
