package throttle

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ispgate/ispgate/test/harness"
)

func newClient(t testing.TB, addr string) redis.UniversalClient {
	const patience = 800 * time.Millisecond
	c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: 1,
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience})
	t.Cleanup(func() { c.Close() })
	return c
}

func newThrottle(t testing.TB, c redis.UniversalClient, tries int, window time.Duration) *Throttle {
	return New(Options{Redis: c, Installation: "0123456789abcdef", Tries: tries, Window: window})
}

// pass counts how many of n tries are let through.
func pass(t testing.TB, th *Throttle, n int, try func(i int) Try) (passed int) {
	t.Helper()
	for i := range n {
		wait, err := th.Reserve(t.Context(), try(i))
		if err != nil {
			t.Fatal(err)
		}
		if most := min(th.limits.window, time.Minute); wait < 0 || wait > most {
			t.Fatalf("wait is %s, want at most %s", wait, most)
		}
		if wait == 0 {
			passed++
		}
	}
	return passed
}

func always(try Try) func(int) Try { return func(int) Try { return try } }

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestS29_HowManyTriesPass(t *testing.T) {
	server := harness.Redis(t)
	client := newClient(t, server.Addr)
	cases := map[string]struct {
		tries int
		try   func(i int) Try
		want  int // of 200
	}{
		"one address":                    {5, always(Try{Account: "a", Addr: addr("192.0.2.1")}), 2},
		"every try from another address": {5, func(i int) Try { return Try{Account: "a", Addr: addr(fmt.Sprint("192.0.2.", i+1))} }, 3},
		"one IPv6 network": {5, func(i int) Try {
			return Try{Account: "a", Addr: addr(fmt.Sprintf("2001:db8:1:2::%x", i+1))}
		}, 2},
		"an IPv4 address in IPv6 clothes": {5, func(i int) Try {
			return Try{Account: "a", Addr: addr([]string{"192.0.2.1", "::ffff:192.0.2.1"}[i%2])}
		}, 2},
		"loopback identifies nobody":    {5, always(Try{Account: "a", Addr: addr("127.0.0.1")}), 3},
		"proxies identify nobody":       {5, always(Try{Account: "a"}), 3},
		"loopback and many names":       {5, func(i int) Try { return Try{Account: fmt.Sprint("n", i), Addr: addr("::1")} }, 200},
		"one address and many names":    {5, func(i int) Try { return Try{Account: fmt.Sprint("n", i), Addr: addr("192.0.2.1")} }, 50},
		"a recognised browser":          {5, always(Try{Account: "a", Addr: addr("192.0.2.1"), Browser: "b"}), 2},
		"a panel with a limit of 1":     {1, always(Try{Account: "a", Addr: addr("192.0.2.1")}), 1},
		"a panel with a limit of 3":     {3, always(Try{Account: "a", Addr: addr("192.0.2.1")}), 1},
		"a panel without a known limit": {0, always(Try{Account: "a", Addr: addr("192.0.2.1")}), 1},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			server.Flush()
			if got := pass(t, newThrottle(t, client, c.tries, time.Minute), 200, c.try); got != c.want {
				t.Errorf("%d of 200 tries pass, want %d", got, c.want)
			}
		})
	}
}

func TestS29_OneExhaustedKeyLeavesTheOthers(t *testing.T) {
	server := harness.Redis(t)
	client := newClient(t, server.Addr)
	mine := Try{Account: "a", Addr: addr("192.0.2.1")}
	cases := map[string]struct {
		attack func(i int) Try
		victim Try
	}{
		"the account at one address: another address": {always(mine), Try{Account: "a", Addr: addr("192.0.2.2")}},
		"the account everywhere: a recognised browser": {func(i int) Try { return Try{Account: "a", Addr: addr(fmt.Sprint("198.51.100.", i+1))} },
			Try{Account: "a", Addr: addr("192.0.2.1"), Browser: "b"}},
		"the address: the same address, a recognised browser": {func(i int) Try { return Try{Account: fmt.Sprint("n", i), Addr: mine.Addr} },
			Try{Account: "a", Addr: mine.Addr, Browser: "b"}},
		"the address: another address":         {func(i int) Try { return Try{Account: fmt.Sprint("n", i), Addr: mine.Addr} }, Try{Account: "a", Addr: addr("192.0.2.2")}},
		"the account: another account":         {always(mine), Try{Account: "b", Addr: mine.Addr}},
		"a recognised browser: another one":    {always(Try{Account: "a", Browser: "b"}), Try{Account: "a", Browser: "c"}},
		"a recognised browser: its own others": {always(Try{Account: "a", Browser: "b"}), Try{Account: "c", Browser: "b"}},
		"a recognised browser: everybody else": {always(Try{Account: "a", Browser: "b"}), mine},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			server.Flush()
			th := newThrottle(t, client, 5, time.Minute)
			if pass(t, th, 250, c.attack) == 250 {
				t.Fatal("nothing is exhausted")
			}
			if pass(t, th, 1, always(c.victim)) != 1 {
				t.Error("the victim has to wait")
			}
		})
	}
}

func TestS29_RandomNamesLockNobodyOut(t *testing.T) {
	server := harness.Redis(t)
	th := newThrottle(t, newClient(t, server.Addr), 5, time.Minute)
	pass(t, th, 5000, func(i int) Try {
		return Try{Account: fmt.Sprint("random", i), Addr: addr(fmt.Sprintf("198.51.%d.%d", i/250, i%250))}
	})
	if pass(t, th, 1, always(Try{Account: "a", Addr: addr("192.0.2.1")})) != 1 {
		t.Error("the victim has to wait")
	}
}

func TestS29_WaitIsNotExtendedByAsking(t *testing.T) {
	server := harness.Redis(t)
	client := newClient(t, server.Addr)
	th := newThrottle(t, client, 5, time.Second)
	try := Try{Account: "a", Addr: addr("192.0.2.1")}
	start := time.Now()
	last := time.Second
	for {
		wait, err := th.Reserve(t.Context(), try)
		if err != nil {
			t.Fatal(err)
		}
		if wait > last {
			t.Fatalf("the wait grew from %s to %s", last, wait)
		}
		took := time.Since(start)
		if wait == 0 && took > 500*time.Millisecond {
			break
		}
		if wait > 0 {
			last = wait
		}
		if took > 3*time.Second {
			t.Fatal("asking keeps the window open")
		}
	}
}

func TestS29_ARefusedTryTakesNothing(t *testing.T) {
	server := harness.Redis(t)
	client := newClient(t, server.Addr)
	th := newThrottle(t, client, 5, time.Minute)
	pass(t, th, 200, always(Try{Account: "a", Addr: addr("192.0.2.1")}))
	keys, _ := th.counters(Try{Account: "a", Addr: addr("192.0.2.1")})
	for _, key := range keys {
		if n, err := client.ZCard(t.Context(), key).Result(); err != nil || n != 2 {
			t.Errorf("%d tries are counted (%v), want 2 for account, pair and address", n, err)
		}
	}
}

func TestS29_Refund(t *testing.T) {
	server := harness.Redis(t)
	client := newClient(t, server.Addr)
	th := newThrottle(t, client, 5, time.Minute)
	for _, try := range []Try{{Account: "a", Addr: addr("192.0.2.1")}, {Account: "a", Browser: "b"}} {
		server.Flush()
		for range 20 { // right passwords
			if pass(t, th, 1, always(try)) != 1 {
				t.Fatal("a refunded try counts")
			}
			if err := th.Refund(t.Context(), try); err != nil {
				t.Fatal(err)
			}
		}
		for range 5 {
			if err := th.Refund(t.Context(), try); err != nil {
				t.Fatal(err)
			}
		}
		if got := pass(t, th, 10, always(try)); got != 2 {
			t.Errorf("after surplus refunds %d tries pass, want 2", got)
		}
		if err := th.Refund(t.Context(), try); err != nil {
			t.Fatal(err)
		}
		if got := pass(t, th, 10, always(try)); got != 1 {
			t.Errorf("a refund gives back %d tries, want 1: wrong ones stay counted", got)
		}
	}
}

func TestS29_ParallelTriesPassNoMore(t *testing.T) {
	server := harness.Redis(t)
	client := newClient(t, server.Addr)
	nodes := []*Throttle{newThrottle(t, client, 5, time.Minute), newThrottle(t, newClient(t, server.Addr), 5, time.Minute)}
	var passed atomic.Int64
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			wait, err := nodes[i%2].Reserve(context.Background(), Try{Account: "a", Addr: addr(fmt.Sprint("192.0.2.", i))})
			if err != nil {
				t.Error(err)
			} else if wait == 0 {
				passed.Add(1)
			}
		})
	}
	group.Wait()
	if passed.Load() != 3 {
		t.Errorf("%d of 100 parallel tries pass, want 3", passed.Load())
	}
}

// In a long window no more are forwarded than in a short one, and nobody is told to wait longer than a minute.
func TestS29_LongWindows(t *testing.T) {
	server := harness.Redis(t)
	client := newClient(t, server.Addr)
	for _, window := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour} {
		server.Flush()
		th := newThrottle(t, client, 5, window)
		anywhere := func(i int) Try { return Try{Account: "a", Addr: addr(fmt.Sprint("192.0.2.", i%250))} }
		if got := pass(t, th, 50, anywhere); got != 3 {
			t.Errorf("window %s: %d of 50 tries pass, want 3", window, got)
		}
		wait, err := th.Reserve(t.Context(), anywhere(0))
		if err != nil || wait < 55*time.Second || wait > time.Minute {
			t.Errorf("window %s: the wait is %s, %v", window, wait, err)
		}
		keys, _ := th.counters(anywhere(0))
		if ttl := client.PTTL(t.Context(), keys[0]).Val(); ttl < window-10*time.Second || ttl > window {
			t.Errorf("window %s: it is remembered for %s", window, ttl)
		}
		if got := pass(t, th, 10, always(Try{Account: "a", Browser: "b"})); got != 2 {
			t.Errorf("window %s: %d tries of a recognised browser pass, want 2", window, got)
		}
	}
}

// Around the edge of a window not more pass than inside it: the panel's window need not begin with ours.
func TestS29_WindowsSlide(t *testing.T) {
	client := newClient(t, harness.Redis(t).Addr)
	const window = 600 * time.Millisecond
	th := newThrottle(t, client, 12, window)
	try := Try{Account: "a"}
	var passed []time.Time
	for end := time.Now().Add(5 * window); time.Now().Before(end); {
		asked := time.Now()
		wait, err := th.Reserve(t.Context(), try)
		if err != nil {
			t.Fatal(err)
		}
		if wait > 0 {
			continue
		}
		if passed = append(passed, time.Now()); len(passed) > 10 {
			if since := passed[len(passed)-1].Sub(passed[len(passed)-11]); since < window-20*time.Millisecond {
				t.Fatalf("11 tries pass within %s, want 10 in %s (%s)", since, window, time.Since(asked))
			}
		}
		if len(passed) == 1 {
			<-time.After(window * 9 / 10) // the rest comes at the end of a window that the first would have begun
		}
	}
	if len(passed) < 30 {
		t.Errorf("only %d tries pass in five windows", len(passed))
	}
}

// A known account has a key whatever its spelling; names of nobody's share buckets, which lock no account.
func TestS29_UnknownNames(t *testing.T) {
	server := harness.Redis(t)
	client := newClient(t, server.Addr)
	th := newThrottle(t, client, 5, time.Minute)
	if got := pass(t, th, 10, func(i int) Try { return Try{Account: "id", Name: fmt.Sprint("spelling ", i)} }); got != 3 {
		t.Errorf("%d tries pass for one account under ten names, want 3", got)
	}
	if got := pass(t, th, 10, always(Try{Name: "somebody"})); got != 3 {
		t.Errorf("%d tries pass for an unknown name, want 3", got)
	}
	name := ""
	for i := 0; name == ""; i++ { // another name in the same bucket
		if n := fmt.Sprint("n", i); th.bucket(n) == th.bucket("somebody") {
			name = n
		}
	}
	if got := pass(t, th, 10, always(Try{Name: name})); got != 0 {
		t.Errorf("%d tries pass in a full bucket", got)
	}
	if got := pass(t, th, 1, always(Try{Account: "somebody", Name: name})); got != 1 {
		t.Error("a full bucket locks an account out")
	}
	if got := pass(t, th, 1, always(Try{Name: name, Browser: "b"})); got != 0 {
		t.Error("a browser counts for a name that it does not belong to")
	}
}
