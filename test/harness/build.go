package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// built remembers the program for the rest of the test process.
var built struct {
	sync.Mutex
	path string
}

// Binary makes the program once per test process and returns its path. The file lies in the user's cache directory, one per
// checkout: packages tested side by side share it, and an unchanged program is not linked again.
func Binary(t testing.TB) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if built.path != "" {
		return built.path
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("build ispgate: %v", err)
	}
	checkout := sha256.Sum256([]byte(Root(t)))
	directory := filepath.Join(cache, "ispgate-test", hex.EncodeToString(checkout[:8]))
	if err := os.MkdirAll(directory, 0o700); err != nil {
		t.Fatalf("build ispgate: %v", err)
	}
	lock, err := os.OpenFile(filepath.Join(directory, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatalf("build ispgate: %v", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatalf("build ispgate: %v", err)
	}
	path := filepath.Join(directory, "ispgate")
	build := exec.Command(Need(t, "make", "make"), "build", "PROGRAM="+path) // as it is shipped
	build.Dir = Root(t)
	run(t, build)
	built.path = path
	return path
}
