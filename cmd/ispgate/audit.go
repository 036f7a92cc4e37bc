package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/account"
)

func auditCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "Look at the audit trail",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(auditVerifyCommand())
	return c
}

func auditVerifyCommand() *cobra.Command {
	var path, output, log string
	c := &cobra.Command{
		Use:   "verify -c FILE [--heads LOG]",
		Short: "Find rows of the audit trail that were changed, added or removed",
		Long: `Walk every chain of the audit trail in the database and find the first row of each that was changed, added, or has rows missing
before it. The exit code is 1 when there is one. Each process that wrote has a chain of its own.

Rows cut off a chain's end, and chains that are gone altogether, cannot show in the database. Every hour and when it stops the
gateway names the newest row of its chain in its log, in a line "audit head". With --heads LOG each of these rows must be in the
database, or past audit.retention: LOG is any part of the gateway's log, or - for the standard input:

  journalctl -u ispgate -o cat | ispgate audit verify -c FILE --heads -

Rows that were written after the last head in LOG can still be cut off unseen, and so can all of a gateway that was killed in its
first hour, and those of commands, which write no heads. The lines "audit" of the log have what the rows said.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			heads, err := headsOf(log, c.InOrStdin())
			if err != nil {
				return err
			}
			return withDirectory(c, path, func(ctx context.Context, d directory) error {
				trail, err := d.VerifyAudit(ctx, heads)
				if err != nil {
					return err
				}
				if err := printTrail(c.OutOrStdout(), trail, output); err != nil {
					return err
				}
				if n := len(trail.Breaks); n > 0 {
					return fmt.Errorf("the audit trail is not whole: broken chains: %d", n)
				}
				if log == "" {
					fmt.Fprintln(c.ErrOrStderr(), "ispgate: not compared with the log: rows cut off a chain's end, and whole chains, show only with --heads LOG")
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&log, "heads", "", "the gateway's log, or - for the standard input: its heads must be in the trail")
	configFlag(c, &path)
	outputFlag(c, &output)
	return c
}

// chainLine and breakLine are what verify found, in JSON.
type chainLine struct {
	Chain string `json:"chain"`
	Rows  int    `json:"rows"`
	Last  int64  `json:"last_row"`
	MAC   string `json:"mac"`
}

type breakLine struct {
	Chain string `json:"chain"`
	Row   int64  `json:"row"` // 0: what retention left of the chain's beginning
	What  string `json:"what"`
}

func printTrail(w io.Writer, trail account.Trail, output string) error {
	chains, breaks, rows := []chainLine{}, []breakLine{}, 0
	for _, c := range trail.Chains {
		chains = append(chains, chainLine{c.ID, c.Rows, c.Last, hex.EncodeToString(c.Head)})
		rows += c.Rows
	}
	for _, b := range trail.Breaks {
		breaks = append(breaks, breakLine{b.Chain, b.Row, b.What})
	}
	if output == "json" {
		return printJSON(w, struct {
			Whole  bool        `json:"whole"`
			Breaks []breakLine `json:"breaks"`
			Chains []chainLine `json:"chains"`
		}{len(breaks) == 0, breaks, chains})
	}
	for _, b := range breaks {
		if b.Chain == "" {
			b.Chain = "all"
		}
		if _, err := fmt.Fprintf(w, "BROKEN  chain %s, row %d: %s\n", shown(b.Chain), b.Row, b.What); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "rows: %d, chains: %d, broken: %d\n", rows, len(chains), len(breaks))
	return err
}
