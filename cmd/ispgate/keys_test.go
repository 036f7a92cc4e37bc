package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/keyring"
)

func TestS36_KeysCommands(t *testing.T) {
	path := configFile(t, "")
	command(t, "init", "-c", path)
	file := filepath.Join(filepath.Dir(path), "own", "keys.yaml")
	ids := func() []string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, m := range regexp.MustCompile(`id: "?([0-9a-f]{8})`).FindAllSubmatch(text, -1) {
			out = append(out, string(m[1]))
		}
		return out
	}
	wantIDs := func(what string, want ...string) {
		t.Helper()
		if got := ids(); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: the file has %v, want %v", what, got, want)
		}
	}
	first := ids()[0]
	out, code := command(t, "keys", "rotate", "-c", path)
	second := ids()[0]
	if code != 0 || second == first || !strings.Contains(out, second) {
		t.Fatalf("rotate: exit code %d\n%s", code, out)
	}
	wantIDs("rotate", second, first)
	out, code = command(t, "keys", "rotate", "--prepare", "-c", path)
	third := ids()[2]
	if code != 0 || !strings.Contains(out, "keys rotate --use "+third) {
		t.Fatalf("prepare: exit code %d\n%s", code, out)
	}
	wantIDs("prepare", second, first, third)
	if out, code = command(t, "keys", "rotate", "--use", third, "-c", path); code != 0 {
		t.Fatalf("use: exit code %d\n%s", code, out)
	}
	wantIDs("use", third, second, first)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"rotate", "--use", "01020304", "-c", path}, exitFailed, "01020304"},
		{[]string{"rotate", "--use", third, "--prepare", "-c", path}, exitUsage, "--prepare comes first"},
		{[]string{"rotate"}, exitUsage, "-c FILE"},
		{[]string{"new"}, exitUsage, "arg"},
		{[]string{"new", file}, exitUsage, "keys rotate"},
	} {
		if out, code := command(t, append([]string{"keys"}, c.args...)...); code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("keys %v: exit code %d, want %d, with %q in:\n%s", c.args, code, c.code, c.says, out)
		}
	}
	wantIDs("refused", third, second, first)
	other := filepath.Join(t.TempDir(), "deep", "other.yaml")
	if out, code = command(t, "keys", "new", other); code != 0 || !strings.Contains(out, other) {
		t.Errorf("new: exit code %d\n%s", code, out)
	}
	if ring, err := keyring.Load(other); err != nil || strings.Contains(out, ring.ID()+": ") {
		t.Errorf("the new file: %v", err)
	}
	if out, code = command(t, "audit", "verify", "-c", path); code != 0 {
		t.Errorf("the database under three keys: exit code %d\n%s", code, out)
	}
}

// TestS36_KeysWatch: what does not load changes nothing and is said once; what loads is taken up, also where a key is gone.
func TestS36_KeysWatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "own", "keys.yaml")
	if err := keyring.Create(path); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	first, log := ring.ID(), &written{}
	old := ring.MAC("p", "a")
	w := &keysWatch{path: path, ring: ring, log: newLogger(log, config.Log{Format: "json"})}
	look := func(what string, lines int, says string) {
		t.Helper()
		w.look()
		w.look()
		said := log.take(t)
		text, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		if len(said) != lines || !strings.Contains(string(text), says) {
			t.Errorf("%s: the log says %s, want %d lines with %q", what, text, lines, says)
		}
	}
	put := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	look("unchanged", 0, "")
	second, err := keyring.Rotate(path)
	if err != nil {
		t.Fatal(err)
	}
	look("rotated", 1, second)
	if ring.ID() != second || ring.CheckMAC(old, "p", "a") != nil {
		t.Errorf("rotated: %s writes, the old MAC: %v", ring.ID(), ring.CheckMAC(old, "p", "a"))
	}
	both, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put(both[:len(both)/2])
	look("half a file", 1, "does not load")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	look("no file", 1, "no such file")
	put(both)
	look("put back", 0, "")
	fresh := ring.MAC("p", "b")
	put(whole)
	look("without the second key", 1, "put the file's copy back")
	if err := ring.CheckMAC(fresh, "p", "b"); ring.ID() != first || err == nil || !strings.Contains(err.Error(), second) {
		t.Errorf("a key is gone: %s writes, its MAC: %v", ring.ID(), err)
	}
}
