package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// command runs a command line in-process and says what it printed and how it would exit.
func command(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var b bytes.Buffer
	root := rootCommand()
	root.SetOut(&b)
	root.SetErr(&b)
	root.SetArgs(args)
	if err := root.ExecuteContext(t.Context()); err != nil {
		return b.String() + err.Error(), exitCode(err)
	}
	return b.String(), 0
}

// configFile writes a configuration whose stores lie in a directory of the test.
func configFile(t *testing.T, more string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "ispgate.yaml")
	text := "public_url: http://127.0.0.1:8080\nlisten: 127.0.0.1:0\nadmin: {listen: '127.0.0.1:0'}\n" +
		"panel: {url: 'http://127.0.0.1:9', profile: {base: laravel, verify: /dashboard}}\n" +
		"keys_file: " + filepath.Join(dir, "own", "keys.yaml") + "\ndatabase: {url: 'sqlite://" + filepath.Join(dir, "own", "ispgate.db") + "'}\n" + more
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExitCodes(t *testing.T) {
	t.Setenv("ISPGATE_CONFIG", "")
	good, bad := configFile(t, ""), configFile(t, "nonsense: 1\n")
	missing := filepath.Join(t.TempDir(), "no.yaml")
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no command", nil, 0, "Usage"},
		{"version", []string{"version"}, 0, "ispgate "},
		{"unknown command", []string{"frobnicate"}, 2, "frobnicate"},
		{"unknown flag", []string{"serve", "--frobnicate"}, 2, "--frobnicate"},
		{"flag without its value", []string{"serve", "-c"}, 2, "-c"},
		{"too many arguments", []string{"version", "x"}, 2, "x"},
		{"serve without a file", []string{"serve"}, 2, "-c FILE"},
		{"init without a file", []string{"init"}, 2, "-c FILE"},
		{"check without a file", []string{"check"}, 2, "-c FILE"},
		{"file that is not there", []string{"serve", "-c", missing}, 2, missing},
		{"faulty file", []string{"serve", "-c", bad}, 2, "nonsense"},
		{"faulty file, check", []string{"check", "-c", bad}, 2, "nonsense"},
		{"serve before init", []string{"serve", "-c", good}, 2, "ispgate init"},
		{"nobody alive", []string{"check", "--live", "-c", deadAdmin(t)}, 1, "not alive"},
		{"demo on no address", []string{"demo", "--listen", "nonsense"}, 2, "--listen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out, code := command(t, c.args...); code != c.code || !strings.Contains(out, c.says) {
				t.Errorf("exit code %d, want %d, with %q in:\n%s", code, c.code, c.says, out)
			}
		})
	}
}

// deadAdmin is a configuration whose admin listener nobody serves.
func deadAdmin(t *testing.T) string {
	path := configFile(t, "")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("'127.0.0.1:0'"), []byte("'unix:"+filepath.Join(t.TempDir(), "no.sock")+"'"), 1)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestHelp(t *testing.T) {
	for _, c := range rootCommand().Commands() {
		out, code := command(t, c.Name(), "--help")
		if code != 0 || !strings.Contains(out, "Usage:") || !strings.Contains(out, "ispgate "+c.Name()) || c.Short == "" {
			t.Errorf("%s --help: exit code %d\n%s", c.Name(), code, out)
		}
	}
	for _, name := range []string{"demo", "init", "serve", "check", "version"} {
		if out, _ := command(t, "--help"); !strings.Contains(out, "\n  "+name+" ") {
			t.Errorf("--help does not name %s:\n%s", name, out)
		}
	}
}

func TestVersion(t *testing.T) {
	out, _ := command(t, "version")
	if !strings.HasPrefix(out, "ispgate ") || !strings.HasSuffix(out, " "+runtime.Version()+"\n") || len(strings.Fields(out)) != 3 {
		t.Errorf("%q", out)
	}
}

// TestInit makes both files privately, says so, and leaves them alone the second time.
func TestInit(t *testing.T) {
	path := configFile(t, "")
	out, code := command(t, "init", "-c", path)
	if code != 0 || !strings.Contains(out, "keys.yaml made") || !strings.Contains(out, "account database made") {
		t.Fatalf("exit code %d: %s", code, out)
	}
	own := filepath.Join(filepath.Dir(path), "own")
	keys, err := os.ReadFile(filepath.Join(own, "keys.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(own)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries { // S43
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(own); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v", info.Mode(), err)
	}
	out, code = command(t, "init", "-c", path)
	if code != 0 || strings.Count(out, "left alone") != 2 {
		t.Errorf("again: exit code %d: %s", code, out)
	}
	if again, _ := os.ReadFile(filepath.Join(own, "keys.yaml")); !bytes.Equal(keys, again) {
		t.Error("the keys were replaced")
	}
	if err := os.Chmod(filepath.Join(own, "keys.yaml"), 0o640); err != nil {
		t.Fatal(err)
	}
	if out, code := command(t, "serve", "-c", path); code != 2 || !strings.Contains(out, "chmod 600") {
		t.Errorf("open key file: exit code %d: %s", code, out)
	}
}

// TestInitMakesNoKeysForADatabaseThatIsThere: they would open nothing in it, and every second factor would seem lost.
func TestInitMakesNoKeysForADatabaseThatIsThere(t *testing.T) {
	path := configFile(t, "")
	command(t, "init", "-c", path)
	keys := filepath.Join(filepath.Dir(path), "own", "keys.yaml")
	if err := os.Remove(keys); err != nil {
		t.Fatal(err)
	}
	out, code := command(t, "init", "-c", path)
	if _, err := os.Stat(keys); code != exitUsage || !strings.Contains(out, "put the copy of that file back") || err == nil {
		t.Errorf("exit code %d, keys made: %t\n%s", code, err == nil, out)
	}
}

// TestInitGoesOnAfterAKilledOne: a file without a table is what was left of it.
func TestInitGoesOnAfterAKilledOne(t *testing.T) {
	path := configFile(t, "")
	own := filepath.Join(filepath.Dir(path), "own")
	if err := errors.Join(os.MkdirAll(own, 0o700), os.WriteFile(filepath.Join(own, "ispgate.db"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if out, code := command(t, "init", "-c", path); code != 0 || !strings.Contains(out, "account database made") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// TestCheckNamesEveryFault: the panel that is down does not hide Redis that is down.
func TestCheckNamesEveryFault(t *testing.T) {
	path := configFile(t, "sessions: {redis: {url: 'redis://:canary@127.0.0.1:9/0'}}\n")
	command(t, "init", "-c", path)
	out, code := command(t, "check", "-c", path)
	if code != 1 || !strings.Contains(out, "FAIL  Redis") || !strings.Contains(out, "FAIL  the panel's login") || !strings.Contains(out, "ok    keys and account database") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if strings.Contains(out, "canary") {
		t.Errorf("the Redis password is printed:\n%s", out)
	}
}
