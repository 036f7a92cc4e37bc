package account

import (
	"fmt"
	"testing"
	"time"
)

// once is the two answers to one form that was sent twice: one OK, the other Won.
func once(t *testing.T, round int, fn func() (Result, error)) {
	t.Helper()
	var got [2]Result
	won := atOnce(t, 2, func(i int) (res Result, err error) {
		got[i], err = fn()
		return got[i], err
	})
	if won != 1 || got[0].Won == got[1].Won || got[0].OK && got[0].Won || got[1].OK && got[1].Won {
		t.Fatalf("round %d: %+v", round, got)
	}
}

func oneFormTwiceAtOnce(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	for round := range 100 {
		id := fmt.Sprint("session ", round/2) // every other round confirms in the session of the one before
		if res := w.challenge(t, p.ID, id, Unknown); res != (Result{OK: true, Left: 5}) {
			t.Fatalf("round %d: %+v", round, res)
		}
		try := Try{Account: p.ID, Pool: Unknown, Challenge: id, Code: w.code(t, p.secret)}
		once(t, round, func() (Result, error) { return w.Verify(t.Context(), try) })
		want(t, "sent a third time", w.verify(t, p.ID, id, Unknown, try.Code), Result{Won: true})
		w.clock.advance(time.Minute)
	}
	want(t, "failures left by a hundred logins", w.failures(t, 0), 0)
}

func oneRecoveryFormTwiceAtOnce(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	for round := range 100 {
		n := round % len(p.codes)
		if round > 0 && n == 0 {
			var err error
			if p.codes, err = w.Regenerate(t.Context(), p.ID); err != nil {
				t.Fatal(err)
			}
		}
		id := fmt.Sprint("session ", round/2)
		w.challenge(t, p.ID, id, Unknown)
		try := Try{Account: p.ID, Pool: Unknown, Challenge: id, Code: p.codes[n]}
		once(t, round, func() (Result, error) { return w.Recover(t.Context(), try) })
		want(t, "sent a third time", w.recover(t, p.ID, id, try.Code), Result{Won: true})
		want(t, "codes left", w.get(t, p.ID).CodesLeft, len(p.codes)-n-1)
		w.clock.advance(time.Second)
	}
}

// Both have reserved and compared before either spends the step.
func lostToItself(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	w.challenge(t, p.ID, "session", Unknown)
	w.challenge(t, p.ID, "elsewhere", Unknown)
	var first Result
	during := func(id string) {
		w.Store.compared = func() {
			w.Store.compared = func() {}
			first = w.verify(t, p.ID, id, Unknown, w.code(t, p.secret))
		}
	}
	during("session")
	want(t, "the slower", w.verify(t, p.ID, "session", Unknown, w.code(t, p.secret)), Result{Won: true})
	want(t, "the faster", first.OK, true)
	w.clock.advance(time.Minute)
	w.challenge(t, p.ID, "session", Unknown)
	during("elsewhere")
	want(t, "lost to another session", w.verify(t, p.ID, "session", Unknown, w.code(t, p.secret)), Result{Left: 4})
	want(t, "the other", first.OK, true)
	want(t, "failures left", w.failures(t, 0), 1)
}

func wonIsOfItsOwnChallenge(t *testing.T, w *world) {
	p, other := w.enabled(t, "alice"), w.enabled(t, "bob")
	for _, id := range []string{"mine", "another"} {
		w.challenge(t, p.ID, id, Unknown)
		w.challenge(t, p.ID, id, "browser 1")
	}
	w.challenge(t, other.ID, "mine", Unknown)
	code := w.code(t, p.secret)
	want(t, "mine", w.verify(t, p.ID, "mine", Unknown, code).OK, true)
	before := w.compares.Load()
	want(t, "again", w.verify(t, p.ID, "mine", Unknown, code), Result{Won: true})
	want(t, "a wrong code", w.verify(t, p.ID, "mine", Unknown, w.wrong(t, p.secret)), Result{Won: true})
	want(t, "its slot in another pool", w.verify(t, p.ID, "mine", "browser 1", code), Result{Won: true})
	want(t, "never opened in this pool", w.verify(t, p.ID, "mine", "browser 2", code), Result{Over: true})
	want(t, "never opened", w.verify(t, p.ID, "nobody's", Unknown, code), Result{Over: true})
	want(t, "comparisons", w.compares.Load(), before)
	want(t, "another challenge", w.verify(t, p.ID, "another", Unknown, code), Result{Left: 4})
	want(t, "another challenge, another pool", w.verify(t, p.ID, "another", "browser 1", code), Result{Left: 4})
	want(t, "the same id of another account", w.verify(t, other.ID, "mine", Unknown, w.wrong(t, other.secret)), Result{Left: 4})

	want(t, "a confirmation in the same session", w.challenge(t, p.ID, "mine", Unknown), Result{OK: true, Left: 5})
	want(t, "with the spent code", w.verify(t, p.ID, "mine", Unknown, code), Result{Left: 4})
	want(t, "the mark is taken away in all pools", w.verify(t, p.ID, "mine", "browser 1", code), Result{Over: true})
	w.clock.advance(time.Minute)
	want(t, "with the next code", w.verify(t, p.ID, "mine", Unknown, w.code(t, p.secret)).OK, true)
	if err := w.EndChallenge(t.Context(), p.ID, "mine"); err != nil {
		t.Fatal(err)
	}
	want(t, "after its end", w.verify(t, p.ID, "mine", Unknown, w.code(t, p.secret)), Result{Over: true})
}

func wonRecovery(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	w.challenge(t, p.ID, "mine", Unknown)
	want(t, "mine", w.recover(t, p.ID, "mine", p.codes[0]), Result{OK: true, CodesLeft: 9})
	want(t, "again", w.recover(t, p.ID, "mine", p.codes[0]), Result{Won: true})
	want(t, "a wrong code", w.recover(t, p.ID, "mine", "AAAA-AAAA-AAAA-AAAA"), Result{Won: true})
	want(t, "an unused code", w.recover(t, p.ID, "mine", p.codes[1]), Result{Won: true})
	want(t, "the code of the app", w.verify(t, p.ID, "mine", Unknown, w.code(t, p.secret)), Result{Won: true})
	want(t, "another challenge", w.recover(t, p.ID, "another", p.codes[0]), Result{Left: 4})
	want(t, "codes left", w.get(t, p.ID).CodesLeft, 9)
	w.challenge(t, p.ID, "mine", Unknown)
	want(t, "a confirmation with the spent code", w.recover(t, p.ID, "mine", p.codes[0]), Result{Left: 4})
	want(t, "a confirmation", w.recover(t, p.ID, "mine", p.codes[1]), Result{OK: true, CodesLeft: 8})
}

func wonTakesNoSlot(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	for _, id := range []string{"a", "b", "won"} {
		w.challenge(t, p.ID, id, Unknown)
	}
	code := w.code(t, p.secret)
	want(t, "won", w.verify(t, p.ID, "won", Unknown, code).OK, true)
	w.challenge(t, p.ID, "d", Unknown)
	want(t, "the oldest keeps its slot", w.verify(t, p.ID, "a", Unknown, code), Result{Left: 4})
	for i := range 5 {
		w.challenge(t, p.ID, fmt.Sprint("many ", i), Unknown)
	}
	want(t, "the oldest is evicted", w.verify(t, p.ID, "d", Unknown, code), Result{Over: true})
	want(t, "the won one is not", w.verify(t, p.ID, "won", Unknown, code), Result{Won: true})
}

func wonEnds(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	rows := func() (n int) {
		if err := w.db.queries().row(t.Context(), `SELECT COUNT(*) FROM challenges WHERE id <> 'new' AND pool <> 'enrolling'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	w.challenge(t, p.ID, "totp", Unknown)
	code := w.code(t, p.secret)
	want(t, "totp", w.verify(t, p.ID, "totp", Unknown, code).OK, true)
	want(t, "recovery", w.recover(t, p.ID, "recovery", p.codes[0]).OK, true)
	w.clock.advance(5*time.Minute - time.Millisecond)
	w.challenge(t, p.ID, "new", Unknown)
	want(t, "totp, a millisecond before its end", w.verify(t, p.ID, "totp", Unknown, code), Result{Won: true})
	want(t, "recovery, a millisecond before its end", w.recover(t, p.ID, "recovery", p.codes[0]), Result{Won: true})
	want(t, "rows", rows(), 2)
	w.clock.advance(time.Millisecond)
	want(t, "totp after five minutes", w.verify(t, p.ID, "totp", Unknown, code), Result{Over: true})
	want(t, "recovery after five minutes", w.recover(t, p.ID, "recovery", p.codes[0]), Result{Left: 4})
	w.challenge(t, p.ID, "newer", Unknown)
	want(t, "rows: the recovery's new try and the newest", rows(), 2)
}

// Tries of a won challenge are not counted, and its next opening refunds nothing but its own.
func wonAndRefunds(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	wrong := w.wrong(t, p.secret)
	w.challenge(t, p.ID, "attacker", Unknown)
	w.verify(t, p.ID, "attacker", Unknown, wrong)
	w.challenge(t, p.ID, "session", Unknown)
	w.verify(t, p.ID, "session", Unknown, wrong)
	w.verify(t, p.ID, "session", Unknown, wrong)
	want(t, "login", w.verify(t, p.ID, "session", Unknown, w.code(t, p.secret)).OK, true)
	for range 20 {
		want(t, "sent again", w.verify(t, p.ID, "session", Unknown, wrong), Result{Won: true})
	}
	want(t, "refunded", w.failures(t, 1), 3)
	want(t, "left, the attacker's", w.failures(t, 0), 1)

	w.clock.advance(time.Minute)
	w.challenge(t, p.ID, "session", Unknown)
	w.verify(t, p.ID, "session", Unknown, wrong)
	want(t, "left, with a wrong confirmation", w.failures(t, 0), 2)
	want(t, "a recovery code settles it", w.recover(t, p.ID, "session", p.codes[0]).OK, true)
	want(t, "refunded by the recovery code", w.failures(t, 1), 4)
	want(t, "left, the attacker's", w.failures(t, 0), 1)
	w.verify(t, p.ID, "attacker", Unknown, wrong)
	want(t, "left, the attacker's two", w.failures(t, 0), 2)
}

// Whoever came in with a recovery code because the pool is closed may confirm with the next one.
func wonWhenClosed(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	for i := range 10 {
		id := fmt.Sprint("c", i)
		w.challenge(t, p.ID, id, Unknown)
		w.verify(t, p.ID, id, Unknown, w.wrong(t, p.secret))
		w.clock.advance(longest)
	}
	want(t, "login", w.recover(t, p.ID, "session", p.codes[0]).OK, true)
	want(t, "sent again", w.recover(t, p.ID, "session", p.codes[0]), Result{Won: true})
	want(t, "closed", w.challenge(t, p.ID, "session", Unknown), Result{Closed: true})
	want(t, "the confirmation", w.recover(t, p.ID, "session", p.codes[1]), Result{OK: true, CodesLeft: 8})
}
