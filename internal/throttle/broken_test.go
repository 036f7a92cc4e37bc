package throttle

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/ispgate/ispgate/test/harness"
)

func TestS34_NoKeyOutlivesAMinuteAndNoneTellsAName(t *testing.T) {
	server := harness.Redis(t)
	client := newClient(t, server.Addr)
	for _, window := range []time.Duration{0, time.Second, time.Minute} {
		server.Flush()
		th := newThrottle(t, client, 5, window)
		for i := range 200 {
			try := Try{Name: fmt.Sprint("canary", i), Addr: addr(fmt.Sprint("192.0.2.", i))}
			pass(t, th, 5, always(try))
			if err := th.Refund(t.Context(), try); err != nil {
				t.Fatal(err)
			}
		}
		for _, key := range client.Keys(t.Context(), "*").Val() {
			if ttl := client.PTTL(t.Context(), key).Val(); ttl > time.Minute || ttl == -1 {
				t.Fatalf("window %s: %s lives for %s", window, key, ttl)
			}
			if strings.Contains(key, "canary") || strings.Contains(key, "192.0.2") {
				t.Fatalf("the key %s tells whose it is", key)
			}
		}
	}
}

// Where the panel counts in a longer window, what strangers leave is bounded by the number of buckets: 20 000 names from 2 000
// addresses stand here for any number.
func TestS34_RandomNamesAreBounded(t *testing.T) {
	server := harness.Redis(t)
	client := newClient(t, server.Addr)
	th := newThrottle(t, client, 5, 24*time.Hour)
	used := map[string]bool{}
	for i := range 20_000 {
		try := Try{Name: fmt.Sprint("random", i%10_000), Addr: addr(fmt.Sprintf("198.51.%d.%d", i/10%8, i/80%250))}
		pass(t, th, 1, always(try))
		used[th.bucket(try.Name)] = true
	}
	long := 0
	for _, key := range client.Keys(t.Context(), "*").Val() {
		if client.PTTL(t.Context(), key).Val() > time.Minute {
			long++
		}
	}
	if most := len(used) * (1 + th.limits.others); len(used) > buckets || long > most {
		t.Errorf("%d keys outlive a minute, want at most %d for %d buckets", long, most, len(used))
	}
}

func TestS35_ClosedWithoutRedis(t *testing.T) {
	try := Try{Account: "a", Addr: addr("192.0.2.1")}
	cases := map[string]struct{ harm, mend func(*harness.RedisServer) }{
		"blackholed": {func(r *harness.RedisServer) { r.Pause() }, func(r *harness.RedisServer) { r.Resume() }},
		"refused":    {func(r *harness.RedisServer) { r.Stop() }, func(r *harness.RedisServer) { r.Start() }},
		"full":       {func(r *harness.RedisServer) { r.Do("CONFIG SET maxmemory 1") }, func(r *harness.RedisServer) { r.Do("CONFIG SET maxmemory 0") }},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			server := harness.Redis(t)
			th := newThrottle(t, newClient(t, server.Addr), 5, time.Minute)
			pass(t, th, 1, always(Try{Account: "b"}))
			c.harm(server)
			start := time.Now()
			if _, err := th.Reserve(t.Context(), try); !errors.Is(err, ErrStore) {
				t.Errorf("Reserve: error is %v, want %v", err, ErrStore)
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("it took %s, want less than 2 s", took)
			}
			c.mend(server)
			// The account of before may have been counted when Redis woke up, and waits out its minute.
			if pass(t, th, 10, always(Try{Account: "c", Addr: addr("192.0.2.2")})) != 2 {
				t.Error("it does not count as before")
			}
		})
	}
	if _, err := (&Throttle{}).Reserve(t.Context(), try); !errors.Is(err, ErrStore) {
		t.Errorf("the zero value: error is %v, want %v", err, ErrStore)
	}
}

func TestS35_GarbageCountsAsExhausted(t *testing.T) {
	client := newClient(t, harness.Redis(t).Addr)
	th := newThrottle(t, client, 5, time.Minute)
	try := Try{Account: "a"}
	keys, _ := th.counters(try)
	client.Set(t.Context(), keys[0], "garbage", 0)
	if pass(t, th, 5, always(try)) != 0 {
		t.Error("garbage lets tries pass")
	}
	if ttl := client.PTTL(t.Context(), keys[0]).Val(); ttl <= 0 || ttl > time.Minute {
		t.Errorf("garbage stays for %s", ttl)
	}
}

func TestEmbeddedRedisWillDo(t *testing.T) {
	server := miniredis.RunT(t)
	th := newThrottle(t, newClient(t, server.Addr()), 5, time.Minute)
	try := Try{Account: "a", Addr: addr("192.0.2.1")}
	if got := pass(t, th, 10, always(try)); got != 2 {
		t.Errorf("%d tries pass, want 2", got)
	}
	if err := th.Refund(t.Context(), try); err != nil {
		t.Fatal(err)
	}
	if got := pass(t, th, 10, always(try)); got != 1 {
		t.Errorf("after a refund %d tries pass, want 1", got)
	}
	server.FastForward(time.Minute)
	if got := pass(t, th, 10, always(try)); got != 2 {
		t.Errorf("in the next window %d tries pass, want 2", got)
	}
}
