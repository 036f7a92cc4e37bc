package mission

import (
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/ispgate/ispgate/internal/demo"
	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// TestBrowserMissionBehindNginx is the mission through nginx, with the configuration that ispgate prints for it.
func TestBrowserMissionBehindNginx(t *testing.T) {
	for mode, custody := range map[string]string{"proxy": "", "auth-request": ", cookies: passthrough, accept_unbound: true"} {
		t.Run(mode, func(t *testing.T) {
			panel := demo.New(demo.Options{})
			site := httptest.NewServer(panel)
			t.Cleanup(func() { panel.Close(); site.Close() })
			front := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
			profile := filepath.Join(harness.Root(t), "cmd", "ispgate", "demo.yaml")
			config := office.Basic(filepath.Join(t.TempDir(), "gateway"), site.URL, harness.Redis(t).URL()).With("public_url", "http://"+front,
				"listen", fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t)), "panel", fmt.Sprintf("{url: %s, profile: %s%s}", site.URL, profile, custody))
			gateway := harness.Serve(t, config.YAML())
			harness.Nginx(t, harness.Printed(t, "nginx", "-c", gateway.Config, "--mode", mode), front)
			browserMission(t, "http://"+front)
		})
	}
}
