package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/test/harness"
)

func pollManager(t testing.TB, revoked func(context.Context, int64) ([]Revocation, int64, error)) *Manager {
	w := newWorldOn(t, "127.0.0.1:1")
	o := w.options()
	o.Now, o.Revoked = time.Now, revoked
	return New(o)
}

// calls are all that reach Redis; each must say ErrStore when it does not answer.
func calls(m *Manager, c *http.Cookie, s Session) map[string]func() error {
	ctx := context.Background()
	return map[string]func() error{
		"Load":    func() error { _, err := m.Load(ctx, request(c)); return err },
		"Advance": func() error { _, err := m.Advance(ctx, http.Header{}, s, Full, tester); return err },
		"first login": func() error {
			_, err := m.Advance(ctx, http.Header{}, m.Begin("a", "n", "", 0), Full, tester)
			return err
		},
		"Touch":   func() error { return m.Touch(ctx, s, true) },
		"SetNote": func() error { return m.SetNote(ctx, s, Note{Used: "x"}) },
		"End":     func() error { return m.End(ctx, nil, m.Begin("a", "n", "", 0).stored()) },
		"Park":    func() error { return m.Park(ctx, s, []byte("jar"), time.Minute) },
		"Claim":   func() error { _, err := m.Claim(ctx, s); return err },
		"List":    func() error { _, err := m.List(ctx, "a1"); return err },
	}
}

// stored pretends that s is in Redis.
func (s Session) stored() Session { s.token = s.token.fresh(); return s }

func TestS35_RedisThatDoesNotAnswer(t *testing.T) {
	cases := map[string]struct{ harm, mend func(w *world) }{
		"blackholed": {func(w *world) { w.redis.Pause() }, func(w *world) { w.redis.Resume() }},
		"refused":    {func(w *world) { w.redis.Stop() }, func(w *world) { w.redis.Start() }},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			w := newWorld(t)
			m := w.node()
			s, cookie := w.login(m, "a1", Full)
			w.sleep(2 * time.Minute) // Touch is due
			before := runtime.NumGoroutine()
			c.harm(w)
			var group sync.WaitGroup
			for name, call := range calls(m, cookie, s) {
				group.Go(func() {
					start := time.Now()
					if err := call(); !errors.Is(err, ErrStore) {
						t.Errorf("%s: error is %v, want %v", name, err, ErrStore)
					}
					if took := time.Since(start); took > 2*time.Second {
						t.Errorf("%s took %s, want less than 2 s", name, took)
					}
				})
			}
			group.Wait()
			if n := runtime.NumGoroutine(); n > before+20 {
				t.Errorf("%d goroutines, %d before", n, before)
			}
			c.mend(w)
			w.wantStage(m, cookie, Full)
			if w.faults != len(calls(m, cookie, s)) || strings.Count(w.log.String(), "\n") != 1 {
				t.Errorf("%d faults counted, logged: %s", w.faults, w.log.String())
			}
		})
	}
}

func TestS35_RedisThatDoesNotWrite(t *testing.T) {
	cases := map[string]struct{ harm, mend string }{
		"read-only": {"CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"},
		"full":      {"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			w := newWorld(t)
			m := w.node()
			s, cookie := w.login(m, "a1", Full)
			w.sleep(2 * time.Minute)
			w.redis.Do(c.harm)
			w.wantStage(m, cookie, Full)
			h := http.Header{}
			_, err := m.Advance(t.Context(), h, s, Full, tester)
			wantError(t, "Advance", err, ErrStore)
			wantError(t, "Touch", m.Touch(t.Context(), s, true), ErrStore)
			wantError(t, "SetNote", m.SetNote(t.Context(), s, Note{Used: "x"}), ErrStore)
			if got := w.wantStage(m, cookie, Full); got.Retired || len(h) != 0 {
				t.Errorf("half a rotation: %+v, %v", got, h)
			}
			w.redis.Do(c.mend)
			_, next := w.advance(m, s, Full)
			w.wantStage(m, next, Full)
		})
	}
}

func TestS35_GarbageIsNobodys(t *testing.T) {
	ctx := context.Background()
	damage := map[string]func(w *world, m *Manager, s Session, k keys){
		"record": func(w *world, _ *Manager, _ Session, k keys) { w.client.Set(ctx, k.record, "garbage", time.Hour) },
		"record of the wrong type": func(w *world, _ *Manager, _ Session, k keys) {
			w.client.Del(ctx, k.record)
			w.client.LPush(ctx, k.record, "x")
		},
		"record of another version": func(w *world, m *Manager, s Session, k keys) {
			r := s.record()
			r.Version++
			w.client.Set(ctx, k.record, m.stored(s.token, entry{r, clock{w.clock(), w.clock()}}), time.Hour)
		},
		"record with an unknown stage": func(w *world, m *Manager, s Session, k keys) {
			r := s.record()
			r.Stage = Full + 1
			w.client.Set(ctx, k.record, m.stored(s.token, entry{r, clock{w.clock(), w.clock()}}), time.Hour)
		},
		"clock without a record": func(w *world, _ *Manager, _ Session, k keys) {
			w.client.Set(ctx, k.record, clock{w.clock(), w.clock()}.bytes(), time.Hour)
		},
		"clock that never began": func(w *world, m *Manager, s Session, k keys) {
			w.client.Set(ctx, k.record, m.stored(s.token, entry{record: s.record()}), time.Hour)
		},
		"clock that never ends": func(w *world, m *Manager, s Session, k keys) {
			w.client.SetRange(ctx, k.record, 0, strings.Repeat("\x7f", 8))
		},
		"clock past all time": func(w *world, m *Manager, s Session, k keys) {
			w.client.SetRange(ctx, k.record, 0, strings.Repeat("\xff", 8))
		},
	}
	for label, harm := range damage {
		t.Run(label, func(t *testing.T) {
			w := newWorld(t)
			m := w.node()
			s, c := w.login(m, "a1", Full)
			harm(w, m, s, keysOf(s.token))
			for range 5 {
				w.wantStage(m, c, Anonymous)
			}
			if strings.Contains(w.log.String(), "key file") {
				t.Errorf("the log looks for a key that is lost: %s", w.log.String())
			}
			if n := strings.Count(w.log.String(), "\n"); n > 1 {
				t.Errorf("%d lines logged within a minute: %s", n, w.log.String())
			}
			if _, err := m.Advance(ctx, http.Header{}, s, Full, tester); err == nil {
				t.Error("garbage was advanced")
			}
		})
	}
}

func TestS34_VisitorsLeaveNothingBehind(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	_, forged := newWorldOn(t, w.redis.Addr).login(newWorldOn(t, w.redis.Addr).node(), "a1", Full)
	w.redis.Flush()
	for i := range 2000 {
		c := &http.Cookie{Name: m.CookieName(), Value: fmt.Sprint(forged.Value, i)}
		w.wantStage(m, c, Anonymous)
		w.load(m)
		m.Begin(fmt.Sprint("a", i), "n", "", 0)
	}
	if n := w.client.DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("%d keys, want none: %q", n, w.keysLike(""))
	}
}

func TestS36_KeyRotationWhileServing(t *testing.T) {
	before, after := keyFile(t), keyFile(t)
	w := newWorld(t)
	w.ring = ringOf(t, before)
	old := w.node()
	s, c := w.login(old, "a1", Full)
	o := w.options()
	o.Ring = ringOf(t, after+before[strings.Index(before, "\nkeys:\n")+len("\nkeys:\n"):])
	m := New(o)
	if got := w.wantStage(m, c, Full); got.ID != s.ID {
		t.Fatalf("loaded %+v", got)
	}
	w.login(m, "a1", Full)
	if cards, err := m.List(t.Context(), "a1"); err != nil || len(cards) != 2 {
		t.Errorf("List = %v, %v; want the sessions of both keys", cards, err)
	}
	_, rotated := w.advance(m, w.load(m, c), Full)
	w.wantStage(m, rotated, Full)
	o.Ring = ringOf(t, after)
	w.wantStage(New(o), c, Anonymous)
	w.wantStage(New(o), rotated, Full) // was written under the new key
}

// keyFile is the text of a new key file.
func keyFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(harness.PrivateDir(t), "keys.yaml")
	if err := keyring.Create(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func ringOf(t testing.TB, text string) *keyring.Ring {
	t.Helper()
	path := filepath.Join(harness.PrivateDir(t), "keys.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// The demo's Redis lives in the program.
func TestEmbeddedRedisWillDo(t *testing.T) {
	server := miniredis.RunT(t)
	server.ClockTTL(true)
	w := newWorldOn(t, server.Addr())
	m := w.node()
	p, before := w.login(m, "a1", Password)
	full, _ := w.advance(m, p, Full)
	full, c := w.advance(m, full, Full)
	if !w.load(m, before).Retired {
		t.Error("the old token is not retired")
	}
	w.setNote(m, full, Note{Used: "recovery"})
	w.sleep(2 * time.Minute)
	if err := m.Touch(t.Context(), w.wantStage(m, c, Full), true); err != nil {
		t.Error(err)
	}
	if cards, err := m.List(t.Context(), "a1"); err != nil || len(cards) != 1 {
		t.Errorf("List = %v, %v", cards, err)
	}
	if err := m.Park(t.Context(), full, []byte("jar"), time.Minute); err != nil {
		t.Error(err)
	}
	if jar, err := m.Claim(t.Context(), full); string(jar) != "jar" || err != nil {
		t.Errorf("Claim = %q, %v", jar, err)
	}
	if err := m.End(t.Context(), nil, w.load(m, c)); err != nil {
		t.Error(err)
	}
	w.wantStage(m, c, Anonymous)
}
