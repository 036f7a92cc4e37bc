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
	"github.com/ispgate/ispgate/internal/keyring"
)

func initCommand() *cobra.Command {
	var path string
	var anew bool
	c := &cobra.Command{
		Use:   "init -c FILE",
		Short: "Make the key file and the account database",
		Long: `Make the key file and the account database that the configuration names, in directories that only you can use. What
exists already is checked and left alone. Where one of the two is missing and the other is there, nothing is made: put the
backup of the missing one back. Keep a copy of the key file apart from the database: one is worth nothing without the other.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			profile, err := loadProfile(cfg)
			if err != nil {
				return err
			}
			b := builder{cfg: cfg, profile: profile, log: newLogger(c.ErrOrStderr(), cfg.Log)}
			return b.initialise(c.Context(), c.OutOrStdout(), anew)
		},
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&anew, "new-database", false, "make a new, empty database for keys that are there: nobody has a second factor in it")
	return c
}

func (b builder) initialise(ctx context.Context, out io.Writer, anew bool) error {
	there, err := account.Exists(ctx, b.cfg.Database.URL.Reveal())
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	ring, made, err := b.keys(there, anew)
	if err != nil {
		return usageError{err}
	}
	if there {
		err = account.Inspect(ctx, accountOptions(b.cfg, b.profile, ring, b.log))
	} else {
		err = account.Create(ctx, accountOptions(b.cfg, b.profile, ring, b.log))
	}
	switch {
	case err == nil, errors.Is(err, account.ErrExists): // another init was faster
	case made:
		if there, asked := account.Exists(ctx, b.cfg.Database.URL.Reveal()); asked == nil && !there { // else it may be that database's only key
			err = errors.Join(err, os.Remove(b.cfg.KeysFile))
		}
		return fmt.Errorf("database: %w", err)
	default:
		return fmt.Errorf("database: %w", err)
	}
	result := map[bool]string{true: "exists, left alone", false: "made"}
	fmt.Fprintf(out, "key file %s %s: keep a copy in a safe place\n", b.cfg.KeysFile, result[!made])
	fmt.Fprintf(out, "account database %s\n", result[there || err != nil])
	fmt.Fprintf(out, "next: ispgate check, then ispgate serve\n")
	return nil
}

// keys finds or makes the key file. New keys would open nothing in a database that is there; a new database beside keys
// would mean that nobody has a second factor.
func (b builder) keys(database, anew bool) (ring *keyring.Ring, made bool, err error) {
	path := b.cfg.KeysFile
	_, err = os.Stat(path)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case missing && database:
		return nil, false, fmt.Errorf("the account database is there, but its key file %s is not: put the copy of that file back; new keys would open nothing in this database", path)
	case missing:
		if err := keyring.Create(path); err != nil {
			return nil, false, err
		}
	case !database && !anew:
		return nil, false, fmt.Errorf("the key file %s is there, but its account database is not: if another init is at work just now, start this one again; else put the backup of the database back, and look whether its disk is mounted; "+
			"in a new one nobody has a second factor (if that is meant: ispgate init --new-database)", path)
	}
	ring, err = keyring.Load(path)
	return ring, missing, err
}
