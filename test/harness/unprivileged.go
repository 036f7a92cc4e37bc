package harness

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
	"testing"
)

// unprivileged makes a directory for a server that shall not run as root, and says how to become its owner: the account
// when the test runs as root, else the user of the test.
func unprivileged(t testing.TB, account string) (directory string, become func() *syscall.SysProcAttr) {
	t.Helper()
	if os.Geteuid() != 0 {
		return t.TempDir(), func() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
	}
	owner, err := user.Lookup(account)
	if err != nil {
		t.Fatalf("become %s: %v", account, err)
	}
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	// Not t.TempDir: its parent is closed to other users.
	directory, err = os.MkdirTemp("", "ispgate-"+account+"-")
	if err != nil {
		t.Fatalf("become %s: %v", account, err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	if err := os.Chown(directory, uid, gid); err != nil {
		t.Fatalf("become %s: %v", account, err)
	}
	return directory, func() *syscall.SysProcAttr {
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
}
