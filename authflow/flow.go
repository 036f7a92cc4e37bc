// Package authflow is the pages of the login and the order of its steps.
//
// It owns what each page does with a form and the one dispatcher (next.go) that says which page comes after: a step
// changes the session and asks next; no step names another. It knows nothing of proxied requests.
//
//	login ──> verify | recovery ──> arrive (hand the panel session over) ──> return_to
//	      ──> two-factor (enrolling) ──┘
package authflow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/throttle"
	"github.com/ispgate/ispgate/internal/users"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// Options wire a Flow.
type Options struct {
	Site     *web.Site
	Sessions *session.Manager
	Accounts *account.Store
	Panel    *panel.Panel
	Profile  *panel.Profile
	Users    *users.File // judges passwords: in the place of a panel that has no login, else while the panel's is out of order; may be nil
	Throttle *throttle.Throttle
	Policy   Policy
	Issuer   string
	End      func(ctx context.Context, h http.Header, s session.Session) error // ends a session on every node
	Count    Count
	Log      *slog.Logger
	Now      func() time.Time
}

// Count feeds the metrics; every function may be nil.
type Count struct {
	Login        func(result string)
	SecondFactor func(method, result string)
	Notice       func(failures int) // so many wrong codes of one account: account.Notices
	StoreError   func(store string)
}

// Flow serves the pages.
type Flow struct {
	Options
	passwords passwords
	custody   *panel.Custody
	timers    timers // of parked panel sessions
	turns     turns  // of the forms of a session
}

// New makes a Flow.
func New(o Options) *Flow {
	if o.Count.Login == nil {
		o.Count.Login = func(string) {}
	}
	if o.Count.SecondFactor == nil {
		o.Count.SecondFactor = func(string, string) {}
	}
	if o.Count.Notice == nil {
		o.Count.Notice = func(int) {}
	}
	if o.Count.StoreError == nil {
		o.Count.StoreError = func(string) {}
	}
	return &Flow{Options: o, passwords: o.judge(), custody: o.Panel.Custody()}
}

// step is what a page of ours does for a session.
type step func(w http.ResponseWriter, r *http.Request, s session.Session) error

// at serves a step only to sessions at one of the stages; everybody else is sent to where they are.
func (f *Flow) at(do step, stages ...session.Stage) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		s, done, err := f.load(r)
		if err != nil {
			return err
		}
		defer done()
		if s.Retired && !web.Reads(r.Method) {
			return f.already(w, r)
		}
		for _, stage := range stages {
			if stageOf(s) == stage {
				return f.settle(w, r, do(w, r, s))
			}
		}
		return f.next(w, r, s)
	}
}

// load returns the session of a request. The forms of one session take turns, and each looks again once it has its turn:
// the one before it may have changed everything, also without letting it wait; done ends the turn.
func (f *Flow) load(r *http.Request) (s session.Session, done func(), err error) {
	if s, err = f.Sessions.Load(r.Context(), r); err != nil {
		return s, nil, web.StoreDown(err)
	}
	if web.Reads(r.Method) || s.ID == "" || s.Retired {
		return s, func() {}, nil
	}
	if done, err = f.turns.take(r.Context(), s.ID); err != nil {
		return s, nil, web.Internal(err) // the browser hung up
	}
	if s, err = f.Sessions.Load(r.Context(), r); err != nil {
		done()
		return s, nil, web.StoreDown(err)
	}
	return s, done, nil
}

// settle ends a step whose session went away under it: its twin was faster, or somebody ended it or reset the account.
func (f *Flow) settle(w http.ResponseWriter, r *http.Request, err error) error {
	gone := errors.Is(err, session.ErrRevoked) || errors.Is(err, account.ErrState)
	switch {
	case errors.Is(err, session.ErrRetired), gone && f.overtaken(r):
		return f.already(w, r)
	case gone:
		return f.next(w, r, session.Session{})
	}
	return err
}

// overtaken reports whether the token of this form was rotated while the form was looked at: its twin succeeded (S32).
func (f *Flow) overtaken(r *http.Request) bool {
	if web.Reads(r.Method) {
		return false
	}
	s, err := f.Sessions.Load(r.Context(), r)
	return err == nil && s.Retired
}

// already answers a form that was sent twice: its first copy succeeded and rotated the token, and this answer must not
// touch the cookie that it set.
func (f *Flow) already(w http.ResponseWriter, r *http.Request) error {
	f.Site.Show(w, r, http.StatusOK, templates.Notice{
		Heading: templates.Say(templates.AlreadyHeading), Text: templates.Say(templates.AlreadyText), ContinueURL: web.URL("login")})
	return nil
}

// advance raises the session and writes down that it happened.
func (f *Flow) advance(w http.ResponseWriter, r *http.Request, s session.Session, to session.Stage) (session.Session, error) {
	s, err := f.Sessions.Advance(r.Context(), w.Header(), s, to, session.Meta{Address: web.Of(r).Client.String(), UserAgent: r.UserAgent()})
	return s, sessionFault(err)
}

// sessionFault sorts what the session store says: Redis that cannot be asked is a page of its own, a session that another
// request rotated or that was ended meanwhile is left to at.
func sessionFault(err error) error {
	switch {
	case err == nil, errors.Is(err, session.ErrRetired), errors.Is(err, session.ErrRevoked):
		return err
	case errors.Is(err, session.ErrStore):
		return web.StoreDown(err)
	default: // the account's generation cannot be read
		return web.NoLogin(err)
	}
}

// audit writes one event of the trail. What an emergency account does has kinds of its own.
func (f *Flow) audit(r *http.Request, kind string, s session.Session, detail string) {
	if account.InEmergency(s.Person) {
		kind = account.Emergency + "_" + kind
	}
	f.Accounts.Audit(context.WithoutCancel(r.Context()), account.Event{Kind: kind, Account: s.Account, Name: s.Name,
		Address: web.Of(r).Client.String(), Session: s.ID, Request: web.Of(r).ID(), Detail: detail})
}

func clientOf(r *http.Request) panel.Client { return panel.ClientOf(r, web.Of(r).Client) }

// storeFault turns what the account store says into a page: SQL that cannot be asked never reads as "no second factor".
func (f *Flow) storeFault(err error) error {
	var conflict *account.Conflict
	switch {
	case errors.Is(err, account.ErrState):
		return err
	case errors.Is(err, account.ErrNotFound): // deleted meanwhile, and its sessions with it: at goes on from there
		return fmt.Errorf("%w: %w", session.ErrRevoked, err)
	case errors.As(err, &conflict), errors.Is(err, account.ErrTampered), errors.Is(err, account.ErrIdentity):
		return web.NoAccount(err)
	}
	f.Count.StoreError("sql")
	return web.NoLogin(err)
}

// background runs what outlives a request.
func (f *Flow) background(do func()) { go f.guarded(do) }

// guarded runs what reads strangers' HTML outside a request: a panic there must not end the gateway.
func (f *Flow) guarded(do func()) {
	defer func() {
		if p := recover(); p != nil {
			f.Log.Error("panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	do()
}
