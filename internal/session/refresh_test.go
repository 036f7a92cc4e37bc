package session

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// ledger is a table of revocations that several writers share; it notes what pollers ask.
type ledger struct {
	mu   sync.Mutex
	rows []Revocation
	asks []ask
	away error
}

type ask struct{ at, since time.Time }

func (l *ledger) read(_ context.Context, since time.Time) ([]Revocation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks = append(l.asks, ask{time.Now(), since})
	if l.away != nil {
		return nil, l.away
	}
	var rows []Revocation
	for _, r := range l.rows {
		if !r.At.Before(since) {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// write ends a session by a writer whose clock says at; as the account store does, never before the newest row.
func (l *ledger) write(id string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.rows {
		if r.At.After(at) {
			at = r.At
		}
	}
	l.rows = append(l.rows, Revocation{Session: id, At: at})
}

// commit is a row whose transaction took its time: it is older than rows that were read before it was there.
func (l *ledger) commit(id string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = append(l.rows, Revocation{Session: id, At: at})
}

func (l *ledger) setAway(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = err
}

func (l *ledger) asked() []ask {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]ask(nil), l.asks...)
}

// runs starts a node that reads l, with a clock that is off by so much, until the test's bubble ends it.
func (l *ledger) runs(t *testing.T, off time.Duration) *Manager {
	m := pollManager(t, l.read)
	m.opt.Now = func() time.Time { return time.Now().Add(off) }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { m.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return m
}

// after lets the pollers run for d.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func wantHeard(t *testing.T, m *Manager, id string, want bool) {
	t.Helper()
	if got := m.revoked.cover(Session{ID: id}); got != want {
		t.Errorf("the end of session %q is known: %v, want %v", id, got, want)
	}
}

func (l *ledger) wantLast(t *testing.T, what string, since time.Time) {
	t.Helper()
	asked := l.asked()
	if last := asked[len(asked)-1]; !last.since.Equal(since) {
		t.Errorf("%s: asked since %v, want %v", what, last.since, since)
	}
}

func TestS33_RunReadsTwiceASecondWithAnOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l ledger
		start := time.Now()
		l.commit("too old to matter", start.Add(-12*time.Hour-11*time.Second))
		m := l.runs(t, 0)
		wantHeard(t, m, "too old to matter", false)
		const half = 500 * time.Millisecond
		after(half)
		want := []ask{{start, start.Add(-12*time.Hour - 10*time.Second)}, {start.Add(half), start.Add(half - 12*time.Hour - 10*time.Second)}}
		if got := l.asked(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Fatalf("before any row asked %v, want %v", got, want)
		}
		first := start.Add(-12 * time.Hour) // within the window, before this node started
		l.write("first", first)
		after(pollEvery)
		wantHeard(t, m, "first", true)
		after(pollEvery)
		l.wantLast(t, "after the first row", first.Add(-pollOverlap))
		newest := time.Now()
		l.write("newest", newest)
		after(2 * pollEvery)
		l.wantLast(t, "after the newest row", newest.Add(-pollOverlap))
		after(time.Hour)
		l.wantLast(t, "after an hour without rows", newest.Add(-pollOverlap))
		l.commit("late", newest.Add(-9*time.Second))
		after(pollEvery)
		wantHeard(t, m, "late", true)
		after(pollEvery)
		l.wantLast(t, "a late row does not turn back", newest.Add(-pollOverlap))
		if n, want := len(l.asked()), int(time.Since(start)/pollEvery)+1; n != want {
			t.Errorf("read %d times, want %d", n, want)
		}
	})
}

func TestS33_NodesAndWritersNeedNoCommonClock(t *testing.T) {
	clocks := map[string]time.Duration{"ahead": time.Hour, "right": 0, "behind": -time.Hour}
	for first, offFirst := range clocks {
		for second, offSecond := range clocks {
			t.Run("writers "+first+" and "+second, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var l ledger
					nodes := map[string]*Manager{}
					for name, off := range clocks {
						nodes[name] = l.runs(t, off)
					}
					for _, row := range []struct {
						id  string
						off time.Duration
					}{{"first", offFirst}, {"second", offSecond}, {"third", offFirst}} {
						l.write(row.id, time.Now().Add(row.off))
						after(pollEvery)
						for name, m := range nodes {
							if !m.revoked.cover(Session{ID: row.id}) {
								t.Errorf("the node whose clock is %s has not heard of the %s row", name, row.id)
							}
						}
						after(time.Minute)
					}
				})
			})
		}
	}
}

func TestS33_NothingIsLostWhileTheDatabaseIsAway(t *testing.T) {
	for label, before := range map[string]bool{"after a row": true, "before any row": false} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l ledger
				newest := time.Now().Add(-time.Hour)
				if before {
					l.write("known", newest)
				}
				m := l.runs(t, 0)
				l.setAway(errors.New("away"))
				after(pollEvery)
				l.write("at the beginning", time.Now().Add(-time.Hour)) // another node still reaches it
				after(10 * time.Hour)
				wantHeard(t, m, "known", before)
				wantHeard(t, m, "at the beginning", false)
				if before {
					l.wantLast(t, "while it is away", newest.Add(-pollOverlap))
				}
				l.write("at the end", time.Now().Add(-time.Hour))
				l.setAway(nil)
				after(pollEvery)
				wantHeard(t, m, "known", before)
				wantHeard(t, m, "at the beginning", true)
				wantHeard(t, m, "at the end", true)
			})
		})
	}
}

func TestS33_WhatIsKnownIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l ledger
		l.write("old", time.Now())
		m := l.runs(t, 0)
		after(time.Minute)
		l.write("newest", time.Now())
		after(12*time.Hour - 2*time.Minute)
		wantHeard(t, m, "old", true)
		after(4 * time.Minute)
		wantHeard(t, m, "old", false)
		wantHeard(t, m, "newest", true) // it is read again and again
	})
}

func TestRefreshSaysThatItFailed(t *testing.T) {
	w := newWorldOn(t, "127.0.0.1:1")
	m := w.node()
	w.revoke("a1")
	away := errors.New("database is away")
	w.setSQL(away)
	wantError(t, "Refresh", m.Refresh(t.Context()), away)
	// Redis is not at fault: who hands the revocations over counts for SQL.
	if w.faults != 0 || m.revoked.cover(Session{Account: "a1"}) {
		t.Errorf("%d faults counted; heard of rows that came with an error: %v", w.faults, m.revoked.cover(Session{Account: "a1"}))
	}
	w.setSQL(nil)
	wantError(t, "Refresh", m.Refresh(t.Context()), nil)
	if !m.revoked.cover(Session{Account: "a1"}) {
		t.Error("Refresh did not hear of the revocation")
	}
}
