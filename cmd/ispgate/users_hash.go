package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ispgate/ispgate/internal/users"
)

func usersHashCommand() *cobra.Command {
	var asBcrypt bool
	c := &cobra.Command{
		Use:   "hash [NAME]",
		Short: "Make a line of a users file",
		Long: `Make the line of NAME for passwords.users_file or passwords.emergency_file, or without NAME the hash alone. The password is asked
for twice on the terminal; from a pipe it is one line of the standard input. No configuration is read and no file is written:

  ispgate users hash alice >> /etc/ispgate/users && chmod 600 /etc/ispgate/users

A running gateway takes the changed file by itself.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			name := strings.Join(args, "")
			if len(args) > 0 && (name == "" || strings.ContainsFunc(name, func(r rune) bool { return r == ':' || r == '#' || unicode.IsSpace(r) || unicode.IsControl(r) })) {
				return usageError{errors.New("NAME is empty, or holds a colon, a #, a blank or a control character")}
			}
			password, err := newPassword(c.Context(), c.InOrStdin(), c.ErrOrStderr())
			if err != nil {
				return err
			}
			hash, err := users.Hash(password, asBcrypt)
			if err != nil {
				return usageError{err}
			}
			if name != "" {
				hash = name + ":" + hash
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), hash)
			return err
		},
	}
	c.Flags().BoolVar(&asBcrypt, "bcrypt", false, "bcrypt instead of argon2id, for programs that know nothing else")
	return c
}

// newPassword asks twice on the terminal; a pipe is believed at once.
func newPassword(ctx context.Context, in io.Reader, prompt io.Writer) (string, error) {
	first, err := readPassword(ctx, in, prompt, "New password: ")
	if f, ok := in.(*os.File); err != nil || !ok || !term.IsTerminal(int(f.Fd())) {
		return first, err
	}
	again, err := readPassword(ctx, in, prompt, "Once more: ")
	if err == nil && again != first {
		err = usageError{errors.New("the two are not the same")}
	}
	return first, err
}
