package office

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// Behind opens an office behind nginx or caddy, with the configuration that ispgate prints for it. mode is that of the command;
// edit may add to what was printed. Browsers reach it over http on 127.0.0.1.
func Behind(t testing.TB, server, mode string, edit func(config string) string) *Office {
	t.Helper()
	custody := ""
	if mode == "auth-request" {
		custody = ", cookies: passthrough, accept_unbound: true"
	}
	front, addresses := frontAddresses(t)
	o := Open(t, append(addresses, "panel", strings.TrimSuffix(PanelAt("%s", ""), "}")+custody+"}")...)
	o.front(t, front, server, mode, edit)
	return o
}

// LocalBehind is Behind for the site without a login of OpenLocal.
func LocalBehind(t testing.TB, server, mode string) *Office {
	t.Helper()
	front, addresses := frontAddresses(t)
	o := OpenLocal(t, addresses...)
	o.front(t, front, server, mode, nil)
	return o
}

// frontAddresses are where a server in front and the gateway listen, and the keys of the configuration that say so.
func frontAddresses(t testing.TB) (front string, changes []string) {
	t.Helper()
	front = fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	return front, []string{"public_url", "http://" + front, "listen", fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))}
}

func (o *Office) front(t testing.TB, address, server, mode string, edit func(config string) string) {
	t.Helper()
	o.URL = "http://" + address
	config := harness.Printed(t, server, "-c", o.Gateway.Config, "--mode", mode)
	if edit != nil {
		config = edit(config)
	}
	if server == "nginx" {
		o.Front = harness.Nginx(t, config, address)
	} else {
		o.Front = harness.Caddy(t, config, address)
	}
}
