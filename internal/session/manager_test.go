package session

import (
	"net/http"
	"reflect"
	"testing"
	"time"
)

func TestAdvanceKnowsOnlyTheStepsOfTheFlows(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	good := map[[2]Stage]bool{
		{Anonymous, Password}: true, {Anonymous, Enrolling}: true, {Anonymous, Full}: true,
		{Password, Full}: true, {Enrolling, Full}: true, {Full, Full}: true,
	}
	for from := Anonymous; from <= Full+1; from++ {
		for to := Anonymous; to <= Full+1; to++ {
			s := m.Begin("a1", "n", "", 0)
			if from != Anonymous && from <= Full {
				s, _ = w.login(m, "a1", from)
			}
			s.Stage = from
			h := http.Header{}
			next, err := m.Advance(t.Context(), h, s, to, tester)
			if good[[2]Stage{from, to}] {
				if err != nil || next.Stage != to {
					t.Errorf("%d to %d: %v, %v", from, to, next.Stage, err)
				}
				continue
			}
			wantError(t, "a step that no flow has", err, ErrStage)
			if len(h) != 0 || next.Stage != Anonymous {
				t.Errorf("%d to %d: refused, but %v and %v came of it", from, to, h, next)
			}
		}
	}
}

func TestAdvanceBelievesTheStoreNotTheCaller(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	cases := map[string]func(*Session){
		"another stage":   func(s *Session) { s.Stage = Full },
		"another account": func(s *Session) { s.Account = "a2" },
		"another id":      func(s *Session) { s.ID = randomID() },
		"no account":      func(s *Session) { s.Account = "" },
		"not stored":      func(s *Session) { s.token.secret = nil },
	}
	for label, forge := range cases {
		t.Run(label, func(t *testing.T) {
			s, c := w.login(m, "a1", Enrolling)
			forge(&s)
			_, err := m.Advance(t.Context(), http.Header{}, s, Full, tester)
			wantError(t, "Advance", err, ErrStage)
			w.wantStage(m, c, Enrolling)
		})
	}
	_, err := m.Advance(t.Context(), http.Header{}, Session{}, Full, tester)
	wantError(t, "Advance of the zero session", err, ErrStage)
}

func TestWhatSurvivesRotationAndLoading(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s := m.Begin("a1", "Admin@Demo.isp", "owner", 0)
	s.ReturnTo, s.Note = "/customers?page=2", Note{Challenge: true}
	p, _ := w.advance(m, s, Password)
	w.sleep(time.Minute)
	p.CodeAt, p.ReturnTo = w.clock(), ""
	p.End, p.Created, p.Custody = w.clock().Add(99*time.Hour), w.clock(), "mine" // not the caller's to change
	full, c := w.advance(m, p, Full)
	got := w.load(m, c)
	if got.ID != s.ID || got.Custody != s.Custody || !got.Created.Equal(s.Created.Truncate(time.Millisecond)) ||
		!got.End.Equal(s.End.Truncate(time.Millisecond)) {
		t.Errorf("loaded %+v, began as %+v", got, s)
	}
	if got.Name != "Admin@Demo.isp" || got.Role != "owner" || got.ReturnTo != "" || !got.CodeAt.Equal(w.clock()) || !got.Note.Challenge {
		t.Errorf("loaded %+v", got)
	}
	full.Seen = got.Seen
	if !reflect.DeepEqual(full, got) {
		t.Errorf("Advance returned\n%+v, Load\n%+v", full, got)
	}
	if len(got.ID) != 32 || len(got.Custody) != 32 || got.ID == got.Custody {
		t.Errorf("ids %q and %q, want two of 32 hex digits", got.ID, got.Custody)
	}
}

// Whatever Redis still holds.
func TestNobodyIsFullWithoutTheIdleClockOrAfterTheEnd(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	for end := w.clock().Add(12*time.Hour - time.Second); w.clock().Before(end); {
		w.sleep(min(30*time.Minute-time.Second, end.Sub(w.clock())))
		if err := m.Touch(t.Context(), w.wantStage(m, c, Full), true); err != nil {
			t.Fatal(err)
		}
	}
	w.wantStage(m, c, Full)
	w.sleep(2 * time.Second)
	w.wantStage(m, c, Anonymous) // Redis still has it
	_, err := m.Advance(t.Context(), http.Header{}, s, Full, tester)
	wantError(t, "Advance after the absolute end", err, ErrRevoked)

	s, c = w.login(m, "a1", Full)
	w.sleep(30*time.Minute - time.Second)
	w.wantStage(m, c, Full)
	w.sleep(time.Second)
	w.wantStage(m, c, Anonymous)
	_, err = m.Advance(t.Context(), http.Header{}, s, Full, tester)
	wantError(t, "Advance of an idle session", err, ErrRevoked)
	wantError(t, "SetNote of an idle session", m.SetNote(t.Context(), s, Note{Used: "recovery"}), ErrRevoked)
	w.sleep(2 * time.Minute) // a write is due
	if err := m.Touch(t.Context(), s, true); err != nil {
		t.Fatal(err)
	}
	w.wantStage(m, c, Anonymous)
}

func TestS34_TokensDieWithTheirStage(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	for stage, life := range map[Stage]time.Duration{Password: 5 * time.Minute, Enrolling: 20 * time.Minute} {
		s, c := w.login(m, "a1", stage)
		k := keysOf(s.token)
		if ttl := w.client.PTTL(t.Context(), k.record).Val(); ttl <= 0 || ttl > life {
			t.Errorf("%s: %s lives for %s, want at most %s", stage, k.record, ttl, life)
		}
		w.sleep(life - time.Second)
		w.wantStage(m, c, stage)
		w.sleep(2 * time.Second)
		w.wantStage(m, c, Anonymous)
	}
}

func TestTouchWritesOnceAMinute(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	key := keysOf(s.token).record
	touch := func(after time.Duration) (written bool) {
		w.sleep(after)
		s := w.wantStage(m, c, Full)
		before, ends := w.client.Get(t.Context(), key).Val(), w.client.PExpireTime(t.Context(), key).Val()
		if err := m.Touch(t.Context(), s, true); err != nil {
			t.Fatal(err)
		}
		value := w.client.Get(t.Context(), key).Val()
		if value[clockSize:] != before[clockSize:] || w.client.PExpireTime(t.Context(), key).Val() != ends {
			t.Error("a touch changed the record, or its end")
		}
		return value != before
	}
	if touch(59 * time.Second) {
		t.Error("written again within a minute")
	}
	if !touch(2 * time.Second) {
		t.Error("not written after a minute")
	}
	if touch(time.Second) {
		t.Error("written again although just touched")
	}
	if err := m.Touch(t.Context(), Session{}, true); err != nil {
		t.Error("an anonymous visitor's touch:", err)
	}
}

// TestPollingAloneEndsASession: GETs by scripts keep a session alive for 2 × idle after the last thing that a person did (T16).
func TestPollingAloneEndsASession(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	written := func(acted bool) bool {
		t.Helper()
		w.sleep(5 * time.Minute)
		before := w.client.Get(t.Context(), keysOf(s.token).record).Val()
		if err := m.Touch(t.Context(), w.wantStage(m, c, Full), acted); err != nil {
			t.Fatal(err)
		}
		return w.client.Get(t.Context(), keysOf(s.token).record).Val() != before
	}
	for round := range 2 { // idle is 30 minutes
		for n := 1; n < 12; n++ {
			if !written(false) {
				t.Errorf("round %d: a poll after %d minutes does not count", round, 5*n)
			}
		}
		if written(false) {
			t.Errorf("round %d: a poll after an hour counts", round)
		}
		if !written(true) {
			t.Errorf("round %d: a person does not count", round)
		}
	}
}
