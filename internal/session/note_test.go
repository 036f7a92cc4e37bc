package session

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func (w *world) setNote(m *Manager, s Session, n Note) {
	w.t.Helper()
	if err := m.SetNote(w.t.Context(), s, n); err != nil {
		w.t.Fatalf("SetNote: %v", err)
	}
}

func TestS26_PendingSecretBelongsToOneSessionAndDiesWithRotation(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	for _, stage := range []Stage{Full, Enrolling} {
		_, mine := w.login(m, "a1", stage)
		_, other := w.login(m, "a1", stage) // the same person in another browser
		pending := &Pending{Secret: "JBSWY3DPEHPK3PXP", Made: w.clock().UTC()}
		w.setNote(m, w.load(m, mine), Note{Pending: pending, IdentityDue: "mark"})
		if got := w.load(m, mine).Note.Pending; !reflect.DeepEqual(got, pending) {
			t.Fatalf("loaded %+v, want %+v", got, pending)
		}
		if got := w.load(m, other).Note.Pending; got != nil {
			t.Errorf("another session sees %+v", got)
		}
		next, rotated := w.advance(m, w.load(m, mine), Full)
		if next.Note.Pending != nil || w.load(m, rotated).Note.Pending != nil || w.load(m, mine).Note.Pending != nil {
			t.Error("the pending secret survived a rotation")
		}
		if w.load(m, rotated).Note.IdentityDue == "" {
			t.Error("the mark did not survive the rotation")
		}
	}
}

func TestS26_PendingSecretIsGoneAtLogout(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	w.setNote(m, s, Note{Pending: &Pending{Secret: "JBSWY3DPEHPK3PXP"}})
	if err := m.End(t.Context(), nil, w.load(m, c)); err != nil {
		t.Fatal(err)
	}
	if left := w.keysLike(s.token.digest()); len(left) != 0 {
		t.Errorf("left in Redis: %q", left)
	}
	wantError(t, "SetNote after the end", m.SetNote(t.Context(), s, s.Note), ErrRevoked)
	if left := w.keysLike(s.token.digest()); len(left) != 0 {
		t.Errorf("SetNote brought back: %q", left)
	}
}

func TestMarksAreNotLostToRaces(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	notes := []Note{{Challenge: true}, {As: "id:2"}, {IdentityDue: "mark"}, {RecoveryOnly: true}, {Offered: true, Used: "recovery"}}
	var group sync.WaitGroup
	for _, n := range notes { // all of them loaded the session before any wrote
		group.Go(func() {
			if err := m.SetNote(t.Context(), s, n); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	want := Note{Challenge: true, As: "id:2", IdentityDue: "mark", RecoveryOnly: true, Offered: true, Used: "recovery"}
	if got := w.load(m, c).Note; got != want {
		t.Errorf("the note is %+v, want %+v", got, want)
	}
	_, rotated := w.advance(m, s, Full) // s still has the empty note
	if got := w.load(m, rotated).Note; got != want {
		t.Errorf("after the rotation the note is %+v, want %+v", got, want)
	}
	s = w.load(m, rotated)
	s.Note.IdentityDue, s.Note.Used = "", ""
	w.setNote(m, s, s.Note)
	want.IdentityDue, want.Used = "", ""
	if got := w.load(m, rotated).Note; got != want {
		t.Errorf("after taking two marks away the note is %+v, want %+v", got, want)
	}
}

// TestS15_AMarkIsTakenBackByWhoSawIt: a probe that began before a password was sent says nothing of the time after it.
func TestS15_AMarkIsTakenBackByWhoSawIt(t *testing.T) {
	for _, seen := range []string{"", "first"} {
		w := newWorld(t)
		m := w.node()
		s, c := w.login(m, "a1", Full)
		if seen != "" {
			w.setNote(m, s, Note{IdentityDue: seen})
		}
		probing := w.load(m, c)
		w.setNote(m, w.load(m, c), Note{IdentityDue: "second"})
		w.setNote(m, probing, Note{Used: "x"}) // it takes back what it came with
		if got := w.load(m, c).Note.IdentityDue; got != "second" {
			t.Errorf("with the mark %q loaded, the later one became %q", seen, got)
		}
		w.setNote(m, w.load(m, c), Note{})
		if got := w.load(m, c).Note.IdentityDue; got != "" {
			t.Errorf("%q is left by a probe that came with it", got)
		}
	}
}

func TestSetNoteFollowsARotation(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	old, c := w.login(m, "a1", Full)
	_, rotated := w.advance(m, old, Full)
	w.setNote(m, old, Note{IdentityDue: "mark"})
	for label, c := range map[string]*http.Cookie{"old": c, "new": rotated} {
		if w.load(m, c).Note.IdentityDue == "" {
			t.Errorf("the mark is lost for the %s token", label)
		}
	}
	p, _ := w.login(m, "a1", Password)
	w.advance(m, p, Full)
	wantError(t, "SetNote across a raise", m.SetNote(t.Context(), p, Note{Used: "x"}), ErrRetired)
	wantError(t, "SetNote of nobody", m.SetNote(t.Context(), Session{}, Note{Used: "x"}), ErrStage)
}

// A mark that restricts the session cannot be lost alone: not to eviction, and not to somebody who puts back what was before it.
func TestALostNoteEndsTheSession(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	w.setNote(m, s, Note{Challenge: true}) // may reach the panel's challenge routes only
	for _, key := range w.keysLike(s.token.digest()) {
		value, ttl := w.client.Get(t.Context(), key).Val(), w.client.PTTL(t.Context(), key).Val()
		w.client.Del(t.Context(), key)
		w.wantStage(m, c, Anonymous)
		w.client.Set(t.Context(), key, value, ttl)
		if got := w.wantStage(m, c, Full); !got.Note.Challenge {
			t.Errorf("without %s for a moment, the note is %+v", key, got.Note)
		}
	}
}

// SetNote writes nothing but the note, and the record dies when it was to die.
func TestSetNoteKeepsTheRecord(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	for _, stage := range []Stage{Password, Full} {
		s, c := w.login(m, "a1", stage)
		w.sleep(time.Minute)
		key, before := keysOf(s.token).record, w.load(m, c)
		for _, used := range []string{"recovery", "x"} {
			w.setNote(m, s, Note{Used: used})
			if ttl, left := w.client.PTTL(t.Context(), key).Val(), s.until.Sub(w.clock()); ttl <= left-time.Minute || ttl > left {
				t.Errorf("%s: the record lives for %s, want %s", stage, ttl, left)
			}
			got := w.load(m, c)
			if got.Note.Used != used {
				t.Errorf("%s: the note is %+v", stage, got.Note)
			}
			got.Note, got.loaded = before.Note, before.loaded
			if !reflect.DeepEqual(got, before) {
				t.Errorf("%s: SetNote made\n%+v of\n%+v", stage, got, before)
			}
		}
		w.sleep(s.until.Sub(w.clock()))
		wantError(t, "SetNote after the end", m.SetNote(t.Context(), s, s.Note), ErrRevoked)
	}
}

func TestJarIsClaimedOnce(t *testing.T) {
	w := newWorld(t)
	m, elsewhere := w.node(), w.node()
	s := m.Begin("a1", "n", "", 0)
	if err := m.Park(t.Context(), s, []byte("panel_session=SECRET"), 5*time.Minute); err != nil {
		t.Fatal(err)
	}
	p, _ := w.advance(m, s, Password)
	full, _ := w.advance(m, p, Full)
	if raw := w.client.Get(t.Context(), jarKey(full)).Val(); raw == "" || len(raw) < 20 || strings.Contains(raw, "SECRET") {
		t.Errorf("parked as %q", raw)
	}
	got := make(chan string, 20)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			jar, err := []*Manager{m, elsewhere}[i%2].Claim(t.Context(), full)
			if err != nil {
				t.Error(err)
			}
			if jar != nil {
				got <- string(jar)
			}
		})
	}
	group.Wait()
	close(got)
	var all []string
	for jar := range got {
		all = append(all, jar)
	}
	if !reflect.DeepEqual(all, []string{"panel_session=SECRET"}) {
		t.Errorf("20 claims got %q, want the jar once", all)
	}
}

func TestJarIsBoundToItsSession(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	a, b := m.Begin("a1", "n", "", 0), m.Begin("a1", "n", "", 0)
	for i, s := range []Session{a, b} {
		if err := m.Park(t.Context(), s, fmt.Append(nil, "jar ", i), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.client.Rename(t.Context(), jarKey(a), jarKey(b)).Err(); err != nil {
		t.Fatal(err)
	}
	for label, s := range map[string]Session{"stolen": b, "gone": a, "nobody's": {}} {
		if jar, err := m.Claim(t.Context(), s); jar != nil || err != nil {
			t.Errorf("%s jar: %q, %v; want none", label, jar, err)
		}
	}
	for _, ttl := range []time.Duration{0, -time.Second} {
		if m.Park(t.Context(), a, []byte("x"), ttl) == nil {
			t.Errorf("parked for %s: Redis would keep it for ever", ttl)
		}
	}
}

func TestListShowsTheLiving(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	one, c := w.login(m, "a1", Full)
	w.sleep(time.Minute)
	two, _ := w.login(m, "a1", Password)
	idle, _ := w.login(m, "a1", Full)
	ended, _ := w.login(m, "a1", Full)
	w.login(m, "a2", Full)
	one, _ = w.advance(m, w.load(m, c), Full)
	w.stop(idle)
	if err := m.End(t.Context(), nil, ended); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		cards, err := w.node().List(t.Context(), "a1")
		if err != nil {
			t.Fatal(err)
		}
		if len(cards) != 2 || cards[0].ID != one.ID || cards[1].ID != two.ID || cards[1].Stage != Password {
			t.Fatalf("List = %+v, want %s and %s", cards, one.ID, two.ID)
		}
		if cards[0].Address != tester.Address || cards[0].UserAgent != tester.UserAgent || !cards[0].Created.Equal(one.Created) {
			t.Errorf("the card is %+v", cards[0])
		}
	}
	if n := w.cardsKept(one); n != 2 {
		t.Errorf("%d cards are kept, want the 2 living", n)
	}
}

func TestListForgetsWhatLoginsLeaveBehind(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	var last Session
	for range 200 {
		last, _ = w.login(m, "a1", Password)
		w.stop(last)
	}
	if n := w.client.StrLen(t.Context(), keysOf(last.token).index).Val(); n > sweepEvery {
		t.Errorf("%d bytes of dead sessions' cards are kept, want at most %d", n, sweepEvery)
	}
}
