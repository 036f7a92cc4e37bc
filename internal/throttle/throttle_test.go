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
		if wait < 0 || wait > th.limits.window {
			t.Fatalf("wait is %s, want at most %s", wait, th.limits.window)
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
	values, err := client.MGet(t.Context(), keys...).Result()
	if err != nil || fmt.Sprint(values) != "[2 2 2]" {
		t.Errorf("account, pair and address counted %v (%v), want 2 each", values, err)
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

func TestLimitsOfLongWindows(t *testing.T) {
	cases := map[string]struct {
		tries           int
		window          time.Duration
		others, inForce any
	}{
		"a minute":    {5, time.Minute, 3, time.Minute},
		"ten seconds": {5, 10 * time.Second, 3, 10 * time.Second},
		"unknown":     {5, 0, 3, time.Minute},
		"5 minutes":   {20, 5 * time.Minute, 2, time.Minute},
		"an hour":     {5, time.Hour, 1, time.Minute},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			l := newLimits(c.tries, c.window)
			if l.others != c.others || l.window != c.inForce || l.pair < 1 || l.browser < 1 || l.address < 10 {
				t.Errorf("limits are %+v, want %v tries in %v", l, c.others, c.inForce)
			}
		})
	}
}
