package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Need returns the path of a program, or fails the test with the Debian package that has it.
func Need(t testing.TB, program, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is not installed: apt-get install %s", program, debianPackage)
	}
	return path
}

// FreePort returns a loopback TCP port that nobody listens on, and that no other test is given until this one ends. It lies below
// the range that Linux gives to outgoing connections, so that a server stopped for a while gets it back.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 20000 + rand.IntN(12000)
		reserved := reserve(t, port)
		if reserved == nil {
			continue
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			listener.Close()
			t.Cleanup(func() { reserved.Close() })
			return port
		}
		reserved.Close()
	}
	t.Fatal("no free loopback port between 20000 and 32000")
	return 0
}

// reserve locks a port among all tests of this machine, by a file that is unlocked when it is closed; nil: another test has it.
func reserve(t testing.TB, port int) *os.File {
	t.Helper()
	directory := filepath.Join(os.TempDir(), fmt.Sprintf("ispgate-ports-%d", os.Getuid()))
	if err := os.MkdirAll(directory, 0o700); err != nil {
		t.Fatalf("reserve a port: %v", err)
	}
	file, err := os.OpenFile(filepath.Join(directory, fmt.Sprint(port)), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatalf("reserve a port: %v", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil
	}
	return file
}

// Root returns the top of the repository: the nearest directory above the test that has a go.mod.
func Root(t testing.TB) string {
	t.Helper()
	directory, err := os.Getwd()
	if err != nil {
		t.Fatalf("find the repository: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			t.Fatal("find the repository: no go.mod above the test")
		}
		directory = parent
	}
}

// run waits for a short command and fails the test with its output.
func run(t testing.TB, command *exec.Cmd) string {
	t.Helper()
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(command.Path), err, output)
	}
	return string(output)
}
