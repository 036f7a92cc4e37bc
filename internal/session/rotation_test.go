package session

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestS32_EveryStepRotatesTheToken(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	seen := map[string]bool{}
	s := m.Begin("a1", "n", "", 0)
	for _, to := range []Stage{Password, Full, Full, Full} {
		next, c := w.advance(m, s, to)
		if seen[c.Value] || len(next.token.secret) != 32 {
			t.Fatalf("token %x at stage %s", next.token.secret, to)
		}
		seen[c.Value] = true
		if n := len(w.keysLike(next.token.digest())); n != 1 {
			t.Errorf("%d keys under the hashed token, want 1", n)
		}
		if n := len(w.keysLike(s.token.digest())); s.token.secret != nil && n != 1 {
			t.Errorf("%d keys under the retired token, want 1", n)
		}
		s = next
	}
}

func TestS32_TokenRetiredByARaise(t *testing.T) {
	for _, from := range []Stage{Password, Enrolling} {
		t.Run(from.String(), func(t *testing.T) {
			w := newWorld(t)
			m := w.node()
			p, before := w.login(m, "a1", from)
			_, after := w.advance(m, p, Full)
			old := w.load(m, before)
			if old.Stage != Anonymous || !old.Retired || old.Account != "" || old.Name != "" || old.token.secret != nil {
				t.Errorf("the old token gives %+v, want an anonymous, retired session that knows nothing", old)
			}
			_, err := m.Advance(t.Context(), http.Header{}, old, Full, tester)
			wantError(t, "Advance of a retired session", err, ErrRetired)
			_, err = m.Advance(t.Context(), http.Header{}, p, Full, tester)
			wantError(t, "Advance of one loaded before the rotation", err, ErrRetired)
			w.wantStage(m, after, Full)
			w.sleep(31 * time.Second)
			if s := w.load(m, before); s.Retired {
				t.Errorf("after the grace the old token gives %+v", s)
			}
		})
	}
}

func TestS32_TokenRetiredWithoutARaise(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, first := w.login(m, "a1", Full)
	s, second := w.advance(m, s, Full)
	_, third := w.advance(m, s, Full)
	for _, c := range []*http.Cookie{first, second} {
		old := w.wantStage(m, c, Full)
		if !old.Retired || old.Account != "a1" {
			t.Errorf("an old token gives %+v, want the session, retired", old)
		}
		_, err := m.Advance(t.Context(), http.Header{}, old, Full, tester)
		wantError(t, "Advance of a retired session", err, ErrRetired)
	}
	if s := w.wantStage(m, third, Full); s.Retired {
		t.Error("the newest token is retired")
	}
	ttl, err := w.client.PTTL(t.Context(), keysOf(s.token).record).Result()
	if err != nil || ttl <= 0 || ttl > grace {
		t.Errorf("a retired record lives for %s (%v), want at most %s", ttl, err, grace)
	}
	w.sleep(31 * time.Second)
	w.wantStage(m, first, Anonymous)
	w.wantStage(m, third, Full)
}

func TestS33_EndReachesRetiredTokens(t *testing.T) {
	for _, with := range []string{"the old token", "the new token"} {
		t.Run(with, func(t *testing.T) {
			w := newWorld(t)
			m, elsewhere := w.node(), w.node()
			s, before := w.login(m, "a1", Full)
			_, after := w.advance(m, s, Full)
			c := after
			if with == "the old token" {
				c = before
			}
			if err := m.End(t.Context(), nil, w.load(m, c)); err != nil {
				t.Fatal(err)
			}
			for _, node := range []*Manager{m, elsewhere} {
				w.wantStage(node, before, Anonymous)
				w.wantStage(node, after, Anonymous)
			}
		})
	}
}

func TestS32_OfManyRotationsOneWins(t *testing.T) {
	w := newWorld(t)
	a, b := w.node(), w.node()
	for _, from := range []Stage{Password, Full} {
		s, _ := w.login(a, "a1", from)
		cookies := make([]http.Header, 20)
		var group sync.WaitGroup
		for i := range cookies {
			cookies[i] = http.Header{}
			group.Go(func() {
				_, err := []*Manager{a, b}[i%2].Advance(context.Background(), cookies[i], s, Full, tester)
				if err != nil && !errors.Is(err, ErrRetired) {
					t.Errorf("a rotation that lost: %v, want %v", err, ErrRetired)
				}
			})
		}
		group.Wait()
		won := 0
		for _, h := range cookies {
			won += len(h["Set-Cookie"])
		}
		if won != 1 {
			t.Errorf("from %s: %d of 20 parallel rotations got a cookie, want 1", from, won)
		}
	}
}

func TestS32_SwappedRecordsAreRefused(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	swap := func(a, b string) {
		v, err := w.client.MGet(t.Context(), a, b).Result()
		if err != nil {
			t.Fatal(err)
		}
		w.client.MSet(t.Context(), a, v[1], b, v[0])
	}
	for label, account := range map[string]string{"of one account": "a1", "of two": "a2"} {
		t.Run(label, func(t *testing.T) {
			s1, c1 := w.login(m, "a1", Password)
			s2, c2 := w.login(m, account, Full)
			swap(keysOf(s1.token).record, keysOf(s2.token).record)
			w.wantStage(m, c1, Anonymous)
			w.wantStage(m, c2, Anonymous)
		})
	}
}

// The password-stage token of a logout that was on its way while the code was accepted.
func TestS33_EndByATokenThatWasRaised(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	p, before := w.login(m, "a1", Password)
	_, after := w.advance(m, p, Full)
	wantError(t, "End", m.End(t.Context(), nil, w.load(m, before)), ErrStore) // the record is out of its reach
	w.wantStage(m, after, Anonymous)
	if w.load(m, before).Retired {
		t.Error("the old token still says that somebody is logged in")
	}
}

func TestS32_RecordNeedsItsSecretItsPlaceAndTheKeyFile(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, _ := w.login(m, "a1", Full)
	k, strange := keysOf(s.token), newWorldOn(t, w.redis.Addr).node()
	value, err := w.client.Get(t.Context(), k.record).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	sealed := value[clockSize:]
	var r record
	if err := open(m.vault(s.token), sealed, &r, installation, k.record, s.ID); err != nil {
		t.Fatal(err)
	}
	for label, err := range map[string]error{
		"without the secret":      open(m.vault(token{tag: s.token.tag}), sealed, &r, installation, k.record, s.ID),
		"with another secret":     open(m.vault(s.token.fresh()), sealed, &r, installation, k.record, s.ID),
		"in another place":        open(m.vault(s.token), sealed, &r, installation, k.index, s.ID),
		"for another session":     open(m.vault(s.token), sealed, &r, installation, k.record, randomID()),
		"in another installation": open(m.vault(s.token), sealed, &r, "another", k.record, s.ID),
		"without the key file":    open(strange.vault(s.token), sealed, &r, installation, k.record, s.ID),
	} {
		if err == nil {
			t.Errorf("the record opens %s", label)
		}
	}
}

// TestTwoInstallationsNeverMix: not even where they share a Redis and, as copies do, the keys, accounts and a browser.
func TestTwoInstallationsNeverMix(t *testing.T) {
	w := newWorld(t)
	m, o := w.node(), w.options()
	o.Installation = "another"
	other := New(o)
	s, c := w.login(m, "a1", Full)
	mine, own := w.login(other, "a1", Full)
	w.wantStage(other, c, Anonymous)
	w.wantStage(m, own, Anonymous)
	for node, id := range map[*Manager]string{m: s.ID, other: mine.ID} {
		if cards, err := node.List(t.Context(), "a1"); err != nil || len(cards) != 1 || cards[0].ID != id {
			t.Errorf("List of %s = %v, %v; want %s", node.opt.Installation, cards, err, id)
		}
	}
	if err := m.Park(t.Context(), s, []byte("jar"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if jar, err := other.Claim(t.Context(), s); jar != nil || err != nil {
		t.Errorf("the other installation claims %q, %v", jar, err)
	}
	if name, ok := other.Idled(t.Context(), request(c)); ok {
		t.Errorf("the other installation tells %s that the session idled", name)
	}
	w.wantStage(m, c, Full)
	w.wantStage(other, own, Full)
}

// TestRenewalWhileTheDatabaseGoes: a renewal that raises no stage logs nobody out because the database went away behind it;
// one that does raises nothing.
func TestRenewalWhileTheDatabaseGoes(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	calls := 0
	m.opt.Generation = func(context.Context, string) (int64, error) {
		if calls++; calls%2 == 0 {
			return 0, errors.New("the database is away")
		}
		return s.Generation, nil
	}
	h := http.Header{}
	if _, err := m.Advance(t.Context(), h, s, Full, tester); err != nil || h.Get("Set-Cookie") == "" {
		t.Errorf("renewal: %v", err)
	}
	w.wantStage(m, c, Full) // for a moment the old token leads on
	m.opt.Generation = w.generation
	p, pc := w.login(m, "a2", Password)
	m.opt.Generation = func(context.Context, string) (int64, error) {
		if calls++; calls%2 == 0 {
			return 0, errors.New("the database is away")
		}
		return p.Generation, nil
	}
	calls = 0
	h = http.Header{}
	if _, err := m.Advance(t.Context(), h, p, Full, tester); err == nil || h.Get("Set-Cookie") != "" {
		t.Error("raised although nobody could say whether it was revoked")
	}
	w.wantStage(m, pc, Anonymous)
}
