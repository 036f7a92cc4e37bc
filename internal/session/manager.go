package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ispgate/ispgate/internal/keyring"
)

// Options wire a Manager. All but Stands and StoreError are needed.
type Options struct {
	Redis        redis.UniversalClient
	Ring         *keyring.Ring
	Installation string        // the database's installation id: it goes into every slot and every seal
	Idle         time.Duration // after the last activity
	Absolute     time.Duration // after the login, whatever happens
	Secure       bool          // https: cookie names carry the __Host- prefix
	Generation   func(ctx context.Context, account string) (int64, error)
	Revoked      func(ctx context.Context, after int64) (rows []Revocation, last int64, err error) // announced after a turn; 0: all that are kept
	Stands       func(line string) bool                                                            // whether the line that a Session.Local names is still there; nil: there is no users file
	StoreError   func()                                                                            // counts; may be nil
	Log          *slog.Logger
	Now          func() time.Time
}

// Meta is what a session's card remembers of the request that last rotated it.
type Meta struct{ Address, UserAgent string }

// Manager loads, raises and ends sessions. It is safe for concurrent use. Every call that reaches Redis is over within
// 2 s; those that write finish although ctx ends, because the browser may hang up but not thereby undo them.
type Manager struct {
	opt                             Options
	cookie                          cookie
	cards, jars                     *keyring.Box
	revoked                         *revocations
	recent                          *remembered
	shut                            atomic.Bool // Revoked said ErrForeign
	storeLog, garbageLog, revokeLog seldom
}

// New makes a Manager. Until Run has read the revocations once, it knows only those of its own End.
func New(o Options) *Manager {
	warm(o.Ring.Box("session", []byte("warm")))
	return &Manager{opt: o, cookie: newCookie(o.Ring, o.Secure), revoked: newRevocations(), recent: newRemembered(),
		cards: o.Ring.Box("session card", nil), jars: o.Ring.Box("parked jar", nil)}
}

// Load returns the session of a request: the anonymous one unless there is exactly one genuine cookie, whose record
// lives and is not revoked. Of a revoked one the ID stays known. A forged cookie costs no trip to Redis. The error is
// ErrStore: nobody knows whose it is, or whether it was revoked (ErrForeign).
func (m *Manager) Load(ctx context.Context, r *http.Request) (Session, error) {
	t, ok := m.cookie.read(r)
	if !ok {
		return Session{}, nil
	}
	s, err := m.fetch(ctx, t)
	if err != nil {
		return Session{}, err
	}
	return m.today(s)
}

// today is what s is worth at this moment. It is asked at every request, whatever remembers sessions (S33).
func (m *Manager) today(s Session) (Session, error) {
	switch {
	case m.shut.Load():
		return Session{}, errShut
	case m.Ended(s):
		return Session{ID: s.ID}, nil
	}
	return s, nil
}

// Idled tells whose session a request's cookie stood for, when nothing but the idle time ended it. It is no session any more.
func (m *Manager) Idled(ctx context.Context, r *http.Request) (name string, ok bool) {
	t, genuine := m.cookie.read(r)
	if !genuine {
		return "", false
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	value, err := m.opt.Redis.Get(ctx, keysOf(t).record).Result()
	if err != nil {
		return "", false
	}
	e, err := m.openStored(t, value)
	if err != nil || e.record.Retired || e.record.Stage != Full {
		return "", false
	}
	s := e.record.session(t)
	return s.Name, !m.Ended(s)
}

// Named is what a request's cookie tells by itself, without Redis: the ID of its session, which is good for End alone. The zero
// session for no genuine cookie.
func (m *Manager) Named(r *http.Request) Session {
	t, ok := m.cookie.read(r)
	if !ok {
		return Session{}
	}
	return Session{ID: t.session()}
}

// Ended reports whether s is over although Redis has it: it was revoked, or its local password is gone or another one (S33).
func (m *Manager) Ended(s Session) bool {
	return m.revoked.cover(s) || !m.stands(s)
}

func (m *Manager) stands(s Session) bool {
	return s.Local == "" || m.opt.Stands != nil && m.opt.Stands(s.Local)
}

// Begin makes the session of somebody whose password was right just now. It is not stored; Advance stores it.
func (m *Manager) Begin(account, name, role string, generation int64) Session {
	now, t := m.opt.Now(), newToken(m.tags(account)[0])
	return Session{
		ID: t.session(), Account: account, Name: name, Role: role, Generation: generation,
		Created: now, End: now.Add(m.opt.Absolute), Custody: randomID(),
		token: t,
	}
}

// Advance takes s to a stage, under a new token that goes into h as a cookie. Nothing else raises a stage, and no token
// ever changes its stage. ID, Created, End and Custody stay; Name, Role, Generation, CodeAt, Browser, ReturnTo and the
// marks of s are written as they are given; a pending secret is gone (S26).
//
// Without an error the old token is retired (Session.Retired). Errors: ErrStage, no flow has this step; ErrRetired,
// another request rotated s first; ErrRevoked, s or its account's sessions were ended meanwhile; ErrStore; others are
// Options.Generation's. With an error no cookie is set; what was written is deleted, or opens for nobody, since its token
// was given to nobody.
func (m *Manager) Advance(ctx context.Context, h http.Header, s Session, to Stage, meta Meta) (Session, error) {
	if err := s.may(to); err != nil {
		return Session{}, err
	}
	ctx, cancel := unhurried(ctx)
	defer cancel()
	if err := m.current(ctx, s, to); err != nil { // before: a dead database changes nothing
		return Session{}, err
	}
	next := s
	next.Stage, next.token = to, s.token.fresh()
	next, err := m.store(ctx, s, next, meta)
	m.recent.changed(s.ID, m.opt.Now())
	if err == nil {
		err = m.current(ctx, next, to) // after: who was revoked during the write is not let in
		switch {
		case err != nil && s.Stage == Full && !errors.Is(err, ErrRevoked):
			err = nil // nothing was raised, and the old token is gone: a database that went away logs nobody out
		case err != nil:
			m.discard(ctx, next)
		}
	}
	if err != nil {
		return Session{}, err
	}
	if err := m.cookie.set(h, next.token); err != nil {
		m.discard(ctx, next)
		return Session{}, fmt.Errorf("write the session cookie: %w", err)
	}
	return next, nil
}

// End deletes what Redis holds of s, and clears the cookie where h is not nil. This node refuses the session from now
// on, even if Redis is down (ErrStore) or only the ID is known (ErrStore, too); other nodes need a revocation for that. A
// parked jar is left to who claims it.
func (m *Manager) End(ctx context.Context, h http.Header, s Session) error {
	if h != nil {
		m.cookie.clear(h)
	}
	if s.ID != "" {
		m.revoked.add(m.opt.Now(), Revocation{Session: s.ID})
	}
	switch {
	case s.ID != "" && s.Account == "":
		return errUnread
	case s.token.secret == nil:
		return nil
	}
	ctx, cancel := unhurried(ctx)
	defer cancel()
	return m.remove(ctx, s)
}

// CookieName is the name of the cookie that carries the token.
func (m *Manager) CookieName() string { return m.cookie.name }

// ClearCookie tells the browser to forget its token.
func (m *Manager) ClearCookie(h http.Header) { m.cookie.clear(h) }
