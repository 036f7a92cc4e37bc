package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
)

func usersExportCommand() *cobra.Command {
	var path, to string
	c := &cobra.Command{
		Use:   "export -c FILE [--to FILE]",
		Short: "Write all accounts into one document",
		Long: `Write all accounts with what belongs to them as one JSON document: second factors, recovery codes, spent codes, counted failures,
browsers, remembered spellings, tickets. It goes to the standard output, or with --to into a new file that only you can read. Secrets
are sealed as they are in the database: the document opens nothing without the key file. The audit trail is not in it.

To move to another database, stop the gateway first: what happens after the export is not in the document. Then name the new
database in the configuration, ispgate init --new-database, ispgate users import.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withDirectory(c, path, func(ctx context.Context, d directory) error {
				document, err := d.Export(ctx)
				if err != nil {
					return err
				}
				d.Audit(ctx, account.Event{Kind: "exported", Detail: "by " + operator()})
				if err := writeDocument(c.OutOrStdout(), to, document); err != nil {
					return fmt.Errorf("write the document: %w", err)
				}
				_, err = fmt.Fprintf(c.ErrOrStderr(), "accounts exported: %d\n", document.Accounts())
				return err
			})
		},
	}
	configFlag(c, &path)
	c.Flags().StringVar(&to, "to", "", "write the document to this file, which must not exist")
	return c
}

// writeDocument leaves no half of a file behind.
func writeDocument(out io.Writer, to string, d *account.Document) error {
	if to == "" {
		return printJSON(out, d)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- a new file that the operator names
	if err != nil {
		return err
	}
	err = printJSON(f, d)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

func usersImportCommand() *cobra.Command {
	var path, from string
	c := &cobra.Command{
		Use:   "import -c FILE [--from FILE]",
		Short: "Bring the accounts of a document into a new database",
		Long: `Bring the accounts of a document of users export, from the standard input or a file, into a database that ispgate init has just made
and nobody has used. It needs the key file with which the document was made. Everything in it is checked; either all of it is
imported or nothing is changed.

Second factors, recovery codes and recognised browsers go on working; spent codes, counted failures and revoked sessions stay so.
All sessions end. The new database takes the place of the old one: it carries its installation id, and a gateway that still serves
the old one would count wrong codes for itself. A document is as old as its export: a factor that was reset since is back.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			document, err := readDocument(c.InOrStdin(), from)
			if err != nil {
				return err
			}
			if err := importDocument(c, cfg, document); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "accounts imported: %d, as they were on %s; all sessions have ended\nnext: ispgate check, then start the gateway; keep the old database out of service\n",
				document.Accounts(), directory{cfg: cfg}.clock(document.Exported))
			return err
		},
	}
	configFlag(c, &path)
	c.Flags().StringVar(&from, "from", "", "read the document from this file")
	return c
}

func readDocument(in io.Reader, from string) (*account.Document, error) {
	if f, ok := in.(*os.File); from == "" && ok && term.IsTerminal(int(f.Fd())) {
		return nil, usageError{errors.New("which document? give --from FILE, or the document on the standard input")}
	}
	if from != "" {
		f, err := os.Open(from) // #nosec G304 -- the operator names it
		if err != nil {
			return nil, usageError{fmt.Errorf("read the document: %w", err)}
		}
		defer f.Close()
		in = f
	}
	return account.ReadDocument(in)
}

func importDocument(c *cobra.Command, cfg *config.Config, d *account.Document) error {
	database, err := closedDatabase(c, cfg)
	if err != nil {
		return err
	}
	return account.Import(c.Context(), database, d, "by "+operator(), progress(c.ErrOrStderr(), time.Now))
}

const progressEvery = 3 * time.Second

// progress tells of work that takes longer than a few seconds.
func progress(w io.Writer, now func() time.Time) func(done, of int) {
	last := now()
	return func(done, of int) {
		if at := now(); at.Sub(last) >= progressEvery {
			last = at
			fmt.Fprintf(w, "%d of %d\n", done, of)
		}
	}
}
