package harness

import (
	"fmt"
	"os"
	"testing"
)

// House stands in for testing.TB where servers outlive the test that starts them, or where no test runs. A fault panics.
type House struct {
	testing.TB
	directory string
	endings   []func()
}

// NewHouse makes a House with a directory of its own.
func NewHouse() *House {
	directory, err := os.MkdirTemp("", "ispgate-")
	if err != nil {
		panic(fmt.Sprintf("make a directory: %v", err))
	}
	return &House{directory: directory}
}

// Close ends what was started in it, the last first. A nil House has nothing to end.
func (h *House) Close() {
	if h == nil {
		return
	}
	for i := len(h.endings) - 1; i >= 0; i-- {
		h.endings[i]()
	}
	os.RemoveAll(h.directory)
}

func (h *House) Helper()                   {}
func (h *House) Failed() bool              { return false }
func (h *House) Logf(string, ...any)       {}
func (h *House) Cleanup(f func())          { h.endings = append(h.endings, f) }
func (h *House) Fatal(args ...any)         { h.Fatalf("%s", fmt.Sprint(args...)) }
func (h *House) Errorf(f string, a ...any) { fmt.Fprintf(os.Stderr, f+"\n", a...) }
func (h *House) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

// TempDir is a directory that Close removes.
func (h *House) TempDir() string {
	directory, err := os.MkdirTemp(h.directory, "")
	if err != nil {
		h.Fatalf("make a directory: %v", err)
	}
	return directory
}
