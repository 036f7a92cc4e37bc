package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// genericFile is a configuration before a panel of which nothing but the address is known.
func genericFile(t *testing.T, address string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	text := "public_url: https://panel.example.net\ntrusted_proxies: [127.0.0.1/32]\npanel: {url: " + address + ", profile: generic}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestPanelCheck: from an address and an account to a profile that serve takes.
func TestPanelCheck(t *testing.T) {
	l := harness.Laravel(t)
	config := genericFile(t, l.URL)
	if out, code := harness.Run(t, nil, "panel", "check", "-c", config); code != exitFailed || !strings.Contains(out, "run this again with --user NAME") {
		t.Errorf("without an account: exit code %d\n%s", code, out)
	}
	written := filepath.Join(filepath.Dir(config), "panel.yaml")
	run := func(password string, args ...string) (string, int) {
		c := exec.Command(harness.Binary(t), append([]string{"panel", "check", "-c", config, "--user", harness.LaravelAdmin}, args...)...)
		c.Stdin = strings.NewReader(password + "\n")
		out, _ := c.CombinedOutput()
		return string(out), c.ProcessState.ExitCode()
	}
	if out, code := run("wrong", "--write", written); code != exitFailed || !strings.Contains(out, "did not let "+harness.LaravelAdmin+" in") {
		t.Errorf("a wrong password: exit code %d\n%s", code, out)
	}
	out, code := run(harness.LaravelPassword, "--wrong", "--write", written)
	if code != 0 || !strings.Contains(out, "a wrong password: bad-credentials") || strings.Contains(out, harness.LaravelPassword) {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(strings.Replace(string(text), "profile: generic", "profile: "+written, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := harness.Run(t, nil, "routes", "test", "GET", "/login", "-c", config); code != 0 || !strings.HasPrefix(out, "login: ") {
		t.Errorf("with the written profile: exit code %d\n%s", code, out)
	}
	if _, code := run(harness.LaravelPassword, "--write", written); code != exitFailed {
		t.Error("a profile was overwritten")
	}
}

func TestRoutesTest(t *testing.T) {
	file := configFile(t, "")
	rewrite(t, file, "verify: /dashboard}", `verify: /dashboard, routes: {public: ["/pay/*", {rule: "POST /hook", from: [192.0.2.0/24], name: hook}], deny: [/api/*], background: [/poll]}}`)
	for args, want := range map[string]string{
		"GET /pay/1":                    "public: passes without a login (rule 1 of routes.public, /pay/*)\n",
		"POST /pay/1":                   "protected: needs a login (no rule: everything else is protected)\n",
		"POST /hook":                    "protected: needs a login (no rule: everything else is protected)\n",
		"POST /hook --from 192.0.2.7":   "public: passes without a login (rule 2 of routes.public, hook)\n",
		"get /API/x/":                   "deny: never passes (rule 1 of routes.deny, /api/*)\n",
		"GET http://127.0.0.1:1/login":  "",
		"GET /login":                    "login: a login of the panel's own: the gateway's comes instead (/login)\n",
		"GET /poll":                     "protected: needs a login (no rule: everything else is protected)\nbackground: keeps no session alive\n",
		"GET /pay/../secret":            "protected: needs a login (no rule: everything else is protected)\n",
		"POST /hook --from nobody":      "",
		"GET /x --output yaml":          "",
		"GET https://elsewhere.test/in": "",
	} {
		out, code := command(t, append(append([]string{"routes", "test"}, strings.Fields(args)...), "-c", file)...)
		if want == "" && code != exitUsage || want != "" && (code != 0 || out != want) {
			t.Errorf("%s: exit code %d, %q, want %q", args, code, out, want)
		}
	}
	out, code := command(t, "routes", "list", "--output", "json", "-c", file)
	var lines []routeLine
	if err := json.Unmarshal([]byte(out), &lines); err != nil || code != 0 || lines[0].Kind != "deny" || lines[len(lines)-1].Name != "hook" {
		t.Errorf("exit code %d, %v: %s", code, err, out)
	}
}
