package authflow

import (
	"context"
	"net/http"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// StepPage names the page of ours that a stage below full leads to.
func StepPage(stage session.Stage) string {
	switch stage {
	case session.Password:
		return "verify"
	case session.Enrolling:
		return "two-factor"
	default:
		return "login"
	}
}

// next is the one dispatcher: given how far the session has come, it sends the browser to what comes now.
func (f *Flow) next(w http.ResponseWriter, r *http.Request, s session.Session) error {
	return f.onward(w, r, s, nil)
}

// onward is next for a panel session that this very request has opened and the panel has proven; nil: it is looked for.
func (f *Flow) onward(w http.ResponseWriter, r *http.Request, s session.Session, jar *panel.Jar) error {
	page := StepPage(s.Stage)
	switch {
	case s.Stage == session.Full:
		return f.arrive(w, r, s, jar)
	case s.Stage == session.Password && s.Note.RecoveryOnly:
		page = "recovery"
	}
	f.Site.Redirect(w, http.StatusSeeOther, web.URL(page))
	return nil
}

// arrive is the end of a login: the panel session is given to the browser, then the browser to the panel. A panel session
// that is not alive ends on the password page, so that nobody is sent back and forth.
func (f *Flow) arrive(w http.ResponseWriter, r *http.Request, s session.Session, jar *panel.Jar) error {
	switch {
	case s.Local != "":
		return f.arriveLocal(w, r, s)
	case jar != nil:
		f.custody.HandOver(f.custody.Session(s.Custody), w.Header(), jar, r.Header.Values("Cookie"))
		return f.leave(w, r, s, true)
	}
	jar, parked, err := f.panelSession(r, s)
	if err != nil {
		return web.StoreDown(err)
	}
	if jar == nil {
		return f.passwordAgain(w, r, s, templates.LoginEnded)
	}
	if s.Note.Challenge {
		return f.arriveChallenged(w, r, s, jar, parked)
	}
	life, who, err := f.probe(w, r, s, jar, parked)
	switch {
	case life == panel.Alive && s.Admits(who.Is):
	case life == panel.Unknown:
		f.repark(r, s, jar, parked)
		return web.PanelDown(err)
	case life == panel.Alive:
		return f.usurped(w, r, s, jar)
	case parked:
		f.background(func() { f.logOut(clientOf(r), jar) })
		return f.passwordAgain(w, r, s, templates.LoginPanelAgain)
	default:
		return f.passwordAgain(w, r, s, templates.LoginEnded)
	}
	give := f.custody.Renew
	if parked {
		give = f.custody.HandOver
	}
	give(f.custody.Session(s.Custody), w.Header(), jar, r.Header.Values("Cookie"))
	return f.leave(w, r, s, parked)
}

// probe asks the panel. What it sets while it says neither yes nor no goes to the browser that has the session already: an id
// that was renewed and lost would end it.
func (f *Flow) probe(w http.ResponseWriter, r *http.Request, s session.Session, jar *panel.Jar, parked bool) (panel.Life, panel.Identity, error) {
	life, who, err := f.Panel.Probe(r.Context(), clientOf(r), jar)
	if !parked && (life == panel.Odd || life == panel.Unknown) {
		f.custody.Renew(f.custody.Session(s.Custody), w.Header(), jar, r.Header.Values("Cookie"))
	}
	return life, who, err
}

// usurped ends both sessions: the panel names another person than the one who logged in here (S15).
func (f *Flow) usurped(w http.ResponseWriter, r *http.Request, s session.Session, jar *panel.Jar) error {
	f.Log.Error("the panel names another person inside this session", "session", s.ID, "request", web.Of(r).ID())
	f.audit(r, "identity_changed", s, "")
	f.background(func() { f.logOut(clientOf(r), jar) })
	if err := f.dismiss(w.Header(), r, s); err != nil {
		return web.StoreDown(err)
	}
	return f.showLogin(w, r, http.StatusOK, "", templates.Login{Notice: templates.Say(templates.LoginEnded)})
}

// leave sends the browser to the panel; right after a login there may be something to say first.
func (f *Flow) leave(w http.ResponseWriter, r *http.Request, s session.Session, fresh bool) error {
	target := f.destination(r, s, fresh)
	switch {
	case fresh && s.Note.Used == "recovery":
		return f.sayUsed(w, r, s, target)
	case fresh && f.offers(r, s):
		target = offerURL(target)
	}
	f.Site.Redirect(w, http.StatusSeeOther, target)
	return nil
}

// panelSession finds the panel session that belongs to s: parked after a login, else sealed in the browser.
func (f *Flow) panelSession(r *http.Request, s session.Session) (jar *panel.Jar, parked bool, err error) {
	jar, err = f.claim(r.Context(), s)
	if jar != nil || err != nil {
		return jar, true, err
	}
	opened := f.custody.Open(f.custody.Session(s.Custody), r.Header.Values("Cookie"))
	if !opened.Known {
		return nil, false, nil
	}
	return opened.Jar(), false, nil
}

// destination is where a login was going: return_to, else the profile's home, else "/". Each is checked when it is sent (S9).
// Who is logged in already and gets here without a return_to was probably sent by the panel itself, which wants to see a
// login: only a page that is known to open for a living session ends that.
func (f *Flow) destination(r *http.Request, s session.Session, parked bool) string {
	if !parked {
		return f.first(f.returnTo(r), f.Profile.Home, f.Profile.Verify)
	}
	return f.first(f.returnTo(r), s.ReturnTo, f.Profile.Home)
}

// home is where the links of our own pages lead back to: the profile's home, else where the login went.
func (f *Flow) home(s session.Session) string {
	if s.Stage == session.Full {
		return f.first(f.Profile.Home, s.ReturnTo, f.Profile.Verify)
	}
	return f.first(f.Profile.Home)
}

// first is the first wish that lands, else "/".
func (f *Flow) first(wishes ...string) string {
	for _, wish := range wishes {
		if target, ok := f.lands(wish); ok {
			return target
		}
	}
	return "/"
}

// lands is the one check of where somebody may be sent after a login: no browser and no panel reads it as another place (S9),
// and it is a page of the panel.
func (f *Flow) lands(target string) (string, bool) {
	target, ok := web.ReturnTo(target)
	return target, ok && f.Profile.Lands(target)
}

// offers: asked once after a login, only of accounts that policy will soon require to enrol.
func (f *Flow) offers(r *http.Request, s session.Session) bool {
	if s.Note.Offered || !f.Policy.Reminds(s.Name, s.Role, f.Now()) {
		return false
	}
	acc, err := f.Accounts.Get(r.Context(), s.Account)
	if err != nil || acc.State != account.None {
		return false
	}
	s.Note.Offered = true
	return f.Sessions.SetNote(context.WithoutCancel(r.Context()), s, s.Note) == nil
}

// passwordAgain shows the password page of a session whose panel session has ended: the name is filled in, and the same
// person is not asked for a code again.
func (f *Flow) passwordAgain(w http.ResponseWriter, r *http.Request, s session.Session, why templates.Key) error {
	target := f.returnTo(r)
	if target == "" {
		target = s.ReturnTo
	}
	return f.showLogin(w, r, http.StatusOK, target, templates.Login{Username: s.Name, Notice: templates.Say(why)})
}
