package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ispgate/ispgate/test/harness"
)

// page is what the stand-in of a panel answers with: 4 KiB of html.
var page = "<!doctype html><title>Panel</title>" + strings.Repeat("<p>Customer 1001, Rahim, 5 Mbit/s, paid until the end of the month.</p>\n", 57)

// references are the servers that ispgate is measured beside. Each runs in a process of its own: bench reference KIND ADDRESS TARGET.
var references = map[string]func(target string) (http.Handler, error){
	"handler": func(string) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }), nil
	},
	"handler-redis": func(target string) (http.Handler, error) {
		client := redis.NewClient(&redis.Options{Addr: target})
		if err := client.Set(context.Background(), "bench", strings.Repeat("x", 300), 0).Err(); err != nil {
			return nil, err
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := client.Get(r.Context(), "bench").Err(); err != nil {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		}), nil
	},
	"proxy-default": func(target string) (http.Handler, error) {
		to, err := url.Parse(target)
		if err != nil {
			return nil, err
		}
		return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}, nil
	},
	"proxy-tuned": func(target string) (http.Handler, error) {
		to, err := url.Parse(target)
		if err != nil {
			return nil, err
		}
		return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, Transport: tuned(), BufferPool: &buffers{}}, nil
	},
	"login-requests": func(target string) (http.Handler, error) {
		transport := tuned()
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := loginRequests(r.Context(), transport, target); err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		}), nil
	},
	"panel": func(string) (http.Handler, error) { return http.HandlerFunc(panel), nil },
}

// tuned is net/http's transport for one upstream.
func tuned() *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: 512, DisableCompression: true, IdleConnTimeout: time.Minute}
}

// loginRequests asks a panel what every login asks it, and looks at nothing but the status: the form, the password, the guarded
// page with the new cookie, and the same page without one.
func loginRequests(ctx context.Context, transport *http.Transport, panel string) error {
	for _, ask := range []struct {
		method, path, cookie, body string
		status                     int
	}{
		{"GET", "/login", "", "", http.StatusOK},
		{"POST", "/login", "", url.Values{"username": {user}, "password": {password}}.Encode(), http.StatusFound},
		{"GET", "/page", "panel_session=in-" + strings.Repeat("a", 200), "", http.StatusOK},
		{"GET", "/page", "", "", http.StatusFound},
	} {
		r, err := http.NewRequestWithContext(ctx, ask.method, panel+ask.path, strings.NewReader(ask.body))
		if err != nil {
			return err
		}
		if ask.body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if ask.cookie != "" {
			r.Header.Set("Cookie", ask.cookie)
		}
		res, err := transport.RoundTrip(r)
		if err != nil {
			return err
		}
		if _, err := drain(res); err != nil || res.StatusCode != ask.status {
			return fmt.Errorf("%s %s: %s (%v)", ask.method, ask.path, res.Status, err)
		}
	}
	return nil
}

// panel stands in for a panel: a login, and a page of 4 KiB with two cookies that it sets anew in every answer.
func panel(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	cookie, err := r.Cookie("panel_session")
	in := err == nil && strings.HasPrefix(cookie.Value, "in-")
	switch {
	case r.URL.Path == "/blob":
		blob(w, r)
	case r.URL.Path == "/login" && r.Method == http.MethodPost:
		if r.FormValue("password") != password {
			h.Set("Location", "/login")
			w.WriteHeader(http.StatusFound)
			return
		}
		h.Add("Set-Cookie", "panel_session=in-"+strings.Repeat("a", 200)+"; Path=/; HttpOnly")
		h.Set("Location", "/page")
		w.WriteHeader(http.StatusFound)
	case r.URL.Path == "/login":
		h.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<form method=post><input name=username><input type=password name=password><button>Log in</button></form>")
	case !in:
		h.Set("Location", "/login")
		w.WriteHeader(http.StatusFound)
	default:
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Add("Set-Cookie", "panel_session=in-"+strings.Repeat("a", 200)+"; Path=/; HttpOnly")
		h.Add("Set-Cookie", "panel_token="+strings.Repeat("b", 200)+"; Path=/")
		_, _ = io.WriteString(w, page)
	}
}

// blob takes a body of any length and says how long it was, or sends one as long as the query's `bytes`.
func blob(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, n)
		return
	}
	n, _ := strconv.ParseInt(r.FormValue("bytes"), 10, 64)
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	_, _ = io.CopyN(w, zeros{}, n)
}

// zeros has no end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if v, ok := b.pool.Get().(*[]byte); ok {
		return *v
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(v []byte) { b.pool.Put(&v) }

// serveReference is the process of a reference.
func serveReference(kind, address, target string) error {
	make, ok := references[kind]
	if !ok {
		return fmt.Errorf("no reference is called %q", kind)
	}
	h, err := make(target)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return http.Serve(l, h)
}

// reference starts one and returns its address and process.
func reference(h *harness.House, kind, target string) (address string, server *harness.Server) {
	address = fmt.Sprintf("127.0.0.1:%d", harness.FreePort(h))
	self, err := os.Executable()
	if err != nil {
		h.Fatal(err)
	}
	server = harness.StartServer(h, kind, syscall.SIGTERM, func() *exec.Cmd {
		return exec.Command(self, "reference", kind, address, target)
	}, func() bool { return harness.Listening(address) })
	return address, server
}
