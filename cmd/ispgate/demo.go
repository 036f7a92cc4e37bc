package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/alicebob/miniredis/v2"
	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/demo"
	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/internal/panel"
)

//go:embed demo.yaml
var demoProfile []byte

const demoPassword = "demo-password"

func demoCommand() *cobra.Command {
	var d demonstration
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run everything in one process: a demo panel, a store in memory, the gateway",
		Long: `Run everything in one process: a demo panel, an embedded Redis and SQLite, and the gateway before them.
Nothing outlives it unless --data names a directory for the keys and the accounts.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			d.out = c.OutOrStdout()
			return d.run(c.Context())
		},
	}
	c.Flags().StringVar(&d.listen, "listen", "127.0.0.1:8080", "address to listen on; passwords are random when it is not loopback")
	c.Flags().StringVar(&d.data, "data", "", "directory that keeps keys and accounts; empty: in memory")
	return c
}

// demonstration is serve on a configuration made in memory.
type demonstration struct {
	listen, data string
	out          io.Writer
}

func (d demonstration) run(ctx context.Context) error {
	cfg := d.config()
	log := newLogger(os.Stderr, cfg.Log)
	adoptLibraries(log)
	profile, err := panel.Parse("demo.yaml", demoProfile)
	if err != nil {
		return err
	}
	accounts, err := d.accounts()
	if err != nil {
		return err
	}
	background, stop := context.WithCancel(context.Background())
	defer stop()
	back, closePanel, err := servePanel(background, accounts, log)
	if err != nil {
		return err
	}
	defer closePanel()
	cfg.Panel.URL = back
	st, closeStores, err := d.stores(background, cfg, profile, log)
	if err != nil {
		return err
	}
	defer closeStores()
	m := newMetrics()
	m.watchAccounts(st.accounts)
	public := &origins{builder: builder{cfg: cfg, stores: st, metrics: m, log: log, stopping: ctx, slots: halfForForms()}, ctx: background}
	m.watchLogins(public.loginsOpen)
	h := &health{}
	h.open(st.ping())
	d.greet(accounts)
	return run(ctx, servers{public: public, admin: adminHandler(m, h), health: h, out: d.out, log: log}, cfg)
}

func (d demonstration) config() *config.Config {
	cfg := config.Default()
	cfg.Listen = []string{d.listen}
	cfg.Admin.Listen = "127.0.0.1:0"
	cfg.Panel.ID = "demo"
	cfg.Log = config.Log{Level: "warn", Format: "text", Access: "off"}
	return cfg
}

// accounts are well known on loopback and nowhere else.
func (d demonstration) accounts() ([]demo.Account, error) {
	host, _, err := net.SplitHostPort(d.listen)
	if err != nil {
		return nil, usageError{fmt.Errorf("--listen: %w", err)}
	}
	password := func() string { return demoPassword }
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		password = rand.Text
	}
	return []demo.Account{
		{Email: "admin@demo.isp", Password: password(), Name: "Shahriar Kabir", Role: "super_admin"},
		{Email: "operator@demo.isp", Password: password(), Name: "Nusrat Jahan", Role: "operator"},
	}, nil
}

func (d demonstration) greet(accounts []demo.Account) {
	fmt.Fprintln(d.out, "ispgate demo: open the address below and log in as")
	for _, a := range accounts {
		fmt.Fprintf(d.out, "  %s  password %s\n", a.Email, a.Password)
	}
}

// servePanel runs the demo panel on a loopback port of its own.
func servePanel(ctx context.Context, accounts []demo.Account, log *slog.Logger) (*url.URL, func(), error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, fmt.Errorf("demo panel: %w", err)
	}
	app := demo.New(demo.Options{Accounts: accounts, Log: log})
	srv := newServer(app, ctx)
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("demo panel stopped", "cause", err)
		}
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}, func() { app.Close(); closing(log, srv.Close()) }, nil
}

func (d demonstration) stores(ctx context.Context, cfg *config.Config, p *panel.Profile, log *slog.Logger) (*stores, func(), error) {
	mini, err := embeddedRedis()
	if err != nil {
		return nil, nil, err
	}
	ring, err := d.keys(ctx, cfg, p, log)
	if err != nil {
		return nil, nil, err
	}
	cfg.Sessions.Redis.URL = config.Secret("redis://:" + mini.password + "@" + mini.Addr() + "/0")
	client, err := redisClient(cfg.Sessions.Redis)
	if err != nil {
		return nil, nil, err
	}
	accounts, err := account.Open(ctx, accountOptions(cfg, p, ring, log))
	if err != nil {
		return nil, nil, fmt.Errorf("demo database: %w", err)
	}
	st := &stores{ring, accounts, client}
	return st, func() { closing(log, st.close()); mini.Close() }, nil
}

// keys finds or makes the key ring, and the database that belongs to it.
func (d demonstration) keys(ctx context.Context, cfg *config.Config, p *panel.Profile, log *slog.Logger) (*keyring.Ring, error) {
	if d.data == "" {
		cfg.Database.URL = "sqlite::memory:"
		return keyring.New()
	}
	dir, err := filepath.Abs(d.data)
	if err != nil {
		return nil, err
	}
	cfg.KeysFile = filepath.Join(dir, "keys.yaml")
	cfg.Database.URL = config.Secret("sqlite://" + filepath.Join(dir, "ispgate.db"))
	if err := keyring.Create(cfg.KeysFile); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	ring, err := keyring.Load(cfg.KeysFile)
	if err != nil {
		return nil, err
	}
	if err := account.Create(ctx, accountOptions(cfg, p, ring, log)); err != nil && !errors.Is(err, account.ErrExists) {
		return nil, fmt.Errorf("demo database: %w", err)
	}
	return ring, nil
}

type embedded struct {
	*miniredis.Miniredis
	password string
}

// embeddedRedis is miniredis with a clock that runs and a password nobody knows: other users of the machine reach the port too.
func embeddedRedis() (embedded, error) {
	m := embedded{miniredis.NewMiniRedis(), rand.Text()}
	m.RequireAuth(m.password)
	m.ClockTTL(true)
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return m, fmt.Errorf("embedded Redis: %w", err)
	}
	return m, nil
}
