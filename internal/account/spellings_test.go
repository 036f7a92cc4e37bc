package account

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func spellingsAreRemembered(t *testing.T, w *world) {
	a, b := w.enabled(t, "alice").Account, w.meet(t, "bob")
	remember := func(acc Account, spelling string) error { return w.Remember(t.Context(), acc, spelling) }
	for _, spelling := range []string{"alice", "Alice", "alice@example.net", "álice"} {
		if err := errors.Join(remember(a, spelling), remember(a, spelling)); err != nil {
			t.Fatal(err)
		}
		acc, err := w.Typed(t.Context(), spelling)
		if err != nil || acc.ID != a.ID {
			t.Errorf("%q leads to %+v, %v", spelling, acc, err)
		}
	}
	for _, unknown := range []string{"ALICE", "alice ", ""} {
		if _, err := w.Typed(t.Context(), unknown); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", unknown, err)
		}
	}
	for _, odd := range []string{"al\xffice", "al\x00ice"} { // some panels drop such bytes, and not every database takes them
		if err := remember(a, odd); err != nil {
			t.Errorf("%q: %v", odd, err)
		}
		if _, err := w.Typed(t.Context(), odd); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", odd, err)
		}
	}
	var c *Conflict
	if err := remember(b, "alice@example.net"); !errors.As(err, &c) || c.Pinned != a.Key {
		t.Fatalf("an alias that the panel gave to somebody else: %v", err)
	}
	for n := range 2 * maxSpellings {
		if err := remember(b, fmt.Sprint("bob ", n)); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "names of one account", w.count(t, `SELECT COUNT(*) FROM spellings WHERE account = ?`, b.ID), maxSpellings)
	w.execute(t, `UPDATE spellings SET account = ? WHERE spelling = 'Alice'`, b.ID)
	if _, err := w.Typed(t.Context(), "Alice"); !errors.Is(err, ErrTampered) {
		t.Errorf("a row moved by hand: %v", err)
	}
	if err := w.Delete(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	if err := remember(b, "alice@example.net"); err != nil {
		t.Errorf("after the command that settles it: %v", err)
	}
}

func deleteForgets(t *testing.T, w *world) {
	p, other := w.enabled(t, "alice"), w.enabled(t, "bob")
	w.challenge(t, p.ID, "c", Unknown)
	w.verify(t, p.ID, "c", Unknown, w.wrong(t, p.secret))
	if err := w.Remember(t.Context(), p.Account, "ally"); err != nil {
		t.Fatal(err)
	}
	if err := w.Delete(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	for _, table := range append([]string{}, tables...) {
		if n := w.count(t, `SELECT COUNT(*) FROM `+table+` WHERE account = ?`, p.ID); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
	if _, err := w.Generation(t.Context(), p.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("generation: %v", err)
	}
	again := w.meet(t, "alice")
	if again.ID == p.ID || again.State != None {
		t.Errorf("the name used again inherits: %+v", again)
	}
	rows, _, err := w.Revoked(t.Context(), 0)
	if err != nil || rows[len(rows)-1].Account != p.ID || rows[len(rows)-1].Generation != p.Generation+1 {
		t.Errorf("sessions do not end: %+v, %v", rows, err)
	}
	want(t, "nobody else is touched", w.get(t, other.ID).State, Active)
	if err := w.Delete(t.Context(), p.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("again: %v", err)
	}
}

func renamePins(t *testing.T, w *world) {
	p, other := w.enabled(t, "alice"), w.meet(t, "bob")
	if err := w.Rename(t.Context(), p.ID, "alice.smith"); err != nil {
		t.Fatal(err)
	}
	got := w.get(t, p.ID)
	if got.Name != "alice.smith" || got.State != Active || got.Generation != p.Generation+1 || got.Key != p.Key {
		t.Errorf("%+v", got)
	}
	var c *Conflict
	if err := w.Rename(t.Context(), p.ID, other.Name); !errors.As(err, &c) {
		t.Errorf("a name that another account has: %v", err)
	}
	if err := w.Rename(t.Context(), p.ID, ""); !errors.Is(err, ErrIdentity) {
		t.Errorf("no name: %v", err)
	}
	if err := w.Remember(t.Context(), got, "ally"); err != nil {
		t.Fatal(err)
	}
	c = nil
	err := w.Remember(t.Context(), other, "ally")
	if keeps := "ispgate users rename '" + p.Key + "' NEW-NAME"; !errors.As(err, &c) || !strings.HasPrefix(c.Command, keeps) {
		t.Errorf("a typed name that the panel gave to somebody else: %v, want %s", err, keeps)
	}
	if err := errors.Join(w.Rename(t.Context(), p.ID, got.Name), w.Remember(t.Context(), other, "ally")); err != nil {
		t.Errorf("after the command that settles it: %v", err)
	}
	want(t, "the same name ends no session", w.get(t, p.ID), got)
	if acc, err := w.Keyed(t.Context(), p.Key); err != nil || acc.ID != p.ID {
		t.Errorf("by key: %+v, %v", acc, err)
	}
}

func (w *world) count(t *testing.T, text string, args ...any) (n int) {
	t.Helper()
	if err := w.db.queries().row(t.Context(), text, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) execute(t *testing.T, text string, args ...any) {
	t.Helper()
	if _, err := w.db.queries().exec(t.Context(), text, args...); err != nil {
		t.Fatal(err)
	}
}
