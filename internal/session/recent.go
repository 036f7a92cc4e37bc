package session

import (
	"context"
	"crypto/sha256"
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/ispgate/ispgate/internal/recent"
)

// RecentLife is how long after a change some node may still take a session for what it was before. With the poll of revocations it is
// below the second of S33.
const RecentLife = 800 * time.Millisecond

const recentMax = 20000 // sessions of one generation

// Recent is Load for the gate: what a token stood for at most 800 ms ago, one MGET for a page and all that it loads. Revocations,
// those of this node's own End included, count at once. SetNote merges what it is given into what Redis holds, so that an older
// session may be given to it; whatever else depends on the last word asks Load.
func (m *Manager) Recent(ctx context.Context, r *http.Request) (Session, error) {
	value, ok := m.cookie.only(r)
	if !ok {
		return Session{}, nil
	}
	key := digestOf(value)
	h := m.recent.get(key, m.opt.Now())
	if h == nil {
		t, genuine := m.cookie.decode(value)
		if !genuine { // never remembered: strangers can make any number
			return Session{}, nil
		}
		var err error
		if h, err = m.remember(ctx, key, t, true); err != nil {
			return Session{}, err
		}
	}
	s := h.session
	s.held = h
	return m.today(s)
}

// digestOf names a cookie in memory without keeping it.
func digestOf(value string) [sha256.Size]byte {
	var buf [cookieSize]byte
	return sha256.Sum256(buf[:copy(buf[:], value)])
}

// remember asks Redis once for all who wait. The one who hangs up does not undo it for the others.
func (m *Manager) remember(ctx context.Context, key [sha256.Size]byte, t token, again bool) (*held, error) {
	v, err, _ := m.recent.flights.Do(string(key[:]), func() (any, error) {
		at := m.opt.Now()
		if h := m.recent.get(key, at); h != nil { // somebody else's answer came in between
			return h, nil
		}
		s, err := m.fetch(context.WithoutCancel(ctx), t)
		if err != nil {
			return nil, err
		}
		h := &held{at: at, session: s, clock: clock{s.Seen, s.Acted}}
		m.recent.sessions.Put(key, h, at)
		return h, nil
	})
	if err != nil {
		return nil, err
	}
	h := v.(*held)
	if again && m.recent.outdated(h) { // who joined a flight that was under way before a change
		return m.remember(ctx, key, t, false)
	}
	return h, nil
}

// held is a session in memory.
type held struct {
	at      time.Time // before the MGET
	session Session

	mu    sync.Mutex
	clock clock // as this node wrote it: a burst of requests writes once
}

// remembered is what a node keeps of sessions in memory.
type remembered struct {
	sessions recent.Map[[sha256.Size]byte, *held]
	changes  recent.Map[string, time.Time] // by stable id: what was read before counts no more
	flights  singleflight.Group
}

func newRemembered() *remembered {
	r := &remembered{}
	r.sessions.Most, r.sessions.Life = recentMax, RecentLife
	r.changes.Most, r.changes.Life = math.MaxInt, RecentLife
	return r
}

func (c *remembered) get(key [sha256.Size]byte, at time.Time) *held {
	h, ok := c.sessions.Get(key)
	if !ok || at.Sub(h.at) >= RecentLife || at.Before(h.at) || c.outdated(h) {
		return nil
	}
	return h
}

// outdated: this node changed the session after h was asked for.
func (c *remembered) outdated(h *held) bool {
	changed, ok := c.changes.Get(h.session.ID)
	return ok && !changed.Before(h.at)
}

// changed: this node wrote something else to a session.
func (c *remembered) changed(id string, at time.Time) { c.changes.Put(id, at, at) }
