package front

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/ispgate/ispgate/proxy"
	"github.com/ispgate/ispgate/test/harness"
)

// written puts a configuration into a file.
func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const passthrough = ", cookies: passthrough, accept_unbound: true"

// TestPrintedIsAccepted: nginx and Caddy take what is printed for every built-in profile and every shape of a configuration.
func TestPrintedIsAccepted(t *testing.T) {
	t.Parallel()
	verify := ", verify: /home"
	for name, config := range map[string]string{
		"laravel":         "panel: {url: 'http://127.0.0.1:8000', profile: {base: laravel" + verify + "}%s}",
		"laravel-fortify": "panel: {url: 'http://127.0.0.1:8000', profile: {base: laravel-fortify" + verify + "}%s}",
		"ispbills":        "panel: {url: 'http://127.0.0.1:8000', profile: ispbills%s}",
		"codeigniter":     "panel: {url: 'http://127.0.0.1:8000', profile: {base: codeigniter" + verify + "}%s}",
		"django-admin":    "panel: {url: 'http://127.0.0.1:8000', profile: django-admin%s}",
		"wordpress":       "panel: {url: 'http://127.0.0.1:8000', profile: wordpress%s}",
		"phpmyadmin":      "panel: {url: 'http://127.0.0.1:8000', profile: phpmyadmin%s}",
		"zabbix":          "panel: {url: 'http://127.0.0.1:8000', profile: zabbix%s}",
		"icingaweb2":      "panel: {url: 'http://127.0.0.1:8000', profile: icingaweb2%s}",
		"grafana":         "panel: {url: 'http://127.0.0.1:8000', profile: grafana%s}",
		"second names":    "hosts: [old.example.net, 'old.example.org:8443']\npanel: {url: 'http://127.0.0.1:8000', profile: ispbills%s}",
		"https panel":     "panel: {url: 'https://127.0.0.1:8443', server_name: panel.internal, profile: ispbills%s}",
		"hosted panel":    "panel: {url: 'https://127.0.0.1:8443', profile: {base: ispbills, forward: {host: cloud.example.com, proto: https, client_ip: false, authorization: true}}%s}",
		"unix socket":     "listen: 'unix:/run/ispgate/ispgate.sock'\npanel: {url: 'http://127.0.0.1:8000', profile: ispbills%s}",
		"all addresses":   "listen: '0.0.0.0:8080'\npanel: {url: 'http://127.0.0.1:8000', profile: ispbills%s}",
		"other headers":   "headers: {user: X-Panel-Login-Name, role: X-Panel-Login-Role}\npanel: {url: 'http://127.0.0.1:8000', profile: ispbills%s}",
		"odd paths":       `panel: {url: 'http://127.0.0.1:8000', profile: {base: laravel, verify: /home, routes: {logout: ["/a'b$c.(d)` + "`" + `e"], impersonate: ['/x{1,2}/*/y']}}%s}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, mode := range []string{"proxy", "auth-request"} {
				custody := map[string]string{"auth-request": passthrough}[mode]
				file := written(t, "public_url: https://panel.example.net:8443\ntrusted_proxies: [127.0.0.1/32]\n"+fmt.Sprintf(config, custody)+"\n")
				http := harness.OnLoopback(t, harness.Printed(t, "nginx", "-c", file, "--mode", mode))
				if err := harness.NginxAccepts(t, harness.NginxFile(t, http)); err != nil {
					t.Errorf("nginx, %s: %v", mode, err)
				}
				caddyAccepts(t, harness.Printed(t, "caddy", "-c", file, "--mode", mode))
				if name != "unix socket" {
					traefikReads(t, harness.Printed(t, "traefik", "-c", file, "--mode", mode))
				}
			}
		})
	}
}

// TestPrintedReachesThePanel: a server that passes requests on itself checks the panel as the gateway would and waits as long.
func TestPrintedReachesThePanel(t *testing.T) {
	t.Parallel()
	const ca = "/etc/ssl/certs/ca-certificates.crt"
	file := written(t, "public_url: https://panel.example.net\ntrusted_proxies: [127.0.0.1/32]\n"+
		"panel: {url: 'https://127.0.0.1:8443', server_name: panel.internal, ca_file: "+ca+", timeout: 75s, profile: ispbills"+passthrough+"}\n")
	for server, want := range map[string][]string{
		"nginx":   {"proxy_ssl_verify on;", "proxy_ssl_name panel.internal;", "proxy_ssl_trusted_certificate " + ca + ";", "proxy_read_timeout 75s;"},
		"caddy":   {"tls_server_name panel.internal\n", `tls_trusted_ca_certs "` + ca + `"`, "response_header_timeout 75s\n"},
		"traefik": {`serverName: "panel.internal"`, `rootCAs: ["` + ca + `"]`, `responseHeaderTimeout: "75s"`, "serversTransport: panel\n"},
	} {
		t.Run(server, func(t *testing.T) {
			text := harness.Printed(t, server, "-c", file, "--mode", "auth-request")
			for _, line := range want {
				if !strings.Contains(text, line) {
					t.Errorf("no %q in\n%s", line, text)
				}
			}
			switch server {
			case "caddy":
				caddyAccepts(t, text)
			case "traefik":
				traefikReads(t, text)
			}
		})
	}
}

func caddyAccepts(t *testing.T, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "Caddyfile")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	adapt := exec.Command(harness.Need(t, "caddy", "caddy"), "validate", "--config", file, "--adapter", "caddyfile")
	adapt.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_DATA_HOME="+t.TempDir())
	if out, err := adapt.CombinedOutput(); err != nil || strings.Contains(string(out), `"level":"warn"`) {
		t.Errorf("caddy: %v\n%s\n%s", err, out, text)
	}
}

// traefikReads checks the shape of a file for Traefik, which does not run here.
func traefikReads(t *testing.T, text string) {
	t.Helper()
	var file struct {
		HTTP struct {
			Routers     map[string]struct{ Rule, Service string }
			Middlewares map[string]any
			Services    map[string]struct {
				LoadBalancer struct {
					ServersTransport string `yaml:"serversTransport"`
				} `yaml:"loadBalancer"`
			}
			Transports map[string]any `yaml:"serversTransports"`
		}
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatalf("traefik: %v\n%s", err, text)
	}
	for name, r := range file.HTTP.Routers {
		if _, ok := file.HTTP.Services[r.Service]; !ok || strings.Count(r.Rule, "`")%2 != 0 || strings.Count(r.Rule, "(") == 0 {
			t.Errorf("traefik: router %s: %+v", name, r)
		}
		if by := file.HTTP.Services[r.Service].LoadBalancer.ServersTransport; by != "" && file.HTTP.Transports[by] == nil {
			t.Errorf("traefik: service %s goes by %q, which is not there", r.Service, by)
		}
	}
}

// TestPrintedRefuses: what could not work is not printed, and the cure is named.
func TestPrintedRefuses(t *testing.T) {
	t.Parallel()
	base := "public_url: https://panel.example.net\ntrusted_proxies: [127.0.0.1/32]\n"
	for _, c := range []struct{ name, server, mode, config, cure string }{
		{"sealed cookies", "nginx", "auth-request", "panel: {url: 'http://127.0.0.1:8000', profile: ispbills}", "passthrough"},
		{"HTTP Basic", "caddy", "auth-request", "panel: {url: 'http://127.0.0.1:8000', profile: {base: http-basic, verify: /home}" + passthrough + "}", "--mode proxy"},
		{"own TLS", "nginx", "proxy", "tls: {cert_file: a, key_file: b}\npanel: {url: 'http://127.0.0.1:8000', profile: ispbills}", "leave tls out"},
		{"Traefik and a socket", "traefik", "proxy", "listen: 'unix:/run/x'\npanel: {url: 'http://127.0.0.1:8000', profile: ispbills}", "127.0.0.1:8080"},
		{"unknown mode", "nginx", "auth_request", "panel: {url: 'http://127.0.0.1:8000', profile: ispbills}", "auth-request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, code := harness.Run(t, nil, c.server, "-c", written(t, base+c.config+"\n"), "--mode", c.mode)
			if code != 2 || !strings.Contains(out, c.cure) {
				t.Errorf("exit %d, want 2 and a word about %q: %s", code, c.cure, out)
			}
		})
	}
}

var printedBlock = regexp.MustCompile("(?s)<!-- (ispgate (nginx|caddy|traefik) --mode ([a-z-]+)) -->\n(?:\n```[a-z]*\n.*?\n```\n)?")

// TestDocsShowWhatIsPrinted: the guides' blocks are those of the commands. ISPGATE_WRITE_DOCS=1 writes them.
func TestDocsShowWhatIsPrinted(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"nginx", "caddy", "traefik"} {
		path := filepath.Join(harness.Root(t), "docs", server+".md")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		blocks := 0
		want := printedBlock.ReplaceAllStringFunc(string(text), func(block string) string {
			blocks++
			m := printedBlock.FindStringSubmatch(block)
			custody := map[string]string{"auth-request": passthrough}[m[3]]
			file := written(t, "public_url: https://panel.example.net\ntrusted_proxies: [127.0.0.1/32]\npanel: {url: http://127.0.0.1:8000, profile: ispbills"+custody+"}\n")
			language := map[string]string{"nginx": "nginx", "caddy": "caddyfile", "traefik": "yaml"}[server]
			return "<!-- " + m[1] + " -->\n\n```" + language + "\n" + strings.TrimSpace(harness.Printed(t, m[2], "-c", file, "--mode", m[3])) + "\n```\n"
		})
		if blocks != 2 {
			t.Errorf("docs/%s.md has %d blocks, want two", server, blocks)
		}
		if want == string(text) {
			continue
		}
		if os.Getenv("ISPGATE_WRITE_DOCS") == "" {
			t.Errorf("docs/%s.md shows something else than is printed; ISPGATE_WRITE_DOCS=1 go test ./test/front -run Docs writes it", server)
		} else if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDocsSayWhatNginxLetsPass: the guide names every family of headers that nginx cannot remove as one, and members that pass.
func TestDocsSayWhatNginxLetsPass(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(harness.Root(t), "docs", "nginx.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, about, ok := strings.Cut(string(text), "nginx cannot remove headers by the beginning of a name.")
	about, _, closed := strings.Cut(about, "\n* ")
	if !ok || !closed {
		t.Fatal("docs/nginx.md does not say what passes")
	}
	names, families := proxy.Managed(proxy.Identity{User: "Remote-User", Role: "Remote-Role"})
	whole, passing, _ := strings.Cut(strings.ToLower(about), "here their other members")
	for _, f := range families {
		if !strings.Contains(whole, "`"+f+"*`") {
			t.Errorf("docs/nginx.md does not name the family %s*", f)
		}
	}
	members := regexp.MustCompile("`([a-z]+-[a-z-]+)`").FindAllStringSubmatch(passing, -1)
	if len(members) != 4 {
		t.Errorf("members that pass: %q, want four", members)
	}
	for _, m := range members {
		if slices.Contains(names, m[1]) || !slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(m[1], f) }) {
			t.Errorf("docs/nginx.md says of %s that it passes", m[1])
		}
	}
}
