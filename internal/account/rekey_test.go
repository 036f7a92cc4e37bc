package account

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// rekeyed makes the installation one whose names mean something else, and opens it as such.
func (w *world) rekeyed(t *testing.T, fingerprint, panel string) *world {
	t.Helper()
	next := &world{opt: w.opt, clock: w.clock, log: w.log}
	next.opt.Fingerprint, next.opt.Panel = fingerprint, panel
	done, err := Rekey(t.Context(), next.opt, "by root", false)
	if err != nil || done.Old != w.opt.Fingerprint || done.New != fingerprint {
		t.Fatalf("%+v, %v", done, err)
	}
	next.Store = next.open(t)
	return next
}

func (w *world) meetAs(t *testing.T, id, name string) Account {
	t.Helper()
	a, err := w.Meet(t.Context(), Identity{ID: id, Name: name})
	if err != nil {
		t.Fatalf("%s, %s: %v", id, name, err)
	}
	return a
}

// rekeySettles: no factor is lost, nobody is let in without one who might have one, and nobody takes over anybody's.
func rekeySettles(t *testing.T, w *world) {
	if w.inMemory() {
		return // nobody else's
	}
	alice, carol, bob, dan := w.enabled(t, "alice"), w.enabled(t, "carol"), w.meet(t, "bob"), w.meet(t, "dan")
	if err := errors.Join(w.Reset(t.Context(), dan.ID), w.Remember(t.Context(), alice.Account, "ally")); err != nil {
		t.Fatal(err)
	}
	glass, err := w.Meet(t.Context(), Identity{Realm: Emergency, ID: "root", Name: "root (emergency)"})
	if err != nil {
		t.Fatal(err)
	}
	opt := w.opt
	opt.Fingerprint, opt.Panel = "ids", "other"
	plan, err := Rekey(t.Context(), opt, "", true)
	if err != nil || len(plan.Accounts) != 5 || plan.Waits() != 3 || plan.Old != w.opt.Fingerprint || plan.New != "ids" {
		t.Fatalf("the plan: %+v, %v", plan, err)
	}
	want(t, "a plan changes nothing", w.meet(t, "alice"), alice.Account)
	n := w.rekeyed(t, "ids", "other")
	if again, err := Rekey(t.Context(), n.opt, "", false); err != nil || again.Old != again.New || len(again.Accounts) != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
	for _, name := range []string{"alice", "bob", "somebody new"} {
		if a, err := w.Meet(t.Context(), Identity{Name: name}); err == nil {
			t.Errorf("a gateway of before lets %s in: %+v", name, a)
		}
	}
	want(t, "sessions end", n.get(t, alice.ID).Generation, alice.Generation+1)
	if rows, _, err := n.Revoked(t.Context(), 0); err != nil || len(rows) < 4 {
		t.Errorf("revocations: %+v, %v", rows, err)
	}
	want(t, "the emergency realm is as it was", n.get(t, glass.ID).Key, glass.Key)
	if a, err := n.Meet(t.Context(), Identity{Realm: Emergency, ID: "alice", Name: "alice"}); err == nil {
		t.Errorf("the emergency realm takes over an account of the panel: %+v", a)
	}
	if typed, err := n.Typed(t.Context(), "ally"); err != nil || typed.ID != alice.ID {
		t.Errorf("the typed name leads to %+v, %v", typed, err)
	}

	for _, stranger := range []Identity{{ID: "5", Name: "alicia"}, {ID: "6", Name: "Alice"}, {ID: "2", Name: "bob"}} { // alice, renamed in the panel, may be any of them
		want(t, stranger.Name+" while others wait", n.meetAs(t, stranger.ID, stranger.Name).State, Reset)
	}
	want(t, "bob keeps his account", n.meetAs(t, "2", "bob").ID, bob.ID)
	got := n.meetAs(t, "1", "alice")
	if got.ID != alice.ID || got.Key != "id:1" || got.State != Active || got.CodesLeft != alice.CodesLeft {
		t.Errorf("alice: %+v", got)
	}
	if res := n.login(t, person{Account: got, secret: alice.secret}, "c"); !res.OK {
		t.Errorf("her code: %+v", res)
	}
	var c *Conflict
	if _, err := n.Meet(t.Context(), Identity{ID: "9", Name: "alice"}); !errors.As(err, &c) || !strings.HasPrefix(c.Command, "ispgate users rename 'id:1' NEW-NAME (if") {
		t.Errorf("another alice: %v", err)
	}
	want(t, "dan's ticket is still due", n.meetAs(t, "4", "dan").State, Reset)
	if err := n.Rename(t.Context(), carol.ID, "carol.smith"); err != nil {
		t.Fatal(err)
	}
	want(t, "carol under the name that the panel has now", n.meetAs(t, "3", "carol.smith").ID, carol.ID)
	want(t, "somebody new when nobody waits", n.meetAs(t, "7", "new").State, None)
	if err := n.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	n.auditOK(t, true, "")
}

// rekeyTwice: an account that waits goes on waiting, under a key that fits.
func rekeyTwice(t *testing.T, w *world) {
	if w.inMemory() {
		return
	}
	long := w.enabled(t, strings.Repeat("n", longestName))
	n := w.rekeyed(t, "ids", "default").rekeyed(t, "mails", "default")
	if got := n.get(t, long.ID); !waits(got.Key) || got.State != Active {
		t.Errorf("%+v", got)
	}
	want(t, "taken over", n.meetAs(t, "1", long.Name).ID, long.ID)
}

func rekeyRefusesTampered(t *testing.T, w *world) {
	if w.inMemory() {
		return
	}
	alice := w.enabled(t, "alice")
	w.meet(t, "bob")
	w.sql(t, `UPDATE accounts SET generation = 7 WHERE name = 'bob'`)
	opt := w.opt
	opt.Fingerprint = "ids"
	for _, dry := range []bool{true, false} {
		if _, err := Rekey(t.Context(), opt, "", dry); !errors.Is(err, ErrTampered) {
			t.Errorf("dry %t: %v", dry, err)
		}
	}
	want(t, "nothing changed", w.meet(t, "alice"), alice.Account)
	w.clock.advance(time.Minute)
	if res := w.login(t, alice, "c"); !res.OK {
		t.Errorf("%+v", res)
	}
}
