package main

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
)

func TestAuditVerify(t *testing.T) {
	a := newAccounts(t)
	alice := a.meet(t, "alice")
	for _, kind := range []string{"login", "logout", "login"} {
		a.Audit(t.Context(), account.Event{Kind: kind, Account: alice.ID})
	}
	a.users(t, 0, "revoke", "alice") // a process of its own
	verify := func(code int, args ...string) string {
		t.Helper()
		out, got := command(t, append([]string{"audit", "verify", "-c", a.file}, args...)...)
		if got != code {
			t.Errorf("exit code %d, want %d\n%s", got, code, out)
		}
		return out
	}
	wantText(t, "a whole trail", verify(0), "rows: 4, chains: 2, broken: 0")
	var found struct {
		Whole  bool
		Breaks []breakLine
		Chains []chainLine
	}
	read := func(text string) {
		t.Helper()
		if err := json.NewDecoder(strings.NewReader(text)).Decode(&found); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	read(verify(0, "--output", "json"))
	if !found.Whole || found.Breaks == nil || len(found.Chains) != 2 || found.Chains[0].Rows+found.Chains[1].Rows != 4 || len(found.Chains[0].MAC) != 72 {
		t.Errorf("as JSON: %+v", found)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(filepath.Dir(a.file), "data", "ispgate.db")+"?mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`DELETE FROM audit WHERE kind = 'logout'`); err != nil {
		t.Fatal(err)
	}
	out := verify(exitFailed)
	read(verify(exitFailed, "--output", "json"))
	if found.Whole || len(found.Breaks) != 1 || found.Breaks[0].Row != 3 {
		t.Fatalf("as JSON: %+v", found)
	}
	wantText(t, "a row is gone", out, "BROKEN  chain "+found.Breaks[0].Chain+", row 3: rows before it are missing", "rows: 3, chains: 2, broken: 1")
	verify(exitUsage, "--output", "xml")
}

// TestAuditHeads: rows cut off the end show against the log, in either format and whatever a collector writes before it.
func TestAuditHeads(t *testing.T) {
	a := newAccounts(t)
	alice := a.meet(t, "alice")
	a.Audit(t.Context(), account.Event{Kind: "login", Account: alice.ID})
	a.Audit(t.Context(), account.Event{Kind: "logout", Account: alice.ID, Detail: `"msg":"audit head","chain":"00","seq":9,"mac":"00"`})
	trail, err := a.VerifyAudit(t.Context(), nil)
	if err != nil || len(trail.Chains) != 1 {
		t.Fatal(trail, err)
	}
	c := trail.Chains[0]
	log := filepath.Join(t.TempDir(), "log")
	written := func(format string) {
		t.Helper()
		var b strings.Builder
		newLogger(&b, config.Log{Level: "info", Format: format}).Info("audit head", "chain", c.ID, "seq", c.Last, "mac", hex.EncodeToString(c.Head))
		newLogger(&b, config.Log{Level: "info", Format: format}).Info("audit", "detail", `"msg":"audit head","chain":"00","seq":9,"mac":"00"`)
		if err := os.WriteFile(log, []byte("Nov 25 10:00:00 host ispgate[7]: "+b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify := func(code int, file string, parts ...string) {
		t.Helper()
		out, got := command(t, "audit", "verify", "-c", a.file, "--heads", file)
		if got != code {
			t.Errorf("exit code %d, want %d", got, code)
		}
		wantText(t, "verify", out, parts...)
	}
	for _, format := range []string{"json", "text"} {
		written(format)
		verify(0, log, "rows: 2, chains: 1, broken: 0")
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(filepath.Dir(a.file), "data", "ispgate.db")+"?mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`DELETE FROM audit WHERE kind = 'logout'`); err != nil {
		t.Fatal(err)
	}
	out, code := command(t, "audit", "verify", "-c", a.file)
	if code != 0 {
		t.Errorf("without the log: exit code %d", code)
	}
	wantText(t, "without the log", out, "broken: 0", "--heads LOG")
	for _, format := range []string{"json", "text"} {
		written(format)
		verify(exitFailed, log, "BROKEN  chain "+c.ID+", row 2: the log names this row")
	}
	verify(exitFailed, os.DevNull, `no line "audit head"`)
	verify(exitUsage, log+".gone", "--heads")
	if _, err := db.Exec(`DELETE FROM audit`); err != nil {
		t.Fatal(err)
	}
	out, code = command(t, "audit", "verify", "-c", a.file)
	if code != exitFailed {
		t.Errorf("accounts and no row: exit code %d", code)
	}
	wantText(t, "accounts and no row", out, "BROKEN  chain all, row 0: there are accounts")
}
