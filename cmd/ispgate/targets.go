package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/panel"
)

func routesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "routes",
		Short: "What the profile's routes mean",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(routesTestCommand(), routesListCommand())
	return c
}

func routesTestCommand() *cobra.Command {
	var path, from, output string
	c := &cobra.Command{
		Use:   "test METHOD URL",
		Short: "Say which rule decides about a request",
		Long: `Say which rule of the profile decides about a request. URL is a path with its query, byte for byte as a browser sends it, or
a whole address of the panel. --from is the client's address, for rules that ask for one.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, profile, err := routesOf(path, output)
			if err != nil {
				return err
			}
			target, err := targetOf(args[1], cfg.PublicURL)
			if err != nil {
				return err
			}
			var client netip.Addr
			if from != "" {
				if client, err = netip.ParseAddr(from); err != nil {
					return usageError{fmt.Errorf("--from: %w", err)}
				}
			}
			return printRoute(c.OutOrStdout(), output, profile.MatchFrom(strings.ToUpper(args[0]), target, client))
		},
	}
	configFlag(c, &path)
	c.Flags().StringVar(&from, "from", "", "address of the client")
	outputFlag(c, &output)
	return c
}

// routesOf reads the configuration and the profile that a command asks about.
func routesOf(path, output string) (*config.Config, *panel.Profile, error) {
	if err := checkOutput(output); err != nil {
		return nil, nil, err
	}
	cfg, err := loadConfig(path)
	if err != nil {
		return nil, nil, err
	}
	profile, err := loadProfile(cfg)
	return cfg, profile, err
}

// targetOf is the request target of an address on public_url, or the target itself.
func targetOf(text string, public *url.URL) (string, error) {
	if strings.HasPrefix(text, "/") {
		return text, nil
	}
	rest, ok := strings.CutPrefix(text, public.Scheme+"://"+public.Host)
	if !ok || rest != "" && !strings.HasPrefix(rest, "/") {
		return "", usageError{errors.New("the URL is neither a path nor an address of " + public.String())}
	}
	if rest == "" {
		rest = "/"
	}
	return rest, nil
}

// routeLine is a rule as it is printed.
type routeLine struct {
	Kind       string `json:"kind"`
	Rule       string `json:"rule,omitempty"`
	Name       string `json:"name,omitempty"`
	Number     int    `json:"number,omitempty"`
	Background bool   `json:"background,omitempty"`
	Means      string `json:"means"`
}

// meanings say what a kind of route does to a request.
var meanings = map[panel.Kind]string{
	panel.Protected:      "needs a login",
	panel.Deny:           "never passes",
	panel.LoginRoute:     "a login of the panel's own: the gateway's comes instead",
	panel.Logout:         "passes, and ends the session here, too",
	panel.ChallengeRoute: "the panel's own second step: needs a login",
	panel.Impersonate:    "log in as somebody else: needs a session that entered a code",
	panel.TwoFactorRoute: "the panel's own two-factor settings: the gateway's page comes instead",
	panel.Public:         "passes without a login",
}

func printRoute(out io.Writer, output string, r panel.Route) error {
	line := routeLine{Kind: r.Kind.String(), Name: r.Name, Number: r.Number, Background: r.Background, Means: meanings[r.Kind]}
	if output == "json" {
		return json.NewEncoder(out).Encode(line)
	}
	which := "no rule: everything else is protected"
	switch {
	case r.Number > 0:
		which = fmt.Sprintf("rule %d of routes.%s, %s", r.Number, r.Kind, r.Name)
	case r.Name != "":
		which = r.Name
	}
	fmt.Fprintf(out, "%s: %s (%s)\n", line.Kind, line.Means, which)
	if r.Background {
		fmt.Fprintln(out, "background: keeps no session alive")
	}
	return nil
}

func routesListCommand() *cobra.Command {
	var path, output string
	c := &cobra.Command{
		Use:   "list",
		Short: "List the rules of the profile, the strongest first",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, profile, err := routesOf(path, output)
			if err != nil {
				return err
			}
			return printRules(c.OutOrStdout(), output, profile.Rules())
		},
	}
	configFlag(c, &path)
	outputFlag(c, &output)
	return c
}

func printRules(out io.Writer, output string, rules []panel.RuleText) error {
	lines := []routeLine{}
	for _, r := range rules {
		lines = append(lines, routeLine{Kind: r.Kind.String(), Rule: r.Text, Name: r.Name, Number: r.Number, Means: meanings[r.Kind]})
	}
	if output == "json" {
		return json.NewEncoder(out).Encode(lines)
	}
	for _, l := range lines {
		fmt.Fprintf(out, "%-12s %-60s %s\n", l.Kind, l.Rule, l.Means)
	}
	return nil
}
