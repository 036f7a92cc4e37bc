package account

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func budgetOfADay(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	wrong := func() Result {
		w.challenge(t, p.ID, fmt.Sprint("c", w.clock.now()), Unknown)
		return w.verify(t, p.ID, fmt.Sprint("c", w.clock.now()), Unknown, w.wrong(t, p.secret))
	}
	for n := 1; n <= 5; n++ {
		if res := wrong(); res.OK || res.Wait != 0 || res.Closed {
			t.Fatalf("failure %d: %+v", n, res)
		}
	}
	for n, wait := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute} {
		tooEarly(t, w, p, 5-n, wait)
		w.clock.advance(wait - time.Millisecond)
		tooEarly(t, w, p, 5-n, time.Millisecond)
		w.clock.advance(time.Millisecond)
		want(t, "closed by this failure", wrong().Closed, n == 4)
	}
	w.clock.advance(time.Hour)
	want(t, "the eleventh", w.challenge(t, p.ID, "late", Unknown), Result{Closed: true})
	want(t, "another browser", w.challenge(t, p.ID, "own", "browser 1"), Result{OK: true, Left: 5})
	want(t, "the owner's own browser", w.verify(t, p.ID, "own", "browser 1", w.code(t, p.secret)).OK, true)
	want(t, "the other pool stays closed", w.challenge(t, p.ID, "late", Unknown), Result{Closed: true})
	w.clock.advance(day)
	want(t, "a day later", w.challenge(t, p.ID, "late", Unknown).OK, true)
	want(t, "a challenge opened early, used too late", w.verify(t, p.ID, "nobody", Unknown, "000000"), Result{Over: true})
}

// tooEarly opens challenges in a wait and offers each the right code: nothing is compared, spent, counted or reset.
func tooEarly(t *testing.T, w *world, p person, left int, wait time.Duration) {
	t.Helper()
	compared, tries := w.compares.Load(), w.failures(t, 0)
	for _, id := range []string{"early", "earlier", "earliest", "early again", "early again"} {
		want(t, "opened in the wait", w.challenge(t, p.ID, id, Unknown), Result{OK: true, Left: left})
		for range 2 {
			want(t, "too early", w.verify(t, p.ID, id, Unknown, w.code(t, p.secret)), Result{Left: 5, Wait: wait})
		}
	}
	want(t, "comparisons in the wait", w.compares.Load(), compared)
	want(t, "failures in the wait", w.failures(t, 0), tries)
}

// failures counts the tries that were refunded (1) or not (0).
func (w *world) failures(t testing.TB, refunded int) int {
	t.Helper()
	var n int
	err := w.db.queries().row(t.Context(), `SELECT COUNT(*) FROM failures WHERE refunded = ?`, refunded).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBudgetOfAYear(t *testing.T) {
	for skew, limit := range []int{100, 30, 20} {
		want(t, fmt.Sprint("skew ", skew), yearly(skew), limit)
	}
}

func challengeSlots(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	for _, id := range []string{"a", "b", "c"} {
		w.challenge(t, p.ID, id, Unknown)
		w.clock.advance(time.Second)
	}
	w.challenge(t, p.ID, "x", "browser 1")
	want(t, "wrong in b", w.verify(t, p.ID, "b", Unknown, w.wrong(t, p.secret)), Result{Left: 4})
	want(t, "b opened again keeps its tries", w.challenge(t, p.ID, "b", Unknown), Result{OK: true, Left: 4})
	w.challenge(t, p.ID, "d", Unknown)
	want(t, "the oldest is evicted", w.verify(t, p.ID, "a", Unknown, w.code(t, p.secret)), Result{Over: true})
	want(t, "another pool's stays", w.verify(t, p.ID, "x", "browser 1", w.wrong(t, p.secret)).Left, 4)
	if err := w.EndChallenge(t.Context(), p.ID, "c"); err != nil {
		t.Fatal(err)
	}
	want(t, "ended", w.verify(t, p.ID, "c", Unknown, w.code(t, p.secret)), Result{Over: true})
	w.challenge(t, p.ID, "e", Unknown)
	want(t, "the freed slot evicted nobody", w.verify(t, p.ID, "b", Unknown, w.wrong(t, p.secret)).Left, 3)
	w.clock.advance(challengeLife)
	want(t, "five minutes later", w.verify(t, p.ID, "d", Unknown, w.code(t, p.secret)), Result{Over: true})
	for i := range 20 {
		w.challenge(t, p.ID, fmt.Sprint("many ", i), Unknown)
	}
	var n int
	if err := w.db.queries().row(t.Context(), `SELECT COUNT(*) FROM challenges WHERE pool = 'unknown'`).Scan(&n); err != nil || n != 3 {
		t.Errorf("%d rows, %v", n, err)
	}
	for _, bad := range []Try{{Account: p.ID, Challenge: "c"}, {Account: p.ID, Pool: Unknown}, {Account: p.ID, Pool: recovering, Challenge: "c"}} {
		if res, err := w.Verify(t.Context(), bad); err == nil || res.OK {
			t.Errorf("%+v: %+v, %v", bad, res, err)
		}
	}
	if _, err := w.Challenge(t.Context(), "nobody", "c", Unknown); !errors.Is(err, ErrNotFound) {
		t.Error("a challenge for nobody:", err)
	}
}

func refundOfOwnFailures(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	w.challenge(t, p.ID, "attacker", Unknown)
	w.challenge(t, p.ID, "owner", Unknown)
	wrong := w.wrong(t, p.secret)
	w.verify(t, p.ID, "attacker", Unknown, wrong)
	w.verify(t, p.ID, "attacker", Unknown, wrong)
	w.verify(t, p.ID, "owner", Unknown, wrong)
	want(t, "the owner", w.verify(t, p.ID, "owner", Unknown, w.code(t, p.secret)).OK, true)
	want(t, "failures left, the attacker's", w.failures(t, 0), 2)
	// The same session's next challenge is another one: its success does not refund what the first left.
	w.clock.advance(time.Minute)
	w.challenge(t, p.ID, "session", Unknown)
	w.verify(t, p.ID, "session", Unknown, wrong)
	if err := w.EndChallenge(t.Context(), p.ID, "session"); err != nil {
		t.Fatal(err)
	}
	want(t, "the session again", w.login(t, p, "session").OK, true)
	want(t, "failures left", w.failures(t, 0), 3)
}

func unlock(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	for i := 0; i < 10; i++ {
		id := fmt.Sprint("c", i)
		w.challenge(t, p.ID, id, Unknown)
		w.verify(t, p.ID, id, Unknown, w.wrong(t, p.secret))
		w.clock.advance(longest)
	}
	want(t, "closed", w.challenge(t, p.ID, "x", Unknown), Result{Closed: true})
	if err := w.Unlock(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	want(t, "unlocked", w.challenge(t, p.ID, "x", Unknown), Result{OK: true, Left: 5})
	for range 5 {
		w.verify(t, p.ID, "x", Unknown, w.wrong(t, p.secret))
	}
	want(t, "one challenge, no more", w.challenge(t, p.ID, "y", Unknown), Result{Closed: true})
}

// An attacker with the password, but no device cookie, uses every chance of a year of the clock: from many addresses and sessions,
// at two nodes. The owner comes every second day, from each of his browsers and, a few times, with a recovery code from anywhere.
func TestS23_AttackerForAYear(t *testing.T) {
	for skew, most := range []int{100, 30, 20} {
		t.Run(fmt.Sprint("skew ", skew), func(t *testing.T) {
			w := newWorld(t, sqliteURL(t))
			w.opt.Skew = skew
			a := attack{world: w, nodes: []*Store{w.open(t), w.open(t)}}
			for _, node := range a.nodes {
				node.compared = func() { a.compared++ }
			}
			a.p = w.enabled(t, "alice")
			for range 3 {
				_, token := w.addBrowser(t, a.p, "", 0)
				a.tokens = append(a.tokens, token)
			}
			a.run(t, w.clock.now().Add(year))
			guess := 1 - math.Pow(1-float64(2*skew+1)/1e6, float64(a.compared))
			t.Logf("skew %d: %d challenges opened, %d codes sent, %d compared in 365 days: one of them is right with probability %.4e; the owner came %d times",
				skew, a.opened, a.sent, a.compared, guess, a.logins)
			want(t, "comparisons in a year", a.compared, most)
			want(t, "below 1e-4", guess < 1e-4, true)
			want(t, "he was told", a.told > 0, true)
		})
	}
}

// attack is a year of both.
type attack struct {
	*world
	nodes                                []*Store
	p                                    person
	tokens                               []string
	opened, sent, compared, told, logins int
}

func (a *attack) run(t *testing.T, end time.Time) {
	t.Helper()
	home := a.clock.now()
	for a.clock.now().Before(end) {
		pause := a.burst(t)
		if a.clock.now().Sub(home) >= 2*day {
			home = a.clock.now()
			a.owner(t)
		}
		a.clock.advance(max(pause, time.Second))
	}
}

// burst tries codes in six sessions, three more than the pool has room for, and returns how long nothing will be compared.
func (a *attack) burst(t *testing.T) (pause time.Duration) {
	t.Helper()
	for i := range 6 {
		node := a.nodes[a.opened%2]
		try := Try{Account: a.p.ID, Pool: Unknown, Challenge: fmt.Sprint("attacker ", a.opened), Code: a.wrong(t, a.p.secret)}
		res, err := node.Challenge(t.Context(), a.p.ID, try.Challenge, Unknown)
		if a.opened++; err != nil {
			t.Fatal(err)
		}
		if res.Closed {
			return 8 * time.Hour
		}
		for range min(i+2, 6) {
			if res, err = a.nodes[a.sent%2].Verify(t.Context(), try); err != nil || res.OK {
				t.Fatal(res, err)
			}
			if a.sent++; res.Notice > 0 {
				a.told++
			}
			pause = res.Wait
		}
	}
	return pause
}

func (a *attack) owner(t *testing.T) {
	t.Helper()
	a.logins++
	for i, token := range a.tokens {
		a.clock.advance(2 * time.Minute)
		id := a.recognise(t, a.p.ID, token).ID
		session := fmt.Sprint("owner ", a.logins, i)
		if !a.challenge(t, a.p.ID, session, PoolOf(id)).OK || !a.verify(t, a.p.ID, session, PoolOf(id), a.code(t, a.p.secret)).OK || id == "" {
			t.Fatalf("the owner is locked out of his browser %d", i)
		}
		a.addBrowser(t, a.p, token, 0)
	}
	if a.logins%20 == 0 {
		session := fmt.Sprint("owner anywhere ", a.logins)
		a.challenge(t, a.p.ID, session, Unknown)
		want(t, "a recovery code from anywhere", a.recover(t, a.p.ID, session, a.p.codes[a.logins/20]).OK, true)
	}
}

// Whatever the order of an attacker's and the owner's steps, no window of 365 days holds more than 30 of the attacker's
// comparisons, and every browser of the owner's, and a recovery code, always let him in.
func TestS23_AnyOrder(t *testing.T) {
	w := newWorld(t, "sqlite::memory:")
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		p := w.enabled(t, fmt.Sprint("victim ", n))
		w.clock.advance(time.Minute)
		var compared []time.Time
		_, token := w.addBrowser(t, p, "", 0)
		tokens, seen := []string{token}, map[string]time.Time{token: w.clock.now()}
		rt.Repeat(map[string]func(*rapid.T){
			"attack": func(rt *rapid.T) {
				id := fmt.Sprint("a", rapid.IntRange(0, 5).Draw(rt, "session"))
				w.challenge(t, p.ID, id, Unknown)
				before := w.compares.Load()
				res := w.verify(t, p.ID, id, Unknown, w.wrong(t, p.secret))
				if w.compares.Load() == before {
					return
				}
				if now := w.clock.now(); res.Wait > 0 || now.Before(allowed(compared, now)) {
					rt.Fatalf("compared too early: %+v after %v", res, compared)
				}
				compared = append(compared, w.clock.now())
			},
			"wait": func(rt *rapid.T) {
				w.clock.advance(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, longest, day, 30 * day, 300 * day}).Draw(rt, "for"))
			},
			"owner": func(rt *rapid.T) {
				w.clock.advance(90 * time.Second)
				token := rapid.SampledFrom(tokens).Draw(rt, "browser")
				b := w.recognise(t, p.ID, token)
				if last := seen[token]; b.ID == "" && !w.clock.now().Before(last.Add(browserLife)) {
					return // nobody came there for a year
				}
				pool := PoolOf(b.ID)
				w.challenge(t, p.ID, "o", pool)
				if pool == Unknown || !w.verify(t, p.ID, "o", pool, w.code(t, p.secret)).OK {
					rt.Fatal("the owner is locked out of his browser")
				}
				w.addBrowser(t, p, token, 0)
				seen[token] = w.clock.now()
			},
			"owner elsewhere": func(rt *rapid.T) {
				w.clock.advance(90 * time.Second)
				if w.challenge(t, p.ID, "e", Unknown).OK && w.verify(t, p.ID, "e", Unknown, w.code(t, p.secret)).OK {
					_, token := w.addBrowser(t, p, "", 0)
					tokens, seen[token] = append(tokens, token), w.clock.now()
				}
			},
			"owner without the phone": func(rt *rapid.T) {
				code := p.codes[0]
				if p.codes = p.codes[1:]; !w.recover(t, p.ID, fmt.Sprint("r", len(p.codes)), code).OK {
					rt.Fatal("a recovery code does not let the owner in")
				}
				if len(p.codes) > 0 {
					return
				}
				codes, err := w.Regenerate(t.Context(), p.ID)
				_, token := w.addBrowser(t, p, tokens[0], 0)
				if p.codes, tokens, seen[token] = codes, []string{token}, w.clock.now(); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(rt *rapid.T) {
				in := 0
				for _, at := range compared {
					if at.After(w.clock.now().Add(-year)) {
						in++
					}
				}
				if in > 30 {
					rt.Fatalf("%d comparisons in a year", in)
				}
			},
		})
	})
}

// allowed is when a pool with these failures may compare again, as far as its day and its waits go (design 5).
func allowed(failures []time.Time, now time.Time) time.Time {
	today := 0
	for _, at := range failures {
		if at.After(now.Add(-24 * time.Hour)) {
			today++
		}
	}
	switch {
	case today < 5:
		return now
	case today >= 10:
		return now.Add(time.Hour)
	}
	return failures[len(failures)-1].Add(30 * time.Second << (today - 5))
}
