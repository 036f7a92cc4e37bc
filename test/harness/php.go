package harness

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// PHPServers are the ways to run PHP that PHPSite knows. They differ in what they make of header names, paths and cookies.
var PHPServers = []string{"php -S", "nginx", "nginx with underscores", "Apache"}

// PHPSite runs one index.php, which answers every address, behind one of PHPServers, and returns where.
func PHPSite(t testing.TB, kind, index string) string {
	t.Helper()
	if kind == "php -S" {
		server, _ := phpSite(t, "php", filepath.Dir(index), index, nil)
		return server.phpURL()
	}
	directory, become := unprivileged(t, "www-data")
	run(t, exec.Command("install", "-D", "-m", "644", index, filepath.Join(directory, "www", "index.php")))
	run(t, exec.Command("install", "-d", "-m", "777", filepath.Join(directory, "sessions")))
	address := fmt.Sprintf("127.0.0.1:%d", FreePort(t))
	if kind == "Apache" {
		apache(t, directory, address, become)
		return "http://" + address
	}
	fpm(t, directory, become)
	underscores := map[bool]string{true: "on", false: "off"}[kind == "nginx with underscores"]
	Nginx(t, fmt.Sprintf(`
  server {
    listen %[1]s; underscores_in_headers %[3]s;
    location / { include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME %[2]s/www/index.php; fastcgi_pass unix:%[2]s/fpm; }
  }`, address, directory, underscores), address)
	return "http://" + address
}

// fpm runs php-fpm on the socket directory/fpm.
func fpm(t testing.TB, directory string, become func() *syscall.SysProcAttr) {
	t.Helper()
	program, file := newest(t, "/usr/sbin/php-fpm[0-9]*", "php-fpm"), filepath.Join(directory, "fpm.conf")
	writeFile(t, file, fmt.Sprintf("[global]\nerror_log = %[1]s/fpm.log\n[panel]\nlisten = %[1]s/fpm\nlisten.mode = 0666\npm = static\npm.max_children = 4\nphp_admin_value[session.save_path] = %[1]s/sessions\n", directory))
	run(t, exec.Command("chmod", "644", file))
	StartServer(t, "php-fpm", syscall.SIGTERM, func() *exec.Cmd {
		serve := exec.Command(program, "-F", "-y", file)
		serve.SysProcAttr = become()
		return serve
	}, func() bool {
		found, _ := filepath.Glob(filepath.Join(directory, "fpm"))
		return len(found) == 1
	})
}

// apache runs Apache with mod_php.
func apache(t testing.TB, directory, address string, become func() *syscall.SysProcAttr) {
	t.Helper()
	program, module := Need(t, "apache2", "apache2"), newest(t, "/usr/lib/apache2/modules/libphp[0-9]*.so", "libapache2-mod-php")
	file := filepath.Join(directory, "apache.conf")
	writeFile(t, file, fmt.Sprintf(`
ServerName panel.example.net
ServerRoot %[1]s
DefaultRuntimeDir %[1]s
PidFile %[1]s/pid
Mutex sem
Listen %[2]s
ErrorLog %[1]s/error.log
StartServers 4
LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule php_module %[3]s
DocumentRoot %[1]s/www
AllowEncodedSlashes NoDecode
FallbackResource /index.php
php_admin_value session.save_path %[1]s/sessions
<FilesMatch "\.php$">
  SetHandler application/x-httpd-php
</FilesMatch>
`, directory, address, module))
	run(t, exec.Command("chmod", "644", file))
	StartServer(t, "apache", syscall.SIGTERM, func() *exec.Cmd {
		serve := exec.Command(program, "-DFOREGROUND", "-f", file)
		serve.SysProcAttr = become()
		return serve
	}, func() bool { return Listening(address) })
}

// newest is the last file that fits the pattern, or a failed test with the Debian package that has it.
func newest(t testing.TB, pattern, debianPackage string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("%s is missing: apt-get install %s", pattern, debianPackage)
	}
	return found[len(found)-1]
}
