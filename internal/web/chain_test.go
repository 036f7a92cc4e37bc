package web

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestS05_TargetsAndHosts(t *testing.T) {
	s, _ := siteAt(t, "http://panel.example.net")
	addr := serveChain(t, s, http.HandlerFunc(sayTarget))
	cases := []struct {
		name, line, host string
		status           int
		target           string
	}{
		{"a path", "GET /x?y=%zz&a;b HTTP/1.1", "panel.example.net", 200, "/x?y=%zz&a;b"},
		{"odd path bytes", "GET //x/%2e%2e//\xe9|^ HTTP/1.1", "panel.example.net", 200, "//x/%2e%2e//\xe9|^"},
		{"absolute form", "GET http://panel.example.net/x%2fy?z HTTP/1.1", "panel.example.net", 200, "/x%2fy?z"},
		{"absolute form in another spelling", "GET HTTP://PANEL.example.net:80/x HTTP/1.1", "panel.example.net", 200, "/x"},
		{"absolute form beats a foreign Host (RFC 9112 section 3.2.2)", "GET http://panel.example.net/x HTTP/1.1", "evil.example", 200, "/x"},
		{"foreign absolute form", "GET http://evil.example/x HTTP/1.1", "panel.example.net", 421, ""},
		{"foreign absolute form that begins like us", "GET http://panel.example.net.evil.example/x HTTP/1.1", "panel.example.net", 421, ""},
		{"user part", "GET http://panel.example.net@evil.example/x HTTP/1.1", "panel.example.net", 400, ""},
		{"user part before our name", "GET http://evil@panel.example.net/x HTTP/1.1", "panel.example.net", 400, ""},
		{"another scheme", "GET ftp://panel.example.net/x HTTP/1.1", "panel.example.net", 400, ""},
		{"opaque", "GET mailto:x HTTP/1.1", "panel.example.net", 400, ""},
		{"absolute form without a path", "GET http://panel.example.net HTTP/1.1", "panel.example.net", 400, ""},
		{"absolute form with only a query", "GET http://panel.example.net?x=/y HTTP/1.1", "panel.example.net", 400, ""},
		{"no slash", "GET x HTTP/1.1", "panel.example.net", 400, ""},
		{"star", "GET * HTTP/1.1", "panel.example.net", 400, ""},
		{"only a query", "GET ?x HTTP/1.1", "panel.example.net", 400, ""},
		{"fragment", "GET /x#y HTTP/1.1", "panel.example.net", 400, ""},
		{"control byte", "GET /x\x01 HTTP/1.1", "panel.example.net", 400, ""},
		{"empty Host", "GET /x HTTP/1.1", "", 421, ""},
		{"foreign Host", "GET /x HTTP/1.1", "evil.example", 421, ""},
		{"Host with another port", "GET /x HTTP/1.1", "panel.example.net:8080", 421, ""},
		{"Host with the other scheme's port", "GET /x HTTP/1.1", "panel.example.net:443", 421, ""},
		{"Host with our port", "GET /x HTTP/1.1", "panel.example.net:80", 200, "/x"},
		{"Host in capitals", "GET /x HTTP/1.1", "PANEL.Example.NET", 200, "/x"},
		{"Host with a dot behind", "GET /x HTTP/1.1", "panel.example.net.", 200, "/x"},
		{"Host with a dot before our port", "GET /x HTTP/1.1", "panel.example.net.:80", 200, "/x"},
		{"Host with a dot behind our port", "GET /x HTTP/1.1", "panel.example.net:80.", 421, ""},
		{"Host with two dots behind", "GET /x HTTP/1.1", "panel.example.net..", 421, ""},
		{"part of our name", "GET /x HTTP/1.1", "example.net", 421, ""},
		{"a list of hosts", "GET /x HTTP/1.1", "panel.example.net,evil.example", 421, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := raw(t, addr, c.line+"\r\nHost: "+c.host+"\r\nConnection: close\r\n\r\n")
			if got.status != c.status || got.header.Get("X-Passed") != "" && got.body != c.target {
				t.Errorf("%d, target %q; want %d, %q", got.status, got.body, c.status, c.target)
			}
			if (got.header.Get("X-Passed") == "yes") != (c.status == 200) {
				t.Errorf("status %d, handler reached: %q", got.status, got.header.Get("X-Passed"))
			}
		})
	}
	for name, request := range map[string]string{
		"two Hosts":            "GET /x HTTP/1.1\r\nHost: panel.example.net\r\nHost: evil.example\r\n\r\n",
		"no Host":              "GET /x HTTP/1.1\r\n\r\n",
		"no Host, old version": "GET /x HTTP/1.0\r\n\r\n",
	} {
		if got := raw(t, addr, request); got.status != 400 && got.status != 421 {
			t.Errorf("%s: %d", name, got.status)
		}
	}
}

func TestS06_Methods(t *testing.T) {
	s, _ := siteAt(t, "http://panel.example.net")
	addr := serveChain(t, s, http.HandlerFunc(sayTarget))
	for line, want := range map[string]int{
		"CONNECT panel.example.net:80": 405, "CONNECT /x": 405, "TRACE /x": 405, "TRACK /x": 405, "PRI /x": 405, "PRI *": 405,
		"get /x": 405, "Get /x": 405, "gET /ispgate/login": 405, "post /x": 405, "TRACE http://evil.example/": 405, "trace /x": 405,
		"GET /x": 200, "POST /x": 200, "PUT /x": 200, "PATCH /x": 200, "DELETE /x": 200, "OPTIONS /x": 200, "PROPFIND /x": 200,
	} {
		for _, extra := range []string{"", "Service-Worker: script\r\n"} { // before anything else
			for _, host := range []string{"panel.example.net", "evil.example"} {
				if want == 200 && (extra != "" || host == "evil.example") {
					continue
				}
				got := raw(t, addr, line+" HTTP/1.1\r\nHost: "+host+"\r\n"+extra+"Accept: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				if got.status != want || (got.header.Get("X-Passed") == "yes") != (want == 200) {
					t.Errorf("%s at %s %s: %d, want %d", line, host, extra, got.status, want)
				}
			}
		}
	}
	w := ask(s, http.HandlerFunc(sayTarget), "HEAD", "/x", "")
	if w.Code != 200 || w.Header().Get("X-Passed") != "yes" {
		t.Errorf("HEAD: %d", w.Code)
	}
}

func TestServiceWorker(t *testing.T) {
	s, _ := siteAt(t, "https://panel.example.net")
	for _, target := range []string{"/", "/sw.js", "/ispgate/login", "/ispgate/static/x.js"} {
		if w := ask(s, http.HandlerFunc(sayTarget), "GET", target, "", "Service-Worker", "script"); w.Code != 403 || w.Header().Get("X-Passed") != "" {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
	s.ServiceWorker = true
	if w := ask(s, http.HandlerFunc(sayTarget), "GET", "/sw.js", "", "Service-Worker", "script"); w.Code != 200 {
		t.Errorf("with forward.service_worker: %d", w.Code)
	}
}

// TestS37_ForwardAuthHost: a trusted server in front asks for auth under its own name for us; nobody else, and nothing else.
func TestS37_ForwardAuthHost(t *testing.T) {
	s, _ := siteAt(t, "https://panel.example.net")
	for _, c := range []struct {
		target, peer string
		want         int
	}{
		{"/ispgate/auth", "10.0.0.1:1", 200}, {"/ispgate/auth/redirect?x=1", "10.0.0.1:1", 200}, {"/ispgate/auth", "9.9.9.9:1", 421},
		{"/ispgate/login", "10.0.0.1:1", 421}, {"/", "10.0.0.1:1", 421}, {"/ispgate/auth/", "10.0.0.1:1", 421}, {"/ispgate/auth/x", "10.0.0.1:1", 421},
		{"/x?/ispgate/auth", "10.0.0.1:1", 421}, {"/ISPGATE/auth", "10.0.0.1:1", 421}, {"/ispgate/%61uth", "10.0.0.1:1", 421},
	} {
		if w := ask(s, http.HandlerFunc(sayTarget), "GET", c.target, "", "Host", "127.0.0.1:8080", "Peer", c.peer); w.Code != c.want {
			t.Errorf("%s from %s: %d, want %d", c.target, c.peer, w.Code, c.want)
		}
	}
}

func TestKinds(t *testing.T) {
	s, _ := siteAt(t, "https://panel.example.net")
	page := "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, c := range []struct {
		name   string
		header []string
		want   Kind
	}{
		{"browser page", []string{"Sec-Fetch-Mode", "navigate", "Accept", page}, Navigation},
		{"navigation that accepts anything", []string{"Sec-Fetch-Mode", "navigate", "Accept", "*/*"}, Navigation},
		{"fetch", []string{"Sec-Fetch-Mode", "cors", "Accept", page}, Script},
		{"image", []string{"Sec-Fetch-Mode", "no-cors", "Accept", page}, Script},
		{"websocket", []string{"Sec-Fetch-Mode", "websocket"}, Script},
		{"same-origin fetch", []string{"Sec-Fetch-Mode", "same-origin", "Accept", page}, Script},
		{"old browser", []string{"Accept", page}, Navigation},
		{"old XHR", []string{"Accept", page, "X-Requested-With", "XMLHttpRequest"}, Script},
		{"old XHR for JSON", []string{"Accept", "application/json"}, Script},
		{"curl", []string{"Accept", "*/*"}, Script},
		{"nothing said", nil, Script},
	} {
		ask(s, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := Of(r).Kind; got != c.want {
				t.Errorf("%s: %d, want %d", c.name, got, c.want)
			}
		}), "GET", "/x", "", c.header...)
	}
	if Kind(0) != Script {
		t.Error("the zero kind is redirected")
	}
}

// TestSecondNames: our pages under another name of the panel go to the first one; forms are refused.
func TestSecondNames(t *testing.T) {
	s, _ := siteAt(t, "https://panel.example.net")
	page := s.Serve(s.Document(func(w http.ResponseWriter, r *http.Request) error { sayTarget(w, r); return nil }))
	for _, c := range []struct {
		host, method, target string
		status               int
		location             string
	}{
		{"panel.example.net", "GET", "/ispgate/login", 200, ""},
		{"panel.example.net:443", "GET", "/ispgate/login", 200, ""},
		{"old.example.net", "GET", "/ispgate/login?return_to=%2Fa%2520b", 308, "https://panel.example.net/ispgate/login?return_to=%2Fa%2520b"},
		{"OLD.example.net:443", "HEAD", "/ispgate/verify", 308, "https://panel.example.net/ispgate/verify"},
		{"old.example.net", "POST", "/ispgate/login", 421, ""},
		{"old.example.net", "OPTIONS", "/ispgate/login", 421, ""},
		{"old.example.net:8443", "GET", "/ispgate/login", 421, ""},
		{"other.example.net", "GET", "/ispgate/login", 421, ""},
	} {
		w := ask(s, page, c.method, c.target, "", "Host", c.host, "Accept", "text/html")
		if w.Code != c.status || w.Header().Get("Location") != c.location {
			t.Errorf("%s %s at %s: %d to %q", c.method, c.target, c.host, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestPanicsBecomeOurPage(t *testing.T) {
	s, log := siteAt(t, "https://panel.example.net")
	s.Observe = func(route string, _ time.Duration) {
		if route != "somewhere" {
			t.Errorf("observed as %q", route)
		}
	}
	w := ask(s, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		Of(r).Route = "somewhere"
		panic(fmt.Errorf("canary-cause"))
	}), "GET", "/x", "", "Accept", "text/html")
	if w.Code != 500 || strings.Contains(w.Body.String(), "canary-cause") || strings.Contains(w.Body.String(), "goroutine") || !strings.Contains(w.Body.String(), "<html") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	for _, line := range lines(t, log) {
		if id, _ := line["request"].(string); id == "" || !strings.Contains(w.Body.String(), id) {
			t.Errorf("the page does not show the request id of the log line %v", line)
		}
	}
	if !strings.Contains(log.String(), "canary-cause") || !strings.Contains(log.String(), "chain_test.go") {
		t.Errorf("the log does not tell the cause and the place: %s", log)
	}
}

// TestCutAnswersLookCut: what breaks off in the middle must not end like a whole answer.
func TestCutAnswersLookCut(t *testing.T) {
	s, _ := siteAt(t, "http://panel.example.net")
	for name, with := range map[string]any{"abort": http.ErrAbortHandler, "panic": errors.New("half way")} {
		addr := serveChain(t, s, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(with)
		}))
		req, _ := http.NewRequest("GET", "http://"+addr+"/x", nil)
		req.Host = "panel.example.net"
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err == nil {
			t.Errorf("%s: the answer %q looks complete", name, body)
		}
	}
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("http.ErrAbortHandler is not passed on: %v", p)
		}
	}()
	ask(s, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "GET", "/x", "")
}

func TestRecorderKeepsFlushAndHijack(t *testing.T) {
	s, _ := siteAt(t, "http://panel.example.net")
	statuses := make(chan int, 2)
	s.Access = func(_ *http.Request, status int, _ time.Duration) { statuses <- status }
	addr := serveChain(t, s, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if Of(r).Target == "/flush" {
			if err := rc.Flush(); err != nil {
				t.Errorf("flush: %v", err)
			}
			if err := rc.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Errorf("deadline: %v", err)
			}
			return
		}
		w.WriteHeader(http.StatusEarlyHints)
		c, _, err := rc.Hijack()
		if err != nil {
			t.Errorf("hijack: %v", err)
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 299 Mine\r\nContent-Length: 0\r\n\r\n")
		_ = c.Close()
	}))
	got := raw(t, addr, "GET /flush HTTP/1.1\r\nHost: panel.example.net\r\nConnection: close\r\n\r\n")
	if noted := <-statuses; got.status != 200 || noted != 200 {
		t.Errorf("flushed without a word: %d, logged as %d", got.status, noted)
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "GET /hijack HTTP/1.1\r\nHost: panel.example.net\r\n\r\n")
	all, _ := io.ReadAll(c)
	if !strings.Contains(string(all), "299 Mine") {
		t.Errorf("hijacked: %q", all)
	}
	if got := <-statuses; got != http.StatusSwitchingProtocols {
		t.Errorf("a connection that left HTTP is logged with status %d", got)
	}
}

func TestOfWithoutChain(t *testing.T) {
	q := Of(httptest.NewRequest("GET", "/", nil))
	if q == nil || q.Trusted || q.Client != (netip.Addr{}) || q.Kind != Script {
		t.Errorf("%+v", q)
	}
}
