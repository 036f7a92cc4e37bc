package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/account"
)

// userLine is an account in JSON.
type userLine struct {
	Name         string        `json:"name"`
	Key          string        `json:"key"`
	SecondFactor account.State `json:"second_factor"`
	Enabled      *time.Time    `json:"enabled,omitempty"`
	CodesLeft    int           `json:"recovery_codes_left"`
	Generation   int64         `json:"generation"`
	ID           string        `json:"id"`
}

// userShown is what show tells of an account in JSON.
type userShown struct {
	userLine
	Browsers []browserLine `json:"browsers"`
}

// browserLine is a browser in which the account is recognised.
type browserLine struct {
	ID           string     `json:"id"`
	Created      time.Time  `json:"created"`
	Seen         time.Time  `json:"seen"`
	TrustedUntil *time.Time `json:"trusted_until,omitempty"` // until then it skips the code
	Address      string     `json:"address"`
	UserAgent    string     `json:"user_agent"`
}

func (d directory) linesOf(a account.Account, browsers []account.Browser) []browserLine {
	lines := []browserLine{} // an empty list, not null
	for _, b := range browsers {
		l := browserLine{ID: b.ID, Created: b.Created.UTC(), Seen: b.Seen.UTC(), Address: b.Address, UserAgent: b.UserAgent}
		if policyOf(d.cfg).Trusts(a.Name, a.Key, b.TrustedUntil, time.Now()) {
			until := b.TrustedUntil.UTC()
			l.TrustedUntil = &until
		}
		lines = append(lines, l)
	}
	return lines
}

func lineOf(a account.Account) userLine {
	l := userLine{Name: a.Name, Key: a.Key, SecondFactor: a.State, CodesLeft: a.CodesLeft, Generation: a.Generation, ID: a.ID}
	if !a.Enabled.IsZero() {
		at := a.Enabled.UTC()
		l.Enabled = &at
	}
	return l
}

func usersListCommand() *cobra.Command {
	var path, output string
	c := &cobra.Command{
		Use:   "list -c FILE",
		Short: "List the accounts and their second factors",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			return withDirectory(c, path, func(ctx context.Context, d directory) error {
				accounts, err := d.List(ctx) // with an error, those that verify
				return errors.Join(err, d.printList(c.OutOrStdout(), accounts, output))
			})
		},
	}
	configFlag(c, &path)
	outputFlag(c, &output)
	return c
}

func usersShowCommand() *cobra.Command {
	var path, output string
	c := &cobra.Command{
		Use:   "show NAME -c FILE",
		Short: "Show one account and the browsers that are recognised",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			return withDirectory(c, path, func(ctx context.Context, d directory) error {
				acc, err := d.named(ctx, args[0], seeList)
				if err != nil {
					return err
				}
				browsers, err := d.Browsers(ctx, acc.ID)
				if err != nil {
					return err
				}
				return d.printOne(c.OutOrStdout(), acc, d.linesOf(acc, browsers), output)
			})
		},
	}
	configFlag(c, &path)
	outputFlag(c, &output)
	return c
}

func outputFlag(c *cobra.Command, output *string) {
	c.Flags().StringVar(output, "output", "table", "table or json")
}

func checkOutput(output string) error {
	if output != "table" && output != "json" {
		return usageError{fmt.Errorf("--output %q: it is table or json", output)}
	}
	return nil
}

func (d directory) printList(w io.Writer, accounts []account.Account, output string) error {
	lines := []userLine{} // an empty list, not null
	for _, a := range accounts {
		lines = append(lines, lineOf(a))
	}
	if output == "json" {
		return printJSON(w, lines)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSECOND FACTOR\tSINCE\tRECOVERY CODES")
	for _, a := range accounts {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\n", shown(a.Name), a.State, d.clock(a.Enabled), a.CodesLeft)
	}
	return t.Flush()
}

func (d directory) printOne(w io.Writer, a account.Account, browsers []browserLine, output string) error {
	if output == "json" {
		return printJSON(w, userShown{lineOf(a), browsers})
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "Name\t%s\nKey\t%s\nSecond factor\t%s\nSince\t%s\nRecovery codes\t%d\nGeneration\t%d\nID\t%s\n",
		shown(a.Name), shown(a.Key), a.State, d.clock(a.Enabled), a.CodesLeft, a.Generation, a.ID)
	if err := t.Flush(); err != nil || len(browsers) == 0 {
		return err
	}
	fmt.Fprintln(t, "\nBROWSER LAST SEEN\tFIRST SEEN\tSKIPS THE CODE UNTIL\tADDRESS\tUSER AGENT")
	for _, b := range browsers {
		until := time.Time{}
		if b.TrustedUntil != nil {
			until = *b.TrustedUntil
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", d.clock(b.Seen), d.clock(b.Created), d.clock(until), b.Address, shown(b.UserAgent))
	}
	return t.Flush()
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// clock writes a time as the pages do, in ui.timezone.
func (d directory) clock(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.In(d.cfg.UI.Timezone).Format("2006-01-02 15:04 -07:00")
}

// shown keeps a name that the panel gave us from steering the terminal or forging a line.
func shown(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.QuoteToASCII(name)
	}
	return name
}
