package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Gateway is a running ispgate.
type Gateway struct {
	*Server
	URL    string // of the first public listener: http://127.0.0.1:41233, or unix:/path
	Admin  string // of the admin listener
	Config string // path of the configuration file; empty for the demo
}

// What serve and demo print of their listeners.
var (
	publicLine = regexp.MustCompile(`(?m)^listening on (\S+)$`)
	adminLine  = regexp.MustCompile(`(?m)^admin on (\S+)$`)
)

// Serve writes the configuration to a file, runs "init" and then "serve", and waits until both listeners answer. Give
// 127.0.0.1:0 as the addresses of the listeners; the real ones are read from what is printed. After a Stop and a Start
// with port 0 they are others, which URL and Admin then tell.
func Serve(t testing.TB, config string, env ...string) *Gateway {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatalf("serve: %v", err)
	}
	if output, code := Run(t, env, "init", "-c", file); code != 0 {
		t.Fatalf("ispgate init: exit %d\n%s", code, output)
	}
	return ServeFile(t, file, env...)
}

// ServeFile runs "serve" on a configuration whose keys and database exist: a second node, or a changed file.
func ServeFile(t testing.TB, file string, env ...string) *Gateway {
	t.Helper()
	program := Binary(t)
	return start(t, file, func() *exec.Cmd { return command(env, program, "serve", "-c", file) })
}

// Demo runs "demo" on a free port, with data of its own.
func Demo(t testing.TB) *Gateway {
	t.Helper()
	program, data := Binary(t), PrivateDir(t)
	return start(t, "", func() *exec.Cmd { return command(nil, program, "demo", "--listen", "127.0.0.1:0", "--data", data) })
}

func start(t testing.TB, config string, command func() *exec.Cmd) *Gateway {
	t.Helper()
	g := &Gateway{Config: config}
	// What it prints is read while it starts, so the server must be in g before it is started.
	g.Server = newServer(t, "ispgate", syscall.SIGTERM, command, g.answers)
	g.begin()
	return g
}

// answers reads the listeners' addresses from what the running process printed, and asks both.
func (g *Gateway) answers() bool {
	public, admin := publicLine.FindStringSubmatch(g.printed()), adminLine.FindStringSubmatch(g.printed())
	if public == nil || admin == nil {
		return false
	}
	g.URL, g.Admin = public[1], admin[1]
	answer, err := http.Get(g.Admin + "/healthz")
	if err != nil {
		return false
	}
	answer.Body.Close()
	_, address, _ := strings.Cut(g.URL, "://")
	return answer.StatusCode == http.StatusOK && (address == "" || Listening(address))
}

// Log returns the JSON log lines printed so far, over all starts. Lines that are not JSON are left out.
func (g *Gateway) Log() []map[string]any { return parseLog(g.Output()) }

// WaitLog waits until a log line satisfies want, and returns it.
func (g *Gateway) WaitLog(what string, want func(line map[string]any) bool) map[string]any {
	g.t.Helper()
	for deadline := time.Now().Add(stopTime); time.Now().Before(deadline); time.Sleep(pollEvery) {
		for _, line := range g.Log() {
			if want(line) {
				return line
			}
		}
	}
	g.t.Fatalf("no log line: %s\n%s", what, tail(g.Output(), 4000))
	return nil
}

// Run runs one command of ispgate to its end and returns both streams and the exit code.
func Run(t testing.TB, env []string, args ...string) (string, int) {
	t.Helper()
	program := command(env, Binary(t), args...)
	output, err := program.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("ispgate %s: %v", strings.Join(args, " "), err)
	}
	return string(output), program.ProcessState.ExitCode()
}

// RunWith runs one command that reads input, wants it to succeed, and returns its standard output.
func RunWith(t testing.TB, input string, args ...string) string {
	t.Helper()
	program := command(nil, Binary(t), args...)
	program.Stdin = strings.NewReader(input)
	output, err := program.Output()
	if err != nil {
		t.Fatalf("ispgate %s: %v", strings.Join(args, " "), err)
	}
	return string(output)
}

// command gives the program an environment without settings of the machine.
func command(env []string, program string, args ...string) *exec.Cmd {
	command := exec.Command(program, args...)
	for _, setting := range os.Environ() {
		if !strings.HasPrefix(setting, "ISPGATE_") {
			command.Env = append(command.Env, setting)
		}
	}
	command.Env = append(command.Env, env...)
	return command
}

func parseLog(output string) []map[string]any {
	var lines []map[string]any
	for _, text := range bytes.Split([]byte(output), []byte("\n")) {
		var line map[string]any
		if json.Unmarshal(text, &line) == nil && line != nil {
			lines = append(lines, line)
		}
	}
	return lines
}
