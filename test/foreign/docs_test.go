package foreign

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// writtenDown compares docs/panels.md with what was seen; ISPGATE_WRITE_DOCS=1 writes it anew.
func writtenDown(t *testing.T, outcomes []string) {
	t.Helper()
	file := filepath.Join(harness.Root(t), "docs", "panels.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- seen: begin -->\n", "<!-- seen: end -->"
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", file)
	}
	table := "| panel | version | profile | seen to work |\n|---|---|---|---|\n" + strings.Join(outcomes, "\n") + "\n"
	if whole := head + begin + table + end + tail; whole != string(text) {
		if os.Getenv("ISPGATE_WRITE_DOCS") != "" {
			if err := os.WriteFile(file, []byte(whole), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		t.Errorf("docs/panels.md says something else than was seen; ISPGATE_WRITE_DOCS=1 go test ./test/foreign writes it. Seen:\n%s", table)
	}
}
