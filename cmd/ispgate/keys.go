package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/keyring"
)

func keysCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "keys",
		Short: "Make and rotate the master keys",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(keysNewCommand(), keysRotateCommand())
	return c
}

func keysNewCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "new FILE",
		Short: "Make a key file",
		Long: `Make a key file with one random key, for you alone to read. ispgate init does it for an installation; a database opens only
with the key file that it was made with. What is there is never overwritten.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			err := keyring.Create(args[0])
			if errors.Is(err, fs.ErrExist) {
				return usageError{fmt.Errorf("%s is there; a further key for it: ispgate keys rotate", args[0])}
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "key file %s made: keep a copy in a safe place\n", args[0])
			return err
		},
	}
}

func keysRotateCommand() *cobra.Command {
	var path, use string
	var prepare bool
	c := &cobra.Command{
		Use:   "rotate -c FILE",
		Short: "Put a new key first into the key file",
		Long: `Put a new key first into the key file: it writes from now on, and the others are kept, to read what they wrote. A gateway
that runs takes the file up within seconds. Nobody is logged out.

Keep the older keys: recovery codes and the audit trail cannot be written anew, and whoever's second factor was sealed under a key
that is gone is not let in. Renew the copy of the key file that you keep apart from the database.

Where several gateways share a database, a key must be at all of them before one writes with it: ispgate keys rotate --prepare,
copy the file to every node, then ispgate keys rotate --use ID at each.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if prepare && use != "" {
				return usageError{errors.New("--prepare comes first, --use once every node has the file")}
			}
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			said, err := rotate(cfg.KeysFile, prepare, use)
			if err != nil {
				return fmt.Errorf("keys_file: %w", err)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), said)
			return err
		},
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&prepare, "prepare", false, "put the new key last: it reads, and writes nothing yet")
	c.Flags().StringVar(&use, "use", "", "put the key of this `ID`, which was prepared, first")
	return c
}

func rotate(file string, prepare bool, use string) (said string, err error) {
	switch {
	case prepare:
		id, err := keyring.Prepare(file)
		return fmt.Sprintf("key %s was added and writes nothing yet: copy %s to every node, then run on each: ispgate keys rotate --use %s", id, file, id), err
	case use != "":
		return fmt.Sprintf("key %s writes from now on", use), keyring.Promote(file, use)
	}
	id, err := keyring.Rotate(file)
	return fmt.Sprintf("key %s writes from now on; renew the copy of %s that you keep apart", id, file), err
}
