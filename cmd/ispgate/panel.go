package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/panel"
)

// surveyTime bounds one look at a panel: some throttle by sleeping 25 s (T3).
const surveyTime = 5 * time.Minute

func panelCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "panel",
		Short: "Find out how a panel logs people in",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(panelCheckCommand())
	return c
}

// panelAsk is what the command line of panel check says.
type panelAsk struct {
	config, user, write string
	wrong               bool
}

func panelCheckCommand() *cobra.Command {
	var ask panelAsk
	c := &cobra.Command{
		Use:   "check -c FILE [--user NAME [--wrong]] [--write FILE]",
		Short: "Look at the panel's login and propose a profile",
		Long: `Look at the panel of the configuration as somebody who has never seen its source: the way to its login page, cookies and their
flags, the forms, tokens, captchas, and whether strangers are told from logged-in users. The profile may still be
"generic".

With --user it asks for the password of a panel account (on the terminal, or as a line of the standard input), logs in,
finds the page and the cookies that prove a login, and lets the gateway judge: the right password, another browser in
another language, the name in other letters, the e-mail address that the panel shows for it and, with --wrong, one wrong
password. These logins count in the panel's own limiter; they are logged out at the end, also after Ctrl-C. Nothing that
is printed or written holds the password.
--write FILE writes the proposed profile; name that file in panel.profile.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return checkPanelLogin(c, ask) },
	}
	configFlag(c, &ask.config)
	c.Flags().StringVar(&ask.user, "user", "", "log in as this user of the panel")
	c.Flags().BoolVar(&ask.wrong, "wrong", false, "try one deliberately wrong password as well")
	c.Flags().StringVar(&ask.write, "write", "", "write the proposed profile to this file, which must not exist")
	return c
}

func checkPanelLogin(c *cobra.Command, ask panelAsk) error {
	if ask.wrong && ask.user == "" {
		return usageError{errors.New("--wrong goes with --user")}
	}
	cfg, err := loadConfig(ask.config)
	if err != nil {
		return err
	}
	if cfg.Passwords.Source == "file" {
		return usageError{errors.New("passwords.source is file: nobody logs in at the application, so there is nothing to look at")}
	}
	o, err := surveyOptions(cfg, c.ErrOrStderr())
	if err != nil {
		return err
	}
	question := panel.Ask{Client: panel.Client{UserAgent: "Mozilla/5.0 (X11; Linux x86_64) ispgate-check", Language: "en"}, Username: ask.user, Wrong: ask.wrong}
	if ask.user != "" {
		if question.Password, err = readPassword(c.Context(), c.InOrStdin(), c.ErrOrStderr(), "Password of "+ask.user+" at the panel: "); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeoutCause(c.Context(), surveyTime, fmt.Errorf("it took more than %v", surveyTime))
	defer cancel()
	out := c.OutOrStdout()
	found, err := panel.Survey(ctx, o, question, func(line string) { fmt.Fprintln(out, line) })
	if err != nil {
		return err
	}
	return conclude(out, found, ask.write)
}

func surveyOptions(cfg *config.Config, logs io.Writer) (panel.Options, error) {
	profile, err := readProfile(cfg.Panel.Profile)
	if err != nil {
		return panel.Options{}, err
	}
	b := builder{cfg: cfg, profile: profile, stores: &stores{}, metrics: newMetrics(), log: newLogger(logs, config.Log{Level: "error", Format: "text"})}
	return b.panelOptions(), nil
}

// conclude prints the proposal and what is still missing, and writes the profile where that was asked for.
func conclude(out io.Writer, found *panel.Proposal, file string) error {
	if found.Complete() {
		fmt.Fprintf(out, "\nThe proposed profile\n%s", indented(found.YAML()))
	}
	if len(found.Missing) == 0 {
		fmt.Fprintln(out, "\nNothing is missing.")
	} else {
		fmt.Fprintln(out, "\nStill missing")
		for _, line := range found.Missing {
			fmt.Fprintln(out, "  - "+line)
		}
	}
	switch {
	case file == "":
	case !found.Complete():
		return errors.New("no profile written: it would not work yet")
	default:
		fmt.Fprintln(out)
		if err := writeFile(out, file, found.YAML(), false); err != nil {
			return err
		}
		fmt.Fprintf(out, "name it in the configuration, panel: {profile: %s}\n", file)
		return nil
	}
	if !found.Complete() {
		return errors.New("no working profile yet")
	}
	return nil
}

func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ") + "\n"
}
