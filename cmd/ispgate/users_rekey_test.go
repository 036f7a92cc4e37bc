package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/ispgate/ispgate/internal/account"
)

// TestS16_UsersRekey: every other command refuses until rekey was done, and rekey says what it does before it does it.
func TestS16_UsersRekey(t *testing.T) {
	a := newAccounts(t)
	alice := a.meet(t, "alice")
	a.enable(t, alice.ID, "", 0)
	a.meet(t, "bob")
	out, _ := a.users(t, 0, "rekey")
	wantText(t, "nothing changed", out, "nothing to settle")
	text, err := os.ReadFile(a.file)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("profile: ispbills"), []byte("id: renamed, profile: ispbills"), 1)
	if err := os.WriteFile(a.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, notes := a.users(t, exitUsage, "list")
	wantText(t, "list", notes, "ispgate users rekey")
	out, _ = a.users(t, 0, "rekey")
	wantText(t, "the plan", out, "panel=default", "panel=renamed", "whom the panel calls alice, second factor active (was id:of alice)",
		"accounts: 2, of which 1 wait", "nothing was changed")
	a.users(t, exitUsage, "list")
	out, _ = a.users(t, 0, "rekey", "--yes")
	wantText(t, "done", out, "accounts: 2, of which 1 wait", "done, all sessions have ended")
	out, _ = a.users(t, 0, "show", "alice")
	wantText(t, "alice", out, "was:id:of alice", "active")
	out, _ = a.users(t, 0, "rekey", "--yes")
	wantText(t, "again", out, "nothing to settle")
	events, err := a.AuditEvents(t.Context(), 10)
	if err != nil || len(events) != 1 || events[0].Kind != "rekeyed" || events[0].Detail == "" {
		t.Errorf("events %+v, %v", events, err)
	}
	if _, err := a.Meet(t.Context(), account.Identity{ID: "of alice", Name: "alice"}); err == nil {
		t.Error("a gateway of before goes on")
	}
}
