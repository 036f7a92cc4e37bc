package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const mariadbGrant = `CREATE USER 'ispgate'@'127.0.0.1' IDENTIFIED BY 'sql-password';
GRANT ALL PRIVILEGES ON *.* TO 'ispgate'@'127.0.0.1' WITH GRANT OPTION;
`

// MariaDB starts a MariaDB server; Database makes the databases. Starting takes about two seconds: share it among subtests.
func MariaDB(t testing.TB) *SQLServer {
	t.Helper()
	program := Need(t, "mariadbd", "mariadb-server-core")
	client := Need(t, "mariadb", "mariadb-client-core")
	directory, become := unprivileged(t, "nobody")
	port, data, grant := FreePort(t), filepath.Join(directory, "data"), filepath.Join(directory, "grant.sql")
	// Never as root, nor with --user: it would then change the owner of files of the package.
	prepare := exec.Command(Need(t, "mariadb-install-db", "mariadb-server-core"), "--no-defaults", "--datadir="+data,
		"--auth-root-authentication-method=normal", "--skip-test-db")
	prepare.Dir, prepare.SysProcAttr = directory, become()
	run(t, prepare)

	sql := func(statement string) *exec.Cmd {
		return exec.Command(client, "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", fmt.Sprintf("--port=%d", port),
			"--user=ispgate", "--password=sql-password", "--batch", "--execute="+statement)
	}
	command := func() *exec.Cmd {
		serve := exec.Command(program, "--no-defaults", "--datadir="+data, "--bind-address=127.0.0.1",
			fmt.Sprintf("--port=%d", port), "--socket="+filepath.Join(directory, "s"), "--skip-name-resolve",
			"--character-set-server=utf8mb4", "--innodb-flush-log-at-trx-commit=0", "--init-file="+grant)
		serve.Dir, serve.SysProcAttr = directory, become()
		return serve
	}
	if err := os.WriteFile(grant, []byte(mariadbGrant), 0o644); err != nil {
		t.Fatalf("start mariadb: %v", err)
	}
	s := &SQLServer{scheme: "mysql", address: fmt.Sprintf("127.0.0.1:%d", port), password: "sql-password"}
	s.create = func(database string) { run(t, sql("CREATE DATABASE "+database)) }
	s.Server = StartServer(t, "mariadbd", syscall.SIGTERM, command, func() bool { return sql("SELECT 1").Run() == nil })
	if err := os.WriteFile(grant, nil, 0o644); err != nil { // the next start finds its user
		t.Fatalf("start mariadb: %v", err)
	}
	return s
}

// panelEnv is a new empty database, as the panels of test/panels are told of it.
func (s *SQLServer) panelEnv(t testing.TB) []string {
	t.Helper()
	url := s.Database(t)
	return []string{"PANEL_DB_NAME=" + url[strings.LastIndexByte(url, '/')+1:], "PANEL_DB_PASSWORD=" + s.password, "PANEL_DB_ADDRESS=" + s.address}
}

// Query runs statements in the database of a panel.
func (s *SQLServer) Query(t testing.TB, env []string, statements string) {
	t.Helper()
	host, port, _ := strings.Cut(s.address, ":")
	client := exec.Command(Need(t, "mariadb", "mariadb-client-core"), "--no-defaults", "--protocol=tcp", "--host="+host, "--port="+port,
		"--user=ispgate", "--password="+s.password, strings.TrimPrefix(env[0], "PANEL_DB_NAME="))
	client.Stdin = strings.NewReader(statements)
	run(t, client)
}
