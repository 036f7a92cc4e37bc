package main

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/proxy"
)

// front is what the templates of front/ are filled with.
type front struct {
	Command string // that made it
	Ask     bool   // auth-request
	Trusted string // the trusted_proxies that belong to it

	Origin, ServerName, Port, Listen string   // what browsers see; Listen only without TLS
	TLS, SNI                         bool     // SNI: browsers name the server in the TLS handshake; they do not name addresses
	Hosts, HostOrigins               []string // second names

	Gateway, GatewayURL string // host:port or unix:/path; as Caddy and Traefik write it

	Panel, PanelAddress, PanelHost, PanelHostCaddy string
	PanelName, PanelCA                             string // panel.server_name and ca_file; empty: the address, and the CAs of the machine
	PanelTLS, PassHost                             bool
	Proto, ProtoCaddy                              string // what the panel is told
	ClientIP, Authorization                        bool
	Seconds                                        int // without a byte of the panel

	User, Role, UserVar, RoleVar string   // the identity headers, and how nginx calls them
	Cleared                      []string // header names that no client may say
	Families                     []string // the same as beginnings, name*, and names
	Told                         []string // header names that the gateway's answer sets for the application
	Handed                       string   // regular expression of the paths that are left to the gateway
	HostRegexp, TraefikGateway   string
}

func newFront(server, mode string, cfg *config.Config, profile *panel.Profile) front {
	f := front{Command: "ispgate " + server + " --mode " + mode, Ask: mode == modeAsk, Trusted: trustedLine(cfg.Listen[0])}
	f.browsers(cfg)
	f.gateway(cfg)
	f.panel(cfg, profile)
	f.headers(proxy.Identity{User: cfg.Headers.User, Role: cfg.Headers.Role})
	f.Handed = handedOver(profile.HandOver())
	f.TraefikGateway = f.traefikRule()
	return f
}

func (f *front) browsers(cfg *config.Config) {
	u := cfg.PublicURL
	f.Origin, f.ServerName, f.TLS, f.Hosts = u.Scheme+"://"+u.Host, u.Hostname(), u.Scheme == "https", nil
	f.SNI = f.TLS && net.ParseIP(u.Hostname()) == nil
	f.HostRegexp = regexp.QuoteMeta(u.Host)
	f.Port = u.Port()
	if f.Port == "" {
		f.Port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	f.Listen = net.JoinHostPort(u.Hostname(), f.Port)
	for _, h := range cfg.Hosts {
		name, _, err := net.SplitHostPort(h)
		if err != nil {
			name = h
		}
		f.Hosts, f.HostOrigins = append(f.Hosts, name), append(f.HostOrigins, u.Scheme+"://"+h)
	}
}

// gateway is where a server on the same machine reaches the gateway: its first listener.
func (f *front) gateway(cfg *config.Config) {
	f.Gateway = cfg.Listen[0]
	if path, ok := strings.CutPrefix(f.Gateway, "unix:"); ok {
		f.GatewayURL = "unix/" + path // as Caddy writes it
		return
	}
	host, port, err := net.SplitHostPort(f.Gateway)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		f.Gateway = net.JoinHostPort("127.0.0.1", port)
	}
	f.GatewayURL = "http://" + f.Gateway
}

func (f *front) panel(cfg *config.Config, profile *panel.Profile) {
	u, fw := cfg.Panel.URL, profile.Forward
	f.Panel, f.PanelTLS, f.PassHost = u.String(), u.Scheme == "https", fw.Host == "keep"
	f.PanelAddress, f.PanelName, f.PanelCA = u.Hostname(), cfg.Panel.ServerName, cfg.Panel.CAFile
	f.PanelHost, f.PanelHostCaddy = fw.Host, fw.Host
	switch fw.Host {
	case "keep":
		f.PanelHost, f.PanelHostCaddy = "$http_host", "" // Caddy keeps it by itself
	case "panel":
		f.PanelHost, f.PanelHostCaddy = u.Host, u.Host
	}
	f.Proto, f.ProtoCaddy = fw.Proto, fw.Proto
	if fw.Proto == "keep" {
		f.Proto, f.ProtoCaddy = "$scheme", ""
	}
	f.ClientIP, f.Authorization, f.Seconds = fw.ClientIP, fw.Authorization, int(cfg.Panel.Timeout.Seconds())
}

func (f *front) headers(id proxy.Identity) {
	f.User, f.Role, f.UserVar, f.RoleVar = id.User, id.Role, nginxVar(id.User), nginxVar(id.Role)
	f.Told = []string{id.User, id.Role, "Cookie"}
	names, families := proxy.Managed(id)
	ours := map[string]bool{strings.ToLower(id.User): true, strings.ToLower(id.Role): true, "x-forwarded-for": true, "x-forwarded-proto": true, "x-forwarded-host": true}
	for _, n := range names {
		if !ours[n] {
			f.Cleared = append(f.Cleared, n)
		}
		if !slices.ContainsFunc(families, func(b string) bool { return strings.HasPrefix(n, b) }) {
			f.Families = append(f.Families, n)
		}
	}
	for _, n := range []string{id.User, id.Role} {
		f.Cleared = append(f.Cleared, spellings(n)[1:]...)
	}
	for _, b := range families {
		f.Families = append(f.Families, b+"*")
	}
}

// nginxVar is a header's name in an nginx variable.
func nginxVar(name string) string { return strings.ToLower(strings.ReplaceAll(name, "-", "_")) }

// spellings are all names that PHP reads as this one (S1); the first is the name itself.
func spellings(name string) []string {
	head, rest, found := strings.Cut(name, "-")
	if !found {
		return []string{name}
	}
	var out []string
	for _, mark := range []string{"-", "_", "."} {
		for _, r := range spellings(rest) {
			out = append(out, head+mark+r)
		}
	}
	return out
}

// handedOver is one expression for paths with `*`, a trailing slash or not, that needs no quoting in any of the servers' files.
func handedOver(paths []string) string {
	if len(paths) == 0 {
		return ""
	}
	var all []string
	for _, path := range paths {
		all = append(all, strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSuffix(path, "/")), `\*`, ".*"))
	}
	return strings.NewReplacer(`"`, `\x22`, "`", `\x60`, "'", `\x27`).Replace("(?s)^(?:" + strings.Join(all, "|") + ")/?$")
}

// traefikRule is what Traefik leaves to the gateway.
func (f *front) traefikRule() string {
	host := fmt.Sprintf("Host(`%s`)", f.ServerName)
	for _, h := range f.Hosts {
		if !f.Ask {
			host += fmt.Sprintf(" || Host(`%s`)", h)
		}
	}
	if !f.Ask {
		return host
	}
	paths := "PathPrefix(`/ispgate/`)"
	if f.Handed != "" {
		paths += " || PathRegexp(`(?i)" + f.Handed + "`)"
	}
	rule := host + " && !PathPrefix(`/ispgate/auth`) && (" + paths + ")"
	for _, h := range f.Hosts {
		rule += fmt.Sprintf(" || Host(`%s`)", h)
	}
	return rule
}
