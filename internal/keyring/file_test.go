package keyring

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

func TestS43_CreateIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "keys.yaml")
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %04o, want %04o", filepath.Base(name), got, want)
		}
	}
	ring, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Box("p", nil).Open(ring.Box("p", nil).Seal([]byte("x"))); err != nil || string(got) != "x" {
		t.Errorf("the file does not give the same key twice: %q, %v", got, err)
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	path := filepath.Join(harness.PrivateDir(t), "keys.yaml")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Create(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want an error that says it exists", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "precious" {
		t.Errorf("the file now holds %q", text)
	}
}

func TestS43_LoadRefusesOpenModes(t *testing.T) {
	path := filepath.Join(harness.PrivateDir(t), "keys.yaml")
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mode fs.FileMode
		ok   bool
	}{{0o600, true}, {0o400, true}, {0o640, false}, {0o604, false}, {0o620, false}, {0o602, false}, {0o610, false}, {0o644, false}, {0o666, false}} {
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		ring, err := Load(path)
		if (err == nil) != c.ok || (ring != nil) != c.ok {
			t.Errorf("mode %04o: %v", c.mode, err)
		}
		if err != nil && !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %04o: %q does not say what to do", c.mode, err)
		}
	}
}

func TestS43_OpenDirectoriesAreRefused(t *testing.T) {
	dir := harness.PrivateDir(t)
	path := filepath.Join(dir, "keys.yaml")
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []fs.FileMode{0o755, 0o750, 0o710, 0o701, 0o777} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "chmod 700 "+dir) {
			t.Errorf("mode %04o, Load: %v", mode, err)
		}
		other := filepath.Join(dir, "other.yaml")
		if err := Create(other); err == nil || !strings.Contains(err.Error(), "chmod 700 "+dir) {
			t.Errorf("mode %04o, Create: %v", mode, err)
		}
		if _, err := os.Stat(other); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("mode %04o: keys were made: %v", mode, err)
		}
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err != nil {
		t.Errorf("mode 0500: %v", err)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "no.yaml"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "ispgate init") {
		t.Errorf("got %v", err)
	}
}

// canary is a master key as it stands in a file; it must appear in no message (S40).
var canary = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("canary42"), KeySize/8))

func TestS40_MalformedFilesAreRefusedWithoutQuoting(t *testing.T) {
	short := base64.StdEncoding.EncodeToString([]byte("canary42canary42canary42"))
	cases := []struct{ name, text, want string }{
		{"empty", "", "list of keys"},
		{"only a comment", "# nothing\n", "list of keys"},
		{"no keys", "keys: []\n", "has no keys"},
		{"not a mapping", canary, "list of keys"},
		{"a list", "- " + canary, "list of keys"},
		{"key is a number", "keys:\n  - {id: 01020304, key: [" + canary + "]}\n", "list of keys"},
		{"keys is the key", "keys: " + canary + "\n", "list of keys"},
		{"unknown word", "keys:\n  - {id: '01020304', secret: " + canary + "}\n", "list of keys"},
		{"unknown word at the top", "key: " + canary + "\n", "list of keys"},
		{"broken yaml", "keys:\n  - {id: '01020304', key: " + canary, "list of keys"},
		{"id too short", "keys:\n  - {id: '010203', key: " + canary + "}\n", "key 1 is malformed"},
		{"id not hex", "keys:\n  - {id: canaryid, key: " + canary + "}\n", "key 1 is malformed"},
		{"no id", "keys:\n  - {key: " + canary + "}\n", "key 1 is malformed"},
		{"key too short", "keys:\n  - {id: '01020304', key: " + short + "}\n", "key 1 is malformed"},
		{"key too long", "keys:\n  - {id: '01020304', key: " + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("canary42"), 5)) + "}\n", "key 1 is malformed"},
		{"key not base64", "keys:\n  - {id: '01020304', key: '!" + canary + "'}\n", "key 1 is malformed"},
		{"no key", "keys:\n  - {id: '01020304'}\n", "key 1 is malformed"},
		{"second malformed", "keys:\n  - {id: '01020304', key: " + canary + "}\n  - {id: '01', key: " + canary + "}\n", "key 2 is malformed"},
		{"id twice", "keys:\n  - {id: '01020304', key: " + canary + "}\n  - {id: '01020304', key: " + canary + "}\n", "occurs twice"},
		{"id twice in other case", "keys:\n  - {id: 'ABCDEF01', key: " + canary + "}\n  - {id: 'abcdef01', key: " + canary + "}\n", "occurs twice"},
		{"id named twice", "keys:\n  - {id: '01020304', id: '01020305', key: " + canary + "}\n", "list of keys"},
		{"second document", "keys:\n  - {id: '01020304', key: " + canary + "}\n---\nkeys: [" + canary + "]\n", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(harness.PrivateDir(t), "keys.yaml")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			ring, err := Load(path)
			if err == nil {
				t.Fatalf("taken: %d keys", len(ring.keys()))
			}
			said := err.Error()
			if strings.Contains(said, canary[:8]) || strings.Contains(said, short[:8]) || strings.Contains(said, "canary") {
				t.Errorf("%q quotes the key", said)
			}
			if !strings.Contains(said, c.want) || !strings.Contains(said, path) {
				t.Errorf("%q does not say %q and which file", said, c.want)
			}
		})
	}
}
