package authflow

import (
	"net/http"
	"time"

	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// browserRows lists where the account is recognised; a list that cannot be read is left out, not the page.
func (f *Flow) browserRows(r *http.Request, s session.Session) []templates.BrowserRow {
	browsers, err := f.Accounts.Browsers(r.Context(), s.Account)
	if err != nil {
		f.Log.Warn("browsers not listed", "request", web.Of(r).ID(), "cause", err)
	}
	var rows []templates.BrowserRow
	for _, b := range browsers {
		row := templates.BrowserRow{ID: b.ID, Current: b.ID == s.Browser, Name: browserName(b.UserAgent), Address: b.Address, Created: b.Created,
			LastUsed: b.Seen, TrustedUntil: b.TrustedUntil}
		if !f.Policy.Trusts(s.Name, s.Person, b.TrustedUntil, f.Now()) {
			row.TrustedUntil = time.Time{}
		}
		rows = append(rows, row)
	}
	return rows
}

// ForgetBrowser is POST two-factor/browsers: a browser of this account asks for the code again and is one of many. It only takes
// away, so that it needs no code (S24).
func (f *Flow) ForgetBrowser(w http.ResponseWriter, r *http.Request) error {
	return f.at(f.active(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		forgot, err := f.Accounts.ForgetBrowser(r.Context(), s.Account, web.Field(r, "browser"))
		if err != nil {
			return f.storeFault(err)
		}
		if forgot {
			f.audit(r, "browser_forgotten", s, web.Field(r, "browser"))
		}
		f.Site.Redirect(w, http.StatusSeeOther, web.URL("two-factor"))
		return nil
	}), session.Full)(w, r)
}

// LogOutOthers is POST two-factor/sessions: it ends the account's other sessions, on every node. This one goes on under a new
// token; it has not entered a code by that.
func (f *Flow) LogOutOthers(w http.ResponseWriter, r *http.Request) error {
	return f.at(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		if err := f.Accounts.Revoke(r.Context(), s.Account); err != nil {
			return f.storeFault(err)
		}
		f.audit(r, "others_logged_out", s, "")
		if _, err := f.rejoin(w, r, s); err != nil {
			return err
		}
		f.Site.Redirect(w, http.StatusSeeOther, web.URL("two-factor"))
		return nil
	}, session.Full)(w, r)
}
