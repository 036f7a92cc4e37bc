package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/session"
)

func usersCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "users",
		Short: "Look at accounts and settle what their owners cannot",
		Long: `Look at accounts and settle what their owners cannot. NAME is the name that the panel gave a person when he or she
first logged in, letter for letter; users list shows it.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(usersListCommand(), usersShowCommand(), usersSessionsCommand())
	for _, change := range userChanges {
		c.AddCommand(change.command())
	}
	c.AddCommand(usersRenameCommand(), usersRekeyCommand(), usersExportCommand(), usersImportCommand(), usersHashCommand())
	return c
}

// directory is the account store as an administrator at a terminal sees it.
type directory struct {
	*account.Store
	cfg      *config.Config
	sessions func() (*session.Manager, error)
}

// withDirectory opens the accounts of one configuration for fn. The gateway may be running beside it.
func withDirectory(c *cobra.Command, path string, fn func(context.Context, directory) error) error {
	cfg, err := loadConfig(path)
	if err != nil {
		return err
	}
	profile, err := loadProfile(cfg)
	if err != nil {
		return err
	}
	log := newLogger(c.ErrOrStderr(), config.Log{Level: "error", Format: "text"})
	st, err := openStores(c.Context(), cfg, profile, log)
	if err != nil {
		return err
	}
	defer func() { closing(log, st.close()) }()
	b := builder{cfg: cfg, profile: profile, stores: st, metrics: newMetrics(), log: log}
	sessions := func() (*session.Manager, error) {
		file, err := usersFileOf(cfg, profile).open() // sessions end with their lines
		return b.sessions(file), err
	}
	return fn(c.Context(), directory{st.accounts, cfg, sessions})
}

// named finds the account. To somebody unknown it says how an account comes to be, and what to do then.
func (d directory) named(ctx context.Context, name, hint string) (account.Account, error) {
	acc, err := d.Named(ctx, name)
	if errors.Is(err, account.ErrNotFound) && strings.Contains(name, ":") { // a key, as the log of a conflict gives it
		acc, err = d.Keyed(ctx, name)
	}
	if errors.Is(err, account.ErrNotFound) {
		return acc, fmt.Errorf("no account is named %q: an account is made at the first login in which the panel accepts the person's "+
			"password; %s", name, hint)
	}
	if err != nil {
		return acc, fmt.Errorf("account %q: %w", name, err)
	}
	return acc, nil
}
