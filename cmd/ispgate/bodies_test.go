package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/web"
)

// hasty is a gateway whose patience is as short as a test's.
func hasty(t *testing.T) *whole {
	t.Helper()
	accounts, err := demonstration{listen: "127.0.0.1:0"}.accounts()
	if err != nil {
		t.Fatal(err)
	}
	return wholeGatewayFor(t, accounts, demoProfile, web.Patience{Body: 200 * time.Millisecond, Pause: 200 * time.Millisecond, Linger: 100 * time.Millisecond})
}

// listening serves a gateway as run does.
func (g *whole) listening(t *testing.T, limit int) (address string, srv *http.Server) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	requests, cut := context.WithCancel(context.Background())
	srv = newServer(g.handler, requests)
	go func() { _ = srv.Serve(&scarce{l, make(chan struct{}, limit)}) }()
	t.Cleanup(func() { cut(); _ = srv.Close() })
	return l.Addr().String(), srv
}

// scarce is a listener that accepts only so many connections at once, as one does whose process runs out of file descriptors.
type scarce struct {
	net.Listener
	free chan struct{}
}

func (s *scarce) Accept() (net.Conn, error) {
	s.free <- struct{}{}
	c, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &counted{Conn: c, free: s.free}, nil
}

type counted struct {
	net.Conn
	free chan struct{}
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { <-c.free })
	return c.Conn.Close()
}

// announce sends the head of a request with a body that does not come, but for its first byte.
func announce(t *testing.T, address, line, header string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if !strings.Contains(header, "Host:") {
		header += "Host: panel.example.net\r\n"
	}
	if !strings.Contains(header, "Transfer-Encoding") {
		header += "Content-Length: 100000\r\n\r\nx"
	} else {
		header += "\r\n5\r\nx"
	}
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, line+" HTTP/1.1\r\n"+header); err != nil {
		t.Fatal(err)
	}
	return c
}

var unsent = []struct {
	name, line, header string
	status             int
}{
	{"a protected form", "POST /admin/x", "", 401},
	{"a form from elsewhere", "POST /ispgate/login", "Origin: http://evil.example\r\n", 403},
	{"a method that is none of ours", "TRACE /", "", 405},
	{"another host", "POST /", "Host: evil.example\r\n", 421},
	{"a denied address", "POST /api/auth/login", "", 403},
	{"no page of ours", "POST /ispgate/nope", "", 404},
	{"no form", "POST /ispgate/login", "Sec-Fetch-Site: same-origin\r\nContent-Type: text/plain\r\n", 400},
	{"a form of ours", "POST /ispgate/login", "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n", 400},
	{"a page of ours", "GET /ispgate/login", "", 200},
	{"a page of the panel", "GET /customer", "", 0},
	{"a public form of the panel", "POST /hotspot/login", "Content-Type: application/x-www-form-urlencoded\r\n", 400},
	{"a file of ours that is none", "GET /ispgate/static/x", "", 404},
	{"the session", "GET /ispgate/session", "", 0},
	{"a question of a server in front", "GET /ispgate/auth", "", 403},
	{"an upgrade", "GET /customer", "Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://panel.example.net\r\n", 403},
	{"whoever waits to be asked", "POST /admin/x", "Expect: 100-continue\r\n", 401},
}

// TestS42_AnnouncedBodiesThatNeverCome: each is answered, and its connection ends.
func TestS42_AnnouncedBodiesThatNeverCome(t *testing.T) {
	address, _ := hasty(t).listening(t, 100)
	for _, c := range unsent {
		for _, how := range []string{"", "Transfer-Encoding: chunked\r\n"} {
			t.Run(c.name+how, func(t *testing.T) {
				t.Parallel()
				conn := announce(t, address, c.line, c.header+how)
				r := bufio.NewReader(conn)
				res, err := http.ReadResponse(r, nil)
				if err != nil {
					t.Fatal(err)
				}
				if c.status != 0 && res.StatusCode != c.status || !res.Close {
					t.Errorf("status %d, want %d; Connection: close: %t", res.StatusCode, c.status, res.Close)
				}
				if _, err := io.Copy(io.Discard, io.MultiReader(res.Body, r)); err != nil {
					t.Errorf("the connection stays open: %v", err)
				}
			})
		}
	}
}

// TestS42_WhoAnnouncesOnlyLocksNobodyOut: also where few connections can be open at once.
func TestS42_WhoAnnouncesOnlyLocksNobodyOut(t *testing.T) {
	address, _ := hasty(t).listening(t, 64)
	for i := range 300 {
		c := unsent[i%len(unsent)]
		announce(t, address, c.line, c.header)
	}
	client := http.Client{Timeout: 10 * time.Second}
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+"/ispgate/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "panel.example.net"
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
}

// TestStopDoesNotWaitForSilence: bodies that were given an hour end with serving.
func TestStopDoesNotWaitForSilence(t *testing.T) {
	accounts, err := demonstration{listen: "127.0.0.1:0"}.accounts()
	if err != nil {
		t.Fatal(err)
	}
	g := wholeGatewayFor(t, accounts, demoProfile, web.Patience{Body: time.Hour, Pause: time.Hour, Linger: 100 * time.Millisecond})
	under, whole := make(chan struct{}, len(unsent)), g.handler
	g.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		under <- struct{}{}
		whole.ServeHTTP(w, r)
	})
	address, srv := g.listening(t, 100)
	for _, c := range unsent {
		announce(t, address, c.line, c.header)
		<-under
	}
	g.stop()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	log := &written{}
	if err := drain(ctx, servers{log: newLogger(log, config.Log{})}, srv, newServer(nil, ctx), cancel); err != nil {
		t.Error(err)
	}
	if lines := log.take(t); len(lines) > 0 {
		t.Errorf("log: %v", lines)
	}
}

// TestKeepAliveAfterBodies: who sends what was announced keeps the connection, whatever the answer.
func TestKeepAliveAfterBodies(t *testing.T) {
	address, _ := hasty(t).listening(t, 100)
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := bufio.NewReader(c)
	for range 3 {
		body := "username=x&password=y"
		fmt.Fprintf(c, "POST /ispgate/language HTTP/1.1\r\nHost: panel.example.net\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		for _, line := range []string{"", "POST /hotspot/login"} {
			if line != "" {
				fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: panel.example.net\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", line, len(body), body)
			}
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, res.Body); err != nil || res.Close {
				t.Errorf("%s: %d, %v, closed: %t", line, res.StatusCode, err, res.Close)
			}
		}
	}
}
