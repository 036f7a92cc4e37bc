package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/test/harness"
)

// begin puts real sessions into a gateway's Redis, with the program's own manager, each of another account. It returns what
// their browsers send as Cookie.
func (g *gateway) begin(n int) ([]string, error) {
	ring, err := keyring.Load(g.keys)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	installation, err := g.installation(ctx)
	if err != nil {
		return nil, err
	}
	manager := session.New(session.Options{Redis: g.redis.client, Ring: ring, Installation: installation, Idle: 30 * time.Minute,
		Absolute: 12 * time.Hour, Secure: true, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Generation: func(context.Context, string) (int64, error) { return 0, nil }})
	var cookies []string
	for i := range n {
		name := fmt.Sprintf("operator-%07d@isp.example", i)
		s := manager.Begin(fmt.Sprintf("%032x", i), name, "staff", 0)
		s.Person, s.ReturnTo = name, "/dashboard"
		h := http.Header{}
		if _, err := manager.Advance(ctx, h, s, session.Full, session.Meta{Address: "198.51.100.7", UserAgent: harness.Chromium}); err != nil {
			return nil, err
		}
		pair, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
		cookies = append(cookies, pair)
	}
	return cookies, nil
}

// installation is the id that the gateway's sessions are bound to.
func (g *gateway) installation(ctx context.Context) (id string, err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(filepath.Dir(g.keys), "ispgate.db")+"?mode=ro")
	if err != nil {
		return "", err
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'installation'`).Scan(&id)
	return id, err
}

// copying makes sessions that nobody has: the values of a real one, under keys like its own.
var copying = redis.NewScript(`
for i = 1, tonumber(ARGV[1]) do
  local a, b = redis.sha1hex(ARGV[2] .. i), redis.sha1hex(i .. ARGV[2])
  local slot, token = 'ispgate:{' .. a:sub(1, 11) .. '}:', b:sub(1, 20)
  redis.call('SET', slot .. 's:' .. token, ARGV[3], 'EX', 43200)
  redis.call('SET', slot .. 'idx', ARGV[4], 'EX', 43200)
end`)

// copies adds n of them.
func (g *gateway) copies(n int) error {
	const batch = 1_000
	ctx, c := context.Background(), g.redis.client
	if err := c.ConfigSet(ctx, "appendonly", "no").Err(); err != nil {
		return err
	}
	found, _, err := c.Scan(ctx, 0, "ispgate:{*}:s:*", 100_000).Result()
	if err != nil || len(found) == 0 {
		return fmt.Errorf("no session in Redis (%v)", err)
	}
	slot, _, _ := strings.Cut(found[0], "s:")
	values, err := c.MGet(ctx, found[0], slot+"idx").Result()
	if err != nil || slices.Contains(values, nil) {
		return fmt.Errorf("a session without a card (%v)", err)
	}
	before, err := c.DBSize(ctx).Result()
	if err != nil {
		return err
	}
	for done := 0; done < n; done += batch {
		args := append([]any{min(batch, n-done), done}, values...)
		if err := copying.Run(ctx, c, []string{}, args...).Err(); err != nil && err != redis.Nil {
			return err
		}
	}
	if after, err := c.DBSize(ctx).Result(); err != nil || after-before < int64(2*n) {
		return fmt.Errorf("%d keys more in Redis, want 2 for each of %d sessions (%v)", after-before, n, err)
	}
	return nil
}
