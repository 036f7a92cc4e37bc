package session

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// trips counts what goes to Redis.
type trips struct{ n atomic.Int64 }

func (c *trips) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c.n.Add(1)
		return next(ctx, network, addr)
	}
}

func (c *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { c.n.Add(1); return next(ctx, cmd) }
}

func (c *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { c.n.Add(1); return next(ctx, cmds) }
}

func TestS32_BadCookiesAreAnonymousAndCostNothing(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	_, good := w.login(m, "a1", Full)
	_, other := w.login(m, "a2", Full)
	strange := newWorldOn(t, w.redis.Addr)
	_, foreign := strange.login(strange.node(), "a1", Full)
	w.wantStage(m, good, Full)
	var count trips
	w.client.(*redis.Client).AddHook(&count)

	name := m.CookieName()
	middle := len(good.Value) / 2
	flipped := good.Value[:middle] + string(rune('A'+(good.Value[middle]+1)%26)) + good.Value[middle+1:]
	cases := map[string][]string{
		"none":                      nil,
		"empty":                     {name + "="},
		"doubled":                   {name + "=" + good.Value + "; " + name + "=" + good.Value},
		"doubled in two lines":      {name + "=" + good.Value, name + "=" + other.Value},
		"doubled with spaces":       {name + "=" + good.Value + ";" + name + " =" + other.Value},
		"second one unreadable":     {name + "=" + good.Value + "; " + name + `=a"b\`},
		"second one without value":  {name + "=" + good.Value + "; " + name},
		"tampered":                  {name + "=" + flipped},
		"cut":                       {name + "=" + good.Value[:len(good.Value)-4]},
		"oversize":                  {name + "=" + good.Value + strings.Repeat("A", 64<<10)},
		"not base64":                {name + "=%%%"},
		"made by somebody else":     {name + "=" + foreign.Value},
		"under the name of another": {"ispgate=" + good.Value},
	}
	for label, lines := range cases {
		t.Run(label, func(t *testing.T) {
			r := request()
			r.Header["Cookie"] = lines
			s, err := m.Load(context.Background(), r)
			if err != nil || s.Stage != Anonymous || s.ID != "" {
				t.Errorf("Load = %+v, %v; want an anonymous visitor", s, err)
			}
			if n := count.n.Load(); n != 0 {
				t.Errorf("%d trips to Redis, want none", n)
			}
		})
	}
	w.wantStage(m, good, Full) // and it is still good alone
	if count.n.Load() != 1 {
		t.Errorf("a good cookie takes %d trips, want 1", count.n.Load())
	}
}

func TestS32_CookieAttributes(t *testing.T) {
	cases := map[string]struct {
		secure bool
		want   string
	}{
		"https":         {true, "__Host-ispgate=V; Path=/; HttpOnly; Secure; SameSite=Lax"},
		"http loopback": {false, "ispgate=V; Path=/; HttpOnly; SameSite=Lax"},
	}
	w := newWorld(t)
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			o := w.options()
			o.Secure = c.secure
			m := New(o)
			h := http.Header{"Set-Cookie": {"laravel_session=x"}}
			if _, err := m.Advance(t.Context(), h, m.Begin("a1", "n", "", 0), Full, tester); err != nil {
				t.Fatal(err)
			}
			value := cookieOf(t, m, h).Value
			if got := strings.Replace(h["Set-Cookie"][1], value, "V", 1); got != c.want {
				t.Errorf("Set-Cookie is %q, want %q", got, c.want)
			}
			m.ClearCookie(h)
			want := strings.Replace(c.want, "=V; Path=/;", "=; Path=/; Max-Age=0;", 1)
			if len(h["Set-Cookie"]) != 2 || h["Set-Cookie"][0] != "laravel_session=x" || h["Set-Cookie"][1] != want {
				t.Errorf("after ClearCookie: %q, want the panel's and %q", h["Set-Cookie"], want)
			}
		})
	}
}
