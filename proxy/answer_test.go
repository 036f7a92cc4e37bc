package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestS08_Swallows1xx: early answers of the panel stay behind, and take nothing from the final one.
func TestS08_Swallows1xx(t *testing.T) {
	h := built(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "laravel_session=early-canary; Path=/")
		w.Header().Set("Link", "</x>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusProcessing)
		w.Header().Set("Set-Cookie", "laravel_session=late-canary; Path=/")
		_, _ = io.WriteString(w, "hello")
	})
	c, _ := wire(t, h)
	_, _ = io.WriteString(c, "GET /x HTTP/1.1\r\nHost: panel.example.net\r\nConnection: close\r\n\r\n")
	all, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	text := string(all)
	if !strings.HasPrefix(text, "HTTP/1.1 200 ") || strings.Count(text, "HTTP/1.1 ") != 1 || strings.Contains(text, "canary") {
		t.Errorf("the browser gets %.300q", text)
	}
	if !strings.Contains(text, "Set-Cookie: laravel_session=ig1.") || !strings.HasSuffix(text, "hello") {
		t.Errorf("the final answer lost something: %.300q", text)
	}
}

func TestS07_Upgrades(t *testing.T) {
	const own = "https://panel.example.net"
	for _, c := range []struct {
		name, method string
		header       []string
		ok           bool
	}{
		{"no upgrade", "GET", nil, true},
		{"websocket", "GET", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Origin", own}, true},
		{"websocket in capitals, beside keep-alive", "GET", []string{"Connection", "keep-alive, Upgrade", "Upgrade", "WebSocket", "Origin", own}, true},
		{"Connection alone, as nginx recipes send it with every request", "GET", []string{"Connection", "upgrade"}, true},
		{"Connection alone on a form", "POST", []string{"Connection", "upgrade"}, true},
		{"POST", "POST", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Origin", own}, false},
		{"h2c", "GET", []string{"Connection", "Upgrade, HTTP2-Settings", "Upgrade", "h2c", "Http2-Settings", "AAMAAABk", "Origin", own}, false},
		{"two tokens", "GET", []string{"Connection", "Upgrade", "Upgrade", "websocket, h2c", "Origin", own}, false},
		{"two headers", "GET", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Upgrade", "h2c", "Origin", own}, false},
		{"version", "GET", []string{"Connection", "Upgrade", "Upgrade", "websocket/13", "Origin", own}, false},
		{"TLS", "GET", []string{"Connection", "Upgrade", "Upgrade", "TLS/1.2", "Origin", own}, false},
		{"no Origin", "GET", []string{"Connection", "Upgrade", "Upgrade", "websocket"}, false},
		{"foreign Origin", "GET", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Origin", "https://evil.example"}, false},
		{"null Origin", "GET", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Origin", "null"}, false},
		{"Origin of another scheme", "GET", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Origin", "http://panel.example.net"}, false},
		{"two Origins", "GET", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Origin", own, "Origin", "https://evil.example"}, false},
		{"Upgrade without Connection", "GET", []string{"Upgrade", "h2c"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := built(t, hello)
			w := ask(h.proxied(), c.method, "/x", "", c.header...)
			if got := h.last(); (got != nil) != c.ok || !c.ok && w.Code != http.StatusForbidden {
				t.Errorf("status %d, panel asked: %t; want %t", w.Code, got != nil, c.ok)
			}
		})
	}
}

// TestS07_Websocket speaks through a real upgraded connection; strangers get none.
func TestS07_Websocket(t *testing.T) {
	h := built(t, func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSet-Cookie: laravel_session=canary\r\n\r\n")
		line, _ := rw.ReadString('\n')
		_, _ = io.WriteString(c, "echo "+line)
	})
	request := "GET /socket HTTP/1.1\r\nHost: panel.example.net\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://panel.example.net\r\n\r\n"
	c, r := wire(t, h)
	_, _ = io.WriteString(c, request)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", res, err)
	}
	if set := res.Header.Get("Set-Cookie"); !strings.HasPrefix(set, "laravel_session=ig1.") {
		t.Errorf("the 101 sets %q", set)
	}
	_, _ = io.WriteString(c, "ping\n")
	if line, err := r.ReadString('\n'); line != "echo ping\n" {
		t.Errorf("%q, %v", line, err)
	}
	h.desk.session.Stage = 0
	c, r = wire(t, h)
	_, _ = io.WriteString(c, request)
	if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger: %v, %v", res, err)
	}
}

// TestStreamsAreNotHeld: an event reaches the browser while the panel is still talking.
func TestStreamsAreNotHeld(t *testing.T) {
	for _, contentType := range []string{"text/event-stream", "text/html", "application/json", "application/octet-stream"} {
		t.Run(contentType, func(t *testing.T) {
			proceed := make(chan struct{})
			h := built(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", contentType)
				_, _ = io.WriteString(w, "data: one\n\n")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-proceed:
				case <-time.After(5 * time.Second):
				}
				_, _ = io.WriteString(w, "data: two\n\n")
			})
			front := httptest.NewServer(h.proxied())
			defer front.Close()
			req, _ := http.NewRequest("GET", front.URL+"/stream", nil)
			req.Host = "panel.example.net"
			begun := time.Now()
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			r := bufio.NewReader(res.Body)
			line, err := r.ReadString('\n')
			if line != "data: one\n" || time.Since(begun) > 4*time.Second {
				t.Errorf("%q after %s, %v", line, time.Since(begun), err)
			}
			close(proceed)
			if rest, _ := io.ReadAll(r); string(rest) != "\ndata: two\n\n" {
				t.Errorf("then %q", rest)
			}
		})
	}
}

// TestUploadsAndDownloads pass whole.
func TestUploadsAndDownloads(t *testing.T) {
	h := built(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		w.Header().Set("Content-Disposition", "attachment")
		fmt.Fprintf(w, "%d %v ", len(b), err)
		_, _ = w.Write(b)
	})
	big := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB
	w := ask(h.proxied(), "POST", "/import", big)
	if w.Code != 200 || w.Body.String() != fmt.Sprintf("%d <nil> ", len(big))+big {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
}

// TestPanelDown: our page with the request's id, and no word of the cause.
func TestPanelDown(t *testing.T) {
	h := built(t, func(w http.ResponseWriter, _ *http.Request) {
		c, _, _ := http.NewResponseController(w).Hijack()
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	})
	for accept, want := range map[string]string{"text/html": "<html", "application/json": "request_id"} {
		w := ask(h.proxied(), "POST", "/x", "a=b", "Accept", accept)
		if w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), want) || strings.Contains(w.Body.String(), "127.0.0.1") {
			t.Errorf("%d: %.200s", w.Code, w.Body)
		}
		if w.Header().Get("Content-Security-Policy") == "" {
			t.Error("the error page has no headers of ours")
		}
	}
}

// TestLogoutAndImpersonation: what the panel did to its session is done to ours.
func TestLogoutAndImpersonation(t *testing.T) {
	status := 302
	h := built(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	w := ask(h.proxied(), "POST", "/logout", "")
	if h.desk.ended != 1 || !strings.Contains(strings.Join(w.Header().Values("Set-Cookie"), " "), "__Host-ispgate=;") {
		t.Errorf("ended %d times, %q", h.desk.ended, w.Header().Values("Set-Cookie"))
	}
	if h.desk.last.ID != full().ID || h.desk.last.Account != full().Account {
		t.Errorf("ended is session %q of account %q", h.desk.last.ID, h.desk.last.Account)
	}
	ask(h.proxied(), "POST", "/login-as/3", "")
	status = 419
	ask(h.proxied(), "POST", "/logout", "")
	ask(h.proxied(), "POST", "/login-as/3", "")
	if h.desk.ended != 1 || len(h.desk.noted) != 0 { // without an identity there is nobody to ask for
		t.Errorf("a refused logout or log-in-as counts: %d, %d", h.desk.ended, len(h.desk.noted))
	}
	if got := strings.Join(h.audited, " "); got != "logout impersonated" {
		t.Errorf("audited %q", got)
	}
}

// TestTouch: activity is noted, polling is not.
func TestTouch(t *testing.T) {
	h := built(t, hello)
	for _, target := range []string{"/poll", "/x", "/poll?x"} {
		ask(h.proxied(), "GET", target, "")
	}
	if h.desk.touched != 1 {
		t.Errorf("touched %d times", h.desk.touched)
	}
	h.desk.session = at(1)
	ask(h.proxied(), "GET", "/pay/1", "")
	if h.desk.touched != 1 {
		t.Error("a visitor keeps a session alive")
	}
}
