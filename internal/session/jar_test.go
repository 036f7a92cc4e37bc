package session

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestJarInARedisThatDoesNotWrite: nobody may read "there is none" out of that, and the jar is still there afterwards.
func TestJarInARedisThatDoesNotWrite(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, _ := w.login(m, "a1", Password)
	if err := m.Park(t.Context(), s, []byte("jar"), time.Minute); err != nil {
		t.Fatal(err)
	}
	w.redis.Do("CONFIG SET min-replicas-to-write 1")
	jar, err := m.Claim(t.Context(), s)
	wantError(t, "Claim", err, ErrStore)
	if jar != nil {
		t.Errorf("claimed %q, which the next one can claim as well", jar)
	}
	w.redis.Do("CONFIG SET min-replicas-to-write 0")
	if jar, err := m.Claim(t.Context(), s); string(jar) != "jar" || err != nil {
		t.Errorf("then %q, %v", jar, err)
	}
	if jar, err := m.Claim(t.Context(), s); jar != nil || err != nil {
		t.Errorf("and again %q, %v", jar, err)
	}
}

// noDel is a connection that is cut at every DEL.
type noDel struct{ redis.Hook }

func (noDel) DialHook(next redis.DialHook) redis.DialHook { return next }

func (noDel) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (noDel) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "del" {
			cmd.SetErr(errors.New("connection reset"))
			return cmd.Err()
		}
		return next(ctx, cmd)
	}
}

// TestJarInHand: who has taken the jar keeps it, whatever becomes of the tidying up.
func TestJarInHand(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, _ := w.login(m, "a1", Password)
	if err := m.Park(t.Context(), s, []byte("jar"), time.Minute); err != nil {
		t.Fatal(err)
	}
	w.client.AddHook(noDel{})
	if jar, err := m.Claim(t.Context(), s); string(jar) != "jar" || err != nil {
		t.Errorf("Claim = %q, %v", jar, err)
	}
	if jar, err := m.Claim(t.Context(), s); jar != nil || err != nil {
		t.Errorf("a second time %q, %v", jar, err)
	}
	for _, left := range w.keysLike("jar:") {
		if ttl := w.client.PTTL(t.Context(), left).Val(); ttl <= 0 || ttl > time.Minute {
			t.Errorf("%s is left for %s", left, ttl)
		}
	}
}
