package main

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/test/harness"
)

// nodes are gateways as serve builds them, before one panel and on one key file, one SQLite file and one Redis; each has read the
// keys and opened the stores for itself. They share what two processes would, and nothing else, and yet the race detector sees them
// all.
type nodes struct {
	cfg     *config.Config
	profile *panel.Profile
	now     func() time.Time
	slots   *web.Slots // of those that are added next: in one, races between forms would be rarer
	all     []*node
}

type node struct {
	*whole
	*stores
	database string // its URL
}

// openNodes opens so many before the panel at back; now is the clock of the accounts, and of nothing else.
func openNodes(t testing.TB, n int, back *url.URL, text []byte, now func() time.Time) *nodes {
	t.Helper()
	dir := harness.PrivateDir(t)
	cfg := demonstration{listen: "127.0.0.1:0"}.config()
	cfg.PublicURL, _ = url.Parse("https://panel.example.net")
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	cfg.Panel.URL = back
	cfg.KeysFile = filepath.Join(dir, "keys.yaml")
	cfg.Database.URL = config.Secret("sqlite://" + filepath.Join(dir, "ispgate.db"))
	cfg.Sessions.Redis.URL = config.Secret(harness.Redis(t).URL())
	profile, err := panel.Parse("demo.yaml", text)
	if err == nil {
		err = keyring.Create(cfg.KeysFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	ns := &nodes{cfg: cfg, profile: profile, now: now}
	for range n {
		ns.add(t)
	}
	return ns
}

func (ns *nodes) add(t testing.TB) *node {
	t.Helper()
	ns.all = append(ns.all, ns.open(t, ns.profile, ns.now))
	return ns.all[len(ns.all)-1]
}

func (ns *nodes) open(t testing.TB, profile *panel.Profile, now func() time.Time) *node {
	t.Helper()
	g := &node{&whole{metrics: newMetrics(), log: &written{}, asked: &commands{}}, &stores{}, ns.cfg.Database.URL.Reveal()}
	log := newLogger(g.log, config.Log{Level: "info", Format: "json"})
	var err error
	must := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	g.ring, err = keyring.Load(ns.cfg.KeysFile)
	must()
	o := accountOptions(ns.cfg, profile, g.ring, log)
	o.Now = now
	if len(ns.all) == 0 {
		err = account.Create(t.Context(), o)
		must()
	}
	g.accounts, err = account.Open(t.Context(), o)
	must()
	g.redis, err = redisClient(ns.cfg.Sessions.Redis)
	must()
	t.Cleanup(func() { closing(log, g.close()) })
	g.gateway, err = builder{cfg: ns.cfg, profile: profile, stores: g.stores, metrics: g.metrics, log: log, slots: ns.slots}.gateway()
	must()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	g.run(ctx, slog.New(slog.DiscardHandler))
	return g
}
