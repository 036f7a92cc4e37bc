package security

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ispgate/ispgate/test/mission/office"
)

func redisClient(t *testing.T, o *office.Office) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: o.Redis.Addr, DisableIdentity: true})
	t.Cleanup(func() { client.Close() })
	return client
}

// dump reads everything that Redis holds.
func dump(t *testing.T, client *redis.Client) map[string]string {
	t.Helper()
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, key := range keys {
		switch kind := client.Type(t.Context(), key).Val(); kind {
		case "string":
			all[key] = client.Get(t.Context(), key).Val()
		case "hash":
			all[key] = fmt.Sprint(client.HGetAll(t.Context(), key).Val())
		case "zset":
			all[key] = fmt.Sprint(client.ZRangeWithScores(t.Context(), key, 0, -1).Val())
		case "none": // gone meanwhile
		default:
			t.Fatalf("%s is a %s", key, kind)
		}
	}
	return all
}

// signedIn counts the sessions of the panel that are this clerk's.
func signedIn(t *testing.T, o *office.Office, c *office.Clerk) int {
	t.Helper()
	id := strings.TrimSuffix(strings.TrimPrefix(c.Email, "user"), "@example.test")
	var n int
	if _, err := fmt.Sscan(id, &n); err != nil {
		t.Fatalf("%s has no number", c.Email)
	}
	count := 0
	for _, file := range files(t, o.Panel.Data, "sessions", "*") {
		text, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(text), "login_web_") && strings.Contains(string(text), fmt.Sprintf(";i:%d;", n+3)) {
			count++
		}
	}
	return count
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(6 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// withCookies makes the request carry these cookies and no others; send it by a browser with an empty jar.
func withCookies(r *http.Request, pairs ...string) *http.Request {
	r.Header["Cookie"] = []string{strings.Join(pairs, "; ")}
	return r
}

func files(t *testing.T, pattern ...string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(pattern...))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
