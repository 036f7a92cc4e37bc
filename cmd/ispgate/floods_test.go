package main

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"
)

const strangers = 100_000

// TestS34_AHundredThousandStrangers: so many anonymous requests, and as many wrong passwords for random names, from 400 addresses,
// leave nothing in Redis that outlives a minute, and at most a hundred rows in SQL. The panel is a quick one. The clock of the
// accounts stands still: failed logins are written down sixty times a minute, and the rest is counted.
func TestS34_AHundredThousandStrangers(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(quickPanel))
	t.Cleanup(back.Close)
	address, _ := url.Parse(back.URL)
	began := time.Now()
	g := openNodes(t, 1, address, demoProfile, func() time.Time { return began }).all[0]
	rows := g.rows(t)

	answers := g.flood(func(i int) *http.Request {
		target := []string{"/dashboard", "/ispgate/login", "/ispgate/verify", "/customer", "/ispgate/auth"}[i%5]
		return stranger(i, "GET", target, "")
	})
	t.Logf("%d anonymous requests in %s: %v", strangers, time.Since(began).Round(time.Millisecond), answers)
	if answers[http.StatusOK] != 2*strangers/5 || answers[http.StatusSeeOther] == 0 {
		t.Errorf("answers %v", answers)
	}
	if keys := g.redis.DBSize(t.Context()).Val(); keys != 0 {
		t.Errorf("anonymous requests left %d keys", keys)
	}
	if n := g.rows(t) - rows; n != 0 {
		t.Errorf("anonymous requests left %d rows", n)
	}

	now := time.Now()
	answers = g.flood(func(i int) *http.Request {
		return stranger(i, "POST", "/ispgate/login", url.Values{"username": {fmt.Sprintf("nobody%d@example.test", i)}, "password": {"guessed"}}.Encode())
	})
	t.Logf("%d passwords for random names in %s: %v", strangers, time.Since(now).Round(time.Millisecond), answers)
	if answers[http.StatusUnauthorized] < strangers/10 || answers[http.StatusUnauthorized]+answers[http.StatusTooManyRequests] != strangers {
		t.Errorf("answers %v", answers)
	}
	g.wantShortLived(t)
	if n := g.rows(t) - rows; n == 0 || n > 100 {
		t.Errorf("%d rows", n)
	}
}

// quickPanel is a login that knows nobody.
func quickPanel(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	switch {
	case r.URL.Path == "/customer":
		_, _ = io.WriteString(w, "open to all")
	case r.URL.Path != "/login" || r.Method == http.MethodPost:
		w.Header().Set("Location", "/login")
		w.WriteHeader(http.StatusFound)
	default:
		_, _ = io.WriteString(w, `<form method=post action=/login><input name=email><input type=password name=password></form>`)
	}
}

// stranger is a request as a trusted proxy passes it on, from one of 400 addresses: of each the panel judges fifty a minute.
func stranger(i int, method, target, form string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(form))
	r.Host, r.RemoteAddr = "panel.example.net", "192.0.2.1:1"
	r.Header = http.Header{"Accept": {"text/html"}, "Sec-Fetch-Site": {"same-origin"}, "Content-Type": {"application/x-www-form-urlencoded"},
		"X-Forwarded-For": {fmt.Sprintf("198.18.%d.%d", i/200%2, i%200)}, "X-Forwarded-Proto": {"https"},
		"X-Original-Method": {"GET"}, "X-Original-Url": {"https://panel.example.net/dashboard"}}
	return r
}

// flood sends a request of every stranger, eight at a time, and counts the answers by status.
func (g *node) flood(next func(i int) *http.Request) map[int]int {
	var count atomic.Int64
	var mu sync.Mutex
	var all sync.WaitGroup
	answers := map[int]int{}
	for range 8 {
		all.Go(func() {
			w, mine := &sink{header: http.Header{}}, map[int]int{}
			for i := int(count.Add(1)) - 1; i < strangers; i = int(count.Add(1)) - 1 {
				clear(w.header)
				w.status = http.StatusOK
				g.handler.ServeHTTP(w, next(i))
				mine[w.status]++
			}
			mu.Lock()
			defer mu.Unlock()
			for status, n := range mine {
				answers[status] += n
			}
		})
	}
	all.Wait()
	return answers
}

// wantShortLived wants every key in Redis to be gone in a minute.
func (g *node) wantShortLived(t *testing.T) {
	t.Helper()
	n, cursor, more := 0, uint64(0), true
	for ; more; more = cursor != 0 {
		keys, next, err := g.redis.Scan(t.Context(), cursor, "*", 5000).Result()
		if err != nil {
			t.Fatal(err)
		}
		lives, err := g.redis.Pipelined(t.Context(), func(p redis.Pipeliner) error {
			for _, key := range keys {
				p.PTTL(t.Context(), key)
			}
			return nil
		})
		if err != nil && len(keys) > 0 {
			t.Fatal(err)
		}
		for i, live := range lives {
			if ttl := live.(*redis.DurationCmd).Val(); ttl > time.Minute || ttl == -1 {
				t.Fatalf("%s lives for %s", keys[i], ttl)
			}
		}
		n, cursor = n+len(keys), next
	}
	if n < 1000 {
		t.Errorf("%d keys: nothing was counted", n)
	}
}

// rows counts what all tables of the account database hold.
func (g *node) rows(t *testing.T) (total int) {
	t.Helper()
	db, err := sql.Open("sqlite", strings.Replace(g.database, "sqlite://", "file:", 1)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	names, err := db.Query(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for names.Next() {
		var name string
		if err := names.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := names.Err(); err != nil || len(tables) < 10 {
		t.Fatal(tables, err)
	}
	for _, table := range tables {
		n := 0
		if err := db.QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		total += n
	}
	return total
}
