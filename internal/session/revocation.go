package session

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	pollEvery   = 500 * time.Millisecond // S33: in force on every node within 1 s
	pollTimeout = 2 * time.Second
	leastWindow = 12 * time.Hour
)

// revocations is what this node knows to be revoked. It needs no clock that others share and no Redis: an entry is kept
// for as long as a session that it covers could live, counted from when it was last heard of.
type revocations struct {
	mu          sync.RWMutex
	generations map[string]revokedGeneration // by account
	sessions    map[string]time.Time         // by stable id
	turn        int64                        // up to which they were read
}

type revokedGeneration struct {
	generation int64 // the first that is good
	heard      time.Time
}

func newRevocations() *revocations {
	return &revocations{generations: map[string]revokedGeneration{}, sessions: map[string]time.Time{}}
}

// cover reports whether s was revoked.
func (r *revocations) cover(s Session) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, ended := r.sessions[s.ID]
	return ended || s.Generation < r.generations[s.Account].generation
}

func (r *revocations) add(now time.Time, rows ...Revocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range rows {
		if row.Session != "" {
			r.sessions[row.Session] = now
		}
		if row.Account != "" && row.Generation > 0 {
			known := r.generations[row.Account].generation
			r.generations[row.Account] = revokedGeneration{max(known, row.Generation), now}
		}
	}
}

// last is the turn up to which revocations were read; readTo sets it.
func (r *revocations) last() int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.turn
}

func (r *revocations) readTo(turn int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn = turn
}

// forget drops what was heard of before a time; it bounds the memory.
func (r *revocations) forget(before time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for account, g := range r.generations {
		if g.heard.Before(before) {
			delete(r.generations, account)
		}
	}
	for id, heard := range r.sessions {
		if heard.Before(before) {
			delete(r.sessions, id)
		}
	}
}

// Run reads revocations twice a second until ctx ends. While the database is away those already read stay in force, and
// when it is back everything since the last success is read.
func (m *Manager) Run(ctx context.Context) {
	swept := m.opt.Now()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		now := m.opt.Now()
		if err := m.Refresh(ctx); err != nil && ctx.Err() == nil && m.revokeLog.due(now) {
			m.opt.Log.Error(m.unheard(), "error", err)
		}
		if now.Sub(swept) >= time.Minute {
			m.revoked.forget(now.Add(-m.window()))
			swept = now
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Refresh reads the revocations that were announced since the last success; at first, all that are kept. Where to go on from
// is a number that the database gave them, so that neither nodes nor writers need the same clock.
func (m *Manager) Refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	rows, last, err := m.opt.Revoked(ctx, m.revoked.last())
	if errors.Is(err, ErrForeign) {
		m.shut.Store(true)
	}
	if err != nil {
		return err
	}
	m.shut.Store(false)
	m.revoked.add(m.opt.Now(), rows...)
	m.revoked.readTo(last)
	return nil
}

func (m *Manager) unheard() string {
	if m.shut.Load() {
		return "the account database is another one than before; every session is closed until it is back"
	}
	return "revocations cannot be read; those already known stay in force"
}

// window is how long a revocation can matter.
func (m *Manager) window() time.Duration { return max(leastWindow, m.opt.Absolute) }
