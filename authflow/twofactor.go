package authflow

import (
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// TwoFactorPage is GET two-factor, Settings → Two Factor: set up while it is off, manage while it is on.
func (f *Flow) TwoFactorPage(w http.ResponseWriter, r *http.Request) error {
	return f.at(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		acc, err := f.Accounts.Get(r.Context(), s.Account)
		if err != nil {
			return f.storeFault(err)
		}
		if acc.State == account.Active {
			return f.showOn(w, r, s, acc, http.StatusOK, templates.TwoFactorOn{})
		}
		return f.showOff(w, r, s, acc, http.StatusOK, templates.TwoFactorOff{})
	}, session.Full, session.Enrolling)(w, r)
}

// showOff shows the QR code. The secret was made by us, belongs to this one session and is shown to no other (S26).
func (f *Flow) showOff(w http.ResponseWriter, r *http.Request, s session.Session, acc account.Account, status int, page templates.TwoFactorOff) error {
	if !f.Policy.Offers(acc) {
		return web.Forbidden(errors.New("two_factor.policy is observe"))
	}
	secret, err := f.pending(r, s)
	if err != nil {
		return f.anyFault(err)
	}
	uri := secret.URI(f.Issuer, acc.Name)
	qr, err := account.QR(uri)
	if err != nil {
		return web.Internal(err)
	}
	page.Action, page.Key, page.Account = web.URL("two-factor/enable"), secret.Key(), acc.Name
	page.QR, page.URI = qr, uri
	page.Ticket = f.Policy.Ticket(acc, f.Now())
	if s.Stage == session.Enrolling {
		page.Forced, page.LogoutURL, page.Notice = true, web.URL("logout"), templates.Say(templates.EnrolForced)
	} else {
		page.BackURL = f.home(s)
	}
	f.Site.Show(w, r, status, page)
	return nil
}

// pending is the session's unconfirmed secret, made anew when there is none or it is older than 20 minutes.
func (f *Flow) pending(r *http.Request, s session.Session) (account.Secret, error) {
	if secret, ok := f.shown(s); ok {
		return secret, nil
	}
	secret, err := account.NewSecret()
	if err != nil {
		return secret, err
	}
	s.Note.Pending = &session.Pending{Secret: hex.EncodeToString(secret.Bytes()), Made: f.Now()}
	if err := f.Sessions.SetNote(r.Context(), s, s.Note); err != nil {
		return secret, err
	}
	if now, err := f.Sessions.Load(r.Context(), r); err == nil { // another tab may have been first: both show its secret
		if first, ok := f.shown(now); ok {
			return first, nil
		}
	}
	return secret, nil
}

// shown is the secret that this session was shown, while it is still good.
func (f *Flow) shown(s session.Session) (account.Secret, bool) {
	p := s.Note.Pending
	if p == nil || f.Now().Sub(p.Made) > enrolLife {
		return account.Secret{}, false
	}
	raw, err := hex.DecodeString(p.Secret)
	if err != nil {
		return account.Secret{}, false
	}
	secret, err := account.ParseSecret(raw)
	return secret, err == nil
}

// showOn shows the page of an active factor.
func (f *Flow) showOn(w http.ResponseWriter, r *http.Request, s session.Session, acc account.Account, status int, page templates.TwoFactorOn) error {
	page.Since, page.CodesLeft, page.Account = acc.Enabled, acc.CodesLeft, acc.Name
	page.NewCodes, page.DisableURL, page.BackURL = web.URL("two-factor/recovery-codes"), web.URL("two-factor/disable"), f.home(s)
	page.Browsers, page.Forget = f.browserRows(r, s), web.URL("two-factor/browsers")
	page.Sessions, page.LogoutRest = f.sessionRows(r, s), web.URL("two-factor/sessions")
	f.Site.Show(w, r, status, page)
	return nil
}

// sessionRows lists where the account is logged in; a list that cannot be read is left out, not the page.
func (f *Flow) sessionRows(r *http.Request, s session.Session) []templates.SessionRow {
	cards, err := f.Sessions.List(r.Context(), s.Account)
	if err != nil {
		f.Log.Warn("sessions not listed", "request", web.Of(r).ID(), "cause", err)
	}
	var rows []templates.SessionRow
	for _, c := range cards {
		if c.Stage == session.Full {
			rows = append(rows, templates.SessionRow{Current: c.ID == s.ID, Since: c.Created, Address: c.Address, Browser: browserName(c.UserAgent)})
		}
	}
	return rows
}

// showCodes shows a new set of recovery codes, the only time they are ever shown.
func (f *Flow) showCodes(w http.ResponseWriter, r *http.Request, s session.Session, codes []string, enabled bool) error {
	next := web.URL("login") // the panel session may still be parked
	if s.Stage == session.Full {
		next = web.LoginURL(f.home(s))
	}
	f.Site.Show(w, r, http.StatusOK, templates.RecoveryCodes{Codes: codes, Account: s.Name, Made: f.Now().UTC().Truncate(time.Second),
		Enabled: enabled, ContinueURL: next})
	return nil
}
