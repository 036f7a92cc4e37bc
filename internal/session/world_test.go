package session

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/test/harness"
)

const installation = "0123456789abcdef"

var tester = Meta{Address: "192.0.2.7", UserAgent: "Firefox"}

// world is one Redis and one database of generations that several nodes share, and a clock that tests move.
type world struct {
	t      testing.TB
	redis  *harness.RedisServer
	client redis.UniversalClient
	ring   *keyring.Ring
	log    bytes.Buffer

	mu          sync.Mutex
	now         time.Time
	generations map[string]int64
	revoked     []Revocation
	sqlAway     error
	faults      int
}

func newWorld(t testing.TB) *world {
	server := harness.Redis(t)
	w := newWorldOn(t, server.Addr)
	w.redis = server
	return w
}

func newWorldOn(t testing.TB, addr string) *world {
	ring, err := keyring.New()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ring: ring, now: time.Now().Truncate(time.Second), generations: map[string]int64{}}
	w.client = newClient(t, addr)
	return w
}

func newClient(t testing.TB, addr string) redis.UniversalClient {
	const patience = 800 * time.Millisecond
	c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: 1,
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience})
	t.Cleanup(func() { c.Close() })
	return c
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) sleep(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) generation(_ context.Context, account string) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.generations[account], w.sqlAway
}

func (w *world) revocations(_ context.Context, after int64) ([]Revocation, int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.revoked[after:], int64(len(w.revoked)), w.sqlAway
}

// revoke does what the account store does: a new generation and a row that nodes read.
func (w *world) revoke(account string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.generations[account]++
	w.revoked = append(w.revoked, Revocation{Account: account, Generation: w.generations[account]})
}

func (w *world) setSQL(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sqlAway = err
}

func (w *world) options() Options {
	return Options{
		Redis: w.client, Ring: w.ring, Installation: installation, Idle: 30 * time.Minute, Absolute: 12 * time.Hour,
		Secure: true, Generation: w.generation, Revoked: w.revocations, Now: w.clock,
		StoreError: func() { w.mu.Lock(); w.faults++; w.mu.Unlock() },
		Log:        slog.New(slog.NewJSONHandler(&lockedWriter{w: w}, nil)),
	}
}

type lockedWriter struct{ w *world }

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return l.w.log.Write(p)
}

// node is one running ispgate.
func (w *world) node() *Manager { return New(w.options()) }

// login begins a session and takes it to a stage; it returns the cookie of the browser too.
func (w *world) login(m *Manager, account string, to Stage) (Session, *http.Cookie) {
	w.t.Helper()
	generation, _ := w.generation(context.Background(), account)
	return w.advance(m, m.Begin(account, account+"@example.net", "admin", generation), to)
}

func (w *world) advance(m *Manager, s Session, to Stage) (Session, *http.Cookie) {
	w.t.Helper()
	h := http.Header{}
	next, err := m.Advance(context.Background(), h, s, to, tester)
	if err != nil {
		w.t.Fatalf("Advance from %s to %s: %v", s.Stage, to, err)
	}
	return next, cookieOf(w.t, m, h)
}

func cookieOf(t testing.TB, m *Manager, h http.Header) *http.Cookie {
	t.Helper()
	for _, c := range (&http.Response{Header: h}).Cookies() {
		if c.Name == m.CookieName() {
			return c
		}
	}
	t.Fatalf("no cookie %s in %v", m.CookieName(), h)
	return nil
}

func request(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://panel.example.net/", nil)
	for _, c := range cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	return r
}

func (w *world) load(m *Manager, cookies ...*http.Cookie) Session {
	w.t.Helper()
	s, err := m.Load(context.Background(), request(cookies...))
	if err != nil {
		w.t.Fatalf("Load: %v", err)
	}
	return s
}

func (w *world) wantStage(m *Manager, c *http.Cookie, want Stage) Session {
	w.t.Helper()
	s := w.load(m, c)
	if s.Stage != want {
		w.t.Fatalf("the session is at stage %s, want %s", s.Stage, want)
	}
	return s
}

func (w *world) keysLike(part string) []string {
	w.t.Helper()
	all, err := w.client.Keys(context.Background(), "*").Result()
	if err != nil {
		w.t.Fatal(err)
	}
	var found []string
	for _, k := range all {
		if strings.Contains(k, part) {
			found = append(found, k)
		}
	}
	return found
}

func wantError(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: error is %v, want %v", what, err, want)
	}
}

// stop lets the idle clock of a session run out, for whatever node.
func (w *world) stop(s Session) {
	w.t.Helper()
	over := clock{seen: w.clock().Add(-60 * time.Minute)}
	if err := w.client.SetRange(w.t.Context(), keysOf(s.token).record, 0, string(over.bytes())).Err(); err != nil {
		w.t.Fatal(err)
	}
}
