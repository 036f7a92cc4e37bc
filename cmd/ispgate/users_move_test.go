package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
)

// TestUsersExport: standard output is the document and nothing else; both ends leave an event.
func TestUsersExport(t *testing.T) {
	a := newAccounts(t)
	alice := a.meet(t, "alice")
	a.enable(t, alice.ID, "", 0)
	out, notes := a.users(t, 0, "export")
	wantText(t, "export", notes, "accounts exported: 1")
	var document struct {
		Format  string
		Version int
		Tables  map[string][]map[string]any
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil || document.Format != "ispgate accounts" || document.Version != 1 || document.Tables["accounts"][0]["name"] != "alice" {
		t.Fatalf("%v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "accounts.json")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, notes = a.users(t, exitFailed, "export", "--to", file)
	wantText(t, "export over a file", notes, "file exists")
	if kept, err := os.ReadFile(file); err != nil || string(kept) != "mine" {
		t.Errorf("the file is now %q, %v", kept, err)
	}
	_, notes = a.users(t, exitFailed, "import", "--from", file)
	wantText(t, "import of no document", notes, "the document cannot be imported")
	_, notes = a.users(t, exitUsage, "import", "--from", file+".gone")
	wantText(t, "import of no file", notes, "no such file")
	_, notes = a.users(t, exitFailed, "import") // standard input is empty
	wantText(t, "import of nothing", notes, "cut off")
	events, err := a.AuditEvents(t.Context(), 10)
	if err != nil || len(events) != 2 || events[0].Kind != "exported" || events[0].Detail == "" {
		t.Errorf("events %+v, %v", events, err)
	}
}

// A document that was not written to its end is no success.
func TestUsersExportToAFullDisk(t *testing.T) {
	a := newAccounts(t)
	a.meet(t, "alice")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	command := exec.Command(harness.Binary(t), "users", "export", "-c", a.file)
	command.Stdout = full
	_ = command.Run()
	if code := command.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
}

func TestProgress(t *testing.T) {
	var said bytes.Buffer
	now := time.Unix(0, 0)
	told := progress(&said, func() time.Time { return now })
	for done := range 10 {
		told(done, 9)
		now = now.Add(time.Second)
	}
	if want := "3 of 9\n6 of 9\n9 of 9\n"; said.String() != want {
		t.Errorf("said %q, want %q", said.String(), want)
	}
}
