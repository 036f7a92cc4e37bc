package harness

import (
	"bufio"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// RedisServer is a real redis-server. It keeps its data over Stop and Start, but not over Flush.
type RedisServer struct {
	*Server
	Addr string // host:port
}

// Redis starts a redis-server.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	program := Need(t, "redis-server", "redis-server")
	port, directory := FreePort(t), t.TempDir()
	r := &RedisServer{Addr: fmt.Sprintf("127.0.0.1:%d", port)}
	command := func() *exec.Cmd {
		return exec.Command(program, "--bind", "127.0.0.1", "--port", fmt.Sprint(port), "--dir", directory,
			"--save", "", "--appendonly", "yes", "--appendfsync", "no", "--daemonize", "no")
	}
	r.Server = StartServer(t, "redis-server", syscall.SIGTERM, command, func() bool {
		answer, err := r.ask("PING")
		return err == nil && answer == "+PONG"
	})
	return r
}

// URL returns the address as the configuration wants it.
func (r *RedisServer) URL() string { return "redis://" + r.Addr + "/0" }

// Flush forgets everything (FLUSHALL).
func (r *RedisServer) Flush() {
	r.t.Helper()
	r.Do("FLUSHALL")
}

// Do sends one inline command and returns the first line of the answer, e.g. "+OK", ":3", "$5".
func (r *RedisServer) Do(command string) string {
	r.t.Helper()
	answer, err := r.ask(command)
	if err != nil || strings.HasPrefix(answer, "-") {
		r.t.Fatalf("redis %s: %s %v", command, answer, err)
	}
	return answer
}

func (r *RedisServer) ask(command string) (string, error) {
	connection, err := net.DialTimeout("tcp", r.Addr, time.Second)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(connection, "%s\r\n", command); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	return strings.TrimSpace(line), err
}
