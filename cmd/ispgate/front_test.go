package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFrontWrites: a file is written whole or not touched.
func TestFrontWrites(t *testing.T) {
	config := configFile(t, "")
	file := filepath.Join(t.TempDir(), "front.conf")
	run := func(code int, args ...string) string {
		t.Helper()
		out, got := command(t, append(args, "-c", config)...)
		if got != code {
			t.Errorf("%s: exit code %d, want %d\n%s", args, got, code, out)
		}
		return out
	}
	content := func() string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, server := range []string{"nginx", "caddy", "traefik"} {
		run(exitUsage, server, "--mode", "auth-request", "--write", file) // the cookies are sealed
		if _, err := os.Lstat(file); err == nil {
			t.Fatalf("%s refused and left a file", server)
		}
		wantText(t, server, run(0, server, "--write", file), "written to "+file)
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o644 || !strings.Contains(run(0, server), content()) {
			t.Errorf("%s wrote something else than it prints: %v, %v", server, info, err)
		}
		if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
		wantText(t, server, run(exitFailed, server, "--write", file), "is there already")
		run(exitUsage, server, "--mode", "auth-request", "--write", file, "--force")
		if content() != "mine" {
			t.Errorf("%s: a file that was there is now %q", server, content())
		}
		run(0, server, "--write", file, "--force")
		if content() == "mine" {
			t.Errorf("%s --force wrote nothing", server)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	run(exitUsage, "nginx", "--force")
}
