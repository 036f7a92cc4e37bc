package front

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// sink is a plain application: it counts what it is sent, says how it was asked, and echoes on websockets.
func sink(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/shapes/ws" {
			echo(t, w)
			return
		}
		n, _ := io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Asked", fmt.Sprintf("%s %s as %q, %d bytes", r.Method, r.URL.RequestURI(), r.Header.Get("Remote-User"), n))
		w.Header().Set("X-Upgrade", fmt.Sprintf("%q %q", r.Header.Get("Upgrade"), r.Header.Get("HTTP2-Settings")))
		if strings.HasPrefix(r.URL.Path, "/shapes/missing") {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, r.Method+" arrived")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func echo(t *testing.T, w http.ResponseWriter) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	rw.Flush()
	_, _ = io.Copy(conn, rw)
}

// shapes are locations as operators write them, added to the printed server. %s is the plain application.
const shapes = `
    location /shapes/nested/ { proxy_pass %[1]s; location ~ \.png$ { proxy_pass %[1]s; } }
    location ~ ^/shapes/regex/[a-z]+$ { proxy_pass %[1]s; }
    location ^~ /shapes/prefix/ { proxy_pass %[1]s; }
    location = /shapes/exact { proxy_pass %[1]s; }
    location /shapes/named/ { try_files /nothing @shapes; }
    location @shapes { proxy_pass %[1]s; }
    location /shapes/any/ { satisfy any; deny all; proxy_pass %[1]s; }
    location /shapes/internal/ { rewrite ^/shapes/internal/(.*)$ /shapes/exact last; }
    location /shapes/missing/ { proxy_pass %[1]s; proxy_intercept_errors on; error_page 404 = @shapes; }
    location /shapes/static/ { alias %[2]s/; }
    location /shapes/ { proxy_pass %[1]s; }

    location / {`

// TestNginxShapes: every location that is added to the printed server asks, whatever its shape.
func TestNginxShapes(t *testing.T) {
	t.Parallel()
	plain, files := sink(t), t.TempDir()
	o := office.Behind(t, "nginx", "auth-request", func(config string) string {
		head, tail, found := strings.Cut(config, "\n    location / {")
		if !found {
			t.Fatal("the printed server has no location /")
		}
		return head + fmt.Sprintf(shapes, plain, files) + tail
	})
	c, stranger := o.Clerk(t), o.Browser(t)
	c.LogIn()
	for _, s := range []struct {
		target string
		status int // for who is logged in
	}{
		{"/shapes/nested/a", 200}, {"/shapes/nested/a.png", 200}, {"/shapes/regex/abc", 200}, {"/shapes/prefix/a", 200}, {"/shapes/exact", 200},
		{"/shapes/named/a", 200}, {"/shapes/any/a", 200}, {"/shapes/internal/a", 200}, {"/shapes/missing/a", 404}, {"/shapes/static/no", 404},
		{"/shapes/a?x=1&y=%2F", 200}, {"//shapes/exact", 200}, {"/shapes/./exact", 200}, {"/shapes/%65xact", 200},
	} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "DELETE"} {
			if page := send(t, stranger, method, o.URL+s.target, ""); page.Status != 401 && (page.Status != 405 || method != "HEAD") || page.Header.Get("X-Asked") != "" {
				t.Errorf("%s %s, stranger: %d %s", method, s.target, page.Status, page.Header.Get("X-Asked"))
			}
		}
		ownErrors := strings.HasPrefix(s.target, "/shapes/missing") // an error_page of a location takes the server's away
		if page := stranger.Get(o.URL + s.target); page.Status != 302 && !(ownErrors && page.Status == 401) || !ownErrors && !strings.HasPrefix(page.Location(), office.Login) {
			t.Errorf("%s, stranger's page: %d %q", s.target, page.Status, page.Location())
		}
		page := c.Get(o.URL + s.target)
		if page.Status != s.status {
			t.Errorf("%s: %d, want %d", s.target, page.Status, s.status)
		}
		if asked := page.Header.Get("X-Asked"); s.status == 200 && !strings.Contains(asked, fmt.Sprintf("as %q", c.Email)) {
			t.Errorf("%s is not the person's: %s", s.target, asked)
		}
	}
	uploads(t, o, c)
	websocket(t, o, c)
	other := c.Tab()
	other.Header.Set("Upgrade", "h2c")
	other.Header.Set("Connection", "Upgrade, HTTP2-Settings")
	other.Header.Set("HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA")
	if upgrade := other.Get("/shapes/exact").Header.Get("X-Upgrade"); upgrade != `"" ""` { // inside it nobody would be asked
		t.Errorf("an upgrade to h2c reaches the application as %s", upgrade)
	}
}

func send(t *testing.T, b *harness.Browser, method, target, body string) *harness.Page {
	t.Helper()
	return b.Fetch(method, target, "application/octet-stream", body)
}

// uploads: 200 MB, forms, and 8 KB of cookies on one connection.
func uploads(t *testing.T, o *office.Office, c *office.Clerk) {
	t.Helper()
	const size = 200 << 20
	for _, logged := range []bool{true, false} {
		request, err := http.NewRequest(http.MethodPost, o.URL+"/shapes/upload", io.LimitReader(zeros{}, size))
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = size
		request.Header.Set("Sec-Fetch-Mode", "cors")
		browser := c.Browser
		if !logged {
			browser = o.Browser(t)
		}
		page, err := browser.Send(request)
		switch {
		case logged && (err != nil || page.Status != 200 || !strings.Contains(page.Header.Get("X-Asked"), fmt.Sprint(size, " bytes"))):
			t.Errorf("200 MB: %v %+v", err, page)
		case !logged && err == nil && page.Status != 401: // a connection that is closed under the upload is a refusal, too
			t.Errorf("200 MB of a stranger: %d", page.Status)
		}
	}
	for i := range 3 {
		request, err := http.NewRequest(http.MethodGet, o.URL+"/shapes/cookies", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", c.Cookies("/")+"; big="+strings.Repeat("x", 8<<10))
		page, err := harness.NewBrowser(t, o.URL).Send(request)
		if err != nil || page.Status != 200 || !strings.Contains(page.Header.Get("X-Asked"), fmt.Sprintf("as %q", c.Email)) {
			t.Fatalf("8 KB of cookies, time %d: %v %+v", i, err, page)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// websocket opens one and hears an echo; a stranger's is refused.
func websocket(t *testing.T, o *office.Office, c *office.Clerk) {
	t.Helper()
	for cookies, want := range map[string]string{c.Cookies("/"): "101", "": "401"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(o.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /shapes/ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: %s\r\nSec-Fetch-Mode: websocket\r\nCookie: %s\r\n\r\n",
			strings.TrimPrefix(o.URL, "http://"), o.URL, cookies)
		in := bufio.NewReader(conn)
		answer, err := http.ReadResponse(in, nil)
		if err != nil || !strings.HasPrefix(answer.Status, want) {
			t.Fatalf("websocket: %v %v, want %s", answer, err, want)
		}
		if want == "101" {
			fmt.Fprint(conn, "echo")
			got := make([]byte, 4)
			if _, err := io.ReadFull(in, got); err != nil || !bytes.Equal(got, []byte("echo")) {
				t.Errorf("the echo is %q, %v", got, err)
			}
		}
	}
}

// TestReturnToSurvives: the way back comes out of the login byte for byte.
func TestReturnToSurvives(t *testing.T) {
	each(t, func(t *testing.T, server, mode string) {
		o := office.Behind(t, server, mode, nil)
		c := o.Clerk(t)
		for _, target := range []string{"/profile?a=1&b=2", "/profile?x=%3Fy%26z", "/profile?a+b=c%20d", "/profile?n=%E0%A6%A2%E0%A6%BE", "/profile?p=100%25&&;c=%2e%2e", "/profile?q=a?b"} {
			page := o.Browser(t).Get(target)
			to, err := url.Parse(page.Location())
			if err != nil || to.Path != office.Login || to.Query().Get("return_to") != target {
				t.Errorf("%s leads to %q", target, page.Location())
				continue
			}
			browser := o.Browser(t)
			login := browser.Get(page.Location()).Want(http.StatusOK)
			if back := browser.Submit(login.Form("main form"), "username", c.Email, "password", harness.LaravelPassword); back.Location() != target {
				t.Errorf("%s comes out as %d %q", target, back.Status, back.Location())
			}
		}
	})
}

// TestGatewayStopped: without the gateway nobody gets in, and without Redis neither; both say so.
func TestGatewayStopped(t *testing.T) {
	each(t, func(t *testing.T, server, mode string) {
		o := office.Behind(t, server, mode, nil)
		c := o.Clerk(t)
		c.LogIn()
		o.Redis.Pause()
		page := c.Get("/dashboard")
		o.Redis.Resume()
		if page.Status != http.StatusServiceUnavailable || page.Header.Get("Retry-After") == "" || !strings.Contains(page.Body, "<main") {
			t.Errorf("without Redis: %d\n%.300s", page.Status, page.Body)
		}
		o.Gateway.Stop()
		for _, target := range []string{"/dashboard", "/customer/portal", "/ispgate/login", "/login"} {
			if page := c.Get(target); page.Status/100 != 5 || strings.Contains(page.Body, c.Email) || strings.Contains(page.Body, "Customer portal") {
				t.Errorf("without the gateway %s answers %d", target, page.Status)
			}
		}
	})
}

// TestHTTP2 speaks HTTP/2 to nginx, with the certificate stanza filled in, in both modes.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"proxy", "auth-request"} {
		t.Run(mode, func(t *testing.T) {
			front := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
			_, port, _ := strings.Cut(front, ":")
			origin := "https://panel.example.net:" + port
			custody := map[string]string{"auth-request": ", cookies: passthrough, accept_unbound: true"}[mode]
			o := office.Open(t, "public_url", origin, "listen", fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t)),
				"panel", strings.TrimSuffix(office.PanelAt("%s", ""), "}")+custody+"}")
			o.Front = harness.Nginx(t, harness.OnLoopback(t, harness.Printed(t, "nginx", "-c", o.Gateway.Config, "--mode", mode)), front)
			o.URL = origin
			c := o.Clerk(t)
			c.Transport = &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}},
				DialContext: dialer(front)}
			c.LogIn()
			c.Enable()
			c.WantPanel()
			if page := c.Get("/profile"); page.Header.Get("Set-Cookie") != "" && !strings.Contains(strings.ToLower(page.Header.Get("Set-Cookie")), "secure") && mode == "proxy" {
				t.Errorf("a cookie without Secure on https: %q", page.Header.Get("Set-Cookie"))
			}
			c.LogOut()
			c.WantOut()
			if mode == "auth-request" {
				otherName(t, front, origin)
			}
		})
	}
}

// otherName: the headers before Host were read by the rules of the server that TLS named, so it must be this one.
func otherName(t *testing.T, front, origin string) {
	t.Helper()
	for name, want := range map[string]int{"panel.example.net": 200, "other.example.net": 421, "": 421} {
		conn, err := tls.Dial("tcp", front, &tls.Config{InsecureSkipVerify: true, ServerName: name})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /customer/portal HTTP/1.1\r\nRemote-User: root\r\nHost: %s\r\nUser-Agent: t\r\n\r\n", strings.TrimPrefix(origin, "https://"))
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || answer.StatusCode != want {
			t.Errorf("TLS for %q: %v %v, want %d", name, answer, err, want)
		}
	}
}

// dialer goes to one address, whatever name was asked for.
func dialer(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}
