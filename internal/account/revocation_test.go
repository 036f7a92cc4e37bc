package account

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

func (w *world) revoked(t testing.TB, after int64) ([]Revocation, int64) {
	t.Helper()
	rows, last, err := w.Revoked(t.Context(), after)
	if err != nil {
		t.Fatal(err)
	}
	return rows, last
}

// revocations are heard in the order in which they were written, whatever the writers' clocks say.
func revocations(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	_, turn := w.revoked(t, 0)
	const century = 100 * year
	for i, off := range []time.Duration{0, century, -2 * century, century} { // far ahead, then far behind
		w.clock.advance(off)
		if err := w.Revoke(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
		rows, last := w.revoked(t, turn)
		if want := []Revocation{{Account: p.ID, Generation: p.Generation + int64(i) + 1}}; !slices.Equal(rows, want) || last <= turn {
			t.Fatalf("after turn %d: %v up to %d, want %v", turn, rows, last, want)
		}
		turn = last
	}
	if err := w.RevokeSession(t.Context(), p.ID, "stable"); err != nil {
		t.Fatal(err)
	}
	rows, last := w.revoked(t, turn)
	if want := []Revocation{{Account: p.ID, Session: "stable"}}; !slices.Equal(rows, want) {
		t.Errorf("a session: %v", rows)
	}
	if err := w.RevokeSession(t.Context(), "", "stable"); err != nil {
		t.Error("once more:", err)
	}
	if rows, again := w.revoked(t, last); len(rows) != 0 || again != last {
		t.Errorf("nothing new: %v up to %d, want %d", rows, again, last)
	}
	if all, _ := w.revoked(t, 0); len(all) != 6 { // the enrolment's too
		t.Errorf("all: %v", all)
	}
	if rows, back := w.revoked(t, last+100); len(rows) != 6 || back != last {
		t.Errorf("a database that was put back: %v up to %d, want %d", rows, back, last)
	}
	if err := w.RevokeSession(t.Context(), p.ID, ""); err == nil {
		t.Error("no session was revoked")
	}
	if err := w.Revoke(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Error("revoke nobody:", err)
	}
	w.sql(t, `UPDATE meta SET name = 'x' WHERE name = 'active'`)
	if _, _, err := w.Revoked(t.Context(), 0); !errors.Is(err, ErrTampered) {
		t.Error("without the turn:", err)
	}
}

// revocationsAge by the database's clock alone: no host's wrong clock removes one that still matters.
func revocationsAge(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	if err := w.RevokeSession(t.Context(), p.ID, "stable"); err != nil {
		t.Fatal(err)
	}
	prune := func(what string, want int) {
		t.Helper()
		if err := w.Prune(t.Context(), year, day); err != nil {
			t.Fatal(err)
		}
		if rows, _ := w.revoked(t, 0); len(rows) != want {
			t.Errorf("%s: %v, want %d", what, rows, want)
		}
	}
	w.clock.advance(-40 * day)
	prune("a host whose clock is behind", 2)
	w.clock.advance(400 * day)
	prune("a host whose clock is ahead", 2)
	w.sql(t, `UPDATE revoked SET at = at - ? WHERE session = 'stable'`, (2*day - time.Hour).Milliseconds())
	prune("younger than the sessions and a day", 2)
	w.sql(t, `UPDATE revoked SET at = at - ? WHERE session = 'stable'`, (2 * time.Hour).Milliseconds())
	prune("older", 1)
}

// revocationsAtOnce: writers on two nodes, and a poller that never asks twice for the same turn.
func revocationsAtOnce(t *testing.T, w *world) {
	p, other := w.enabled(t, "alice"), w.Store
	if !w.inMemory() {
		other = w.open(t)
	}
	const each = 20
	_, turn := w.revoked(t, 0)
	done := make(chan struct{})
	var writers sync.WaitGroup
	for _, node := range []*Store{w.Store, other} {
		writers.Go(func() {
			for range each {
				if err := node.RevokeSession(context.Background(), p.ID, randomID()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() { writers.Wait(); close(done) }()
	heard := 0
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		rows, last := w.revoked(t, turn)
		heard, turn = heard+len(rows), last
	}
	want(t, "revocations heard of", heard, 2*each)
}
