package authflow

import (
	"errors"
	"net/http"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

const freshCode = 30 * time.Minute // so long a session that entered a code may confirm with the password instead

// DisablePage is GET two-factor/disable.
func (f *Flow) DisablePage(w http.ResponseWriter, r *http.Request) error {
	return f.at(f.active(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		return f.showDisable(w, r, s, http.StatusOK, templates.Disable{})
	}), session.Full)(w, r)
}

// Disable is POST two-factor/disable: a confirmation of its own, then the password alone logs in.
func (f *Flow) Disable(w http.ResponseWriter, r *http.Request) error {
	return f.at(f.active(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		confirmed, err := f.confirm(w, r, s)
		if !confirmed || err != nil {
			return err
		}
		if err := f.Accounts.Disable(r.Context(), s.Account, s.ID); err != nil {
			return f.storeFault(err)
		}
		f.audit(r, "disabled", s, "")
		if _, err := f.renew(w, r, s); err != nil {
			return err
		}
		f.Site.Show(w, r, http.StatusOK, templates.Notice{Heading: templates.Say(templates.DisabledHeading),
			Text: templates.Say(templates.DisabledText), ContinueURL: f.home(s)})
		return nil
	}), session.Full)(w, r)
}

// active serves a step only to accounts with an active factor.
func (f *Flow) active(do step) step {
	return func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		acc, err := f.Accounts.Get(r.Context(), s.Account)
		if err != nil {
			return f.storeFault(err)
		}
		if acc.State != account.Active {
			f.Site.Redirect(w, http.StatusSeeOther, web.URL("two-factor"))
			return nil
		}
		return do(w, r, s)
	}
}

// confirm asks for a code, or for the password where that is allowed. False with a nil error: the page was shown again.
func (f *Flow) confirm(w http.ResponseWriter, r *http.Request, s session.Session) (bool, error) {
	if web.Field(r, "code") == "" && web.Field(r, "password") != "" {
		return f.confirmPassword(w, r, s)
	}
	if web.Field(r, "code") == "" && r.PostForm.Get("code") == "" { // nothing was guessed
		return false, f.showDisable(w, r, s, http.StatusUnprocessableEntity, templates.Disable{Error: templates.Say(templates.DisableEmpty)})
	}
	res, err := f.confirmCode(r, s, true)
	if err != nil {
		return false, f.storeFault(err)
	}
	if res.OK {
		f.Count.SecondFactor("confirm", "ok")
		return true, nil
	}
	if res.Won || f.overtaken(r) {
		return false, f.already(w, r)
	}
	f.wrongCode(r, s, "disable", res)
	status, why, seconds := f.rejected(w, "confirm", res)
	return false, f.showDisable(w, r, s, status, templates.Disable{Error: why, Seconds: seconds})
}

// confirmCode spends one code in a full session, under the same budget as a login. A used-up challenge is opened again only
// as far as the budget lets it.
func (f *Flow) confirmCode(r *http.Request, s session.Session, recovery bool) (account.Result, error) {
	res, err := f.Accounts.Challenge(r.Context(), s.Account, s.ID, account.PoolOf(s.Browser))
	if err != nil {
		return res, err
	}
	try := f.try(r, s)
	if recovery && account.LooksLikeRecovery(try.Code) {
		return f.Accounts.Recover(r.Context(), try)
	}
	if res.Closed {
		return res, nil
	}
	return f.Accounts.Verify(r.Context(), try)
}

// confirmPassword: only in a session that itself entered a code within 30 minutes (S24). The panel session that the check
// makes replaces the browser's.
func (f *Flow) confirmPassword(w http.ResponseWriter, r *http.Request, s session.Session) (bool, error) {
	if !f.fresh(s) {
		return false, f.showDisable(w, r, s, http.StatusForbidden, templates.Disable{Error: templates.Say(templates.VerifyRejected)})
	}
	out, wait, err := f.checkPassword(r, s.Name, web.Field(r, "password"))
	switch {
	case err != nil:
		return false, web.StoreDown(err)
	case wait > 0 || out.Verdict == panel.Throttled:
		n := f.retryAfter(w, max(wait, out.Wait, time.Second))
		return false, f.showDisable(w, r, s, http.StatusTooManyRequests, templates.Disable{Error: templates.Say(templates.LoginWait, "n", n), Seconds: n})
	case out.Verdict == panel.BadCredentials:
		f.audit(r, "confirmation_failed", s, "password")
		return false, f.showDisable(w, r, s, http.StatusUnauthorized, templates.Disable{Error: templates.Say(templates.DisableWrongPassword)})
	case out.Verdict == panel.Unavailable:
		return false, web.PanelDown(errors.New(out.Reason))
	case out.Verdict != panel.OK:
		if out.Jar != nil { // the panel's own second step leads nowhere here
			f.background(func() { f.logOut(clientOf(r), out.Jar) })
		}
		f.Log.Error("login is out of order", "request", web.Of(r).ID(), "verdict", out.Verdict.String(), "expected", out.Reason)
		return false, f.showDisable(w, r, s, http.StatusServiceUnavailable, templates.Disable{Error: templates.Say(templates.LoginOutOfOrder)})
	case out.Who.Key() != s.Person:
		f.background(func() { f.logOut(clientOf(r), out.Jar) })
		return false, web.NoAccount(errors.New("the panel takes the session's name and password for another person"))
	}
	if out.Jar != nil {
		f.logOutBrowser(r, s)
		f.custody.HandOver(f.custody.Session(s.Custody), w.Header(), out.Jar, r.Header.Values("Cookie"))
	}
	return true, nil
}

func (f *Flow) fresh(s session.Session) bool {
	return !account.InEmergency(s.Person) && !s.CodeAt.IsZero() && f.Now().Sub(s.CodeAt) < freshCode
}

func (f *Flow) showDisable(w http.ResponseWriter, r *http.Request, s session.Session, status int, page templates.Disable) error {
	page.Action, page.BackURL, page.Password = web.URL("two-factor/disable"), web.URL("two-factor"), f.fresh(s)
	f.Site.Show(w, r, status, page)
	return nil
}
