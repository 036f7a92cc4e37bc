package front

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// TestS03_ForgottenProxy: a proxy on this machine that trusted_proxies does not name is told once in the log, and by check while the
// gateway runs.
func TestS03_ForgottenProxy(t *testing.T) {
	t.Parallel()
	o := office.Open(t, "trusted_proxies", "[10.1.2.0/24]", "admin", fmt.Sprintf("{listen: 127.0.0.1:%d}", harness.FreePort(t)))
	check := func() string {
		out, _ := harness.Run(t, nil, "check", "-c", o.Gateway.Config)
		return out
	}
	if out := check(); !strings.Contains(out, "ok    trusted proxies") {
		t.Errorf("before the first request:\n%s", out)
	}
	none := o.Branch(t, "trusted_proxies", "[none]", "admin", fmt.Sprintf("{listen: 127.0.0.1:%d}", harness.FreePort(t)))
	none.BrowserAt(t, "203.0.113.7").Get("/dashboard")
	if out, _ := harness.Run(t, nil, "check", "-c", none.Gateway.Config); !strings.Contains(out, "ok    trusted proxies") || strings.Contains(none.Gateway.Output(), "forwarded headers arrive") {
		t.Errorf("with [none] somebody's header is a fault:\n%s", out)
	}
	for range 3 {
		o.BrowserAt(t, "203.0.113.7").Get("/dashboard")
	}
	if n := strings.Count(o.Gateway.Output(), "forwarded headers arrive"); n != 1 {
		t.Errorf("told %d times", n)
	}
	if out := check(); !strings.Contains(out, "FAIL  trusted proxies") || !strings.Contains(out, "trusted_proxies") {
		t.Errorf("afterwards:\n%s", out)
	}
}
