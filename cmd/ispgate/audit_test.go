package main

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/internal/account"
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
