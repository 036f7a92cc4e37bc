package authflow

import (
	"context"
	"errors"
	"net/http"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// settling is where pages find a session in which the panel's own second step is still open (design 4.2, step 7): it is full,
// but only routes.challenge is served, and none of our pages but the login's.
const settling session.Stage = 0xff

func stageOf(s session.Session) session.Stage {
	if s.Stage == session.Full && s.Note.Challenge {
		return settling
	}
	return s.Stage
}

// challenged is a right password behind which the panel asks for a second step of its own. Ours is asked first, for the account
// that the typed name led to before; who it is shows itself when the panel is through with its step.
func (f *Flow) challenged(w http.ResponseWriter, r *http.Request, old session.Session, out panel.Outcome) error {
	s, stage, err := f.pinned(r, out)
	if err != nil {
		f.background(func() { f.logOut(clientOf(r), out.Jar) })
		return f.refuseAccount(w, r, out.Who, err)
	}
	s.Note.Challenge, s.ReturnTo = true, out.Landing
	if _, err = f.recognise(r, &s); err == nil { // nobody is trusted before the panel has said who it is
		err = f.open(r, &s, stage)
	}
	if err == nil {
		s, err = f.advance(w, r, s, stage)
	}
	if err == nil {
		err = f.park(r, s, out.Jar, challengeLife)
	}
	if err != nil {
		f.background(func() { f.logOut(clientOf(r), out.Jar) })
		return f.anyFault(err)
	}
	f.replace(r, old, s)
	f.Count.Login("challenge")
	f.audit(r, "password_accepted", s, "challenge")
	return f.next(w, r, s)
}

// pinned begins the session of whoever the typed name is known to be; of nobody, where it is new.
func (f *Flow) pinned(r *http.Request, out panel.Outcome) (session.Session, session.Stage, error) {
	var acc account.Account
	var err error
	name := spelling(r)
	if f.Profile.Identity.Configured() {
		acc, err = f.Accounts.Typed(r.Context(), name)
	} else {
		name = out.Who.Name
		acc, err = f.Accounts.Named(r.Context(), name)
	}
	switch {
	case errors.Is(err, account.ErrNotFound):
		return f.Sessions.Begin(account.Unmet, name, "", 0), session.Full, nil
	case err != nil:
		return session.Session{}, session.Anonymous, err
	}
	s := f.Sessions.Begin(acc.ID, acc.Name, "", acc.Generation)
	s.Person = acc.Key
	if acc.State == account.Active {
		return s, session.Password, nil
	}
	return s, session.Full, nil // enrolling, where it is demanded, comes once it is known who this is
}

// arriveChallenged sends the browser to the panel's own second step or, when the panel is through with it, on.
func (f *Flow) arriveChallenged(w http.ResponseWriter, r *http.Request, s session.Session, jar *panel.Jar, parked bool) error {
	if parked {
		f.custody.HandOver(f.custody.Session(s.Custody), w.Header(), jar, r.Header.Values("Cookie"))
		target, _ := web.ReturnTo(s.ReturnTo) // the panel's own second step: no place to land after a login
		f.Site.Redirect(w, http.StatusSeeOther, target)
		return nil
	}
	life, who, err := f.probe(w, r, s, jar, parked)
	switch life {
	case panel.Unknown:
		return web.PanelDown(err)
	case panel.Alive:
		return f.settled(w, r, s, jar, who)
	case panel.Odd:
		if target, ok := web.ReturnTo(s.ReturnTo); ok {
			f.Site.Redirect(w, http.StatusSeeOther, target)
			return nil
		}
	}
	return f.passwordAgain(w, r, s, templates.LoginEnded)
}

// settled: the panel's own second step is done, and it says whose session this is. Somebody whose factor was asked goes on; for
// everybody else it is a login like any other, with the factor still to come.
func (f *Flow) settled(w http.ResponseWriter, r *http.Request, s session.Session, jar *panel.Jar, who panel.Identity) error {
	if !f.Profile.Identity.Configured() {
		who.Name = s.Name
	}
	acc, err := f.Accounts.Meet(r.Context(), account.Identity{ID: who.ID, Name: who.Name})
	if err != nil {
		return f.refuseAccount(w, r, who, err)
	}
	stage, ok := f.stageAfter(acc, who.Role)
	asked := acc.ID == s.Account && (acc.State != account.Active || !s.CodeAt.IsZero())
	if !ok || !asked || stage == session.Enrolling {
		f.custody.Forget(f.custody.Session(s.Custody), w.Header(), r.Header.Values("Cookie"))
		if err := f.End(context.WithoutCancel(r.Context()), nil, s); err != nil {
			return web.StoreDown(err)
		}
		typed := ""
		if s.Account == account.Unmet {
			typed = s.Name
		}
		return f.admit(w, r, session.Session{}, panel.Outcome{Verdict: panel.OK, Who: who, Jar: jar}, typed)
	}
	s.Person, s.Role, s.Note.Challenge = acc.Key, who.Role, false
	s.ReturnTo = f.returnTo(r)
	if s, err = f.advance(w, r, s, session.Full); err != nil {
		return f.anyFault(err)
	}
	f.custody.Renew(f.custody.Session(s.Custody), w.Header(), jar, r.Header.Values("Cookie"))
	f.logged(r, s, "challenge")
	return f.leave(w, r, s, false)
}
