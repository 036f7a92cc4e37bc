package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/config"
)

const tcpHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

func TestBeside(t *testing.T) {
	const port = "1F90" // 8080
	cases := []struct {
		name, tcp, tcp6, panel, found string
	}{
		{"only loopback", "0100007F:" + port + " 00000000:0000 0A", "", "http://127.0.0.1:8080", ""},
		{"another loopback address", "0200007F:" + port + " 00000000:0000 0A", "", "http://127.0.0.1:8080", ""},
		{"everywhere", "00000000:" + port + " 00000000:0000 0A", "", "http://127.0.0.1:8080", "0.0.0.0"},
		{"a LAN address", "0100007F:" + port + " 00000000:0000 0A\n   1: 0501A8C0:" + port + " 00000000:0000 0A", "", "http://127.0.0.1:8080", "192.168.1.5"},
		{"by name", "00000000:" + port + " 00000000:0000 0A", "", "http://localhost:8080", "0.0.0.0"},
		{"default port", "00000000:0050 00000000:0000 0A", "", "http://127.0.0.1", "0.0.0.0"},
		{"default port of https", "00000000:01BB 00000000:0000 0A", "", "https://127.0.0.1", "0.0.0.0"},
		{"a connection, no listener", "0501A8C0:" + port + " 0101A8C0:9999 01", "", "http://127.0.0.1:8080", ""},
		{"another port", "00000000:1F91 00000000:0000 0A", "", "http://127.0.0.1:8080", ""},
		{"IPv6 everywhere", "", "00000000000000000000000000000000:" + port + " 0:0 0A", "http://127.0.0.1:8080", "::"},
		{"IPv6 loopback", "", "00000000000000000000000001000000:" + port + " 0:0 0A", "http://[::1]:8080", ""},
		{"IPv6 mapped loopback", "", "0000000000000000FFFF00000100007F:" + port + " 0:0 0A", "http://127.0.0.1:8080", ""},
		{"IPv6 global", "", "B80D0120000000000000000001000000:" + port + " 0:0 0A", "http://[::1]:8080", "2001:db8::1"},
		{"a panel elsewhere", "00000000:" + port + " 00000000:0000 0A", "", "http://192.0.2.1:8080", ""},
		{"broken lines", "zz:zz 0 0A\n   1: 00:" + port + " 0 0A\n\n x", "", "http://127.0.0.1:8080", ""},
	}
	old := listening
	t.Cleanup(func() { listening = old })
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			listening = []string{filepath.Join(dir, "tcp"), filepath.Join(dir, "tcp6"), filepath.Join(dir, "missing")}
			for i, text := range []string{c.tcp, c.tcp6} {
				if err := os.WriteFile(listening[i], []byte(tcpHead+"   0: "+text+" rest\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			u, _ := url.Parse(c.panel)
			err := beside(u)
			if (err != nil) != (c.found != "") || err != nil && !strings.Contains(err.Error(), "listens on "+c.found+":") {
				t.Errorf("%v, want %q", err, c.found)
			}
		})
	}
}

func TestS43_UnixListener(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "ispgate.sock")
	l, shown, err := listen("unix:"+path, nil)
	if err != nil || shown != "unix:"+path {
		t.Fatal(shown, err)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", filepath.Base(name), info.Mode(), err)
		}
	}
	if _, _, err := listen("unix:"+path, nil); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a socket in use: %v", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	l, _, err = listen("unix:"+path, nil)
	if err != nil {
		t.Fatalf("a stale socket: %v", err)
	}
	_ = l.Close()
	for mode, ok := range map[os.FileMode]bool{0o755: false, 0o750: false, 0o700: true} {
		if err := os.Chmod(filepath.Dir(path), mode); err != nil {
			t.Fatal(err)
		}
		l, _, err := listen("unix:"+path, nil)
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "chmod 700 "+filepath.Dir(path)) {
			t.Errorf("directory %o: %v", mode, err)
		}
		if err == nil {
			_ = l.Close()
		}
	}
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, _, err := listen("unix:"+path, nil); err == nil {
		_ = l.Close()
		t.Error("a file that is no socket was replaced")
	}
}

// writePair makes a self-signed certificate for a name, as old as given.
func writePair(t *testing.T, files config.TLS, name string, modified time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{files.CertFile: {Type: "CERTIFICATE", Bytes: der}, files.KeyFile: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := errors.Join(os.WriteFile(path, pem.EncodeToMemory(block), 0o600), os.Chtimes(path, modified, modified)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTLSReload(t *testing.T) {
	dir := t.TempDir()
	files := config.TLS{CertFile: filepath.Join(dir, "c.pem"), KeyFile: filepath.Join(dir, "k.pem")}
	if _, err := certificates(files, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("missing files are no error")
	}
	now := time.Now()
	writePair(t, files, "first.example", now)
	c, err := certificates(files, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l, shown, err := listen("127.0.0.1:0", c)
	if err != nil || !strings.HasPrefix(shown, "https://127.0.0.1:") {
		t.Fatal(shown, err)
	}
	srv := newServer(http.NotFoundHandler(), context.Background())
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	presented := func() string {
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
		if err != nil {
			return err.Error()
		}
		defer conn.Close()
		if p := conn.ConnectionState().NegotiatedProtocol; p != "http/1.1" {
			t.Errorf("negotiated %q", p)
		}
		return conn.ConnectionState().PeerCertificates[0].DNSNames[0]
	}
	if got := presented(); got != "first.example" {
		t.Errorf("at first: %s", got)
	}
	writePair(t, files, "second.example", now.Add(2*time.Second))
	if got := presented(); got != "second.example" {
		t.Errorf("after a change: %s", got)
	}
	if err := errors.Join(os.WriteFile(files.CertFile, []byte("half writ"), 0o600), os.Chtimes(files.CertFile, now, now.Add(4*time.Second))); err != nil {
		t.Fatal(err)
	}
	if got := presented(); got != "second.example" {
		t.Errorf("with a broken file: %s", got)
	}
	writePair(t, files, "older.example", now.Add(-time.Hour)) // put back with its old date
	if got := presented(); got != "older.example" {
		t.Errorf("after a change to an older file: %s", got)
	}
}

// TestServerLimits: what the listener itself refuses, before the chain.
func TestServerLimits(t *testing.T) {
	g := wholeGateway(t)
	l, _, err := listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer(g.handler, context.Background())
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	if srv.ReadHeaderTimeout <= 0 || srv.IdleTimeout <= 0 || srv.MaxHeaderBytes != 64<<10 {
		t.Errorf("limits: %s, %s, %d", srv.ReadHeaderTimeout, srv.IdleTimeout, srv.MaxHeaderBytes)
	}
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"S42: 80 KiB of headers":      {"GET /x HTTP/1.1\r\nHost: panel.example.net\r\nX-A: " + strings.Repeat("x", 80<<10) + "\r\n\r\n", 431},
		"S5: OPTIONS *":               {"OPTIONS * HTTP/1.1\r\nHost: panel.example.net\r\n\r\n", 400},
		"S5: OPTIONS *, foreign Host": {"OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n", 400},
		"S10: CL and TE":              {"POST /x HTTP/1.1\r\nHost: panel.example.net\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 501},
		"S10: two lengths":            {"POST /x HTTP/1.1\r\nHost: panel.example.net\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400},
		"S10: blank before the colon": {"GET /x HTTP/1.1\r\nHost: panel.example.net\r\nX-A : b\r\n\r\n", 400},
		"a page":                      {"GET /ispgate/login HTTP/1.1\r\nHost: panel.example.net\r\nAccept: text/html\r\n\r\n", 200},
	} {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.WriteString(conn, c.request)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.StatusCode != c.status && (c.status != 501 || res.StatusCode != 400) {
			t.Errorf("%s: %v, %v; want %d", name, res, err, c.status)
		}
		_ = conn.Close()
	}
}

func TestAdminListener(t *testing.T) {
	g := wholeGateway(t)
	down := errors.New("canary")
	var redis error
	h := &health{}
	admin := adminHandler(g.metrics, h)
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, w.Body.String()
	}
	if code, body := get("/readyz"); code != 503 || !strings.Contains(body, "not serving") {
		t.Errorf("while starting: %d %s", code, body)
	}
	h.serving.Store(true)
	if code, _ := get("/readyz"); code != 503 {
		t.Errorf("without stores: %d", code)
	}
	h.open(map[string]func(context.Context) error{"redis": func(context.Context) error { return redis }})
	if code, body := get("/readyz"); code != 200 || !strings.Contains(body, `"redis":"ok"`) {
		t.Errorf("ready: %d %s", code, body)
	}
	redis = down
	if code, body := get("/readyz"); code != 200 || !strings.Contains(body, `"redis":"unreachable"`) || strings.Contains(body, "canary") {
		t.Errorf("without Redis: %d %s", code, body)
	}
	if code, body := get("/healthz"); code != 200 || body != "alive\n" {
		t.Errorf("alive: %d %s", code, body)
	}
	code, body := get("/metrics")
	for _, name := range []string{"ispgate_build_info", "ispgate_removed_headers_total", "ispgate_dropped_cookies_total", "ispgate_store_errors_total", "ispgate_upstream_duration_seconds"} {
		if code != 200 || !strings.Contains(body, "\n"+name) {
			t.Errorf("/metrics has no %s", name)
		}
	}
	if code, _ := get("/"); code != 404 {
		t.Errorf("/: %d", code)
	}
	for _, path := range []string{"/metrics", "/healthz", "/readyz", "/ispgate/metrics"} {
		if w := g.ask("GET", path, ""); w.Code == 200 || strings.Contains(w.Body.String(), "ispgate_") {
			t.Errorf("%s answers on the public listener: %d", path, w.Code)
		}
	}
}
