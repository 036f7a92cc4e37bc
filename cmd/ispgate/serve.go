package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
)

func serveCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "serve -c FILE",
		Short: "Run the gateway",
		Long: `Run the gateway. It prints the addresses it listens on, logs to standard error, and stops on SIGTERM after
the requests under way have ended.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			return serve(c.Context(), cfg, c.OutOrStdout(), os.Stderr)
		},
	}
	configFlag(c, &path)
	return c
}

// serve runs the gateway of one configuration until ctx ends. It returns early only for what an operator must mend.
func serve(ctx context.Context, cfg *config.Config, out, logs io.Writer) error {
	log := newLogger(logs, cfg.Log)
	adoptLibraries(log)
	if err := ineffective(cfg); err != nil {
		return err
	}
	profile, err := loadProfile(cfg)
	if err != nil {
		return err
	}
	if weak := weaker(cfg); weak != "" {
		log.Warn(weak)
	}
	if _, err := usersFileOf(cfg, profile).open(); err != nil { // now, also where the database cannot be reached yet
		return err
	}
	m, h := newMetrics(), &health{}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	front, err := newStandby(builder{cfg: cfg, profile: profile, metrics: m, log: log, stopping: ctx, slots: halfForForms()}, h)
	if err != nil {
		return err
	}
	settled := make(chan error, 1)
	switch err := front.open(background); {
	case err == nil:
		settled <- nil
	case errors.Is(err, account.ErrUnreachable):
		go func() {
			err := front.keepTrying(background)
			if err != nil {
				giveUp()
			}
			settled <- err
		}()
	default:
		return err
	}
	err = run(ctx, servers{public: front, admin: adminHandler(m, h), health: h, out: out, log: log}, cfg)
	stop()
	err = errors.Join(<-settled, err)
	front.close()
	return err
}

func closing(log *slog.Logger, err error) {
	if err != nil {
		log.Warn("not closed cleanly", "cause", err)
	}
}

// servers is what run listens for.
type servers struct {
	public, admin http.Handler
	health        *health
	out           io.Writer
	log           *slog.Logger
}

// announce tells a person or a script where to go.
func (s servers) announce(what, address string) {
	fmt.Fprintf(s.out, "%s %s\n", what, address)
	s.log.Info(what, "address", address)
}
