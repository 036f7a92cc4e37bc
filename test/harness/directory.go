package harness

import (
	"os"
	"testing"
)

// PrivateDir is a directory that only the user who runs the test can use: for keys and databases (S43). t.TempDir leaves
// its mode to the umask.
func PrivateDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
