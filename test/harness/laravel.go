package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// The accounts of the Laravel panel. All have the same password.
const (
	LaravelAdmin    = "admin@example.test"    // id 1, super_admin
	LaravelOperator = "operator@example.test" // id 2, operator
	LaravelPlain    = "plain@example.test"    // id 3, accountant
	LaravelPassword = "secret-password"
)

// LaravelPanel is test/panels/laravel, running.
type LaravelPanel struct {
	*Server
	URL  string // http://127.0.0.1:port
	Data string // database, sessions, cache, logs

	query func(statements string)
}

// Laravel starts the panel with eight workers. PANEL_TRUSTED_PROXIES= in env makes it one that was never told of a
// proxy; otherwise it believes X-Forwarded-* from 127.0.0.1.
func Laravel(t testing.TB, env ...string) *LaravelPanel {
	t.Helper()
	php := Need(t, "php", "php-cli")
	if _, err := os.Stat("/usr/share/php/Illuminate/autoload.php"); err != nil {
		t.Fatal("Laravel is not installed: apt-get install php-laravel-framework php-sqlite3")
	}
	source := filepath.Join(Root(t), "test", "panels", "laravel")
	port, data := FreePort(t), t.TempDir()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	env = append(append(os.Environ(), "PANEL_DATA="+data, "PHP_CLI_SERVER_WORKERS=8"), env...)

	prepare := exec.Command(php, filepath.Join(source, "prepare.php"))
	prepare.Env = env
	run(t, prepare)

	command := func() *exec.Cmd {
		serve := exec.Command(php, "-d", "upload_max_filesize=64M", "-d", "post_max_size=64M",
			"-S", address, "-t", filepath.Join(source, "public"), filepath.Join(source, "public", "index.php"))
		serve.Env = env
		return serve
	}
	server := StartServer(t, "laravel", syscall.SIGINT, command, func() bool { return Listening(address) })
	l := &LaravelPanel{Server: server, URL: "http://" + address, Data: data}
	l.query = func(statements string) {
		run(t, exec.Command(php, "-r", `(new PDO("sqlite:$argv[1]", null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]))->exec($argv[2]);`,
			filepath.Join(data, "panel.sqlite"), statements))
	}
	return l
}

// LaravelOn starts the panel on a new database of db, whose collation takes case, accents and trailing blanks of a name for nothing.
func LaravelOn(t testing.TB, db *SQLServer) *LaravelPanel {
	t.Helper()
	env := db.panelEnv(t)
	l := Laravel(t, env...)
	l.query = func(statements string) { db.Query(t, env, statements) }
	return l
}

// Query changes the panel's database behind its back.
func (l *LaravelPanel) Query(statements string) {
	l.t.Helper()
	l.query(statements)
}

// KillSessions ends every session of the panel. Remember-me cookies live on.
func (l *LaravelPanel) KillSessions() {
	l.t.Helper()
	l.empty("sessions")
}

// ForgetTries empties the panel's own login limiter.
func (l *LaravelPanel) ForgetTries() {
	l.t.Helper()
	l.empty("cache")
}

// Sessions counts the sessions that the panel holds, anonymous ones included.
func (l *LaravelPanel) Sessions() int {
	l.t.Helper()
	entries, err := os.ReadDir(filepath.Join(l.Data, "sessions"))
	if err != nil {
		l.t.Fatalf("count panel sessions: %v", err)
	}
	return len(entries)
}

func (l *LaravelPanel) empty(directory string) {
	l.t.Helper()
	files, err := filepath.Glob(filepath.Join(l.Data, directory, "*"))
	if err != nil {
		l.t.Fatalf("empty the panel's %s: %v", directory, err)
	}
	for _, file := range files {
		if err := os.RemoveAll(file); err != nil {
			l.t.Fatalf("empty the panel's %s: %v", directory, err)
		}
	}
}

// LaravelForeign is the Laravel panel as one of the foreign ones: the framework is not ours, and the application knows nothing of
// the gateway.
func LaravelForeign(t testing.TB) *ForeignPanel {
	t.Helper()
	l := Laravel(t)
	return &ForeignPanel{Server: l.Server, Name: "Laravel", Version: upstreamVersion(t, "php-laravel-framework"), URL: l.URL,
		Admin: LaravelAdmin, Other: LaravelOperator, Password: LaravelPassword, kill: l.KillSessions}
}
