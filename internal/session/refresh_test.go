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
	ends []string // ids of sessions; the turn of the first is 1
	asks []ask
	away error
}

type ask struct {
	at    time.Time
	after int64
}

func (l *ledger) read(_ context.Context, after int64) (rows []Revocation, last int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks = append(l.asks, ask{time.Now(), after})
	if l.away != nil {
		return nil, 0, l.away
	}
	last = int64(len(l.ends))
	if after > last {
		after = 0 // as the account store does
	}
	for _, id := range l.ends[after:] {
		rows = append(rows, Revocation{Session: id})
	}
	return rows, last, nil
}

// write ends sessions.
func (l *ledger) write(ids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends = append(l.ends, ids...)
}

// putBack is a database that was restored from an older copy, with these sessions ended.
func (l *ledger) putBack(ids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends = ids
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

func (l *ledger) wantLast(t *testing.T, what string, after int64) {
	t.Helper()
	asked := l.asked()
	if last := asked[len(asked)-1]; last.after != after {
		t.Errorf("%s: asked for what came after turn %d, want %d", what, last.after, after)
	}
}

func TestS33_RunReadsTwiceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l ledger
		start := time.Now()
		l.write("before the start", "too")
		m := l.runs(t, 0)
		wantHeard(t, m, "before the start", true)
		const half = 500 * time.Millisecond
		after(half)
		want := []ask{{start, 0}, {start.Add(half), 2}}
		if got := l.asked(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Fatalf("asked %v, want %v", got, want)
		}
		l.write("first")
		after(pollEvery)
		wantHeard(t, m, "first", true)
		after(time.Hour)
		l.wantLast(t, "after an hour without rows", 3)
		if n, want := len(l.asked()), int(time.Since(start)/pollEvery)+1; n != want {
			t.Errorf("read %d times, want %d", n, want)
		}
	})
}

// TestS33_ADatabaseThatWasPutBack counts from an older turn: what is announced then is heard, too.
func TestS33_ADatabaseThatWasPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l ledger
		l.write("1", "2", "3", "4")
		m := l.runs(t, 0)
		l.putBack("1")
		after(pollEvery)
		l.write("new")
		after(pollEvery)
		wantHeard(t, m, "new", true)
		wantHeard(t, m, "4", true)
		after(pollEvery)
		l.wantLast(t, "afterwards", 2)
	})
}

func TestS33_NodesNeedNoCommonClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l ledger
		nodes := map[string]*Manager{}
		for name, off := range map[string]time.Duration{"ahead": 1000 * time.Hour, "right": 0, "behind": -1000 * time.Hour} {
			nodes[name] = l.runs(t, off)
		}
		for _, id := range []string{"first", "second", "third"} {
			l.write(id)
			after(pollEvery)
			for name, m := range nodes {
				if !m.revoked.cover(Session{ID: id}) {
					t.Errorf("the node whose clock is %s has not heard of the %s row", name, id)
				}
			}
			after(time.Minute)
		}
	})
}

func TestS33_NothingIsLostWhileTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l ledger
		l.write("known")
		m := l.runs(t, 0)
		l.setAway(errors.New("away"))
		after(pollEvery)
		l.write("at the beginning") // another node still reaches it
		after(10 * time.Hour)
		wantHeard(t, m, "known", true)
		wantHeard(t, m, "at the beginning", false)
		l.wantLast(t, "while it is away", 1)
		l.write("at the end")
		l.setAway(nil)
		after(pollEvery)
		wantHeard(t, m, "known", true)
		wantHeard(t, m, "at the beginning", true)
		wantHeard(t, m, "at the end", true)
	})
}

func TestS33_WhatIsKnownIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l ledger
		l.write("old")
		m := l.runs(t, 0)
		after(10 * time.Minute)
		l.write("newest")
		after(12*time.Hour - 11*time.Minute)
		wantHeard(t, m, "old", true)
		after(4 * time.Minute)
		wantHeard(t, m, "old", false)
		wantHeard(t, m, "newest", true)
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
