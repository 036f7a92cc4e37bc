package account

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func stepIsSpentOnce(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	w.clock.advance(5 * time.Minute)
	before, _ := p.secret.codeAt(stepAt(w.clock.now()) - 1)
	now := w.code(t, p.secret)
	for _, id := range []string{"one", "two"} {
		w.challenge(t, p.ID, id, Unknown)
	}
	first := w.verify(t, p.ID, "one", Unknown, now)
	want(t, "the first use", first, Result{OK: true, Step: stepAt(w.clock.now()), CodesLeft: 10})
	node := w.node(t)
	for what, code := range map[string]string{"the same code": now, "the step before": before} {
		res, err := node.Verify(t.Context(), Try{Account: p.ID, Pool: Unknown, Challenge: "two", Code: code})
		if err != nil || res.OK {
			t.Errorf("%s: %+v, %v", what, res, err)
		}
	}
	next, _ := p.secret.codeAt(stepAt(w.clock.now()) + 1)
	want(t, "the step after", w.verify(t, p.ID, "two", Unknown, next).OK, true)
}

func spentOutlivesTheFactor(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	want(t, "login", w.login(t, p, "one").OK, true)
	if err := w.Disable(t.Context(), p.ID, "one"); err != nil {
		t.Fatal(err)
	}
	try := Try{Account: p.ID, Challenge: "one", Code: w.code(t, p.secret)}
	codes, res, err := w.Enable(t.Context(), try, p.secret)
	if err != nil || res.OK || codes != nil {
		t.Fatal("a spent step enabled:", res, err)
	}
	want(t, "state", w.get(t, p.ID).State, None)
	w.clock.advance(30 * time.Second)
	try.Code = w.code(t, p.secret)
	if _, res, err = w.Enable(t.Context(), try, p.secret); err != nil || !res.OK {
		t.Fatal("the next step:", res, err)
	}
	want(t, "login with the code that enabled", w.login(t, p, "two").OK, false)
}

// crowd is how many work at once at the most: more would only wait for one row, and on a slow machine longer than a request may.
const crowd = 64

// atOnce runs fn n times in parallel and returns how many were OK.
func atOnce(t *testing.T, n int, fn func(i int) (Result, error)) int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	won, start, room := 0, make(chan struct{}), make(chan struct{}, crowd)
	for i := range n {
		wg.Go(func() {
			<-start
			room <- struct{}{}
			defer func() { <-room }()
			res, err := fn(i)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if res.OK {
				won++
			}
		})
	}
	close(start)
	wg.Wait()
	return won
}

// Each use comes from a browser of its own, so that no budget stops it before the step is spent.
func fiftyUsesOfOneCode(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	for round := range 20 {
		for i := range 50 {
			if res := w.challenge(t, p.ID, fmt.Sprint("c", i), Pool(fmt.Sprint("browser ", i))); !res.OK {
				t.Fatalf("round %d: %+v", round, res)
			}
		}
		before, code := w.compares.Load(), w.code(t, p.secret)
		won := atOnce(t, 50, func(i int) (Result, error) {
			return w.Verify(t.Context(), Try{Account: p.ID, Pool: Pool(fmt.Sprint("browser ", i)), Challenge: fmt.Sprint("c", i), Code: code})
		})
		if compared := w.compares.Load() - before; won != 1 || compared != 50 {
			t.Fatalf("round %d: %d successes of %d comparisons", round, won, compared)
		}
		w.clock.advance(20 * day)
	}
}

// rounds is 100, as S21 wants, on the database that most installations have; on the others, which share its code, it is fewer.
func rounds(w *world, fewer int) int {
	if w.db.kind == &sqlite && !w.inMemory() {
		return 100
	}
	return fewer
}

func fiftyUsesOfOneRecoveryCode(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	for round := range 20 {
		n := round % len(p.codes)
		if round > 0 && n == 0 {
			var err error
			if p.codes, err = w.Regenerate(t.Context(), p.ID); err != nil {
				t.Fatal(err)
			}
		}
		won := atOnce(t, 50, func(i int) (Result, error) {
			return w.Recover(t.Context(), Try{Account: p.ID, Pool: Unknown, Challenge: fmt.Sprint(round, "-", i), Code: p.codes[n]})
		})
		if won != 1 {
			t.Fatalf("round %d: %d successes", round, won)
		}
		want(t, "codes left", w.get(t, p.ID).CodesLeft, len(p.codes)-n-1)
	}
}

// Five hundred wrong codes at once, at two nodes: what the pool allows is compared, and no more.
func parallelGuesses(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	wrong := w.wrong(t, p.secret)
	nodes := []*Store{w.Store, w.node(t)}
	errs := atomic.Int64{}
	guess := func(i int) (Result, error) {
		res, err := nodes[i%2].Verify(t.Context(), Try{Account: p.ID, Pool: Unknown, Challenge: fmt.Sprint("c", i%3), Code: wrong})
		if errors.Is(err, context.DeadlineExceeded) { // closed, too
			errs.Add(1)
			err = nil
		}
		return res, err
	}
	for round := range rounds(w, 1) {
		for i := range 3 {
			w.challenge(t, p.ID, fmt.Sprint("c", i), Unknown)
		}
		before := w.compares.Load()
		errs.Store(0)
		want(t, "successes", atOnce(t, 500, guess), 0)
		if n := w.compares.Load() - before; n != freely || errs.Load() > 450 {
			t.Fatalf("round %d: %d comparisons before any wait; %d of 500 calls ran out of time", round, n, errs.Load())
		}
		if round%10 == 0 {
			w.guessInTheWait(t, p, guess)
		}
		w.clock.advance(year)
		wrong = w.wrong(t, p.secret)
	}
}

func (w *world) guessInTheWait(t *testing.T, p person, guess func(int) (Result, error)) {
	t.Helper()
	before := w.compares.Load()
	want(t, "successes in the wait", atOnce(t, 50, func(i int) (Result, error) {
		id := fmt.Sprint("in the wait ", i)
		if res, err := w.Challenge(t.Context(), p.ID, id, Unknown); err != nil || !res.OK {
			return Result{}, fmt.Errorf("open %s: %+v, %w", id, res, err)
		}
		return w.Verify(t.Context(), Try{Account: p.ID, Pool: Unknown, Challenge: id, Code: w.code(t, p.secret)})
	}), 0)
	want(t, "comparisons in the wait", w.compares.Load()-before, 0)
	w.clock.advance(firstWait)
	for i := range 3 { // those in the wait evicted them
		w.challenge(t, p.ID, fmt.Sprint("c", i), Unknown)
	}
	want(t, "successes", atOnce(t, 50, guess), 0)
	want(t, "comparisons after the first wait", w.compares.Load()-before, 1)
}

// What is refused, or was too late, costs the database a look and no write: guesses without end fill no disk.
func refusedWritesNothing(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	w.challenge(t, p.ID, "c", Unknown)
	w.challenge(t, p.ID, "d", "browser 1")
	code := w.code(t, p.secret)
	want(t, "login", w.verify(t, p.ID, "d", "browser 1", code).OK, true)
	turns := func() (n int) {
		if err := w.db.queries().row(t.Context(), `SELECT SUM(turn) FROM budgets`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := turns()
	want(t, "a spent code", w.verify(t, p.ID, "c", Unknown, code), Result{Left: 4})
	want(t, "turns of its reservation", turns()-before, 1)
	for range freely - 1 {
		w.verify(t, p.ID, "c", Unknown, w.wrong(t, p.secret))
	}
	before = turns()
	want(t, "over", w.verify(t, p.ID, "c", Unknown, code), Result{Over: true})
	want(t, "won", w.verify(t, p.ID, "d", "browser 1", code), Result{Won: true})
	w.challenge(t, p.ID, "e", Unknown)
	opened := turns()
	want(t, "in the wait", w.verify(t, p.ID, "e", Unknown, code).Wait, firstWait)
	want(t, "turns of what was refused", turns()-opened, 0)
	want(t, "turns of a challenge", opened-before, 1)
}

// Between the comparison and the spending an administrator ends the account's sessions.
func changedMeanwhile(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	w.challenge(t, p.ID, "c", Unknown)
	w.Store.compared = func() {
		if err := w.Revoke(t.Context(), p.ID); err != nil {
			t.Error(err)
		}
	}
	want(t, "verify", w.verify(t, p.ID, "c", Unknown, w.code(t, p.secret)), Result{Left: 4})
	w.Store.compared = func() {}
	want(t, "afterwards", w.verify(t, p.ID, "c", Unknown, w.code(t, p.secret)).OK, true)
}

func refusedAndCounted(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	w.challenge(t, p.ID, "c", Unknown)
	before := w.compares.Load()
	for i, code := range []string{"１２３４５６", "12345", "1234567", "12345678", ""} {
		res := w.verify(t, p.ID, "c", Unknown, code)
		want(t, fmt.Sprintf("%q", code), res, Result{Left: 4 - i, Over: i == 4, Notice: map[int]int{2: 3}[i]})
	}
	want(t, "comparisons", w.compares.Load(), before)
	want(t, "the right code, too late", w.verify(t, p.ID, "c", Unknown, w.code(t, p.secret)), Result{Over: true})
	want(t, "a new challenge after five", w.challenge(t, p.ID, "d", Unknown), Result{OK: true, Left: 5})
	want(t, "its right code", w.verify(t, p.ID, "d", Unknown, w.code(t, p.secret)), Result{Left: 5, Wait: firstWait})
	want(t, "comparisons", w.compares.Load(), before)
}

func TestS22_ClosedWhenTheDatabaseIsLocked(t *testing.T) {
	w := newWorld(t, sqliteURL(t))
	p := w.enabled(t, "alice")
	w.challenge(t, p.ID, "c", Unknown)
	holder := w.open(t)
	tx, err := holder.db.write.Begin()
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]func() (bool, error){
		"Meet": func() (bool, error) {
			a, err := w.Meet(t.Context(), Identity{Name: "new"})
			return a != Account{}, err
		},
		"Challenge": func() (bool, error) {
			res, err := w.Challenge(t.Context(), p.ID, "d", Unknown)
			return res.OK, err
		},
		"Verify": func() (bool, error) {
			res, err := w.Verify(t.Context(), Try{Account: p.ID, Pool: Unknown, Challenge: "c", Code: w.code(t, p.secret)})
			return res.OK, err
		},
		"Recover": func() (bool, error) {
			res, err := w.Recover(t.Context(), Try{Account: p.ID, Pool: Unknown, Challenge: "c", Code: p.codes[0]})
			return res.OK, err
		},
		"Disable": func() (bool, error) { return false, w.Disable(t.Context(), p.ID, "c") },
	}
	var wg sync.WaitGroup
	for name, call := range calls {
		wg.Go(func() {
			begin := time.Now()
			if ok, err := call(); ok || err == nil {
				t.Errorf("%s with the database locked: %v, %v", name, ok, err)
			}
			if took := time.Since(begin); took > 2500*time.Millisecond {
				t.Errorf("%s took %v", name, took)
			}
		})
	}
	wg.Wait()
	want(t, "reading goes on", w.get(t, p.ID).State, Active)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	want(t, "login afterwards", w.verify(t, p.ID, "c", Unknown, w.code(t, p.secret)).OK, true)
}
