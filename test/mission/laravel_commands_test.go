package mission

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

const (
	failed = 1
	usage  = 2 // or configuration
)

// refusal runs a command that must end by itself, and returns what it said.
func refusal(t *testing.T, want int, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, harness.Binary(t), args...)
	output, err := command.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("ispgate %s goes on: %v\n%s", strings.Join(args, " "), err, output)
	}
	if code := command.ProcessState.ExitCode(); code != want {
		t.Errorf("ispgate %s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, output)
	}
	return string(output)
}

// prepared is a configuration whose keys and database exist. Nothing need listen: serve refuses before it asks anybody.
func prepared(t *testing.T) (office.Config, string) {
	t.Helper()
	directory := filepath.Join(t.TempDir(), "data")
	config := office.Basic(directory, "http://127.0.0.1:9", "redis://127.0.0.1:9/0")
	if output, code := harness.Run(t, nil, "init", "-c", config.Write(t)); code != 0 {
		t.Fatalf("init: exit code %d\n%s", code, output)
	}
	return config, directory
}

// What serve refuses to start with, and how it says so (design 3.1).
func TestLaravelServeRefusesItsFiles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, config office.Config, directory string)
		code  int
		says  []string
	}{
		{"keys missing", func(t *testing.T, _ office.Config, d string) { remove(t, d, "keys.yaml") }, usage, []string{"keys_file", "keys.yaml", "ispgate init"}},
		{"keys that a group can read", func(t *testing.T, _ office.Config, d string) { mode(t, d, "keys.yaml", 0o640) }, usage, []string{"0640", "chmod 600"}},
		{"keys that are no keys", func(t *testing.T, _ office.Config, d string) { write(t, d, "keys.yaml", "keys: [canary]\n") }, usage, []string{"keys.yaml"}},
		{"database missing", func(t *testing.T, _ office.Config, d string) { remove(t, d, "ispgate.db*") }, usage, []string{"ispgate init", "ispgate.db"}},
		{"database empty", func(t *testing.T, _ office.Config, d string) {
			remove(t, d, "ispgate.db*")
			write(t, d, "ispgate.db", "")
		}, usage, []string{"database"}},
		{"database that others can read", func(t *testing.T, _ office.Config, d string) { mode(t, d, "ispgate.db", 0o644) }, usage, []string{"0644", "chmod 600"}},
		{"database of other keys", func(t *testing.T, c office.Config, d string) {
			remove(t, d, "keys.yaml")
			elsewhere := c.With("database", fmt.Sprintf("{url: 'sqlite://%s/other/ispgate.db'}", d)) // the same key file, made anew
			if output, code := harness.Run(t, nil, "init", "-c", elsewhere.Write(t)); code != 0 || !strings.Contains(output, "keys.yaml made") {
				t.Fatalf("init: exit code %d\n%s", code, output)
			}
		}, usage, []string{"another installation"}},
		{"another panel id", func(t *testing.T, c office.Config, _ string) {
			c["panel"] = strings.TrimSuffix(c["panel"], "}") + ", id: other}"
		}, usage, []string{"ispgate users rekey"}},
		{"another meaning of names", func(t *testing.T, c office.Config, _ string) {
			c["panel"] = "{url: 'http://127.0.0.1:9', profile: {base: laravel, name: office, verify: /dashboard}}"
		}, usage, []string{"ispgate users rekey"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config, directory := prepared(t)
			test.spoil(t, config, directory)
			output := refusal(t, test.code, "serve", "-c", config.Write(t))
			for _, part := range test.says {
				if !strings.Contains(output, part) {
					t.Errorf("the message lacks %q:\n%s", part, output)
				}
			}
			if strings.Contains(output, "canary") || strings.Contains(output, "goroutine ") || strings.Contains(output, "listening on") {
				t.Errorf("the message quotes a key, is a crash, or comes too late:\n%s", output)
			}
		})
	}
}

func TestLaravelServeRefusesItsConfiguration(t *testing.T) {
	t.Parallel()
	profile := func(more string) string { return office.PanelAt("http://127.0.0.1:9", more) }
	for _, test := range []struct {
		name    string
		changes []string
		says    string
	}{
		{"http off loopback", []string{"public_url", "http://panel.example.net"}, "public_url"},
		{"https that nothing ends", []string{"trusted_proxies", ""}, "trusted_proxies"},
		{"signed_out empty", []string{"panel", profile(", signed_out: []")}, "signed_out"},
		{"verify missing", []string{"panel", "{url: 'http://127.0.0.1:9', profile: laravel}"}, "verify"},
		{"verify public", []string{"panel", publicly("/dashboard")}, "opens verify"},
		{"verify public by a star", []string{"panel", publicly("/dash*")}, "opens verify"},
		{"everything public", []string{"panel", publicly("/*")}, "opens verify"},
		{"login public", []string{"panel", publicly("/login")}, "/login"},
		{"login public for POST", []string{"panel", publicly("POST /login")}, "/login"},
		{"logout public", []string{"panel", publicly("POST /logout")}, "/logout"},
		{"unknown key", []string{"listne", "127.0.0.1:0"}, "listne"},
		{"no panel", []string{"panel", ""}, "panel.url"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config, _ := prepared(t)
			file := config.With(test.changes...).Write(t)
			for _, command := range []string{"serve", "check", "init"} {
				if output := refusal(t, usage, command, "-c", file); !strings.Contains(output, test.says) || strings.Contains(output, "goroutine ") {
					t.Errorf("%s: the message lacks %q:\n%s", command, test.says, output)
				}
			}
		})
	}
}

// publicly is a panel whose profile opens one more rule to everybody.
func publicly(rule string) string {
	return strings.Replace(office.PanelAt("http://127.0.0.1:9", ""), "public: [", "public: ['"+rule+"', ", 1)
}

func TestLaravelServeNamesAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	config, _ := prepared(t)
	output := refusal(t, usage, "serve", "-c", config.With("public_url", "http://panel.example.net", "trusted_proxies", "[0.0.0.0/0]",
		"sessions", "{idle: 13h, redis: {url: 'redis://127.0.0.1:9/0'}}", "colour", "red").Write(t))
	for _, part := range []string{"public_url", "trust_everyone", "idle", "colour", "config.yaml:"} {
		if !strings.Contains(output, part) {
			t.Errorf("the message lacks %q:\n%s", part, output)
		}
	}
}

func TestLaravelCommandLine(t *testing.T) {
	t.Parallel()
	refusal(t, usage, "serve")
	refusal(t, usage, "serve", "-c", "/nonexistent/config.yaml")
	refusal(t, usage, "serve", "--no-such-flag")
	refusal(t, usage, "serve", "extra")
	refusal(t, usage, "no-such-command")
	if output, code := harness.Run(t, nil, "version"); code != 0 || output == "" {
		t.Errorf("version: exit code %d, %q", code, output)
	}
	refusal(t, 0, "--help")
}

// A second init leaves everything alone.
func TestLaravelInitTwice(t *testing.T) {
	t.Parallel()
	config, directory := prepared(t)
	before, err := os.ReadFile(filepath.Join(directory, "keys.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	output, code := harness.Run(t, nil, "init", "-c", config.Write(t))
	if code != 0 || strings.Count(output, "left alone") != 2 {
		t.Errorf("the second init: exit code %d\n%s", code, output)
	}
	after, err := os.ReadFile(filepath.Join(directory, "keys.yaml"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the second init changed the keys (%v)", err)
	}
	for _, name := range []string{"keys.yaml", "ispgate.db"} {
		if info, err := os.Stat(filepath.Join(directory, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v, want mode 0600", name, info, err)
		}
	}
	if info, err := os.Stat(directory); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v %v, want mode 0700", info, err)
	}
}

// check is content with a world that works, and names what does not.
func TestLaravelCheck(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	check := func(t *testing.T, code int, config office.Config, says ...string) {
		t.Helper()
		output := refusal(t, code, "check", "-c", config.Write(t))
		for _, part := range says {
			if !strings.Contains(output, part) {
				t.Errorf("check does not say %q:\n%s", part, output)
			}
		}
		if code == 0 && strings.Contains(output, "FAIL") {
			t.Errorf("check is content and says\n%s", output)
		}
	}
	check(t, 0, o.Config, "ok    Redis")
	check(t, failed, o.Config.With("sessions", "{redis: {url: 'redis://127.0.0.1:9/0'}}"), "FAIL  Redis", "ok    the panel's login")
	check(t, failed, o.Config.With("panel", office.PanelAt("http://127.0.0.1:9", "")), "FAIL  the panel's login", "ok    Redis")
	check(t, failed, o.Config.With("panel", strings.Replace(o.Config["panel"], "verify: /dashboard", "verify: /customer", 1)), "FAIL  the panel's login")
	check(t, failed, o.Config.With("keys_file", "/nonexistent/keys.yaml"), "FAIL  keys and account database")
	check(t, failed, o.Config.With("database", "{url: 'sqlite:///nonexistent/ispgate.db'}"), "FAIL  keys and account database")

	live := o.Config.With("admin", "{listen: '"+strings.TrimPrefix(o.Gateway.Admin, "http://")+"'}").Write(t)
	refusal(t, 0, "check", "--live", "-c", live)
	o.Gateway.Stop()
	refusal(t, failed, "check", "--live", "-c", live)
}

// A panel that others can reach beside the gateway makes the gateway worth nothing: check says so.
func TestLaravelCheckFindsTheDoorBeside(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	listener := listenEverywhere(t)
	output := refusal(t, failed, "check", "-c", o.Config.With("panel", office.PanelAt("http://127.0.0.1:"+listener, "")).Write(t))
	if !strings.Contains(output, "FAIL  the panel answers only through the gateway") || !strings.Contains(output, "127.0.0.1") {
		t.Errorf("check says\n%s", output)
	}
}

// listenEverywhere opens a port on every address of the machine for a moment: to be looked at. Nobody is answered there.
func listenEverywhere(t *testing.T) (port string) {
	t.Helper()
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	_, port, err = net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func remove(t *testing.T, directory, pattern string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(directory, pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("remove %s: %d files, %v", pattern, len(names), err)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

func mode(t *testing.T, directory, name string, bits os.FileMode) {
	t.Helper()
	if err := os.Chmod(filepath.Join(directory, name), bits); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, directory, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
