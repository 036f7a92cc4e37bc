package authflow

import (
	"errors"
	"net/http"

	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// LogoutPage is GET logout: a button, since a GET changes nothing (S39).
func (f *Flow) LogoutPage(w http.ResponseWriter, r *http.Request) error {
	s, _ := f.Sessions.Load(r.Context(), r) // only for the way back: the button is there for everybody
	f.Site.Show(w, r, http.StatusOK, templates.Logout{Action: web.URL("logout"), BackURL: f.home(s)})
	return nil
}

// Logout is POST logout: it ends the session here and in the panel.
func (f *Flow) Logout(w http.ResponseWriter, r *http.Request) error {
	s, err := f.Sessions.Load(r.Context(), r)
	if err != nil {
		return f.logoutUnread(w, r, err)
	}
	if s.Retired && s.Stage == session.Anonymous { // this browser has a newer token than the form it sent
		return f.already(w, r)
	}
	if s.Stage != session.Anonymous {
		if err := f.dismiss(w.Header(), r, s); err != nil {
			return web.StoreDown(err)
		}
		f.audit(r, "logout", s, "")
	}
	f.Site.Redirect(w, http.StatusSeeOther, web.URL("login?out=1"))
	return nil
}

// logoutUnread ends the session that the cookie names although Redis does not answer: SQL alone tells every node (S33). Nobody can
// open its panel session meanwhile, or afterwards: that one is left to its own end.
func (f *Flow) logoutUnread(w http.ResponseWriter, r *http.Request, cause error) error {
	if errors.Is(cause, session.ErrForeign) { // no node hears of what is written there
		return web.StoreDown(cause)
	}
	s := f.Sessions.Named(r)
	again := f.Sessions.Ended(s)
	if err := f.End(r.Context(), nil, s); err != nil {
		return web.StoreDown(errors.Join(cause, err))
	}
	if !again { // S34
		f.audit(r, "logout", s, "unread")
	}
	f.Sessions.ClearCookie(w.Header())
	f.custody.Forget(f.custody.Session(""), w.Header(), r.Header.Values("Cookie"))
	f.Site.Redirect(w, http.StatusSeeOther, web.URL("login?out=1"))
	return nil
}
