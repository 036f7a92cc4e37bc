// Package image builds the container image as an operator would, and runs what came out.
package image

import (
	"bytes"
	"debug/elf"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

const (
	golang  = "localhost/ispgate-golang"
	product = "localhost/ispgate"
	nobody  = 65532
)

func TestS43_Image(t *testing.T) {
	b := newBuildah(t)
	b.golang(golang)
	cache, modules := goEnv(t, "GOCACHE"), filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download")
	b.do("build", "--format", "docker", "--pull-never", "--signature-policy", b.policy, "--tag", product,
		"--build-arg", "GO_IMAGE="+golang,
		// What this machine has of the modules, then wherever it gets them from; go.sum vouches for both.
		"--build-arg", "GOPROXY=file:///modules,"+goEnv(t, "GOPROXY"),
		"--volume", cache+":/gocache:rw", "--volume", modules+":/modules:ro",
		"--file", filepath.Join(harness.Root(t), "Dockerfile"), harness.Root(t))
	image := b.unpack(product)

	t.Run("holds nothing but the program", func(t *testing.T) { onlyProgram(t, image) })
	t.Run("is static", func(t *testing.T) { static(t, image.files["/ispgate"]) })
	t.Run("is not root's", func(t *testing.T) { notRoot(t, image) })
	t.Run("tells its version", func(t *testing.T) {
		container := b.do("from", "--pull-never", "--signature-policy", b.policy, product)
		b.do("run", container, "--", "/ispgate", "version")
	})
	t.Run("tells whether it lives", func(t *testing.T) { lives(t, b, image.config.Healthcheck.Test) })
}

func onlyProgram(t *testing.T, image *contents) {
	allowed := []string{"/", "/ispgate", "/etc", "/etc/ssl", "/etc/ssl/certs", "/etc/ssl/certs/ca-certificates.crt", "/var", "/var/lib", "/var/lib/ispgate"}
	for path := range image.files {
		if !slices.Contains(allowed, path) {
			t.Errorf("the image holds %s", path)
		}
	}
	if certificates := image.files["/etc/ssl/certs/ca-certificates.crt"]; certificates == nil || !bytes.Contains(certificates.content, []byte("BEGIN CERTIFICATE")) {
		t.Error("the image has no CA certificates")
	}
	if want := []string{"/ispgate"}; !slices.Equal(image.config.Entrypoint, want) {
		t.Errorf("entry point %q, want %q", image.config.Entrypoint, want)
	}
}

func static(t *testing.T, program *file) {
	if program == nil {
		t.Fatal("the image has no /ispgate")
	}
	binary, err := elf.NewFile(bytes.NewReader(program.content))
	if err != nil {
		t.Fatal(err)
	}
	for _, segment := range binary.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("the program wants a dynamic loader")
		}
	}
	if libraries, err := binary.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("the program wants libraries %q (%v)", libraries, err)
	}
	if bytes.Contains(program.content, []byte("/src/cmd/ispgate")) {
		t.Error("the program names the directory it was built in")
	}
}

func notRoot(t *testing.T, image *contents) {
	if want := fmt.Sprintf("%d:%d", nobody, nobody); image.config.User != want {
		t.Errorf("runs as %q, want %q", image.config.User, want)
	}
	data := image.files["/var/lib/ispgate"]
	if data == nil {
		t.Fatal("the image has no /var/lib/ispgate")
	}
	if data.Uid != nobody || data.Gid != nobody || data.Mode&0o777 != 0o700 {
		t.Errorf("data directory is %d:%d's, %04o; want %d's own, 0700", data.Uid, data.Gid, data.Mode&0o777, nobody)
	}
	if _, ok := image.config.Volumes["/var/lib/ispgate"]; !ok {
		t.Errorf("volumes %v, want /var/lib/ispgate", image.config.Volumes)
	}
	if program := image.files["/ispgate"]; program != nil && (program.Uid != 0 || program.Mode&0o022 != 0) {
		t.Error("the program can be overwritten by whoever it runs as")
	}
}

// lives runs the image's own health check before, while and after the gateway serves.
func lives(t *testing.T, b *buildah, check []string) {
	if len(check) < 2 || check[0] != "CMD" {
		t.Fatalf("health check %q, want a CMD", check)
	}
	settings, admin := configuration(t)
	container := b.do("from", "--pull-never", "--signature-policy", b.policy, product)
	inside := func(args ...string) *exec.Cmd {
		return b.command(append([]string{"run", "--volume", settings + ":/etc/ispgate:ro", container, "--"}, args...)...)
	}
	expect := func(when string, alive bool) {
		t.Helper()
		if output, err := inside(check[1:]...).CombinedOutput(); (err == nil) != alive {
			t.Fatalf("health check %s: %v\n%s", when, err, output)
		}
	}
	if output, err := inside("/ispgate", "init", "-c", "/etc/ispgate/config.yaml").CombinedOutput(); err != nil {
		t.Fatalf("init: %v\n%s", err, output)
	}
	expect("before the start", false)
	gateway := harness.StartServer(t, "image", syscall.SIGTERM,
		func() *exec.Cmd { return inside("/ispgate", "serve", "-c", "/etc/ispgate/config.yaml") },
		func() bool {
			answer, err := http.Get(admin + "/healthz")
			if err != nil {
				return false
			}
			answer.Body.Close()
			return answer.StatusCode == http.StatusOK
		})
	expect("while serving", true)
	if user := owner(t, admin); user != nobody {
		t.Errorf("the gateway runs as user %d, want %d", user, nobody)
	}
	gateway.Stop()
	expect("after the stop", false)
}

// owner returns the user id that a listening socket belongs to, as /proc/net/tcp tells.
func owner(t *testing.T, origin string) int {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	var port int
	fmt.Sscanf(origin, "http://127.0.0.1:%d", &port)
	for _, line := range strings.Split(string(table), "\n") {
		fields := strings.Fields(line)
		if len(fields) > 7 && fields[1] == fmt.Sprintf("0100007F:%04X", port) && fields[3] == "0A" {
			var user int
			fmt.Sscan(fields[7], &user)
			return user
		}
	}
	t.Fatalf("nobody listens at %s", origin)
	return 0
}

// configuration writes one in which neither panel nor Redis can be reached: the gateway starts all the same.
func configuration(t *testing.T) (directory, admin string) {
	t.Helper()
	directory = t.TempDir()
	if err := os.Chmod(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	public, private, closed := harness.FreePort(t), harness.FreePort(t), harness.FreePort(t)
	text := fmt.Sprintf(`listen: 127.0.0.1:%[1]d
public_url: http://127.0.0.1:%[1]d
panel:
  url: http://127.0.0.1:%[3]d
  profile: {base: laravel, verify: /dashboard}
sessions: {redis: {url: "redis://127.0.0.1:%[3]d/0"}}
admin: {listen: "127.0.0.1:%[2]d"}
`, public, private, closed)
	if err := os.WriteFile(filepath.Join(directory, "config.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return directory, fmt.Sprintf("http://127.0.0.1:%d", private)
}
