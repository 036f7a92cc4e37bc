package main

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/test/harness"
)

// A record that was changed by hand is shown to nobody and changed by nobody; the others are still listed.
func TestS19_UsersOfTampered(t *testing.T) {
	a := newAccounts(t)
	a.meet(t, "alice")
	bob := a.meet(t, "bob")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(filepath.Dir(a.file), "data", "ispgate.db")+"?mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`UPDATE accounts SET generation = 7 WHERE id = ?`, bob.ID); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"show", "ticket", "reset-2fa", "unlock", "revoke"} {
		out, notes := a.users(t, exitFailed, verb, "bob")
		wantText(t, verb, notes, account.ErrTampered.Error(), bob.ID)
		if out != "" {
			t.Errorf("%s prints %q", verb, out)
		}
	}
	out, notes := a.users(t, exitFailed, "list")
	wantText(t, "list", out, "alice")
	wantText(t, "list", notes, account.ErrTampered.Error(), bob.ID)
	if events, err := a.AuditEvents(t.Context(), 10); err != nil || len(events) != 0 {
		t.Errorf("audited: %+v, %v", events, err)
	}
}

func TestUsersRefusals(t *testing.T) {
	a := newAccounts(t)
	a.meet(t, "alice")
	for _, verb := range []string{"show", "ticket", "reset-2fa", "unlock", "revoke"} {
		_, notes := a.users(t, exitFailed, verb, "Alice")
		wantText(t, verb, notes, `no account is named "Alice"`, "the panel accepts the person's password")
		a.users(t, exitUsage, verb)
		a.users(t, exitUsage, verb, "alice", "bob")
	}
	_, notes := a.users(t, exitFailed, "ticket", "Alice")
	wantText(t, "ticket for nobody yet", notes, "where a second factor is required, a right password leads to the page that asks for the ticket")
	_, notes = a.users(t, exitUsage, "list", "--output", "xml")
	wantText(t, "list", notes, "table or json")
	a.users(t, exitUsage, "show", "alice", "--output", "xml")
	a.users(t, exitUsage, "give-up")
	if _, code := harness.Run(t, nil, "users", "list"); code != exitUsage {
		t.Errorf("without -c: exit code %d", code)
	}
}
