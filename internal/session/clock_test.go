package session

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	at := time.UnixMilli(1800000000123)
	for label, c := range map[string]clock{
		"a person":         {at, at},
		"a script":         {at, at.Add(-59 * time.Minute)},
		"after a year":     {at, at.AddDate(-1, 0, 0)},
		"a clock that ran": {at, at.Add(time.Second)},
		"in a century":     {at.AddDate(100, 0, 0), at},
		"at the epoch":     {time.UnixMilli(0), at},
	} {
		got, sealed, err := readClock(string(c.bytes()) + "sealed")
		if err != nil || !got.seen.Equal(c.seen) || !got.acted.Equal(c.acted) || sealed != "sealed" {
			t.Errorf("%s: %v, %q, %v; want %v", label, got, sealed, err, c)
		}
	}
	if got, _, err := readClock(string(clock{}.bytes())); err != nil || !newWorld(t).node().idle(got) {
		t.Errorf("the zero clock is %v, %v", got, err)
	}
}

// skewed is a node whose clock is off.
func (w *world) skewed(by time.Duration) *Manager {
	o := w.options()
	o.Now = func() time.Time { return w.clock().Add(by) }
	return New(o)
}

// TestTouchOfManyNodes: requests that arrive at several nodes at once move the clock once. They keep no note, rotation or end from
// being written, and undo none.
func TestTouchOfManyNodes(t *testing.T) {
	w := newWorld(t)
	nodes := []*Manager{w.node(), w.node(), w.node(), w.node(), w.node(), w.node()}
	change := map[string]func(s Session) error{
		"note": func(s Session) error { return nodes[0].SetNote(context.Background(), s, Note{Used: "mark"}) },
		"rotation": func(s Session) error {
			_, err := nodes[0].Advance(context.Background(), http.Header{}, s, Full, tester)
			return err
		},
		"end": func(s Session) error { return nodes[0].End(context.Background(), nil, s) },
	}
	after := map[string]func(t *testing.T, s Session, c *http.Cookie){
		"note": func(t *testing.T, s Session, c *http.Cookie) {
			got := w.load(nodes[1], c)
			if got.Note.Used != "mark" || !got.Seen.Equal(w.clock()) || w.client.PTTL(t.Context(), keysOf(s.token).record).Val() <= 0 {
				t.Errorf("a note or an activity is lost, or the record lives for ever: %+v, seen %s", got.Note, got.Seen)
			}
		},
		"rotation": func(t *testing.T, s Session, _ *http.Cookie) {
			old := keysOf(s.token).record
			if at, _, err := readClock(w.client.Get(t.Context(), old).Val()); err != nil || !nodes[1].stopped(at) {
				t.Errorf("the clock of a retired token runs: %v, %v", at, err)
			}
			if left := w.client.PTTL(t.Context(), old).Val(); left <= 0 || left > grace {
				t.Errorf("a retired token lives for %s", left)
			}
		},
		"end": func(t *testing.T, s Session, _ *http.Cookie) {
			if w.client.Exists(t.Context(), keysOf(s.token).record).Val() != 0 {
				t.Error("an ended session is back")
			}
		},
	}
	for label, do := range change {
		t.Run(label, func(t *testing.T) {
			for range 60 {
				s, c := w.login(nodes[0], "a1", Full)
				w.sleep(2 * time.Minute)
				s = w.load(nodes[0], c)
				var all sync.WaitGroup
				for n, m := range nodes {
					all.Go(func() {
						if err := m.Touch(context.Background(), s, n%2 == 0); err != nil {
							t.Errorf("touch: %v", err)
						}
					})
				}
				all.Go(func() {
					if err := do(s); err != nil {
						t.Errorf("%s: %v", label, err)
					}
				})
				all.Wait()
				after[label](t, s, c)
			}
		})
	}
}

// TestClockRunsForwards: what another node wrote is not taken back by one that knew less, or whose clock is behind.
func TestClockRunsForwards(t *testing.T) {
	w := newWorld(t)
	m, ahead := w.node(), w.skewed(10*time.Minute)
	_, c := w.login(m, "a1", Full)
	w.sleep(25 * time.Minute)
	before := w.load(m, c)
	w.sleep(time.Second)
	if err := ahead.Touch(t.Context(), w.load(ahead, c), true); err != nil {
		t.Fatal(err)
	}
	at := w.load(ahead, c)
	for _, acted := range []bool{false, true} {
		if err := m.Touch(t.Context(), before, acted); err != nil {
			t.Fatal(err)
		}
		if got := w.load(ahead, c); got.Seen.Before(at.Seen) || got.Acted.Before(at.Acted) {
			t.Errorf("acted %v: the clock went back by %s, %s", acted, at.Seen.Sub(got.Seen), at.Acted.Sub(got.Acted))
		}
	}
}

// TestPollingOfFractions: the time since a person acted is kept to the millisecond, however often it is written.
func TestPollingOfFractions(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Idle = time.Second
	m := New(o)
	_, c := w.login(m, "a1", Full)
	lived := time.Duration(0)
	for s := w.load(m, c); s.Stage == Full && lived < 10*time.Second; s = w.load(m, c) {
		if err := m.Touch(t.Context(), s, false); err != nil {
			t.Fatal(err)
		}
		w.sleep(900 * time.Millisecond)
		lived += 900 * time.Millisecond
	}
	if lived > 4*time.Second {
		t.Errorf("polling alone kept a session for %s, where idle is 1 s", lived)
	}
}

// TestListOfANodeAhead: a session that is idle for one node alone is not struck off the list.
func TestListOfANodeAhead(t *testing.T) {
	w := newWorld(t)
	m, ahead := w.node(), w.skewed(2*time.Second)
	_, c := w.login(m, "a1", Full)
	w.sleep(30*time.Minute - time.Second)
	if cards, err := ahead.List(t.Context(), "a1"); err != nil || len(cards) != 0 {
		t.Fatalf("List = %v, %v", cards, err)
	}
	if err := m.Touch(t.Context(), w.wantStage(m, c, Full), true); err != nil {
		t.Fatal(err)
	}
	s := w.wantStage(ahead, c, Full)
	for label, node := range map[string]*Manager{"behind": m, "ahead": ahead} {
		if alive, err := node.Alive(t.Context(), s); err != nil || !alive {
			t.Errorf("%s: Alive = %v, %v", label, alive, err)
		}
	}
}
