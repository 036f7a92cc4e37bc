package authflow

import (
	"net/http"
	"strconv"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// VerifyPage is GET verify.
func (f *Flow) VerifyPage(w http.ResponseWriter, r *http.Request) error {
	return f.at(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		if s.Note.RecoveryOnly {
			return f.next(w, r, s)
		}
		return f.showVerify(w, r, http.StatusOK, s, templates.Verify{})
	}, session.Password)(w, r)
}

// Verify is POST verify: the user comes from the session, the code from the form, and nothing else counts (S17).
func (f *Flow) Verify(w http.ResponseWriter, r *http.Request) error {
	return f.at(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		if s.Note.RecoveryOnly {
			return f.next(w, r, s)
		}
		res, err := f.Accounts.Verify(r.Context(), f.try(r, s))
		return f.conclude(w, r, s, "totp", res, err, func(status int, why templates.Message, seconds int) error {
			return f.showVerify(w, r, status, s, templates.Verify{Error: why, TriesLeft: lastTries(res), Seconds: seconds, Closed: res.Closed})
		})
	}, session.Password)(w, r)
}

// RecoveryPage is GET recovery.
func (f *Flow) RecoveryPage(w http.ResponseWriter, r *http.Request) error {
	return f.at(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		return f.showRecovery(w, r, http.StatusOK, s, templates.Recovery{})
	}, session.Password)(w, r)
}

// Recovery is POST recovery.
func (f *Flow) Recovery(w http.ResponseWriter, r *http.Request) error {
	return f.at(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		res, err := f.Accounts.Recover(r.Context(), f.try(r, s))
		if res.OK {
			s.Note.Used = "recovery"
		}
		return f.conclude(w, r, s, "recovery", res, err, func(status int, why templates.Message, seconds int) error {
			if why.Key == templates.VerifyRejected {
				why = templates.Say(templates.RecoveryWrong)
			}
			return f.showRecovery(w, r, status, s, templates.Recovery{Error: why, TriesLeft: lastTries(res), Seconds: seconds})
		})
	}, session.Password)(w, r)
}

// fewCodes is when a person is asked to make new recovery codes.
const fewCodes = 3

// sayUsed tells how many recovery codes are left, before the panel opens.
func (f *Flow) sayUsed(w http.ResponseWriter, r *http.Request, s session.Session, target string) error {
	acc, err := f.Accounts.Get(r.Context(), s.Account)
	if err != nil { // the login stands; only the number is not known
		f.Site.Redirect(w, http.StatusSeeOther, target)
		return nil
	}
	page := templates.Notice{Heading: templates.Say(templates.AlreadyHeading), Text: templates.Say(templates.RecoveryUsed, "n", acc.CodesLeft), ContinueURL: target}
	if acc.CodesLeft <= fewCodes {
		page.More, page.MoreURL = templates.Say(templates.RecoveryMakeNew), web.URL("two-factor")
	}
	f.Site.Show(w, r, http.StatusOK, page)
	return nil
}

func (f *Flow) try(r *http.Request, s session.Session) account.Try {
	return account.Try{Account: s.Account, Pool: account.PoolOf(s.Browser), Challenge: s.ID, Code: web.Field(r, "code")}
}

// conclude is what a code at the login leads to, whichever kind it was.
func (f *Flow) conclude(w http.ResponseWriter, r *http.Request, s session.Session, method string, res account.Result, err error, again func(int, templates.Message, int) error) error {
	if err != nil {
		f.Count.SecondFactor(method, "error")
		return f.storeFault(err)
	}
	switch {
	case res.OK:
		s.CodeAt = f.Now()
		device := f.entered(r, &s, f.trust(r, s, method))
		if s, err = f.advance(w, r, s, session.Full); err != nil {
			return err
		}
		f.setDevice(w.Header(), device)
		f.Count.SecondFactor(method, "ok")
		f.logged(r, s, method)
		return f.next(w, r, s)
	case f.overtaken(r):
		return f.already(w, r)
	case res.Won:
		return f.reopen(r, s, again)
	}
	f.wrongCode(r, s, method, res)
	if res.Over {
		f.Count.SecondFactor(method, "over")
		if err := f.dismiss(w.Header(), r, s); err != nil {
			return web.StoreDown(err)
		}
		return f.showLogin(w, r, http.StatusUnauthorized, s.ReturnTo, templates.Login{Error: templates.Say(templates.LoginTooManyCodes)})
	}
	status, why, seconds := f.rejected(w, method, res)
	return again(status, why, seconds)
}

// reopen: a code of this challenge was right, but the session could not be raised (a store went away in between). The code is
// spent, so another one is asked for.
func (f *Flow) reopen(r *http.Request, s session.Session, again func(int, templates.Message, int) error) error {
	if _, err := f.Accounts.Challenge(r.Context(), s.Account, s.ID, account.PoolOf(s.Browser)); err != nil {
		return f.storeFault(err)
	}
	return again(http.StatusUnauthorized, templates.Say(templates.VerifyRejected), 0)
}

// wrongCode writes down a code that was not accepted, and tells an administrator when there were so many in one pool that
// somebody who knows the password may be guessing.
func (f *Flow) wrongCode(r *http.Request, s session.Session, method string, res account.Result) {
	f.audit(r, "second_factor_failed", s, method)
	if res.Notice == 0 {
		return
	}
	f.Count.Notice(res.Notice)
	f.Log.Warn("somebody who knows the password is guessing codes", "request", web.Of(r).ID(), "account", s.Account, "name", s.Name, "failures", res.Notice)
	f.audit(r, "guessing_codes", s, strconv.Itoa(res.Notice)+" failures")
}

// rejected words a refusal of a code: a wait, a closed budget, or just not accepted.
func (f *Flow) rejected(w http.ResponseWriter, method string, res account.Result) (int, templates.Message, int) {
	switch {
	case res.Over: // a challenge inside a full session: its five codes come back when its five minutes are over
		res.Wait = challengeLife
		fallthrough
	case res.Wait > 0 && !res.Closed:
		f.Count.SecondFactor(method, "wait")
		return http.StatusTooManyRequests, templates.Say(templates.VerifyWait, "n", f.retryAfter(w, res.Wait)), web.Seconds(res.Wait)
	case res.Closed:
		f.Count.SecondFactor(method, "closed")
		return http.StatusForbidden, templates.Say(templates.VerifyClosed), 0
	default:
		f.Count.SecondFactor(method, "rejected")
		return http.StatusUnauthorized, templates.Say(templates.VerifyRejected), 0
	}
}

// lastTries is what is said of the tries left: nothing until they run out.
func lastTries(res account.Result) int {
	if res.Left > 2 {
		return 0
	}
	return res.Left
}

func (f *Flow) retryAfter(w http.ResponseWriter, wait time.Duration) int {
	n := web.Seconds(wait)
	w.Header().Set("Retry-After", strconv.Itoa(n))
	return n
}

func (f *Flow) showVerify(w http.ResponseWriter, r *http.Request, status int, s session.Session, page templates.Verify) error {
	page.Trust = sayTrust(f.Policy.TrustOf(s.Name, s.Person))
	page.Action, page.RecoveryURL, page.RestartURL = web.URL("verify"), web.URL("recovery"), web.URL("login")
	f.Site.Show(w, r, status, page)
	return nil
}

// sayTrust offers not to ask for so long, in whole days or hours; the zero Message: no such offer.
func sayTrust(life time.Duration) templates.Message {
	switch {
	case life >= 24*time.Hour:
		return templates.Say(templates.TrustDays, "n", int(life/(24*time.Hour)))
	case life > 0:
		return templates.Say(templates.TrustHours, "n", int(life/time.Hour))
	}
	return templates.Message{}
}

func (f *Flow) showRecovery(w http.ResponseWriter, r *http.Request, status int, s session.Session, page templates.Recovery) error {
	page.Action, page.RestartURL = web.URL("recovery"), web.URL("login")
	if !s.Note.RecoveryOnly {
		page.VerifyURL = web.URL("verify")
	}
	f.Site.Show(w, r, status, page)
	return nil
}
