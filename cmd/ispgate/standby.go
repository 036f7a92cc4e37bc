package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/web"
)

// standby answers while the SQL server cannot be reached, and is the gateway from then on (design 3.1: serve starts).
type standby struct {
	builder builder
	health  *health
	waiting http.Handler
	gateway atomic.Pointer[gateway]
	stores  *stores
}

func newStandby(b builder, h *health) (*standby, error) {
	site, err := b.site()
	if err != nil {
		return nil, err
	}
	closed := site.Serve(func(http.ResponseWriter, *http.Request) error {
		return web.NoLogin(account.ErrUnreachable)
	})
	return &standby{builder: b, health: h, waiting: site.Chain(closed)}, nil
}

func (s *standby) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if gw := s.gateway.Load(); gw != nil {
		gw.handler.ServeHTTP(w, r)
		return
	}
	s.waiting.ServeHTTP(w, r)
}

// open opens the stores and puts the gateway in place. Only a server that does not answer is worth trying again.
func (s *standby) open(ctx context.Context) error {
	b := s.builder
	st, err := openStores(ctx, b.cfg, b.profile, b.log)
	if err != nil {
		return err
	}
	b.stores = st
	gw, err := b.gateway()
	if err != nil {
		return errors.Join(err, st.close())
	}
	s.stores = st
	b.metrics.watchAccounts(st.accounts)
	b.metrics.watchLogins(gw.panel.LoginsOpen)
	parts := st.ping()
	maps.Copy(parts, gw.state())
	s.health.open(parts)
	go warnOfRedis(ctx, st, b.log)
	go (&keysWatch{path: b.cfg.KeysFile, ring: st.ring, log: b.log}).run(ctx)
	gw.run(ctx, b.log)
	go prune(ctx, st, b.cfg.Audit.Retention, b.cfg.Sessions.Absolute, b.log)
	s.gateway.Store(gw)
	return nil
}

// warnOfRedis says at the start what every request would find out; the gateway serves all the same, and is there when Redis is.
func warnOfRedis(ctx context.Context, st *stores, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := st.redis.Ping(ctx).Err(); err != nil && ctx.Err() != context.Canceled {
		log.Warn("redis does not answer: nobody is let in until it does", "cause", err)
	}
}

const reopenEvery = 2 * time.Second

// keepTrying opens until it works or ctx ends. It returns what an operator must mend: nobody else can, and the start would
// have said so too.
func (s *standby) keepTrying(ctx context.Context) error {
	for {
		err := s.open(ctx)
		switch {
		case err == nil:
			s.builder.log.Info("database is there; serving")
			return nil
		case ctx.Err() != nil:
			return nil
		case exitCode(err) == exitUsage:
			return err
		}
		s.builder.metrics.storeErrors.WithLabelValues("sql").Inc()
		s.builder.log.Error("database cannot be opened yet", "cause", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(reopenEvery):
		}
	}
}

func (s *standby) close() {
	if gw := s.gateway.Load(); gw != nil {
		gw.flow.Close()
	}
	if s.stores != nil {
		closing(s.builder.log, s.stores.close())
	}
}
