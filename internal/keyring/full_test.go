package keyring

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// TestCreateOnAFullDisk: half a key file would be taken for one that exists. The limit on file sizes stands in for the disk.
func TestCreateOnAFullDisk(t *testing.T) {
	path := filepath.Join(harness.PrivateDir(t), "keys.yaml")
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ) // the write then fails, as it does on a full disk
	defer signal.Reset(syscall.SIGXFSZ)
	limit := func(bytes uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: was.Max}); err != nil {
			t.Fatal(err)
		}
	}
	limit(20)
	err := Create(path)
	limit(was.Cur)
	if !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("on a full disk: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was written is still there: %v", err)
	}
	if err := Create(path); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
