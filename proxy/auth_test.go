package proxy

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/internal/session"
)

func TestS37_OriginalOf(t *testing.T) {
	const own = "https://panel.example.net"
	nginx := func(method, url string, more ...string) []string {
		return append([]string{"X-Original-Method", method, "X-Original-URL", url}, more...)
	}
	caddy := func(method, proto, host, uri string, more ...string) []string {
		return append([]string{"X-Forwarded-Method", method, "X-Forwarded-Proto", proto, "X-Forwarded-Host", host, "X-Forwarded-Uri", uri}, more...)
	}
	cases := []struct {
		name   string
		header []string
		want   original // zero: denied
	}{
		{"nginx", nginx("GET", own+"/a%2fb|?c;d=%zz"), original{"GET", "/a%2fb|?c;d=%zz"}},
		{"nginx, default port, other case", nginx("POST", "HTTPS://PANEL.example.net:443/x"), original{"POST", "/x"}},
		{"nginx, two slashes", nginx("GET", own+"//x/../y"), original{"GET", "//x/../y"}},
		{"nginx, own forwarding headers beside", nginx("GET", own+"/x", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "panel.example.net", "X-Forwarded-For", "1.2.3.4"), original{"GET", "/x"}},
		{"Caddy, Traefik", caddy("GET", "https", "panel.example.net", "/x?y=%2F"), original{"GET", "/x?y=%2F"}},
		{"Traefik with a port", caddy("DELETE", "https", "panel.example.net:443", "/x"), original{"DELETE", "/x"}},
		{"nothing", nil, original{}},
		{"nginx, no method", []string{"X-Original-URL", own + "/x"}, original{}},
		{"nginx, no URL", []string{"X-Original-Method", "GET"}, original{}},
		{"nginx, empty URL", nginx("GET", ""), original{}},
		{"nginx, empty method", nginx("", own+"/x"), original{}},
		{"nginx, two URLs", nginx("GET", own+"/x", "X-Original-URL", own+"/y"), original{}},
		{"nginx, two equal URLs", nginx("GET", own+"/x", "X-Original-URL", own+"/x"), original{}},
		{"nginx, two methods", nginx("GET", own+"/x", "X-Original-Method", "GET"), original{}},
		{"nginx, only a path", nginx("GET", "/x"), original{}},
		{"nginx, foreign host", nginx("GET", "https://evil.example/x"), original{}},
		{"nginx, our host as user", nginx("GET", "https://panel.example.net@evil.example/x"), original{}},
		{"nginx, a user before our host", nginx("GET", "https://x@panel.example.net/x"), original{}},
		{"nginx, host that begins like ours", nginx("GET", "https://panel.example.net.evil.example/x"), original{}},
		{"nginx, another scheme", nginx("GET", "http://panel.example.net/x"), original{}},
		{"nginx, another port", nginx("GET", "https://panel.example.net:8443/x"), original{}},
		{"nginx, no path", nginx("GET", own), original{}},
		{"nginx, only a query", nginx("GET", own+"?x"), original{}},
		{"nginx, query with a slash", nginx("GET", own+"?x=/y"), original{}},
		{"nginx, blank in it", nginx("GET", own+"/x y"), original{}},
		{"nginx, tab in it", nginx("GET", own+"/x\ty"), original{}},
		{"nginx, lower-case method", nginx("get", own+"/x"), original{}},
		{"nginx, method with a blank", nginx("GET /", own+"/x"), original{}},
		{"nginx, a method that is refused at the other door", nginx("TRACE", own+"/x"), original{}},
		{"Caddy, CONNECT", caddy("CONNECT", "https", "panel.example.net", "/x"), original{}},
		{"mixed: URL of one, method of the other", []string{"X-Original-URL", own + "/x", "X-Forwarded-Method", "GET"}, original{}},
		{"mixed: both whole", append(nginx("GET", own+"/x"), caddy("GET", "https", "panel.example.net", "/pay/1")...), original{}},
		{"mixed: URI beside nginx", nginx("GET", own+"/x", "X-Forwarded-Uri", "/pay/1"), original{}},
		{"mixed: URL beside Caddy", caddy("GET", "https", "panel.example.net", "/x", "X-Original-URL", own+"/pay/1"), original{}},
		{"mixed: doubled method beside Caddy", caddy("GET", "https", "panel.example.net", "/x", "X-Original-Method", "GET", "X-Original-Method", "GET"), original{}},
		{"Caddy, no method", caddy("GET", "https", "panel.example.net", "/x")[2:], original{}},
		{"Caddy, no host", []string{"X-Forwarded-Method", "GET", "X-Forwarded-Proto", "https", "X-Forwarded-Uri", "/x"}, original{}},
		{"Caddy, no proto", []string{"X-Forwarded-Method", "GET", "X-Forwarded-Host", "panel.example.net", "X-Forwarded-Uri", "/x"}, original{}},
		{"Caddy, no URI", []string{"X-Forwarded-Method", "GET", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "panel.example.net"}, original{}},
		{"Caddy, foreign host", caddy("GET", "https", "evil.example", "/x"), original{}},
		{"Caddy, host list", caddy("GET", "https", "panel.example.net, evil.example", "/x"), original{}},
		{"Caddy, host with a path", caddy("GET", "https", "panel.example.net/pay", "/x"), original{}},
		{"Caddy, wrong proto", caddy("GET", "http", "panel.example.net", "/x"), original{}},
		{"Caddy, proto list", caddy("GET", "https,http", "panel.example.net", "/x"), original{}},
		{"Caddy, two URIs", caddy("GET", "https", "panel.example.net", "/x", "X-Forwarded-Uri", "/pay/1"), original{}},
		{"Caddy, URI without a slash", caddy("GET", "https", "panel.example.net", ".evil.example/x"), original{}},
		{"Caddy, URI with a user part", caddy("GET", "https", "panel.example.net", "@evil.example/x"), original{}},
		{"Caddy, whole URL as URI", caddy("GET", "https", "panel.example.net", own+"/x"), original{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/ispgate/auth", nil)
			for i := 0; i+1 < len(c.header); i += 2 {
				r.Header.Add(c.header[i], c.header[i+1])
			}
			got, err := originalOf(r, own)
			if (err != nil) != (c.want == original{}) || err == nil && got != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// original-URL headers of a trusted server in front.
func asked(method, target string, more ...string) []string {
	return append([]string{"Peer", "10.0.0.1:1", "Host", "127.0.0.1:8080", "X-Original-Method", method, "X-Original-Url", "https://panel.example.net" + target}, more...)
}

func TestS37_Auth(t *testing.T) {
	h := built(t, hello)
	for _, c := range []struct {
		name    string
		session session.Session
		err     error
		header  []string
		status  int
		user    string
	}{
		{"full", full(), nil, asked("GET", "/x"), 204, "admin@demo.isp"},
		{"full, form", full(), nil, asked("POST", "/x"), 204, "admin@demo.isp"},
		{"stranger", session.Session{}, nil, asked("GET", "/x"), 401, ""},
		{"stranger, public", session.Session{}, nil, asked("GET", "/pay/1"), 204, ""},
		{"before the code", at(session.Password), nil, asked("GET", "/x"), 401, ""},
		{"before the code, public", at(session.Password), nil, asked("GET", "/pay/1"), 204, ""},
		{"enrolling", at(session.Enrolling), nil, asked("GET", "/x"), 401, ""},
		{"two-factor page of the panel", full(), nil, asked("GET", "/settings/2fa"), 401, ""},
		{"denied", full(), nil, asked("POST", "/api/auth/login"), 403, ""},
		{"login", full(), nil, asked("GET", "/login"), 403, ""},
		{"login, disguised", full(), nil, asked("POST", "//LOGIN/;x"), 403, ""},
		{"logout", full(), nil, asked("POST", "/logout/"), 403, ""},
		{"log in as, without a code", noCode(), nil, asked("POST", "/login-as/1"), 403, ""},
		{"websocket", full(), nil, asked("GET", "/x", "Sec-Websocket-Key", "k", "Origin", "https://panel.example.net"), 204, "admin@demo.isp"},
		{"websocket of another origin", full(), nil, asked("GET", "/x", "Sec-Websocket-Key", "k", "Origin", "https://evil.example"), 403, ""},
		{"websocket without an origin", full(), nil, asked("GET", "/x", "Sec-Websocket-Key", "k"), 403, ""},
		{"store down", full(), session.ErrStore, asked("GET", "/x"), 503, ""},
		{"any error of the store", full(), errors.New("x"), asked("GET", "/x"), 503, ""},
		{"untrusted peer", full(), nil, append(asked("GET", "/x"), "Peer", "9.9.9.9:1", "Host", "panel.example.net"), 403, ""},
		{"no original URL", full(), nil, []string{"Peer", "10.0.0.1:1"}, 403, ""},
		{"health check's name", session.Session{}, nil, asked("GET", "/x", "User-Agent", "kube-probe/1.0", "X-Health-Check", "1"), 401, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.desk.session, h.desk.err = c.session, c.err
			w := ask(h.handler(h.Auth), "GET", "/ispgate/auth?x=/pay/1", "", c.header...)
			if w.Code != c.status || w.Header().Get("Remote-User") != c.user {
				t.Errorf("%d, Remote-User %q; want %d, %q", w.Code, w.Header().Get("Remote-User"), c.status, c.user)
			}
			if w.Body.Len() > 0 || w.Header().Get("Location") != "" || w.Header().Get("Set-Cookie") != "" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("more than a status: %q, %v", w.Body, w.Header())
			}
			if h.last() != nil {
				t.Error("the panel was asked")
			}
		})
	}
}

// TestS37_OneLineAMinute: a misconfigured server in front asks often.
func TestS37_OneLineAMinute(t *testing.T) {
	h := built(t, hello)
	for range 5 {
		ask(h.handler(h.Auth), "GET", "/ispgate/auth", "", "Peer", "9.9.9.9:1")
	}
	if n := strings.Count(h.log.String(), "\n"); n != 1 {
		t.Errorf("%d log lines for 5 requests of an untrusted peer", n)
	}
}

func TestS37_AuthRedirect(t *testing.T) {
	h := built(t, hello)
	page, script := []string{"Accept", "text/html"}, []string{"Accept", "application/json"}
	for _, c := range []struct {
		name     string
		session  session.Session
		err      error
		method   string
		header   []string
		status   int
		location string
	}{
		{"page", session.Session{}, nil, "GET", append(asked("GET", "/a?b=c&d"), page...), 302, "/ispgate/login?return_to=%2Fa%3Fb%3Dc%26d"},
		{"own method does not count", session.Session{}, nil, "POST", append(asked("GET", "/a"), page...), 302, "/ispgate/login?return_to=%2Fa"},
		{"form", session.Session{}, nil, "GET", append(asked("POST", "/a"), page...), 401, ""},
		{"script", session.Session{}, nil, "GET", append(asked("GET", "/a"), script...), 401, ""},
		{"next step", at(session.Password), nil, "GET", append(asked("GET", "/a"), page...), 302, "/ispgate/step-password"},
		{"address that cannot be returned to", session.Session{}, nil, "GET", append(asked("GET", "//evil"), page...), 302, "/ispgate/login"},
		{"two-factor page of the panel", full(), nil, "GET", append(asked("GET", "/settings/2fa"), page...), 302, "/ispgate/two-factor"},
		{"allowed", full(), nil, "GET", append(asked("GET", "/a"), page...), 204, ""},
		{"denied", full(), nil, "GET", append(asked("GET", "/api/auth/login"), page...), 403, ""},
		{"the panel's login", session.Session{}, nil, "GET", append(asked("GET", "/login"), page...), 403, ""},
		{"the panel's logout", full(), nil, "GET", append(asked("POST", "/logout"), page...), 403, ""},
		{"store down", full(), session.ErrStore, "GET", append(asked("GET", "/a"), page...), 503, ""},
		{"untrusted", full(), nil, "GET", append([]string{"X-Original-Method", "GET"}, page...), 403, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.desk.session, h.desk.err = c.session, c.err
			w := ask(h.handler(h.AuthRedirect), c.method, "/ispgate/auth/redirect?return_to=/evil", "return_to=/evil", c.header...)
			if w.Code != c.status || w.Header().Get("Location") != c.location || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%d to %q; want %d to %q", w.Code, w.Header().Get("Location"), c.status, c.location)
			}
			if c.name == "script" && !strings.Contains(w.Body.String(), `"login_url":"/ispgate/login?return_to=%2Fa"`) {
				t.Errorf("%s", w.Body)
			}
		})
	}
}

// TestBothDoorsAgree: what passes at one door passes at the other.
func TestBothDoorsAgree(t *testing.T) {
	h := built(t, hello)
	for _, s := range []session.Session{{}, at(session.Password), at(session.Enrolling), full(), noCode()} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			for _, target := range []string{"/", "/x", "/pay/1", "/pay%2f1", "/hook", "/settings/2fa", "/login-as/1", "/api/auth/login", "//x", "/x/../pay/1"} {
				h.desk.session = s
				proxied := ask(h.proxied(), method, target, "").Code == 200
				auth := ask(h.handler(h.Auth), "GET", "/ispgate/auth", "", asked(method, target)...).Code == 204
				if proxied != auth {
					t.Errorf("stage %s, %s %s: proxied %t, auth %t", s.Stage, method, target, proxied, auth)
				}
			}
		}
	}
}
