package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/keyring"
)

func initCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "init -c FILE",
		Short: "Make the key file and the account database",
		Long: `Make the key file and the account database that the configuration names. What exists already is left alone.
Keep a copy of the key file apart from the database: one is worth nothing without the other.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			return initialise(c.Context(), cfg, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	configFlag(c, &path)
	return c
}

func initialise(ctx context.Context, cfg *config.Config, out, logs io.Writer) error {
	profile, err := loadProfile(cfg)
	if err != nil {
		return err
	}
	if err := refuseNewKeys(ctx, cfg); err != nil {
		return err
	}
	switch err := keyring.Create(cfg.KeysFile); {
	case errors.Is(err, fs.ErrExist):
		fmt.Fprintf(out, "key file %s exists, left alone\n", cfg.KeysFile)
	case err != nil:
		return err
	default:
		fmt.Fprintf(out, "key file %s made: keep a copy in a safe place\n", cfg.KeysFile)
	}
	ring, err := keyring.Load(cfg.KeysFile)
	if err != nil {
		return err
	}
	switch err := account.Create(ctx, accountOptions(cfg, profile, ring, newLogger(logs, cfg.Log))); {
	case errors.Is(err, account.ErrExists):
		fmt.Fprintln(out, "account database exists, left alone")
	case err != nil:
		return fmt.Errorf("database: %w", err)
	default:
		fmt.Fprintln(out, "account database made")
	}
	fmt.Fprintf(out, "next: ispgate check, then ispgate serve\n")
	return nil
}

// refuseNewKeys: keys made for a database that is there already would open nothing in it.
func refuseNewKeys(ctx context.Context, cfg *config.Config) error {
	if _, err := os.Stat(cfg.KeysFile); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	there, err := account.Exists(ctx, cfg.Database.URL.Reveal())
	if err != nil || !there {
		return err
	}
	return usageError{fmt.Errorf("the account database is there, but its key file %s is not: put the copy of that file back; new keys would open nothing in this database", cfg.KeysFile)}
}
