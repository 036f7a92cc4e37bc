package session

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// commands counts what Redis was asked so far, by command.
func (w *world) commands(name string) int {
	w.t.Helper()
	text, err := w.client.Info(context.Background(), "commandstats").Result()
	if err != nil {
		w.t.Fatal(err)
	}
	_, rest, found := strings.Cut(text, "cmdstat_"+name+":calls=")
	if !found {
		return 0
	}
	number, _, _ := strings.Cut(rest, ",")
	n, err := strconv.Atoi(number)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) wantRecent(m *Manager, c *http.Cookie, stage Stage, mgets int) Session {
	w.t.Helper()
	before := w.commands("mget")
	s, err := m.Recent(context.Background(), request(c))
	if err != nil || s.Stage != stage {
		w.t.Errorf("%s, %v; want %s", s.Stage, err, stage)
	}
	if n := w.commands("mget") - before; n != mgets {
		w.t.Errorf("%d times Redis was asked, want %d", n, mgets)
	}
	return s
}

// TestRecent: one MGET for a page and all that it loads, and not a moment longer than 800 ms.
func TestRecent(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	_, c := w.login(m, "a1", Full)
	w.sleep(time.Millisecond)
	before := w.commands("mget")
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			if s, err := m.Recent(t.Context(), request(c)); err != nil || s.Name != "a1@example.net" {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	all.Wait()
	if n := w.commands("mget") - before; n != 1 {
		t.Errorf("30 requests at once: Redis was asked %d times", n)
	}
	w.sleep(799 * time.Millisecond)
	w.wantRecent(m, c, Full, 0)
	w.sleep(time.Millisecond)
	w.wantRecent(m, c, Full, 1)
	other := *c
	other.Value = strings.Repeat("A", len(c.Value))
	w.wantRecent(m, &other, Anonymous, 0) // forged
	w.wantRecent(m, c, Full, 0)
}

// TestS33_Recent: what this node ends or changes counts at once, and what others revoke with the next poll.
func TestS33_Recent(t *testing.T) {
	w := newWorld(t)
	m, elsewhere := w.node(), w.node()
	s, c := w.login(m, "a1", Full)
	w.sleep(time.Millisecond)
	w.wantRecent(m, c, Full, 1)
	if err := m.SetNote(t.Context(), s, Note{IdentityDue: "due"}); err != nil {
		t.Fatal(err)
	}
	w.sleep(time.Millisecond)
	if s := w.wantRecent(m, c, Full, 1); s.Note.IdentityDue == "" {
		t.Error("a mark of this node is not seen")
	}
	if err := m.End(t.Context(), nil, s); err != nil {
		t.Fatal(err)
	}
	w.wantRecent(m, c, Anonymous, 0)

	_, c = w.login(m, "a2", Full)
	w.sleep(time.Millisecond)
	w.wantRecent(m, c, Full, 1)
	w.revoke("a2")
	if err := m.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantRecent(m, c, Anonymous, 0)

	s, c = w.login(m, "a3", Full)
	w.sleep(time.Millisecond)
	w.wantRecent(m, c, Full, 1)
	if err := elsewhere.End(t.Context(), nil, s); err != nil { // another node, before any revocation is read
		t.Fatal(err)
	}
	w.sleep(RecentLife)
	w.wantRecent(m, c, Anonymous, 1)
}

// TestRecentRaised: a token that was raised on this node is not remembered as what it was.
func TestRecentRaised(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, old := w.login(m, "a1", Password)
	w.sleep(time.Millisecond)
	w.wantRecent(m, old, Password, 1)
	_, now := w.advance(m, s, Full)
	w.sleep(time.Millisecond)
	w.wantRecent(m, now, Full, 1)
	if s := w.wantRecent(m, old, Anonymous, 1); !s.Retired {
		t.Error("the old token is not retired")
	}
}

// TestS35_RecentForgetsFaults: an error is nobody's session, and is not remembered.
func TestS35_RecentForgetsFaults(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	_, c := w.login(m, "a1", Full)
	w.sleep(time.Millisecond)
	w.redis.Stop()
	if s, err := m.Recent(t.Context(), request(c)); err == nil || s.Stage != Anonymous {
		t.Errorf("%+v, %v", s, err)
	}
	w.redis.Start()
	w.wantRecent(m, c, Full, 1)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	w.sleep(time.Second)
	if s, err := m.Recent(gone, request(c)); err != nil || s.Stage != Full { // it would spoil the answer of all who wait for it
		t.Errorf("after a hang-up: %+v, %v", s, err)
	}
}

// TestTouchOfBurst: the idle clock is written once for all requests of a moment.
func TestTouchOfBurst(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	_, c := w.login(m, "a1", Full)
	w.sleep(time.Millisecond)
	w.sleep(2 * time.Minute)
	before := w.commands("set")
	for range 10 {
		s, err := m.Recent(t.Context(), request(c))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Touch(t.Context(), s, true); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.commands("set") - before; n != 1 {
		t.Errorf("written %d times", n)
	}
}

// BenchmarkRecent is the way from a cookie to a session that is remembered.
func BenchmarkRecent(b *testing.B) {
	w := newWorld(b)
	m := w.node()
	_, c := w.login(m, "a1", Full)
	w.sleep(time.Millisecond)
	r := request(c)
	b.ReportAllocs()
	for b.Loop() {
		if s, err := m.Recent(b.Context(), r); err != nil || s.Stage != Full {
			b.Fatal(s, err)
		}
	}
}
