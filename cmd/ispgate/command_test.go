package main

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/internal/keyring"
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

// TestInitNeedsBothOrNone: new keys would open nothing in a database that is there, and in a new database beside keys nobody
// would have a second factor.
func TestInitNeedsBothOrNone(t *testing.T) {
	for gone, says := range map[string]string{"keys.yaml": "put the copy of that file back", "ispgate.db": "--new-database"} {
		path := configFile(t, "")
		command(t, "init", "-c", path)
		file := filepath.Join(filepath.Dir(path), "own", gone)
		remove(t, filepath.Dir(file), gone)
		out, code := command(t, "init", "-c", path)
		if _, err := os.Stat(file); code != exitUsage || !strings.Contains(out, says) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s gone: exit code %d, %v\n%s", gone, code, err, out)
		}
		for _, verb := range []string{"serve", "check"} {
			if out, code := command(t, verb, "-c", path); code == 0 || !strings.Contains(out, "back") {
				t.Errorf("%s gone, %s: exit code %d\n%s", gone, verb, code, out)
			}
		}
		out, code = command(t, "init", "--new-database", "-c", path)
		if made := code == 0 && strings.Contains(out, "account database made"); made != (gone == "ispgate.db") {
			t.Errorf("%s gone, --new-database: exit code %d\n%s", gone, code, out)
		}
	}
}

// TestInitRefusesWhatItDidNotMake, and leaves no keys for it behind.
func TestInitRefusesWhatItDidNotMake(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(own string) error
		code  int
		says  string
	}{
		"garbage": {func(own string) error {
			return errors.Join(os.Remove(own+"/keys.yaml"), os.WriteFile(own+"/ispgate.db", bytes.Repeat([]byte("no database "), 1000), 0o600))
		}, exitUsage, "not a database"},
		"garbage beside keys": {func(own string) error {
			return os.WriteFile(own+"/ispgate.db", bytes.Repeat([]byte("no database "), 1000), 0o600)
		}, exitUsage, "not a database"},
		"open to others":           {func(own string) error { return os.Chmod(own+"/ispgate.db", 0o644) }, exitUsage, "chmod 600"},
		"directory open to others": {func(own string) error { return os.Chmod(own, 0o755) }, exitUsage, "chmod 700"},
		"other keys": {func(own string) error {
			return errors.Join(os.Remove(own+"/keys.yaml"), keyring.Create(own+"/keys.yaml"))
		}, exitUsage, "another installation"},
		"rows deleted": {func(own string) error {
			db, err := sql.Open("sqlite", "file:"+own+"/ispgate.db")
			if err == nil {
				_, err = db.Exec(`UPDATE meta SET value = '1' WHERE name = 'active'`) // as if somebody had been enrolled
			}
			return errors.Join(err, db.Close())
		}, exitFailed, "does not verify"},
	} {
		t.Run(name, func(t *testing.T) {
			path := configFile(t, "")
			command(t, "init", "-c", path)
			own := filepath.Join(filepath.Dir(path), "own")
			if err := c.spoil(own); err != nil {
				t.Fatal(err)
			}
			_, before := os.Stat(own + "/keys.yaml")
			out, code := command(t, "init", "-c", path)
			_, after := os.Stat(own + "/keys.yaml")
			if code != c.code || !strings.Contains(out, c.says) || (before == nil) != (after == nil) {
				t.Errorf("init: exit code %d; keys before: %v, after: %v\n%s", code, before, after, out)
			}
			if out, code := command(t, "check", "-c", path); code != exitFailed || before == nil && !strings.Contains(out, c.says) {
				t.Errorf("check: exit code %d\n%s", code, out)
			}
			if name == "rows deleted" {
				return // serve goes on: who has a factor may log in
			}
			if out, code := command(t, "serve", "-c", path); code != exitUsage || before == nil && !strings.Contains(out, c.says) {
				t.Errorf("serve: exit code %d\n%s", code, out)
			}
		})
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

// TestFaultsOfFileAndProfileAtOnce: who mends one should not meet the other only then (design 3.2).
func TestFaultsOfFileAndProfileAtOnce(t *testing.T) {
	path := configFile(t, "nonsense: 1\n")
	rewrite(t, path, "verify: /dashboard}", "verify: /dashboard, nosuchkey: 1}")
	for _, verb := range []string{"serve", "check", "init"} {
		out, code := command(t, verb, "-c", path)
		if code != exitUsage || !strings.Contains(out, "nonsense") || !strings.Contains(out, "nosuchkey") {
			t.Errorf("%s: exit code %d:\n%s", verb, code, out)
		}
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
