package harness

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestDemoAnswers(t *testing.T) {
	demo := Demo(t)
	b := NewBrowser(t, demo.URL)
	b.Follow = true
	if page := b.Get("/").Want(http.StatusOK); page.URL.Path != "/ispgate/login" {
		t.Errorf("the demo's front page is %s", page.URL)
	}
	if code := demo.Stop(); code != 0 {
		t.Errorf("exit code %d on SIGTERM, want 0", code)
	}
}

func TestGatewayStartsAgain(t *testing.T) {
	redis, panel := Redis(t), Laravel(t)
	port, data := FreePort(t), PrivateDir(t)
	gateway := Serve(t, fmt.Sprintf(`listen: 127.0.0.1:%[1]d
public_url: http://127.0.0.1:%[1]d
panel: {url: %[2]s, profile: {base: laravel, verify: /dashboard}}
sessions: {redis: {url: %[3]s}}
database: {url: "sqlite://%[4]s/ispgate.db"}
keys_file: %[4]s/keys.yaml
admin: {listen: "127.0.0.1:0"}
`, port, panel.URL, redis.URL(), data))
	b := NewBrowser(t, gateway.URL)
	for range 2 {
		if page := b.Get("/dashboard"); page.Status != http.StatusSeeOther || !strings.HasPrefix(page.Location(), "/ispgate/login?") {
			t.Fatalf("the dashboard answers a stranger %d %q", page.Status, page.Location())
		}
		gateway.WaitLog("the public listener", func(line map[string]any) bool { return line["address"] == gateway.URL })
		gateway.Stop()
		gateway.Start()
	}
	if output, code := Run(t, nil, "check", "--live", "-c", gateway.Config); code == 0 {
		t.Errorf("a health check found the admin listener at port 0: %s", output)
	}
}
