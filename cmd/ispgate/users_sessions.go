package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/session"
)

// sessionLine is a session in JSON.
type sessionLine struct {
	ID        string    `json:"id"`
	Stage     string    `json:"stage"`
	Created   time.Time `json:"created"`
	Address   string    `json:"address"`
	UserAgent string    `json:"user_agent"`
}

func usersSessionsCommand() *cobra.Command {
	var path, output string
	c := &cobra.Command{
		Use:   "sessions NAME -c FILE",
		Short: "List who is logged in to an account",
		Long: `List the sessions of NAME that are alive: since when, from which address and browser, and how far each has come. users revoke
ends them all.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			return withDirectory(c, path, func(ctx context.Context, d directory) error {
				acc, err := d.named(ctx, args[0], seeList)
				if err != nil {
					return err
				}
				sessions, err := d.sessions()
				if err != nil {
					return err
				}
				if err := sessions.Refresh(ctx); err != nil { // else those that were revoked would be shown as alive
					return fmt.Errorf("read revocations: %w", err)
				}
				cards, err := sessions.List(ctx, acc.ID)
				if err != nil {
					return err
				}
				return d.printSessions(c.OutOrStdout(), cards, output)
			})
		},
	}
	configFlag(c, &path)
	outputFlag(c, &output)
	return c
}

func (d directory) printSessions(w io.Writer, cards []session.Card, output string) error {
	lines := []sessionLine{} // an empty list, not null
	for _, c := range cards {
		lines = append(lines, sessionLine{c.ID, c.Stage.String(), c.Created, c.Address, c.UserAgent})
	}
	if output == "json" {
		return printJSON(w, lines)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SINCE\tSTAGE\tADDRESS\tBROWSER\tID")
	for _, l := range lines {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", d.clock(l.Created), l.Stage, l.Address, shown(l.UserAgent), l.ID)
	}
	return t.Flush()
}
