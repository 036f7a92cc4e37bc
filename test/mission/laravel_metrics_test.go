package mission

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// The metrics of design 3.6 are there once they have something to say, and promtool finds nothing to complain of.
func TestLaravelMetrics(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c := o.Enrolled(t)
	c.Password("wrong")
	c.LogOut()
	c.Challenge()
	c.Code(c.Phone.Wrong(t))
	c.Code(c.Phone.Code(t))
	c.Header.Set("X_Remote_User", "root")
	c.WantPanel()
	c.Get("/customer/portal").Want(http.StatusOK)
	text := fetch(t, o.Gateway.Admin+"/metrics")
	for _, want := range []string{
		`ispgate_logins_total{result="ok"}`, `ispgate_logins_total{result="bad_credentials"}`,
		`ispgate_second_factor_total{method="totp",result="ok"}`, `ispgate_second_factor_total{method="totp",result="rejected"}`,
		`ispgate_second_factor_total{method="enable",result="ok"}`,
		`ispgate_gate_decisions_total{decision="allow"}`, `ispgate_panel_login_seconds_count{verdict="ok"}`,
		`ispgate_panel_login_seconds_count{verdict="bad-credentials"}`, `ispgate_request_duration_seconds_count{route="login"}`,
		`ispgate_request_duration_seconds_count{route="panel"}`, `ispgate_upstream_duration_seconds_count `,
		`ispgate_store_errors_total{store="redis"} 0`, `ispgate_store_errors_total{store="sql"} 0`,
		`ispgate_accounts{second_factor="active"} 1`, `ispgate_accounts{second_factor="none"} 0`, `ispgate_removed_headers_total `,
		`ispgate_dropped_cookies_total `, `ispgate_public_requests_total{rule="`, `ispgate_logins_open 1`, `ispgate_build_info{version="`,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if strings.Contains(text, "\nispgate_removed_headers_total 0") {
		t.Error("a removed header was not counted")
	}
	for _, private := range []string{c.Email, "198.18.", "/dashboard", "panel.example.net"} {
		if strings.Contains(text, private) {
			t.Errorf("a metric tells %q", private)
		}
	}
	promtool := exec.Command(harness.Need(t, "promtool", "prometheus"), "check", "metrics")
	promtool.Stdin = strings.NewReader(text)
	if output, err := promtool.CombinedOutput(); err != nil || len(output) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, output)
	}
}

func TestLaravelHealth(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	var states map[string]string
	if err := json.Unmarshal([]byte(fetch(t, o.Gateway.Admin+"/readyz")), &states); err != nil || states["redis"] != "ok" || states["sql"] != "ok" {
		t.Errorf("/readyz says %v (%v)", states, err)
	}
	c := o.Clerk(t)
	c.LogIn()
	for _, path := range []string{"/metrics", "/healthz", "/readyz", "/ispgate/metrics", "/debug/pprof/"} {
		for _, b := range []*harness.Browser{c.Browser, o.Browser(t)} {
			if page := b.Get(path); strings.Contains(page.Body, "ispgate_build_info") || strings.Contains(page.Body, `"redis"`) || page.Body == "alive\n" {
				t.Errorf("%s is on the public listener: %d", path, page.Status)
			}
		}
	}
}

// Every log line is one JSON object with the usual keys, whatever stands in names, headers and paths.
func TestLaravelLogLines(t *testing.T) {
	t.Parallel()
	o := office.Open(t, "log", "{level: debug, access: all}")
	evil := o.ClerkNamed(t, "a\"b\n{\"level\":\"ERROR\",\"msg\":\"forged\"}\r\x1b[31m")
	evil.UserAgent = `Mozilla/5.0 "},{"msg":"forged"`
	evil.Password("wrong")
	evil.Get("/%0a%7b%22msg%22:%22forged%22%7d?token=canary-in-query")
	evil.PostForm(office.Login+"?return_to=%0a", url.Values{"username": {evil.Email}, "password": {"canary-password"}})
	c := o.Clerk(t)
	c.LogIn()
	c.WantPanel()
	o.Gateway.Stop()
	lines := 0
	for line := range strings.Lines(o.Gateway.Output()) {
		if strings.HasPrefix(line, "listening on ") || strings.HasPrefix(line, "admin on ") {
			continue
		}
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry["time"] == nil || entry["level"] == nil || entry["msg"] == nil {
			t.Errorf("not a log line: %q (%v)", line, err)
		}
		if entry["msg"] == "forged" || strings.Contains(line, "canary") || strings.Contains(line, "\x1b") {
			t.Errorf("a log line that a stranger wrote: %q", line)
		}
		lines++
	}
	if lines < 8 {
		t.Errorf("%d log lines", lines)
	}
}

func fetch(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d %v", address, answer.StatusCode, err)
	}
	return string(text)
}
