package proxy

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/internal/session"
)

func TestS01_HeaderFolding(t *testing.T) {
	h := built(t, hello)
	managed := []string{
		"Remote-User", "remote-user", "REMOTE-USER", "Remote-Role", "Remote-Email", "Remote-Anything", "X-Remote-User", "X-Remote-Addr", "X-Auth-Request-User", "X-Auth-", "X-Authenticated-User",
		"X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-User", "Forwarded", "X-Real-Ip", "X-Original-Url", "X-Original-Uri", "X-Original-Method", "X-Rewrite-Url", "X-Http-Method-Override",
		"X-Method-Override", "X-HTTP-METHOD", "True-Client-Ip", "Client-Ip", "Cf-Connecting-Ip", "X-Host", "Front-End-Https", "PROXY", "X-Url-Scheme",
		"X-Forwarded", "X-Forwardedfor", "Forwarded-For", "Forwarded-Proto", "X-Scheme", "X-Http-Host-Override", "X-Originating-Ip", "Fastly-Client-Ip", "X-Accel-Redirect", "X-Accel-Internal", "X-Sendfile-Type",
		"WL-Proxy-Client-IP", "Proxy-Client-IP", "X-Azure-ClientIP", "X-Azure-SocketIP", "X-Envoy-External-Address", "X-Appengine-Remote-Addr", "X-Appengine-User-Ip", "X-Cluster-Client-IP",
		"Fastly-Client-IP", "X-Client-IP", "X-ProxyUser-Ip", "X-True-Client-Ip", "Ali-Cdn-Real-Ip", "X-Original-Forwarded-For", "Cf-Connecting-Ipv6", "Cf-Visitor", "X-Arr-Ssl", "X-Override-Url",
		"X-Real-Port", "Method-Override", "X-Original-Host", "X-Http-Destinationurl",
	}
	odd := []string{
		"Remote_User", "remote_user", "Remote.User", "rEMOTE_uSER", "X_Remote_User", "X.Forwarded.For", "X_Forwarded_For", "X_FORWARDED_PROTO", "X-Forwarded_Host", "X_Real_IP", "X_HTTP_METHOD_OVERRIDE",
		"Remote~User", "Remote+User", "Remote'User", "Remote!User", "Accept_Language", "X_Custom", "X.Custom", "X|Y", "Content_Length", "Pro_xy", "Proxy",
	}
	for i, name := range append(managed, odd...) {
		h.removed = 0
		ask(h.proxied(), "GET", "/x", "", name, "evil", name, "evil")
		got := h.last()
		if got == nil {
			t.Fatalf("%s: not passed on", name)
		}
		for k, v := range got.Header {
			if strings.Contains(strings.Join(v, " "), "evil") {
				t.Errorf("%s arrives as %s: %q", name, k, v)
			}
		}
		if got.Header.Get("Remote-User") != "admin@demo.isp" || len(got.Header.Values("Remote-User")) != 1 {
			t.Errorf("%s: Remote-User is %q", name, got.Header.Values("Remote-User"))
		}
		if want := map[bool]int{true: 1}[i >= len(managed)]; h.removed != want { // a proxy's own X-Forwarded-For is nothing odd
			t.Errorf("%s: %d headers counted, want %d", name, h.removed, want)
		}
	}
	h.removed = 0
	for _, name := range []string{"X-Custom", "X-Csrf-Token", "X-Requested-With", "Accept-Language", "X-Xsrf-Token", "Remoteuser", "Xremote-User", "X-Auth", "X-Accelerate", "X-Wap-Profile", "X-Client-Version", "Range", "If-None-Match"} {
		ask(h.proxied(), "GET", "/x", "", name, "good")
		if got := h.last(); got.Header.Get(name) != "good" {
			t.Errorf("%s does not arrive", name)
		}
	}
	if h.removed != 0 {
		t.Errorf("%d good headers were removed", h.removed)
	}
}

// TestTrailersStayHere: a panel could read what comes after the body as headers.
func TestTrailersStayHere(t *testing.T) {
	read := make(chan http.Header, 1)
	h := built(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		read <- r.Trailer
	})
	front := httptest.NewServer(h.proxied())
	defer front.Close()
	c, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "POST /x HTTP/1.1\r\nHost: panel.example.net\r\nTrailer: Remote-User\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\nRemote-User: evil\r\n\r\n")
	if trailer := <-read; len(trailer) != 0 {
		t.Errorf("trailers arrive: %v", trailer)
	}
}

// TestS02_ConnectionRemovesNothingOfOurs: a header named in Connection goes away before ours are set.
func TestS02_ConnectionRemovesNothingOfOurs(t *testing.T) {
	h := built(t, hello)
	ask(h.proxied(), "GET", "/x", "", "Connection", "remote-user, cookie, x-forwarded-for, x-forwarded-proto, host", "Cookie", h.sealedCookie("laravel_session=1"), "Peer", "9.9.9.9:1")
	got := h.last()
	for name, want := range map[string]string{"Remote-User": "admin@demo.isp", "Remote-Role": "admin", "Cookie": "laravel_session=1", "X-Forwarded-For": "9.9.9.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "panel.example.net"} {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Header.Get(name), want)
		}
	}
	if got.Host != "panel.example.net" {
		t.Errorf("Host is %q", got.Host)
	}
}

// TestS03_ForwardingHeadersAreOurs: whoever sends them, the panel gets one address, ours.
func TestS03_ForwardingHeadersAreOurs(t *testing.T) {
	h := built(t, hello)
	for peer, want := range map[string]string{"9.9.9.9:1": "9.9.9.9", "10.0.0.1:1": "1.2.3.4"} {
		ask(h.proxied(), "GET", "/x", "", "Peer", peer, "X-Forwarded-For", "6.6.6.6, 1.2.3.4", "X-Forwarded-Proto", "ftp", "X-Forwarded-Host", "evil.example")
		got := h.last()
		if f := got.Header.Values("X-Forwarded-For"); len(f) != 1 || f[0] != want {
			t.Errorf("from %s: X-Forwarded-For %q, want %q", peer, f, want)
		}
		if got.Header.Get("X-Forwarded-Proto") != "https" || got.Header.Get("X-Forwarded-Host") != "panel.example.net" {
			t.Errorf("from %s: %v", peer, got.Header)
		}
	}
}

// TestVisitorsHaveNoName: a public page learns nothing of a session below full, and gets Authorization.
func TestVisitorsHaveNoName(t *testing.T) {
	h := built(t, hello)
	for _, public := range []bool{true, false} {
		target := map[bool]string{true: "/pay/1", false: "/x"}[public]
		h.desk.session = full()
		if public {
			h.desk.session.Stage = 1 // password
		}
		ask(h.proxied(), "GET", target, "", "Authorization", "Basic eDp5", "Cookie", "theme=dark; laravel_session=stolen; __Host-ispgate=secret; XSRF-TOKEN=t")
		got := h.last()
		if (got.Header.Get("Remote-User") == "") != public || (got.Header.Get("Authorization") != "") != public {
			t.Errorf("%s: Remote-User %q, Authorization %q", target, got.Header.Get("Remote-User"), got.Header.Get("Authorization"))
		}
		if want := map[bool]string{true: "theme=dark; XSRF-TOKEN=t", false: "XSRF-TOKEN=t"}[public]; got.Header.Get("Cookie") != want {
			t.Errorf("%s: Cookie %q, want %q", target, got.Header.Get("Cookie"), want)
		}
		if _, said := got.Header["User-Agent"]; said {
			t.Errorf("a User-Agent that no browser sent: %q", got.UserAgent())
		}
	}
}

// TestS14_SessionInTheURL: an id in the query is somebody else's session.
func TestS14_SessionInTheURL(t *testing.T) {
	h := built(t, hello)
	cookie := h.sealedCookie("laravel_session=1; Path=/")
	for target, want := range map[string]int{
		"/x?PHPSESSID=1": 400, "/x?a=b&PHPSESSID=1": 400, "/x?a=b;PHPSESSID=1": 400, "/x?PHPSESSID": 400, "/x?%50HPSESSID=1": 400, "/x?PHPSESSID[]=1": 400,
		"/x?laravel_session=1": 400, "/x?laravel.session=1": 400, "/x?laravel+session=1": 400, "/x?laravel%5Bsession=1": 400, "/x?%20laravel_session=1": 400,
		"/x?other_session=1": 200, "/x?q=PHPSESSID": 200, "/x/PHPSESSID=1": 200, "/x?phpsessid=1": 200, "/pay/1?PHPSESSID=1": 400, "/x?%zz&PHPSESSID=1": 400, "/x?PHPSESSID%zz=1": 200,
	} {
		if w := ask(h.proxied(), "GET", target, "", "Cookie", cookie, "Accept", "text/html"); w.Code != want {
			t.Errorf("%s: %d, want %d", target, w.Code, want)
		}
	}
}

// TestS14_SessionInTheURLAtBothDoors: the gate refuses it, before it asks who is there, and counts it once; the server in
// front is told 403, since its own 400 would be an error of nginx.
func TestS14_SessionInTheURLAtBothDoors(t *testing.T) {
	h := built(t, hello)
	for _, s := range []session.Session{{}, at(session.Password), full()} {
		for _, target := range []string{"/x?PHPSESSID=1", "/pay/1?PHPSESSID=1", "/login?PHPSESSID=1", "/x?laravel_session=1"} {
			h.desk.session, h.desk.loads, h.counted = s, 0, nil
			cookie := []string{"Cookie", "laravel_session=ig1.any"}
			w := ask(h.proxied(), "GET", target, "", append([]string{"Accept", "text/html"}, cookie...)...)
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "<h1>") || w.Header().Get("Location") != "" {
				t.Errorf("stage %s, %s: %d to %q", s.Stage, target, w.Code, w.Header().Get("Location"))
			}
			if w := ask(h.handler(h.Auth), "GET", "/ispgate/auth", "", asked("GET", target, cookie...)...); w.Code != http.StatusForbidden || w.Body.Len() > 0 {
				t.Errorf("stage %s, %s: auth answers %d with %d bytes", s.Stage, target, w.Code, w.Body.Len())
			}
			if w := ask(h.handler(h.AuthRedirect), "GET", "/ispgate/auth/redirect", "", asked("GET", target, append([]string{"Accept", "text/html"}, cookie...)...)...); w.Code != http.StatusBadRequest {
				t.Errorf("stage %s, %s: auth/redirect answers %d", s.Stage, target, w.Code)
			}
			if len(h.counted) != 3 || h.desk.loads != 0 || h.last() != nil {
				t.Errorf("stage %s, %s: counted %d times, %d look-ups", s.Stage, target, len(h.counted), h.desk.loads)
			}
			for _, v := range h.counted {
				if v.Decision != Forbidden || !v.Malformed {
					t.Errorf("stage %s, %s: counted as %s, malformed %t", s.Stage, target, v.Decision, v.Malformed)
				}
			}
		}
	}
}

// TestPanelCannotTouchOurs: the answer's own-named cookies and Clear-Site-Data stay here (design 3.4).
func TestPanelCannotTouchOurs(t *testing.T) {
	h := built(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "__Host-ispgate=; Max-Age=0; Path=/; Secure")
		w.Header().Add("Set-Cookie", "laravel_session=plain; Path=/; Domain=.example.net")
		w.Header().Set("Clear-Site-Data", `"*"`)
	})
	for _, target := range []string{"/x", "/pay/1"} {
		w := ask(h.proxied(), "GET", target, "")
		if set := w.Header().Values("Set-Cookie"); len(set) != 1 || !strings.HasPrefix(set[0], "laravel_session=ig1.") || strings.Contains(set[0], "Domain") {
			t.Errorf("%s: %q", target, set)
		}
		if w.Header().Get("Clear-Site-Data") != "" {
			t.Errorf("%s: Clear-Site-Data passes", target)
		}
	}
}
