package harness

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// PlainSite runs nginx with a site that has no login: every page shows what it was told of the user (#user, #role) and which
// cookies it got (#cookies), and sets one, app.
func PlainSite(t testing.TB) *ForeignPanel {
	t.Helper()
	program := Need(t, "nginx", "nginx")
	directory, port := t.TempDir(), FreePort(t)
	config := filepath.Join(directory, "nginx.conf")
	writeFile(t, config, fmt.Sprintf(`
daemon off; master_process off; pid %[1]s/pid; error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  server {
    listen 127.0.0.1:%[2]d;
    default_type text/html;
    add_header Set-Cookie "app=biscuit; Path=/";
    location / { return 200 '<!doctype html><title>Site</title><p id=user>$http_remote_user</p><p id=role>$http_remote_role</p><p id=cookies>$http_cookie</p>'; }
  }
}
`, directory, port))
	address := fmt.Sprintf("127.0.0.1:%d", port)
	command := func() *exec.Cmd {
		return exec.Command(program, "-p", directory, "-c", config, "-e", filepath.Join(directory, "error.log"))
	}
	server := StartServer(t, "nginx", syscall.SIGTERM, command, func() bool { return Listening(address) })
	return &ForeignPanel{Server: server, Name: "a site without a login", URL: "http://" + address, kill: func() {}}
}
