package harness

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// Printed is what a command of ispgate prints to its standard output; notes go to standard error and are no part of it.
func Printed(t testing.TB, args ...string) string {
	t.Helper()
	program := command(nil, Binary(t), args...)
	var out, notes bytes.Buffer
	program.Stdout, program.Stderr = &out, &notes
	if err := program.Run(); err != nil {
		t.Fatalf("ispgate %v: %v\n%s", args, err, &notes)
	}
	return out.String()
}

// NginxFile writes a configuration around what stands in its http section and returns its path.
func NginxFile(t testing.TB, http string) string {
	t.Helper()
	directory := t.TempDir()
	file := filepath.Join(directory, "nginx.conf")
	writeFile(t, file, fmt.Sprintf(`
daemon off; master_process off; pid %[1]s/pid; error_log stderr info;
events { worker_connections 512; }
http {
  access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
%[2]s
}
`, directory, http))
	return file
}

// NginxAccepts asks nginx -t.
func NginxAccepts(t testing.TB, file string) error {
	t.Helper()
	out, err := exec.Command(Need(t, "nginx", "nginx"), "-t", "-q", "-p", filepath.Dir(file), "-e", "stderr", "-c", file).CombinedOutput()
	if err != nil || len(out) > 0 { // a warning is a fault of a printed configuration
		return fmt.Errorf("%v\n%s", err, out)
	}
	return nil
}

// Nginx runs nginx on what stands in its http section and waits until address answers.
func Nginx(t testing.TB, http, address string) *Server {
	t.Helper()
	program, file := Need(t, "nginx", "nginx"), NginxFile(t, http)
	command := func() *exec.Cmd {
		return exec.Command(program, "-p", filepath.Dir(file), "-e", "stderr", "-c", file)
	}
	return StartServer(t, "nginx", syscall.SIGTERM, command, func() bool { return Listening(address) })
}

// Caddy runs Debian's Caddy on a Caddyfile and waits until address answers.
func Caddy(t testing.TB, caddyfile, address string) *Server {
	t.Helper()
	program, directory := Need(t, "caddy", "caddy"), t.TempDir()
	file := filepath.Join(directory, "Caddyfile")
	writeFile(t, file, "{\n\tadmin off\n\tauto_https off\n}\n"+caddyfile)
	command := func() *exec.Cmd {
		c := exec.Command(program, "run", "--config", file, "--adapter", "caddyfile")
		c.Env = append(c.Environ(), "HOME="+directory, "XDG_DATA_HOME="+directory, "XDG_CONFIG_HOME="+directory)
		return c
	}
	return StartServer(t, "caddy", syscall.SIGTERM, command, func() bool { return Listening(address) })
}

var (
	secureListener = regexp.MustCompile(`listen (\d+) ssl`)
	anyListener    = regexp.MustCompile(`(?m)^\s*listen (\[::\]:\d+( ssl http2)?|80);\n`)
	certificates   = regexp.MustCompile(`/etc/ssl/[^/;]+/(fullchain|privkey)\.pem`)
)

// OnLoopback does to a printed nginx configuration what an operator does who has a certificate, and keeps it off every address
// but loopback.
func OnLoopback(t testing.TB, config string) string {
	t.Helper()
	cert, key := Certificate(t)
	config = anyListener.ReplaceAllString(config, "")
	config = secureListener.ReplaceAllString(config, "listen 127.0.0.1:$1 ssl")
	config = regexp.MustCompile(`server \{\n(\s*server_name [^\n]*\n\s*location /.well-known)`).ReplaceAllString(config, "server {\n    listen 127.0.0.1:"+fmt.Sprint(FreePort(t))+";\n$1")
	return certificates.ReplaceAllStringFunc(config, func(path string) string {
		if filepath.Base(path) == "privkey.pem" {
			return key
		}
		return cert
	})
}

// Certificate makes a certificate that signs itself, for panel.example.net and localhost.
func Certificate(t testing.TB) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("make a certificate: %v", err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		Subject: pkix.Name{CommonName: "panel.example.net"}, DNSNames: []string{"panel.example.net", "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatalf("make a certificate: %v", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatalf("make a certificate: %v", err)
	}
	directory := t.TempDir()
	cert, key = filepath.Join(directory, "cert.pem"), filepath.Join(directory, "key.pem")
	writeFile(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))
	return cert, key
}
