package security

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/ispgate/ispgate/test/mission/office"
)

// strangers is how many requests of each kind the whole program gets from one address; cmd/ispgate has the 100 000 of S34.
const strangers = 4000

func TestS34_StrangersLeaveNothing(t *testing.T) {
	o := office.Open(t)
	o.Clerk(t).LogIn()
	client := redisClient(t, o)
	keys, rows := len(client.Keys(t.Context(), "*").Val()), countRows(t, o)
	began := time.Now()
	answers := flood(t, o, func(i int) (*http.Request, string) {
		return request(t, "GET", []string{"/dashboard", "/ispgate/login", "/ispgate/verify", "/customer/portal", "/nonexistent"}[i%5], ""), fmt.Sprintf("192.0.2.%d", i%250)
	})
	t.Logf("%d anonymous requests in %s: %v", strangers, time.Since(began).Round(time.Millisecond), answers)
	if n := len(client.Keys(t.Context(), "*").Val()); n != keys {
		t.Errorf("anonymous requests left %d keys", n-keys)
	}
	if n := countRows(t, o); n != rows {
		t.Errorf("anonymous requests left %d rows", n-rows)
	}
	began = time.Now()
	answers = flood(t, o, func(i int) (*http.Request, string) {
		form := url.Values{"username": {fmt.Sprintf("nobody%d@example.test", i)}, "password": {"guessed"}}.Encode()
		return request(t, "POST", office.Login, form, "Sec-Fetch-Site", "same-origin"), "198.51.100.7"
	})
	t.Logf("%d passwords for random names in %s: %v", strangers, time.Since(began).Round(time.Millisecond), answers)
	if answers[http.StatusUnauthorized] == 0 || answers[http.StatusTooManyRequests] == 0 {
		t.Errorf("answers %v", answers)
	}
	for _, key := range client.Keys(t.Context(), "*throttle*").Val() {
		if ttl := client.PTTL(t.Context(), key).Val(); ttl > time.Minute || ttl == -1 {
			t.Errorf("%s lives for %s", key, ttl)
		}
	}
	if n := len(client.Keys(t.Context(), "*").Val()) - len(client.Keys(t.Context(), "*throttle*").Val()); n > keys {
		t.Errorf("%d keys more that are no counters", n-keys)
	}
	left := countRows(t, o) - rows
	if t.Logf("%d rows were written", left); left > 100 {
		t.Errorf("%d rows", left)
	}
}

// flood sends so many requests, eight at a time, each from an address, and counts the answers by status.
func flood(t *testing.T, o *office.Office, next func(i int) (*http.Request, string)) map[int]int {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	defer transport.CloseIdleConnections()
	var all [600]atomic.Int64
	var senders sync.WaitGroup
	var count atomic.Int64
	for range 8 {
		senders.Go(func() {
			for i := int(count.Add(1)); i <= strangers; i = int(count.Add(1)) {
				r, address := next(i)
				r.Header.Set("X-Forwarded-For", address)
				r.Header.Set("X-Forwarded-Proto", "https")
				r.URL.Scheme, r.URL.Host = "http", o.Host()
				r.Host = strings.TrimPrefix(office.Origin, "https://")
				answer, err := transport.RoundTrip(r)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				all[answer.StatusCode].Add(1)
			}
		})
	}
	senders.Wait()
	answers := map[int]int{}
	for status := range all {
		if n := all[status].Load(); n > 0 {
			answers[status] = int(n)
		}
	}
	return answers
}

// countRows counts what all tables of the account database hold.
func countRows(t *testing.T, o *office.Office) (total int) {
	t.Helper()
	for _, table := range []string{"accounts", "factors", "spent_steps", "recovery_codes", "browsers", "browser_accounts", "budgets", "failures", "challenges",
		"tickets", "spellings", "audit", "revoked", "meta"} {
		total += number(t, o, `SELECT COUNT(*) FROM `+table)
	}
	return total
}

// number asks the account database for one number.
func number(t *testing.T, o *office.Office, text string, args ...any) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(o.Dir, "ispgate.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(text, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
