package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/internal/panel"
)

func checkCommand() *cobra.Command {
	var path string
	var live bool
	c := &cobra.Command{
		Use:   "check -c FILE",
		Short: "Validate the configuration and reach the panel, Redis and the database",
		Long: `Validate the configuration, reach the panel, Redis and the database, and fail when the panel can be reached beside
the gateway. It changes nothing. With --live it only asks a running gateway whether it is alive (for container health checks).`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if live && path == "" {
				return checkLive(c.Context(), config.Default().Admin.Listen)
			}
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			if live {
				return checkLive(c.Context(), cfg.Admin.Listen)
			}
			return check(c.Context(), cfg, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&live, "live", false, "only ask /healthz of the running gateway")
	return c
}

// checkLive asks the admin listener; nothing else is looked at.
func checkLive(ctx context.Context, admin string) error {
	res, err := askAdmin(ctx, admin, "/healthz")
	if err != nil {
		return fmt.Errorf("not alive: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not alive: %s", res.Status)
	}
	return nil
}

// askAdmin asks the running gateway. It takes at most 3 s.
func askAdmin(ctx context.Context, admin, path string) (*http.Response, error) {
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		if path, ok := strings.CutPrefix(admin, "unix:"); ok {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
		return new(net.Dialer).DialContext(ctx, "tcp", admin)
	}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://admin"+path, nil)
	if err != nil {
		return nil, err
	}
	return client.Do(req)
}

// checkForwarders asks the gateway, if it runs, whether a proxy was forgotten in the configuration: all its users would share
// one address in the throttles.
func checkForwarders(ctx context.Context, cfg *config.Config) error {
	res, err := askAdmin(ctx, cfg.Admin.Listen, "/readyz")
	if err != nil {
		return nil // it does not run
	}
	defer res.Body.Close()
	var state map[string]string
	if err := json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&state); err != nil || state[forwardedHeaders] != "untrusted" {
		return nil
	}
	return fmt.Errorf("%w: all users of a proxy there share it; the gateway's log names it and the cure", errForwarder)
}

// finding is one thing that check looked at.
type finding struct {
	what string
	err  error
}

func check(ctx context.Context, cfg *config.Config, out, logs io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	if err := ineffective(cfg); err != nil {
		return err
	}
	profile, err := loadProfile(cfg)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "ok    configuration and profile "+profile.Name)
	printOpen(out, profile)
	for _, note := range []string{weaker(cfg), unnoticed(profile), openAdmin(cfg.Admin.Listen)} {
		if note != "" {
			fmt.Fprintln(out, "note  "+note)
		}
	}
	if err := checkUsers(cfg, profile, out); err != nil {
		return err
	}
	failed := 0
	for _, f := range look(ctx, cfg, profile, logs) {
		if f.err != nil {
			failed++
			fmt.Fprintf(out, "FAIL  %s: %v\n", f.what, f.err)
			continue
		}
		fmt.Fprintln(out, "ok    "+f.what)
	}
	if failed > 0 {
		return fmt.Errorf("failed: %d", failed)
	}
	return nil
}

// printOpen lists what passes without a login, and by which rule.
func printOpen(out io.Writer, profile *panel.Profile) {
	for _, r := range profile.Rules() {
		if r.Kind != panel.Public {
			continue
		}
		from := ""
		if len(r.From) > 0 {
			from = fmt.Sprintf(", only from %v", r.From)
		}
		fmt.Fprintf(out, "      open to everybody: %s (rule %d, %s%s)\n", r.Text, r.Number, r.Name, from)
	}
}

// checkUsers reads the users file and says what could be better in it.
func checkUsers(cfg *config.Config, profile *panel.Profile, out io.Writer) error {
	u := usersFileOf(cfg, profile)
	file, err := u.open()
	if file == nil || err != nil {
		return err
	}
	fmt.Fprintf(out, "ok    %s %s\n", u.key, u.File)
	for _, note := range file.Notes() {
		fmt.Fprintln(out, "      note: "+note)
	}
	return nil
}

// look reaches everything that serve will need; what is down hides nothing else.
func look(ctx context.Context, cfg *config.Config, profile *panel.Profile, logs io.Writer) []finding {
	log := newLogger(logs, config.Log{Level: "error", Format: "text"})
	b := builder{cfg: cfg, profile: profile, stores: &stores{}, metrics: newMetrics(), log: log}
	answers := "the panel's login and guarded page"
	if profile.Loginless() {
		answers = "the application answers"
	}
	return []finding{
		{"keys and account database", checkDatabase(ctx, b)},
		{"Redis", checkRedis(ctx, b)},
		{answers, checkPanel(ctx, b)},
		{"the panel answers only through the gateway", beside(cfg.Panel.URL)},
		{"trusted proxies", checkForwarders(ctx, cfg)},
	}
}

// checkDatabase only looks: a gateway of an older version may be running on it.
func checkDatabase(ctx context.Context, b builder) error {
	ring, err := keyring.Load(b.cfg.KeysFile)
	if err != nil {
		return err
	}
	return account.Inspect(ctx, accountOptions(b.cfg, b.profile, ring, b.log))
}

func checkRedis(ctx context.Context, b builder) error {
	client, err := openRedis(b.cfg, b.log)
	if err != nil {
		return err
	}
	return errors.Join(client.Ping(ctx).Err(), client.Close())
}

func checkPanel(ctx context.Context, b builder) error {
	pan, err := panel.New(b.panelOptions())
	if err != nil {
		return err
	}
	if err := pan.Control(ctx, panel.Client{UserAgent: "ispgate-check", Language: "en"}); err != nil {
		return errors.Join(err, errors.New("see what the panel answers with: curl -i "+b.cfg.Panel.URL.String()+b.profile.Verify))
	}
	return nil
}
