package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestS33_RevocationNeedsNoIndexAndNoRedis(t *testing.T) {
	cases := map[string]func(w *world){
		"plain":             func(*world) {},
		"without the index": func(w *world) { w.client.Del(context.Background(), w.keysLike("idx")...) },
		"redis was down":    func(w *world) { w.redis.Stop(); w.revoke("a1"); w.redis.Start() },
	}
	for label, damage := range cases {
		t.Run(label, func(t *testing.T) {
			w := newWorld(t)
			nodes := []*Manager{w.node(), w.node()}
			_, before := w.login(nodes[0], "a1", Full)
			_, bystander := w.login(nodes[0], "a2", Full)
			damage(w)
			if label != "redis was down" {
				w.revoke("a1")
			}
			_, after := w.login(nodes[1], "a1", Full)
			for _, m := range nodes {
				if err := m.Refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.wantStage(m, before, Anonymous)
				w.wantStage(m, after, Full)
				w.wantStage(m, bystander, Full)
			}
		})
	}
}

func TestS33_FlushAllLogsEverybodyOutAndNobodyIn(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	w.redis.Flush()
	w.wantStage(m, c, Anonymous)
	w.sleep(2 * time.Minute) // Touch is due
	if err := m.Touch(t.Context(), s, true); err != nil {
		t.Error("Touch:", err)
	}
	wantError(t, "SetNote", m.SetNote(t.Context(), s, s.Note), ErrRevoked)
	_, err := m.Advance(t.Context(), http.Header{}, s, Full, tester)
	wantError(t, "Advance", err, ErrRevoked)
	w.wantStage(m, c, Anonymous)
	if keys := w.keysLike(""); len(keys) != 0 {
		t.Errorf("keys came back: %q", keys)
	}
}

func TestS33_LogoutWhileRedisIsDown(t *testing.T) {
	w := newWorld(t)
	m, elsewhere := w.node(), w.node()
	s, c := w.login(m, "a1", Full)
	w.redis.Stop()
	h := http.Header{}
	wantError(t, "End", m.End(t.Context(), h, s), ErrStore)
	if gone := cookieOf(t, m, h); gone.MaxAge >= 0 {
		t.Errorf("the cookie is not cleared: %v", h)
	}
	w.redis.Start()
	w.wantStage(m, c, Anonymous) // this node knows without anybody's help
	w.wantStage(elsewhere, c, Full)
	w.revoked = append(w.revoked, Revocation{Account: "a1", Session: s.ID})
	if err := elsewhere.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantStage(elsewhere, c, Anonymous)
}

// TestS33_NamedWhileRedisIsDown: the cookie alone says which session to end, whatever its token is rotated to meanwhile.
func TestS33_NamedWhileRedisIsDown(t *testing.T) {
	w := newWorld(t)
	m, elsewhere := w.node(), w.node()
	_, bystander := w.login(m, "a1", Full)
	p, challenge := w.login(m, "a1", Password)
	s, before := w.advance(m, p, Full)
	_, after := w.advance(m, s, Full)
	w.redis.Pause()
	_, err := m.Load(t.Context(), request(after))
	wantError(t, "Load", err, ErrStore)
	for what, c := range map[string]*http.Cookie{"the challenge": challenge, "before": before, "after": after} {
		if named := m.Named(request(c)); named.ID != s.ID || named.Stage != Anonymous || named.Account != "" {
			t.Errorf("%s: named %+v, want %s alone", what, named, s.ID)
		}
	}
	if nobody := m.Named(request()); nobody.ID != "" {
		t.Errorf("without a cookie: %+v", nobody)
	}
	began := time.Now()
	named := m.Named(request(before))
	wantError(t, "End", m.End(t.Context(), nil, named), ErrStore)
	if took := time.Since(began); took > 200*time.Millisecond {
		t.Errorf("the end waits %v for redis", took)
	}
	w.redis.Resume()
	w.revoked = append(w.revoked, Revocation{Session: named.ID})
	if err := elsewhere.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, node := range []*Manager{m, elsewhere} {
		w.wantStage(node, before, Anonymous)
		w.wantStage(node, after, Anonymous)
		w.wantStage(node, bystander, Full)
	}
}

func TestS33_RevokedDuringAdvance(t *testing.T) {
	for _, calls := range []int{1, 2} { // before the write, and after it
		t.Run(fmt.Sprintf("at the reading number %d", calls), func(t *testing.T) {
			w := newWorld(t)
			o, n := w.options(), 0
			o.Generation = func(ctx context.Context, account string) (int64, error) {
				if n++; n == calls {
					w.revoke("a1")
				}
				return w.generation(ctx, account)
			}
			m, h := New(o), http.Header{}
			s, err := m.Advance(t.Context(), h, m.Begin("a1", "n", "", 0), Full, tester)
			wantError(t, "Advance", err, ErrRevoked)
			if len(h) != 0 || s.Stage != Anonymous || len(w.keysLike("s:")) != 0 || n != calls {
				t.Errorf("left: %v, %+v, %q after %d readings", h, s, w.keysLike(""), n)
			}
		})
	}
}

func TestS33_LogoutAgainstARotationInFlight(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	for range 50 {
		s, before := w.login(m, "a1", Full)
		h := http.Header{}
		var group sync.WaitGroup
		group.Go(func() { _, _ = m.Advance(context.Background(), h, s, Full, tester) })
		group.Go(func() {
			if err := m.End(context.Background(), nil, s); err != nil {
				t.Error(err)
			}
		})
		group.Wait()
		w.wantStage(m, before, Anonymous)
		if len(h) > 0 {
			w.wantStage(m, cookieOf(t, m, h), Anonymous)
		}
	}
}

func TestAdvanceWithoutDatabaseChangesNothing(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	away := errors.New("database is away")
	w.setSQL(away)
	h := http.Header{}
	_, err := m.Advance(t.Context(), h, s, Full, tester)
	wantError(t, "Advance", err, away)
	if got := w.wantStage(m, c, Full); got.Retired || len(h) != 0 {
		t.Errorf("the session is %+v and the header %v", got, h)
	}
}

func TestS33_RunSurvivesADatabaseThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		m := pollManager(t, func(ctx context.Context, _ int64) ([]Revocation, int64, error) {
			if calls++; calls == 1 {
				<-ctx.Done()
				return nil, 0, ctx.Err()
			}
			return []Revocation{{Account: "a1", Generation: 3}}, 1, nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		go m.Run(ctx)
		time.Sleep(pollTimeout + 2*pollEvery)
		synctest.Wait()
		if !m.revoked.cover(Session{Account: "a1", Generation: 2}) || m.revoked.cover(Session{Account: "a1", Generation: 3}) {
			t.Error("older generations, and only they, are to be revoked")
		}
		cancel()
	})
}

// TestS33_NobodyWhileRevocationsComeFromElsewhere: what a command revokes in the right database would reach nobody here.
func TestS33_NobodyWhileRevocationsComeFromElsewhere(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	w.setSQL(fmt.Errorf("%w: its file was moved", ErrForeign))
	wantError(t, "Refresh", m.Refresh(t.Context()), ErrForeign)
	closed := func(what string) {
		t.Helper()
		_, err := m.Load(t.Context(), request(c))
		wantError(t, what+": Load", err, ErrStore)
		_, err = m.Alive(t.Context(), s)
		wantError(t, what+": Alive", err, ErrStore)
		if anonymous := w.load(m); anonymous.Stage != Anonymous {
			t.Error("somebody without a cookie:", anonymous)
		}
	}
	closed("exchanged")
	w.setSQL(errors.New("away"))
	wantError(t, "Refresh", m.Refresh(t.Context()), w.sqlAway)
	closed("away since")
	w.setSQL(nil)
	wantError(t, "Refresh", m.Refresh(t.Context()), nil)
	w.wantStage(m, c, Full)
}
