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

// The accounts of every foreign panel but Laravel, which knows people by their e-mail address.
const (
	ForeignAdmin    = "clerk"    // may do everything
	ForeignOther    = "operator" // somebody else, perhaps with fewer rights
	ForeignPassword = "Secret-pass word 1"
)

// ForeignPanel is software that nobody here wrote, running.
type ForeignPanel struct {
	*Server
	Name    string
	Version string
	URL     string // http://127.0.0.1:port

	Admin, Other, Password string // ForeignAdmin and ForeignOther, as this panel calls them

	kill func()
}

// KillSessions ends every session of the panel behind the gateway's back.
func (p *ForeignPanel) KillSessions() {
	p.t.Helper()
	p.kill()
}

// phpSite runs PHP's own server with eight workers on a document root; router may be empty.
func phpSite(t testing.TB, name, root, router string, env []string, settings ...string) (*Server, string) {
	t.Helper()
	program := Need(t, "php", "php-cli")
	address := fmt.Sprintf("127.0.0.1:%d", FreePort(t))
	sessions := t.TempDir()
	command := func() *exec.Cmd {
		args := []string{"-d", "session.save_path=" + sessions, "-d", "display_errors=0", "-d", "error_reporting=E_ALL & ~E_DEPRECATED"}
		for _, s := range settings {
			args = append(args, "-d", s)
		}
		args = append(args, "-S", address, "-t", root)
		if router != "" {
			args = append(args, router)
		}
		serve := exec.Command(program, args...)
		serve.Dir = root
		serve.Env = append(append(os.Environ(), "PHP_CLI_SERVER_WORKERS=8"), env...)
		return serve
	}
	return StartServer(t, name, syscall.SIGINT, command, func() bool { return Listening(address) }), sessions
}

// url is where a site of phpSite answers.
func (s *Server) phpURL() string {
	for i, arg := range s.process.Args {
		if arg == "-S" {
			return "http://" + s.process.Args[i+1]
		}
	}
	return ""
}

// needFile fails the test where a file of a Debian package is missing.
func needFile(t testing.TB, path, packages string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is missing: apt-get install %s", path, packages)
	}
}

// copied is a private copy of a directory, so that files of a package are never written to.
func copied(t testing.TB, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(from))
	run(t, exec.Command("cp", "-a", from, to))
	return to
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func emptyDirectory(t testing.TB, directory string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
	}
}

// upstreamVersion is what Debian's package holds.
func upstreamVersion(t testing.TB, name string) string {
	t.Helper()
	return strings.TrimSpace(run(t, exec.Command("dpkg-query", "-W", "-f=${source:Upstream-Version}", name)))
}

// WordPress runs Debian's WordPress on a database of its own. It sleeps no wrong password off and has no limiter.
func WordPress(t testing.TB, db *SQLServer) *ForeignPanel {
	t.Helper()
	const home = "/usr/share/wordpress"
	needFile(t, home+"/wp-login.php", "wordpress php-mysql")
	source, root := filepath.Join(Root(t), "test", "panels", "wordpress"), copied(t, home)
	config := filepath.Join(root, "wp-config.php")
	os.Remove(config)
	run(t, exec.Command("cp", filepath.Join(source, "wp-config.php"), config))
	env := db.panelEnv(t)
	prepare := exec.Command(Need(t, "php", "php-cli"), filepath.Join(source, "prepare.php"), root, ForeignPassword, ForeignAdmin, ForeignOther, "José")
	prepare.Env = append(os.Environ(), env...)
	version := run(t, prepare)
	server, _ := phpSite(t, "wordpress", root, "", env)
	p := &ForeignPanel{Server: server, Name: "WordPress", Version: version, URL: server.phpURL(), Admin: ForeignAdmin, Other: ForeignOther, Password: ForeignPassword}
	p.kill = func() { db.Query(t, env, "DELETE FROM wp_usermeta WHERE meta_key = 'session_tokens'") }
	return p
}

// PHPMyAdmin runs Debian's phpMyAdmin before db, with accounts of db.
func PHPMyAdmin(t testing.TB, db *SQLServer) *ForeignPanel {
	t.Helper()
	const home = "/usr/share/phpmyadmin"
	needFile(t, home+"/index.php", "phpmyadmin php-mysql")
	root, data := copied(t, home), t.TempDir()
	settings := filepath.Join(root, "libraries", "vendor_config.php")
	text, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(Root(t), "test", "panels", "phpmyadmin", "config.inc.php")
	writeFile(t, settings, strings.NewReplacer("'/etc/phpmyadmin/config.inc.php'", "'"+config+"'", "'/var/lib/phpmyadmin/tmp/'", "'"+data+"/'").Replace(string(text)))
	env := db.panelEnv(t)
	for _, name := range []string{ForeignAdmin, ForeignOther} {
		db.Query(t, env, fmt.Sprintf("CREATE USER '%s'@'127.0.0.1' IDENTIFIED BY '%s'; GRANT SELECT ON *.* TO '%s'@'127.0.0.1'", name, ForeignPassword, name))
	}
	server, sessions := phpSite(t, "phpmyadmin", root, "", env)
	version := upstreamVersion(t, "phpmyadmin")
	return &ForeignPanel{Server: server, Name: "phpMyAdmin", Version: version, URL: server.phpURL(), Admin: ForeignAdmin, Other: ForeignOther, Password: ForeignPassword, kill: func() { emptyDirectory(t, sessions) }}
}

// Icinga runs Debian's Icinga Web 2 with its accounts in db.
func Icinga(t testing.TB, db *SQLServer) *ForeignPanel {
	t.Helper()
	const home = "/usr/share/icingaweb2"
	needFile(t, home+"/public/index.php", "icingaweb2 php-mysql")
	config, env := t.TempDir(), db.panelEnv(t)
	address, port, _ := strings.Cut(db.address, ":")
	name, _ := strings.CutPrefix(env[0], "PANEL_DB_NAME=")
	for file, text := range map[string]string{
		"config.ini":         "[global]\nconfig_backend = \"db\"\nconfig_resource = \"web\"\nmodule_path = \"" + home + "/modules\"\n[logging]\nlog = \"none\"\n",
		"resources.ini":      fmt.Sprintf("[web]\ntype = \"db\"\ndb = \"mysql\"\nhost = %q\nport = %q\ndbname = %q\nusername = \"ispgate\"\npassword = %q\ncharset = \"utf8mb4\"\n", address, port, name, db.password),
		"authentication.ini": "[icingaweb2]\nbackend = \"db\"\nresource = \"web\"\n",
		"roles.ini":          "[Administrators]\nusers = \"" + ForeignAdmin + "\"\npermissions = \"*\"\n",
	} {
		writeFile(t, filepath.Join(config, file), text)
	}
	schema, err := os.ReadFile(home + "/schema/mysql.schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	db.Query(t, env, string(schema))
	hash := strings.TrimSpace(run(t, exec.Command(Need(t, "php", "php-cli"), "-r", "echo password_hash($argv[1], PASSWORD_DEFAULT);", "--", ForeignPassword)))
	for _, user := range []string{ForeignAdmin, ForeignOther} {
		db.Query(t, env, fmt.Sprintf("INSERT INTO icingaweb_user (name, active, password_hash) VALUES ('%s', 1, '%s')", user, hash))
	}
	server, sessions := phpSite(t, "icingaweb2", home+"/public", filepath.Join(Root(t), "test", "panels", "icingaweb2", "router.php"), append(env, "ICINGAWEB_CONFIGDIR="+config))
	version := upstreamVersion(t, "icingaweb2")
	return &ForeignPanel{Server: server, Name: "Icinga Web 2", Version: version, URL: server.phpURL(), Admin: ForeignAdmin, Other: ForeignOther, Password: ForeignPassword, kill: func() { emptyDirectory(t, sessions) }}
}

// Django runs the admin site of Debian's Django.
func Django(t testing.TB) *ForeignPanel {
	t.Helper()
	const python = "/usr/bin/python3" // Debian's own: another python3 of the PATH lacks its modules
	needFile(t, "/usr/lib/python3/dist-packages/django", "python3-django")
	source, data := filepath.Join(Root(t), "test", "panels", "django"), t.TempDir()
	env := append(os.Environ(), "PANEL_DATA="+data, "PYTHONDONTWRITEBYTECODE=1", "DJANGO_SETTINGS_MODULE=settings", "PYTHONPATH="+source)
	prepare := exec.Command(python, filepath.Join(source, "prepare.py"), ForeignPassword, ForeignAdmin, ForeignOther)
	prepare.Env = env
	version := strings.TrimSpace(run(t, prepare))
	address := fmt.Sprintf("127.0.0.1:%d", FreePort(t))
	command := func() *exec.Cmd {
		serve := exec.Command(python, "-m", "django", "runserver", "--noreload", address)
		serve.Env = env
		return serve
	}
	server := StartServer(t, "django", syscall.SIGINT, command, func() bool { return Listening(address) })
	p := &ForeignPanel{Server: server, Name: "Django admin", Version: version, URL: "http://" + address, Admin: ForeignAdmin, Other: ForeignOther, Password: ForeignPassword}
	p.kill = func() {
		kill := exec.Command(python, "-c", "import django; django.setup(); from django.contrib.sessions.models import Session; Session.objects.all().delete()")
		kill.Env = env
		run(t, kill)
	}
	return p
}

// BasicSite runs nginx with a site that asks for a password by HTTP Basic and has no sessions.
func BasicSite(t testing.TB) *ForeignPanel {
	t.Helper()
	program := Need(t, "nginx", "nginx")
	directory := t.TempDir()
	port := FreePort(t)
	users := fmt.Sprintf("%s:{PLAIN}%s\n%s:{PLAIN}%s\n", ForeignAdmin, ForeignPassword, ForeignOther, ForeignPassword)
	writeFile(t, filepath.Join(directory, "users"), users)
	writeFile(t, filepath.Join(directory, "nginx.conf"), fmt.Sprintf(`
daemon off; master_process off; pid %[1]s/pid; error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  server {
    listen 127.0.0.1:%[2]d;
    auth_basic "Monitoring"; auth_basic_user_file %[1]s/users;
    default_type text/html;
    location = /api { default_type application/json; return 200 '{"ok":true}'; }
    location / { try_files /nothing @page; }
    location @page { add_header X-User $remote_user; root %[1]s; try_files /page.html =404; }
  }
}
`, directory, port))
	writeFile(t, filepath.Join(directory, "page.html"), "<!doctype html><title>Monitoring</title><h1>All is well</h1><form method=post action=/act><button>Act</button></form>")
	address := fmt.Sprintf("127.0.0.1:%d", port)
	command := func() *exec.Cmd {
		return exec.Command(program, "-p", directory, "-c", filepath.Join(directory, "nginx.conf"), "-e", filepath.Join(directory, "error.log"))
	}
	server := StartServer(t, "nginx", syscall.SIGTERM, command, func() bool { return Listening(address) })
	version := upstreamVersion(t, "nginx")
	return &ForeignPanel{Server: server, Name: "HTTP Basic (nginx)", Version: version, URL: "http://" + address, Admin: ForeignAdmin, Other: ForeignOther, Password: ForeignPassword, kill: func() {}}
}
