package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// buildah builds and runs images without a daemon and without an image registry, in a storage of its own.
type buildah struct {
	t       testing.TB
	program string
	storage string
	policy  string // which images may be used: with no registry in reach, all
}

func newBuildah(t testing.TB) *buildah {
	t.Helper()
	b := &buildah{t: t, program: harness.Need(t, "buildah", "buildah"), storage: t.TempDir()}
	b.policy = filepath.Join(b.storage, "policy.json")
	if err := os.WriteFile(b.policy, []byte(`{"default":[{"type":"insecureAcceptAnything"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.command("rm", "--all").Run()
		b.command("rmi", "--all", "--force").Run()
	})
	return b
}

func (b *buildah) command(args ...string) *exec.Cmd {
	storage := []string{"--root", filepath.Join(b.storage, "root"), "--runroot", filepath.Join(b.storage, "run"), "--storage-driver", "vfs"}
	command := exec.Command(b.program, append(storage, args...)...)
	command.Env = append(os.Environ(), "BUILDAH_ISOLATION=chroot")
	return command
}

// do runs one command and returns what it printed: of those that make a container or an image, its id.
func (b *buildah) do(args ...string) string {
	b.t.Helper()
	command := b.command(args...)
	var complaints strings.Builder
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		b.t.Fatalf("buildah %s: %v\n%s%s", args[0], err, output, complaints.String())
	}
	return strings.TrimSpace(string(output))
}

// golang makes an image with this machine's own Go, a shell and the CA certificates: what the Dockerfile asks of GO_IMAGE.
func (b *buildah) golang(name string) {
	b.t.Helper()
	root := b.t.TempDir()
	for _, directory := range []string{"bin", "tmp", "root", "etc/ssl/certs", "usr/local/go"} {
		if err := os.MkdirAll(filepath.Join(root, directory), 0o755); err != nil {
			b.t.Fatal(err)
		}
	}
	busybox := harness.Need(b.t, "busybox", "busybox-static")
	b.copy(busybox, filepath.Join(root, "bin", "busybox"))
	for _, applet := range []string{"sh", "mkdir"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", applet)); err != nil {
			b.t.Fatal(err)
		}
	}
	b.copy("/etc/ssl/certs/ca-certificates.crt", filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
	b.copyGo(filepath.Join(root, "usr/local/go"))

	container := b.do("from", "scratch")
	b.do("copy", container, root, "/")
	b.do("config", "--env", "PATH=/usr/local/go/bin:/bin", "--env", "GOCACHE=/gocache", "--env", "GOTOOLCHAIN=local", "--env", "HOME=/root", container)
	b.do("commit", "--rm", "--signature-policy", b.policy, container, name)
}

// copyGo copies the Go distribution without its tests.
func (b *buildah) copyGo(to string) {
	b.t.Helper()
	pack := exec.Command("tar", "--exclude=testdata", "--exclude=*_test.go", "-C", goEnv(b.t, "GOROOT"), "-c", "bin", "lib", "pkg", "src", "go.env", "VERSION")
	unpack := exec.Command("tar", "-C", to, "-x")
	pipe, err := pack.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	unpack.Stdin = pipe
	if err := pack.Start(); err != nil {
		b.t.Fatal(err)
	}
	if output, err := unpack.CombinedOutput(); err != nil {
		b.t.Fatalf("copy Go: %v\n%s", err, output)
	}
	if err := pack.Wait(); err != nil {
		b.t.Fatalf("copy Go: %v", err)
	}
}

func (b *buildah) copy(from, to string) {
	b.t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o755); err != nil {
		b.t.Fatal(err)
	}
}

func goEnv(t testing.TB, name string) string {
	t.Helper()
	output, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatalf("go env %s: %v", name, err)
	}
	return strings.TrimSpace(string(output))
}
