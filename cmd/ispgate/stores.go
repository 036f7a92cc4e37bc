package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/internal/panel"
)

// stores are what sessions and accounts are kept in.
type stores struct {
	ring     *keyring.Ring
	accounts *account.Store
	redis    redis.UniversalClient
}

// openStores reads the keys and opens the database; Redis need not answer yet.
func openStores(ctx context.Context, cfg *config.Config, p *panel.Profile, log *slog.Logger) (*stores, error) {
	ring, err := keyring.Load(cfg.KeysFile)
	if err != nil {
		return nil, usageError{fmt.Errorf("keys_file: %w", err)}
	}
	client, err := openRedis(cfg, log)
	if err != nil {
		return nil, err
	}
	accounts, err := account.Open(ctx, accountOptions(cfg, p, ring, log))
	if err != nil {
		return nil, fmt.Errorf("database: %w", errors.Join(err, client.Close()))
	}
	return &stores{ring, accounts, client}, nil
}

// openRedis dials nothing yet.
func openRedis(cfg *config.Config, log *slog.Logger) (redis.UniversalClient, error) {
	redis.SetLogger(redisLog{log})
	client, err := redisClient(cfg.Sessions.Redis)
	if err != nil {
		return nil, usageError{fmt.Errorf("sessions.redis: %w", err)}
	}
	return client, nil
}

func accountOptions(cfg *config.Config, p *panel.Profile, ring *keyring.Ring, log *slog.Logger) account.Options {
	return account.Options{URL: cfg.Database.URL.Reveal(), Ring: ring, Panel: cfg.Panel.ID, Fingerprint: fingerprint(cfg, p),
		Skew: cfg.TwoFactor.Skew, Log: log, Now: time.Now}
}

func (s *stores) close() error { return errors.Join(s.accounts.Close(), s.redis.Close()) }

func (s *stores) ping() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"redis": func(ctx context.Context) error { return s.redis.Ping(ctx).Err() },
		"sql":   s.accounts.Ping,
	}
}

// redisTimeout bounds each step of a Redis command; a dead link would otherwise hold a request for 5 s (design 6).
const redisTimeout = 800 * time.Millisecond

// redisLog takes what go-redis says of its connections into our log; it would go to standard error as plain text.
type redisLog struct{ *slog.Logger }

func (l redisLog) Printf(_ context.Context, format string, args ...any) {
	l.Warn("redis client", "says", fmt.Sprintf(format, args...))
}

func redisClient(cfg config.Redis) (redis.UniversalClient, error) {
	opt, err := redis.ParseURL(cfg.URL.Reveal())
	if err != nil {
		return nil, errors.New("url is not a redis:// or rediss:// address") // the library's message quotes the password
	}
	u := &redis.UniversalOptions{Addrs: []string{opt.Addr}, DB: opt.DB, Username: opt.Username, Password: opt.Password, TLSConfig: opt.TLSConfig,
		ContextTimeoutEnabled: true, DialTimeout: redisTimeout, ReadTimeout: redisTimeout, WriteTimeout: redisTimeout, PoolTimeout: redisTimeout,
		MaxRetries: 1, DisableIdentity: true}
	switch {
	case cfg.Sentinel != nil:
		u.MasterName, u.Addrs = cfg.Sentinel.Master, cfg.Sentinel.Addresses
	case cfg.Cluster != nil:
		u.IsClusterMode, u.Addrs = true, cfg.Cluster.Addresses
	}
	return redis.NewUniversalClient(u), nil
}
