package main

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/panel"
)

//go:embed front/*.tmpl
var frontFiles embed.FS

// The servers in front that a configuration can be printed for, and how each is called.
var frontServers = map[string]string{"nginx": "nginx", "caddy": "Caddy", "traefik": "Traefik"}

// How a server in front uses the gateway.
const (
	modeProxy = "proxy"        // everything passes through the gateway
	modeAsk   = "auth-request" // the server passes requests on itself and asks before each
)

func frontCommand(server string) *cobra.Command {
	var path, mode, file string
	var force bool
	name := frontServers[server]
	c := &cobra.Command{
		Use:   server + " -c FILE [--mode MODE] [--write FILE [--force]]",
		Short: "Print a configuration for " + name + " in front of the gateway",
		Long: `Print a working configuration for ` + name + ` in front of the gateway, made from the gateway's own configuration and the profile
of the panel. With --mode proxy everything passes through the gateway. With --mode auth-request ` + name + ` passes requests to the
panel itself and asks the gateway before each: that needs panel.cookies: passthrough, which protects less (docs/` + server + `.md).

--write FILE writes it to a new file, only when there is something to write; --force writes over one that exists.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if mode != modeProxy && mode != modeAsk {
				return usageError{fmt.Errorf("--mode %q: it is %s or %s", mode, modeProxy, modeAsk)}
			}
			if force && file == "" {
				return usageError{errors.New("--force goes with --write")}
			}
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			profile, err := loadProfile(cfg)
			if err != nil {
				return err
			}
			text, err := frontText(c.ErrOrStderr(), server, mode, cfg, profile)
			if err != nil {
				return err
			}
			if file == "" {
				_, err = fmt.Fprint(c.OutOrStdout(), text)
				return err
			}
			return writeFile(c.OutOrStdout(), file, text, force)
		},
	}
	configFlag(c, &path)
	c.Flags().StringVar(&mode, "mode", modeProxy, modeProxy+" or "+modeAsk)
	c.Flags().StringVar(&file, "write", "", "write the configuration to this file, which must not exist")
	c.Flags().BoolVar(&force, "force", false, "the file may exist: write over it")
	return c
}

// frontText is the whole configuration, or an error that says why there is none.
func frontText(notes io.Writer, server, mode string, cfg *config.Config, profile *panel.Profile) (string, error) {
	if err := frontPossible(server, mode, cfg, profile); err != nil {
		return "", usageError{err}
	}
	f := newFront(server, mode, cfg, profile)
	t, err := template.ParseFS(frontFiles, "front/"+server+".tmpl")
	if err != nil {
		return "", err
	}
	var text strings.Builder
	if err := t.ExecuteTemplate(&text, server+".tmpl", f); err != nil {
		return "", err
	}
	if missing(cfg.TrustedProxies, f.Trusted) {
		fmt.Fprintf(notes, "ispgate: the gateway does not believe this server yet: add to its configuration  trusted_proxies: [%s]\n", f.Trusted)
	}
	if mode == modeAsk && profile.Login.Anywhere {
		fmt.Fprintln(notes, "ispgate: this panel takes a login on any address (login.anywhere), which only --mode proxy can refuse: who is logged in can become somebody else there")
	}
	return text.String(), nil
}

// frontPossible refuses what would look as if it worked.
func frontPossible(server, mode string, cfg *config.Config, profile *panel.Profile) error {
	switch {
	case cfg.TLS.CertFile != "":
		return errors.New("tls: the gateway ends TLS itself (leave tls out where " + frontServers[server] + " does that)")
	case server == "traefik" && strings.HasPrefix(cfg.Listen[0], "unix:"):
		return errors.New("listen: Traefik cannot reach a unix socket (listen on an address, such as 127.0.0.1:8080)")
	case mode == modeProxy:
		return nil
	case cfg.Passwords.Source == "panel" && cfg.Panel.Cookies != "passthrough":
		return errors.New("panel.cookies: auth-request hands the browser's cookies to the panel as they are, and sealed ones mean nothing to it " +
			"(write cookies: passthrough and accept_unbound: true under panel, or use --mode proxy)")
	case profile.Login.As == "basic":
		return errors.New("panel.profile: HTTP Basic credentials are added by the gateway, which must be the proxy for that (use --mode proxy)")
	}
	return nil
}

// missing reports whether an address of a printed line is not among the trusted proxies.
func missing(trusted []netip.Prefix, want string) bool {
	p, err := netip.ParsePrefix(want)
	return err == nil && !slices.ContainsFunc(trusted, func(t netip.Prefix) bool { return t.Bits() <= p.Bits() && t.Contains(p.Addr()) })
}

// trustedLine is the address from which a server in front on the same machine reaches listen.
func trustedLine(listen string) string {
	host := listen
	if i := strings.LastIndexByte(listen, ':'); i >= 0 && !strings.HasPrefix(listen, "unix:") {
		host = strings.Trim(listen[:i], "[]")
	}
	addr, err := netip.ParseAddr(host)
	switch {
	case err == nil && addr.Is6() && addr.IsLoopback():
		return "::1/128"
	case err == nil && !addr.IsLoopback() && !addr.IsUnspecified():
		return "the address of this server, as the gateway sees it"
	default:
		return "127.0.0.1/32"
	}
}
