// Package office is an internet provider's office: the Laravel panel, Redis and the gateway before them, and the clerks
// with their browsers and phones. Whole-program tests work there.
//
//	office.go  the servers and their configuration    clerk.go  a person at a browser    phone.go  an authenticator app
//	front.go   nginx or Caddy before it all
package office

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// Origin is what browsers see of the gateway.
const Origin = "https://panel.example.net"

// Profile describes the Laravel panel as an operator would.
const Profile = `{base: laravel, name: office, verify: /dashboard,
  identity: {kind: id, id: {css: 'meta[name=user-id]', attr: content}, name: {css: '#email'}, role: {css: '#role'}},
  routes: {two_factor: [/admin/two-factor-authentication], impersonate: ['POST /admin/login-as/*'],
    public: [/customer/*, {rule: 'POST /bkash/customer_payment/*', name: payment}], deny: [POST /api/auth/login]}}`

// PanelAt is the configuration's panel section for a panel at url; more adds keys to Profile (", home: /data").
func PanelAt(url, more string) string {
	return fmt.Sprintf("{url: %s, timeout: 30s, profile: %s%s}}", url, strings.TrimSuffix(Profile, "}"), more)
}

// Config is a configuration: top-level key → its value as YAML. An empty value leaves the key out.
type Config map[string]string

// YAML writes it down.
func (c Config) YAML() string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(c)) {
		if c[key] != "" {
			fmt.Fprintf(&b, "%s: %s\n", key, c[key])
		}
	}
	return b.String()
}

// With returns a copy with some keys changed: key, value, key, value …
func (c Config) With(changes ...string) Config {
	out := maps.Clone(c)
	for i := 0; i+1 < len(changes); i += 2 {
		out[changes[i]] = changes[i+1]
	}
	return out
}

// Write puts it into a file of its own.
func (c Config) Write(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(c.YAML()), 0o600); err != nil {
		t.Fatalf("write the configuration: %v", err)
	}
	return file
}

// Basic is a configuration that works: everything on loopback and below dir, logs at debug.
func Basic(dir, panelURL, redisURL string) Config {
	return Config{
		"listen": "127.0.0.1:0", "public_url": Origin, "trusted_proxies": "[127.0.0.1/32]",
		"panel":     PanelAt(panelURL, ""),
		"sessions":  fmt.Sprintf("{redis: {url: %s}}", redisURL),
		"database":  fmt.Sprintf("{url: 'sqlite://%s/ispgate.db'}", dir),
		"keys_file": filepath.Join(dir, "keys.yaml"),
		"admin":     "{listen: 127.0.0.1:0}",
		"log":       "{level: debug}",
	}
}

// Office is a gateway with everything around it.
type Office struct {
	Redis   *harness.RedisServer
	Panel   *harness.LaravelPanel
	Gateway *harness.Gateway
	Config  Config
	Dir     string          // keys and account database
	Users   string          // the file of local passwords; empty: none
	Front   *harness.Server // in front of the gateway; nil: the tests are
	URL     string          // where browsers go to Front
}

// Open opens an office. Keys of the configuration may be changed: key, value, key, value … A %s in a value becomes the
// panel's address, a %r that of Redis.
func Open(t testing.TB, changes ...string) *Office {
	t.Helper()
	o := &Office{Redis: harness.Redis(t), Panel: harness.Laravel(t)}
	for i := range changes {
		changes[i] = strings.NewReplacer("%s", o.Panel.URL, "%r", o.Redis.Addr).Replace(changes[i])
	}
	o.warm(t)
	o.serve(t, o.Panel.URL, changes)
	return o
}

// warm opens the panel's login once: Laravel compiles its pages at the first request, and two at once may see half a page.
func (o *Office) warm(t testing.TB) {
	t.Helper()
	harness.NewBrowser(t, o.Panel.URL).Get("/login").Want(http.StatusOK)
}

// Branch opens a second gateway, with keys and database of its own, at the same panel and the same Redis.
func (o *Office) Branch(t testing.TB, changes ...string) *Office {
	t.Helper()
	b := &Office{Redis: o.Redis, Panel: o.Panel}
	b.serve(t, o.Panel.URL, changes)
	return b
}

// Node starts another process of the same gateway: same keys, same database, same Redis.
func (o *Office) Node(t testing.TB) *Office {
	t.Helper()
	n := *o
	n.Gateway = harness.ServeFile(t, o.Gateway.Config)
	return &n
}

func (o *Office) serve(t testing.TB, panelURL string, changes []string) {
	t.Helper()
	o.Dir = harness.PrivateDir(t)
	o.Config = Basic(o.Dir, panelURL, o.Redis.URL()).With(changes...)
	o.Gateway = harness.Serve(t, o.Config.YAML())
}

// Host is where the gateway listens, host:port.
func (o *Office) Host() string { return strings.TrimPrefix(o.Gateway.URL, "http://") }

// addresses counts the clients of this test process.
var addresses atomic.Uint32

// Browser returns a new browser at an address of its own (203.0.113.0/24 and 198.18.0.0/15).
func (o *Office) Browser(t testing.TB) *harness.Browser {
	t.Helper()
	n := addresses.Add(1)
	return o.BrowserAt(t, fmt.Sprintf("198.18.%d.%d", n>>8&0xff, n&0xff))
}

// BrowserAt returns a new browser at this address.
func (o *Office) BrowserAt(t testing.TB, address string) *harness.Browser {
	t.Helper()
	if o.URL != "" {
		return harness.NewBrowser(t, o.URL)
	}
	b := harness.NewBrowser(t, Origin)
	b.Through(o.Host(), address)
	return b
}

// SignedInAtPanel counts the panel's sessions that are somebody's.
func (o *Office) SignedInAtPanel() int {
	n := 0
	entries, _ := filepath.Glob(filepath.Join(o.Panel.Data, "sessions", "*"))
	for _, file := range entries {
		text, err := os.ReadFile(file) // a file that is gone meanwhile is nobody's
		if err == nil && strings.Contains(string(text), "login_web_") {
			n++
		}
	}
	return n
}
