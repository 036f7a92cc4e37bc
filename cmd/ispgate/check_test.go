package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/internal/keyring"
)

// TestCheckReachesAll: a fault of the database hides neither Redis nor the panel.
func TestCheckReachesAll(t *testing.T) {
	path := configFile(t, "sessions: {redis: {url: 'redis://127.0.0.1:9/0'}}\n")
	own := filepath.Join(filepath.Dir(path), "own")
	faults := func(says string) {
		t.Helper()
		out, code := command(t, "check", "-c", path)
		for _, want := range []string{"FAIL  keys and account database: ", says, "FAIL  Redis: ", "FAIL  the panel's login and guarded page: "} {
			if code != exitFailed || !strings.Contains(out, want) {
				t.Errorf("exit code %d, no %q:\n%s", code, want, out)
			}
		}
	}
	faults("ispgate init")
	command(t, "init", "-c", path)
	if err := os.Remove(filepath.Join(own, "ispgate.db")); err != nil {
		t.Fatal(err)
	}
	faults("no database")
	if entries, _ := os.ReadDir(own); len(entries) != 1 {
		t.Errorf("check made files: %v", entries)
	}
}

// TestCheckChangesNothing: the database of an older ispgate, which may be running, is left as it is; serve brings it forward.
func TestCheckChangesNothing(t *testing.T) {
	path := configFile(t, "sessions: {redis: {url: 'redis://127.0.0.1:9/0'}}\n")
	command(t, "init", "-c", path)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(filepath.Dir(path), "own", "ispgate.db")+"?mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	version := func() (n int) {
		t.Helper()
		if err := db.QueryRow(`SELECT MAX(version_id) FROM goose_db_version`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	now := version()
	if _, err := db.Exec(`DELETE FROM goose_db_version WHERE version_id > 1; DROP TABLE tickets; DROP TABLE revoked;
		CREATE TABLE revocations (id, account, generation, session, at)`); err != nil {
		t.Fatal(err)
	}
	old := version()
	out, _ := command(t, "check", "-c", path)
	if !strings.Contains(out, "ok    keys and account database") || version() != old || old == now {
		t.Errorf("version %d, before %d:\n%s", version(), old, out)
	}
	if out, code := command(t, "users", "list", "-c", path); code != 0 || version() != now {
		t.Errorf("a command that needs the tables: version %d, want %d; exit code %d: %s", version(), now, code, out)
	}
}

// TestOperatorsFaultsExit2: systemd does not start again what only a person can mend (RestartPreventExitStatus=2).
func TestOperatorsFaultsExit2(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, own string)
		says  string
	}{
		"database missing": {func(t *testing.T, own string) { remove(t, own, "ispgate.db") }, "no database"},
		"database empty": {func(t *testing.T, own string) {
			if err := os.WriteFile(filepath.Join(own, "ispgate.db"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "no database"},
		"other keys": {func(t *testing.T, own string) {
			remove(t, own, "keys.yaml")
			if err := keyring.Create(filepath.Join(own, "keys.yaml")); err != nil {
				t.Fatal(err)
			}
		}, "another installation"},
		"another meaning of names": {func(t *testing.T, own string) {
			rewrite(t, filepath.Join(filepath.Dir(own), "ispgate.yaml"), "verify: /dashboard}", "verify: /dashboard}, id: other")
		}, "users rekey"},
		"ca_file missing": {func(t *testing.T, own string) {
			rewrite(t, filepath.Join(filepath.Dir(own), "ispgate.yaml"), "'http://127.0.0.1:9'", "'https://127.0.0.1:9', ca_file: no.pem")
		}, "ca_file"},
	} {
		t.Run(name, func(t *testing.T) {
			path := configFile(t, "")
			command(t, "init", "-c", path)
			c.spoil(t, filepath.Join(filepath.Dir(path), "own"))
			if out, code := command(t, "serve", "-c", path); code != exitUsage || !strings.Contains(out, c.says) {
				t.Errorf("serve: exit code %d, no %q:\n%s", code, c.says, out)
			}
		})
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func rewrite(t *testing.T, file, old, with string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q: %v", file, old, err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), old, with, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}
