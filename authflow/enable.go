package authflow

import (
	"errors"
	"net/http"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// Enable is POST two-factor/enable: it activates exactly the secret that this session was shown, once a code of it is given.
func (f *Flow) Enable(w http.ResponseWriter, r *http.Request) error {
	return f.at(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		acc, err := f.Accounts.Get(r.Context(), s.Account)
		if err != nil {
			return f.storeFault(err)
		}
		if acc.State == account.Active && f.overtaken(r) {
			return f.already(w, r)
		}
		switch {
		case acc.State == account.Active: // S18: nobody enables over an active factor; a reload of the page after it comes here, too
			f.Site.Redirect(w, http.StatusSeeOther, web.URL("two-factor"))
			return nil
		case !f.Policy.Offers(acc):
			return web.Forbidden(errors.New("two_factor.policy is observe"))
		}
		secret, ok := f.shown(s)
		if !ok {
			return f.showOff(w, r, s, acc, http.StatusConflict, templates.TwoFactorOff{Error: templates.Say(templates.EnableExpired)})
		}
		try := f.try(r, s)
		try.NeedTicket, try.Ticket = f.Policy.Ticket(acc, f.Now()), web.Field(r, "ticket")
		codes, res, err := f.Accounts.Enable(r.Context(), try, secret)
		if err != nil {
			return f.storeFault(err)
		}
		if !res.OK {
			return f.refuseEnable(w, r, s, acc, secret, try.Code, res)
		}
		return f.enabled(w, r, s, codes)
	}, session.Full, session.Enrolling)(w, r)
}

// enabled renews the session under the account's new generation: enabling ended all the others.
func (f *Flow) enabled(w http.ResponseWriter, r *http.Request, s session.Session, codes []string) error {
	f.Count.SecondFactor("enable", "ok")
	f.audit(r, "enabled", s, "")
	renewed, err := f.renew(w, r, s)
	switch {
	case err != nil: // the factor is active: the codes must be seen, whatever becomes of the session
		f.Log.Error("session not renewed", "request", web.Of(r).ID(), "cause", err)
	case s.Stage == session.Enrolling:
		f.logged(r, renewed, "enrolled")
	}
	return f.showCodes(w, r, s, codes, true)
}

// renew advances a session that has just confirmed a change of its factor into the account's new generation. The change ended
// every recognition: while there is a factor, this browser is recognised anew.
func (f *Flow) renew(w http.ResponseWriter, r *http.Request, s session.Session) (session.Session, error) {
	s.CodeAt = f.Now()
	device := ""
	if acc, err := f.Accounts.Get(r.Context(), s.Account); err == nil && acc.State == account.Active {
		device = f.entered(r, &s, 0)
	}
	s, err := f.rejoin(w, r, s)
	if err == nil {
		f.setDevice(w.Header(), device)
	}
	return s, err
}

// rejoin advances a session into its account's present generation, which has ended the others.
func (f *Flow) rejoin(w http.ResponseWriter, r *http.Request, s session.Session) (session.Session, error) {
	acc, err := f.Accounts.Get(r.Context(), s.Account)
	if err != nil {
		return s, f.storeFault(err)
	}
	s.Generation = acc.Generation
	return f.advance(w, r, s, session.Full)
}

// refuseEnable keeps the same secret on the page, so that the app need not be set up again. Drift is told here and never at
// a login (S27).
func (f *Flow) refuseEnable(w http.ResponseWriter, r *http.Request, s session.Session, acc account.Account, secret account.Secret, code string, res account.Result) error {
	if f.overtaken(r) {
		return f.already(w, r)
	}
	page := templates.TwoFactorOff{Error: templates.Say(templates.EnableWrong)}
	status := http.StatusUnauthorized
	if drift, ok := account.Drift(secret, code, f.Now()); ok && !res.BadTicket {
		page.Error = sayDrift(drift)
	}
	switch {
	case res.Over || res.Closed: // five wrong codes: this secret is gone, a new one is shown
		s.Note.Pending = nil
		page.Error = templates.Say(templates.EnableExpired)
	case res.BadTicket:
		page.Error, page.TicketErr = templates.Message{}, templates.Say(templates.TicketWrong)
	case res.Wait > 0:
		status, page.Error = http.StatusTooManyRequests, templates.Say(templates.VerifyWait, "n", f.retryAfter(w, res.Wait))
	}
	f.Count.SecondFactor("enable", "rejected")
	f.audit(r, "second_factor_failed", s, "enable")
	return f.showOff(w, r, s, acc, status, page)
}

func sayDrift(drift time.Duration) templates.Message {
	minutes := max(1, int(drift.Abs().Round(time.Minute)/time.Minute))
	if drift > 0 {
		return templates.Say(templates.EnableAhead, "n", minutes)
	}
	return templates.Say(templates.EnableBehind, "n", minutes)
}
