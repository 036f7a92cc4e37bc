package office

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// Behind opens an office behind nginx or caddy, with the configuration that ispgate prints for it. mode is that of the command;
// edit may add to what was printed. Browsers reach it over http on 127.0.0.1.
func Behind(t testing.TB, server, mode string, edit func(config string) string, changes ...string) *Office {
	t.Helper()
	front := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	custody := ""
	if mode == "auth-request" {
		custody = ", cookies: passthrough, accept_unbound: true"
	}
	panel := strings.TrimSuffix(PanelAt("%s", ""), "}") + custody + "}"
	o := Open(t, append([]string{"public_url", "http://" + front, "listen", fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t)), "panel", panel}, changes...)...)
	o.URL = "http://" + front
	config := harness.Printed(t, server, "-c", o.Gateway.Config, "--mode", mode)
	if edit != nil {
		config = edit(config)
	}
	if server == "nginx" {
		o.Front = harness.Nginx(t, config, front)
	} else {
		o.Front = harness.Caddy(t, config, front)
	}
	return o
}
