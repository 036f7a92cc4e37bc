// Command ispgate is a reverse-proxy authentication gateway before a legacy panel.
//
// Here are the commands and the wiring: this package knows everyone and holds no rule.
//
//	main.go ─> serve.go ─> build.go (stores, panel, flow, proxy) ─> routes.go (every URL) ─> run.go (listeners, stop)
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
)

// Exit codes of every command.
const (
	exitFailed = 1
	exitUsage  = 2 // usage or configuration: what an operator must mend, so that starting again is of no use
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	root := rootCommand()
	err := root.ExecuteContext(ctx)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "ispgate: "+err.Error())
	stop()
	os.Exit(exitCode(err))
}

// usageError marks what the caller got wrong on the command line or in the configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func exitCode(err error) int {
	var usage usageError
	var faults config.Faults
	if errors.As(err, &usage) || errors.As(err, &faults) {
		return exitUsage
	}
	for _, mend := range []error{account.ErrMissing, account.ErrUnfit, account.ErrForeign, account.ErrNewer, account.ErrFingerprint} {
		if errors.Is(err, mend) {
			return exitUsage
		}
	}
	return exitFailed
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "ispgate",
		Short:         "A second factor and one front door for a legacy panel",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(demoCommand(), initCommand(), serveCommand(), checkCommand(), panelCommand(), routesCommand(), usersCommand(), keysCommand(), auditCommand(),
		frontCommand("nginx"), frontCommand("caddy"), frontCommand("traefik"), versionCommand())
	wrapArgs(root)
	return root
}

// wrapArgs makes wrong arguments usage errors (exit code 2).
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}

// configFlag adds the -c flag that most commands need.
func configFlag(c *cobra.Command, path *string) {
	c.Flags().StringVarP(path, "config", "c", os.Getenv("ISPGATE_CONFIG"), "configuration file")
}

// loadConfig reads the configuration file that -c names. Its faults come together with those of the profile.
func loadConfig(path string) (*config.Config, error) {
	if path == "" {
		return nil, usageError{errors.New("which configuration? give -c FILE")}
	}
	cfg, err := config.Load(path, os.Environ())
	if err == nil {
		return cfg, nil
	}
	if ref := config.LoadProfile(path, os.Environ()); ref != (config.Profile{}) {
		_, faults := readProfile(ref)
		err = errors.Join(err, faults)
	}
	return nil, err
}
