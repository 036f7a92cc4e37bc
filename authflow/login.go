package authflow

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// LoginPage is GET login. In a full session it asks the panel whether its session lives and goes on, or shows the password
// page with the name filled in; it never redirects back to where it was sent from.
func (f *Flow) LoginPage(w http.ResponseWriter, r *http.Request) error {
	return f.at(func(w http.ResponseWriter, r *http.Request, s session.Session) error {
		page := templates.Login{}
		switch name, idled := f.idled(r, s); {
		case r.URL.Query().Get("out") == "1":
			page.Notice = templates.Say(templates.LoginLoggedOut)
		case idled:
			page.Username, page.Notice = name, templates.Say(templates.LoginEnded)
		}
		target := f.returnTo(r)
		if target == "" && s.Stage != session.Anonymous { // "Start again": still on the way to the same place
			target = s.ReturnTo
		}
		return f.showLogin(w, r, http.StatusOK, target, page)
	}, session.Anonymous, session.Password, session.Enrolling)(w, r)
}

func (f *Flow) idled(r *http.Request, s session.Session) (name string, ok bool) {
	if s.Stage != session.Anonymous {
		return "", false
	}
	return f.Sessions.Idled(r.Context(), r)
}

// Login is POST login: throttle, the panel's login or the users file, verdict.
func (f *Flow) Login(w http.ResponseWriter, r *http.Request) error {
	return f.at(f.login, session.Anonymous, session.Password, session.Enrolling, session.Full, settling)(w, r)
}

func (f *Flow) login(w http.ResponseWriter, r *http.Request, old session.Session) error {
	name, password := web.Field(r, "username"), web.Field(r, "password")
	if name == "" || len(name) > 320 || password == "" || len(password) > panel.MaxPassword {
		return f.refuseLogin(w, r, "bad_credentials", http.StatusUnauthorized, templates.LoginWrong, 0)
	}
	out, wait, err := f.checkPassword(r, name, password)
	switch {
	case err != nil && old.Stage == session.Anonymous:
		return web.NoLogin(err)
	case err != nil:
		return web.StoreDown(err)
	case wait > 0:
		return f.refuseLogin(w, r, "throttled", http.StatusTooManyRequests, templates.LoginWait, wait)
	case out.Verdict == panel.OK:
		return f.admit(w, r, old, out, spelling(r))
	case out.Verdict == panel.Challenge:
		return f.challenged(w, r, old, out)
	}
	f.audit(r, "login_failed", f.known(r, name), out.Verdict.String())
	return f.explain(w, r, out)
}

// known is who a failed login may be written down for: a name that is an account's. Anything else that was typed into the
// field stays out of log and database, since people type passwords there (S40).
func (f *Flow) known(r *http.Request, typed string) session.Session {
	name, err := f.Profile.Fold(typed)
	if err != nil {
		return session.Session{}
	}
	id, err := f.Accounts.Whose(r.Context(), "", name) // not the whole account: that would take longer than nobody's (S28)
	if err != nil || id == "" {
		return session.Session{}
	}
	return session.Session{Account: id, Name: name}
}

// checkPassword asks whoever judges, behind the throttle. A try is given back when it was right or not judged at all.
func (f *Flow) checkPassword(r *http.Request, name, password string) (panel.Outcome, time.Duration, error) {
	try, err := f.passwordTry(r, name)
	if err != nil {
		return panel.Outcome{}, 0, err
	}
	wait, err := f.Throttle.Reserve(r.Context(), try)
	if err != nil || wait > 0 {
		return panel.Outcome{}, wait, err
	}
	ctx := context.WithoutCancel(r.Context()) // who hangs up has still made the panel count a try (S29)
	out := f.passwords.Login(ctx, panel.Attempt{Client: clientOf(r), Username: name, Password: password})
	f.Log.Info("password judged", "request", web.Of(r).ID(), "verdict", out.Verdict.String(), "reason", out.Reason)
	if !f.wrong(out.Verdict) {
		if err := f.Throttle.Refund(ctx, try); err != nil {
			f.Log.Warn("password try not given back", "cause", err)
		}
	}
	return out, 0, nil
}

// explain says why nobody was logged in. Only a wrong password is called one.
func (f *Flow) explain(w http.ResponseWriter, r *http.Request, out panel.Outcome) error {
	switch out.Verdict {
	case panel.BadCredentials:
		return f.refuseLogin(w, r, "bad_credentials", http.StatusUnauthorized, templates.LoginWrong, 0)
	case panel.Throttled:
		return f.refuseLogin(w, r, "throttled", http.StatusTooManyRequests, templates.LoginWait, max(out.Wait, time.Second))
	case panel.Unavailable:
		return f.refuseLogin(w, r, "unavailable", http.StatusServiceUnavailable, templates.LoginUnavailable, 0)
	default:
		f.Log.Error("login is out of order", "request", web.Of(r).ID(), "verdict", out.Verdict.String(), "expected", out.Reason)
		return f.refuseLogin(w, r, "out_of_order", http.StatusServiceUnavailable, templates.LoginOutOfOrder, 0)
	}
}

func (f *Flow) refuseLogin(w http.ResponseWriter, r *http.Request, result string, status int, why templates.Key, wait time.Duration) error {
	f.Count.Login(result)
	page := templates.Login{Username: web.Field(r, "username"), Error: templates.Say(why)}
	if wait > 0 {
		page.Seconds = web.Seconds(wait)
		page.Error = templates.Say(why, "n", page.Seconds)
		w.Header().Set("Retry-After", strconv.Itoa(page.Seconds))
	}
	return f.showLogin(w, r, status, f.returnTo(r), page)
}

// admit is what a right password leads to.
func (f *Flow) admit(w http.ResponseWriter, r *http.Request, old session.Session, out panel.Outcome, typed string) error {
	acc, err := f.Accounts.Meet(r.Context(), account.Identity{Realm: out.Realm, ID: out.Who.ID, Name: out.Who.Name})
	if err != nil {
		f.background(func() { f.logOut(clientOf(r), out.Jar) })
		return f.refuseAccount(w, r, out.Who, err)
	}
	if err := f.remember(r, acc, out, typed); err != nil {
		f.background(func() { f.logOut(clientOf(r), out.Jar) })
		return f.refuseAccount(w, r, out.Who, err)
	}
	s, stage, err := f.beginning(r, old, acc, out)
	method := "password"
	if err == nil {
		var trusted bool
		if trusted, err = f.recognise(r, &s); trusted && stage == session.Password {
			stage, method = session.Full, "trusted"
		}
	}
	if err == nil {
		err = f.open(r, &s, stage)
	}
	if err == nil {
		s, err = f.advance(w, r, s, stage)
	}
	jar := out.Jar
	if err == nil && !atOnce(r, old, stage) { // not before: a form's twin must not find, or leave, a jar under this session
		jar, err = nil, f.park(r, s, jar, parkingTime(stage))
	}
	if err != nil {
		f.background(func() { f.logOut(clientOf(r), out.Jar) })
		return f.anyFault(err)
	}
	f.replace(r, old, s)
	if acc.State == account.None && f.Policy.Observes(s.Name, s.Role) {
		f.Count.SecondFactor("none", "would_ask")
	}
	if method == "trusted" {
		f.skipped(w, r, s)
	}
	f.logged(r, s, method)
	return f.onward(w, r, s, jar)
}

// remember pins the typed name to the account that the panel named for it (S16). Where the panel names nobody, the name is the
// account.
func (f *Flow) remember(r *http.Request, acc account.Account, out panel.Outcome, typed string) error {
	if !f.Profile.Identity.Configured() || out.Local != "" {
		return nil
	}
	return f.Accounts.Remember(r.Context(), acc, typed)
}

// spelling is the typed name as it is remembered.
func spelling(r *http.Request) string { return strings.TrimSpace(web.Field(r, "username")) }

// replace ends what the browser had before: a new login is a new session (S15), and a renewed one has a new panel session.
// The cookies of the answer are the new session's business.
func (f *Flow) replace(r *http.Request, old, s session.Session) {
	switch old.Stage {
	case session.Anonymous:
	case session.Full:
		if s.ID == old.ID {
			f.logOutBrowser(r, old)
			return
		}
		fallthrough
	default:
		if err := f.dismiss(http.Header{}, r, old); err != nil {
			f.Log.Warn("earlier session not ended", "request", web.Of(r).ID(), "cause", err)
		}
	}
}

// beginning finds the session that a right password continues or starts. Only the session's own account, still full,
// gets its panel session renewed without a code (design 4.3).
func (f *Flow) beginning(r *http.Request, old session.Session, acc account.Account, out panel.Outcome) (session.Session, session.Stage, error) {
	stage, ok := f.stageAfter(acc, out.Who.Role)
	if !ok {
		return session.Session{}, stage, account.ErrTampered
	}
	s := old
	if old.Stage == session.Full && old.Account == acc.ID && old.Generation == acc.Generation {
		stage = session.Full
		s.Note.Used, s.Note.RecoveryOnly, s.Note.Challenge = "", false, false // of the panel session that ended
		s.Note = s.Note.Unswitched()
	} else {
		s = f.Sessions.Begin(acc.ID, acc.Name, out.Who.Role, acc.Generation)
		s.Person = acc.Key
	}
	s.Local, s.ReturnTo = out.Local, ""
	for _, wish := range []string{f.returnTo(r), f.Profile.Home, out.Landing} {
		if target, ok := f.lands(wish); ok && s.ReturnTo == "" {
			s.ReturnTo = target
		}
	}
	return s, stage, nil
}

// open reserves the challenge that a session at stage password is. Where the budget is empty only a recovery code helps.
func (f *Flow) open(r *http.Request, s *session.Session, stage session.Stage) error {
	if stage != session.Password {
		return nil
	}
	res, err := f.Accounts.Challenge(r.Context(), s.Account, s.ID, account.PoolOf(s.Browser))
	s.Note.RecoveryOnly = res.Closed
	return err
}

func (f *Flow) refuseAccount(w http.ResponseWriter, r *http.Request, who panel.Identity, err error) error {
	var conflict *account.Conflict
	if errors.As(err, &conflict) {
		f.Log.Error("identity conflict", "request", web.Of(r).ID(), "cause", err)
		f.audit(r, "identity_conflict", session.Session{Name: who.Name}, "")
		return f.refuseLogin(w, r, "identity_conflict", http.StatusForbidden, templates.LoginConflict, 0)
	}
	f.Count.Login("store_error")
	return f.storeFault(err)
}

// logged writes down a login once it is one.
func (f *Flow) logged(r *http.Request, s session.Session, method string) {
	if s.Stage != session.Full {
		f.audit(r, "password_accepted", s, s.Stage.String())
		return
	}
	result := "ok"
	if account.InEmergency(s.Person) {
		result = account.Emergency
		f.Log.Warn("an emergency account has logged in", "request", web.Of(r).ID(), "name", s.Name)
	}
	f.Count.Login(result)
	f.audit(r, "login", s, method)
}

// showLogin renders the password page; its form keeps the way to target.
func (f *Flow) showLogin(w http.ResponseWriter, r *http.Request, status int, target string, page templates.Login) error {
	page.Action = web.LoginURL(target)
	page.ForgotURL = f.Profile.ResetURL()
	f.Site.Show(w, r, status, page)
	return nil
}

// returnTo is the checked return_to of a request; empty: none. Doubled ones count as none.
func (f *Flow) returnTo(r *http.Request) string {
	v := r.URL.Query()["return_to"]
	if len(v) != 1 {
		return ""
	}
	target, ok := f.lands(v[0])
	if !ok {
		return ""
	}
	return target
}

// anyFault sorts a fault of either store; one that is sorted already stays.
func (f *Flow) anyFault(err error) error {
	var sorted *web.Fault
	if errors.As(err, &sorted) {
		return err
	}
	for _, of := range []error{session.ErrStore, session.ErrRetired, session.ErrRevoked} {
		if errors.Is(err, of) {
			return sessionFault(err)
		}
	}
	return f.storeFault(err)
}
