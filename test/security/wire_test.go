package security

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// request is one request of a browser: method, path, then header name, value, name, value …
func request(t *testing.T, method, path, form string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, office.Origin+path, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", harness.Chromium)
	r.Header.Set("Accept", "text/html")
	if form != "" || method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", office.Origin)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header[http.CanonicalHeaderKey(header[i])] = []string{header[i+1]}
		}
	}
	return r
}

func send(t *testing.T, b *harness.Browser, r *http.Request) *harness.Page {
	t.Helper()
	page, err := b.Send(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	return page
}

// raw sends bytes to the gateway and reads one answer; nil if the connection is closed without one.
func raw(t *testing.T, o *office.Office, text string) *http.Response {
	t.Helper()
	c, err := net.DialTimeout("tcp", o.Host(), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(text, " ")
	answer, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return nil
	}
	return answer
}

// between starts a panel that is the Laravel one with something in between: misbehave answers itself and returns true,
// or changes the request and returns false. It returns the panel's address.
func between(t *testing.T, o *office.Office, misbehave func(w http.ResponseWriter, r *http.Request) bool, change func(*http.Response) error) string {
	t.Helper()
	target, err := url.Parse(o.Panel.URL)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{ModifyResponse: change, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"} {
			r.Out.Header[name] = r.In.Header[name]
		}
	}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if misbehave == nil || !misbehave(w, r) {
			forward.ServeHTTP(w, r)
		}
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return "http://" + listener.Addr().String()
}
