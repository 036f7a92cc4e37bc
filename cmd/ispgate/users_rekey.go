package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/keyring"
)

func usersRekeyCommand() *cobra.Command {
	var path string
	var yes bool
	c := &cobra.Command{
		Use:   "rekey -c FILE",
		Short: "Settle that names mean something else now",
		Long: `Settle a change of what a name means: the password source, panel.id, whether and how the profile reads the identity, or how it
folds names. serve refuses to start until then. Without --yes it only says what it would do.

No second factor is lost. Every account waits for whoever the panel calls by its name: that login takes the account over, and is
asked for its code. While accounts with a second factor wait, a password alone is not enough for anybody else: whoever has no
second factor enrols with a ticket (users ticket). users rename gives an account the name that the panel has for the person now;
users delete forgets one whose owner will not come.

Stop the gateway before, and start it again afterwards. All sessions end.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			database, err := closedDatabase(c, cfg)
			if err != nil {
				return err
			}
			done, err := account.Rekey(c.Context(), database, "by "+operator(), !yes)
			if err != nil {
				return fmt.Errorf("database: %w", err)
			}
			return printRekeying(c.OutOrStdout(), done, yes)
		},
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&yes, "yes", false, "do it")
	return c
}

func printRekeying(w io.Writer, r account.Rekeying, done bool) error {
	if r.Old == r.New {
		_, err := fmt.Fprintln(w, "nothing to settle: names mean what they meant")
		return err
	}
	fmt.Fprintf(w, "before  %s\nnow     %s\n", r.Old, r.New)
	for _, a := range r.Accounts {
		if a.State != account.None && !a.Emergency() {
			fmt.Fprintf(w, "waits for the person whom the panel calls %s, second factor %s (was %s)\n", shown(a.Name), a.State, shown(a.Key))
		}
	}
	fmt.Fprintf(w, "accounts: %d, of which %d wait with their second factor; until none does, anybody without one enrols with a ticket\n", len(r.Accounts), r.Waits())
	last := "nothing was changed: with --yes it is done, and all sessions end"
	if done {
		last = "done, all sessions have ended; start the gateway again"
	}
	_, err := fmt.Fprintln(w, last)
	return err
}

// closedDatabase is the database that a command changes as a whole, while no gateway has it open.
func closedDatabase(c *cobra.Command, cfg *config.Config) (account.Options, error) {
	profile, err := loadProfile(cfg)
	if err != nil {
		return account.Options{}, err
	}
	ring, err := keyring.Load(cfg.KeysFile)
	if err != nil {
		return account.Options{}, usageError{fmt.Errorf("keys_file: %w", err)}
	}
	return accountOptions(cfg, profile, ring, newLogger(c.ErrOrStderr(), config.Log{Level: "error", Format: "text"})), nil
}
