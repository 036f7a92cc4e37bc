package harness

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// PostgreSQL starts a PostgreSQL server; Database makes the databases. It refuses to run as root: then it runs as the
// user "postgres" of the Debian package.
func PostgreSQL(t testing.TB) *SQLServer {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		t.Fatal("initdb is not installed: apt-get install postgresql")
	}
	programs, client, port := filepath.Dir(found[len(found)-1]), Need(t, "psql", "postgresql-client"), FreePort(t)
	directory, become := unprivileged(t, "postgres")
	data := filepath.Join(directory, "data")
	prepare := exec.Command(filepath.Join(programs, "initdb"), "--no-sync", "--auth=trust", "--username=ispgate",
		"--encoding=UTF8", "--locale=C.UTF-8", "--pgdata="+data)
	prepare.Dir, prepare.SysProcAttr = directory, become()
	run(t, prepare)

	sql := func(statement string) *exec.Cmd {
		return exec.Command(client, "-X", "-q", "-h", "127.0.0.1", "-p", fmt.Sprint(port), "-U", "ispgate", "-d", "postgres", "-c", statement)
	}
	command := func() *exec.Cmd {
		serve := exec.Command(filepath.Join(programs, "postgres"), "-D", data, "-p", fmt.Sprint(port),
			"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off")
		serve.Dir, serve.SysProcAttr = directory, become()
		return serve
	}
	s := &SQLServer{scheme: "postgres", address: fmt.Sprintf("127.0.0.1:%d", port), password: "sql-password"}
	s.create = func(database string) { run(t, sql("CREATE DATABASE "+database)) }
	s.Server = StartServer(t, "postgres", syscall.SIGINT, command, func() bool { return sql("SELECT 1").Run() == nil })
	return s
}
