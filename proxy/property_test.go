package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
)

// arrival is what the panel was sent, read from the socket itself.
type arrival struct{ target, body string }

// rawPanel is a panel that knows nothing of net/http's servers: it reads a request line, a length or chunks, and a body.
func rawPanel(t *testing.T) (address string, arrivals chan arrival) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	arrivals = make(chan arrival, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for r := bufio.NewReader(c); ; {
					a, err := readArrival(r)
					if err != nil {
						return
					}
					arrivals <- a
					if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 2\r\n\r\nok"); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String(), arrivals
}

func readArrival(r *bufio.Reader) (arrival, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return arrival{}, err
	}
	_, rest, _ := strings.Cut(line, " ")
	a := arrival{target: strings.TrimSuffix(rest, " HTTP/1.1\r\n")}
	length, chunked := 0, false
	for {
		field, err := r.ReadString('\n')
		if err != nil {
			return a, err
		}
		if field == "\r\n" {
			break
		}
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(field)), ": ")
		switch name {
		case "content-length":
			_, err = fmt.Sscan(value, &length)
		case "transfer-encoding":
			chunked = true
		}
		if err != nil {
			return a, err
		}
	}
	for {
		if chunked {
			if _, err := fmt.Fscanf(r, "%x\r\n", &length); err != nil {
				return a, err
			}
		}
		part := make([]byte, length)
		if _, err := io.ReadFull(r, part); err != nil {
			return a, err
		}
		a.body += string(part)
		if !chunked {
			return a, nil
		}
		if _, err := r.Discard(2); err != nil || length == 0 {
			return a, err
		}
	}
}

// targets draws request targets: what legacy panels link to, and any byte that may stand in a request line.
func targets() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{"/", "//", "a", "x.php", "%2f", "%2F", "%5c", "%00", "%c3%a9", "..", ".", "?", "&", "=", ";", "+", "|", "[]", "{", "\\", "~", "'", "\"", "@", ":", "\xe9", "é", "%zz", "%", "admin", "index.php"}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 6), func(b []byte) string {
			return strings.Map(func(r rune) rune {
				if r <= ' ' || r == 0x7f || r == '#' {
					return 'z'
				}
				return r
			}, string(b))
		}))
	return rapid.Map(rapid.SliceOfN(piece, 0, 12), func(pieces []string) string { return "/" + strings.Join(pieces, "") })
}

// TestS04_AnyTargetAndBodyArriveAsTheyAre: over real sockets on both sides, what a logged-in browser asks for arrives byte for
// byte, whatever it is made of and however its body is framed, or is refused; it never arrives as something else.
func TestS04_AnyTargetAndBodyArriveAsTheyAre(t *testing.T) {
	address, arrivals := rawPanel(t)
	h := builtBefore(t, panel.Sealed, houseProfile, "http://"+address)
	front := httptest.NewServer(h.proxied())
	t.Cleanup(front.Close)
	passed := 0
	rapid.Check(t, func(r *rapid.T) {
		target := targets().Draw(r, "target")
		body := rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(r, "body")
		request := "POST " + target + " HTTP/1.1\r\nHost: panel.example.net\r\nConnection: close\r\n"
		if rapid.Bool().Draw(r, "chunked") {
			request += "Transfer-Encoding: chunked\r\n\r\n"
			for part := range slices.Chunk(body, rapid.IntRange(1, 700).Draw(r, "chunk")) {
				request += fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
			}
			request += "0\r\n\r\n"
		} else {
			request += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
		}
		status := sendRaw(r, front.Listener.Addr().String(), request)
		select {
		case got := <-arrivals:
			passed++
			if status != http.StatusOK || got.target != target || got.body != string(body) {
				r.Fatalf("status %d; %q arrives as %q, %d bytes of body as %d", status, target, got.target, len(body), len(got.body))
			}
		default:
			if status < 400 || status == http.StatusBadGateway {
				r.Fatalf("%q does not arrive, and the status is %d", target, status)
			}
		}
	})
	if passed == 0 {
		t.Error("nothing arrived at all")
	}
}

func sendRaw(t rapid.TB, address, request string) int {
	c, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%.200q: %v", request, err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

// forwarding draws headers by which proxies and caches say where a request came from and what it was.
func forwarding() *rapid.Generator[[]string] {
	name := rapid.OneOf(
		rapid.SampledFrom([]string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Prefix", "X-Forwarded-User", "Forwarded",
			"X-Real-Ip", "X-Original-Url", "X-Original-Method", "X-Rewrite-Url", "X-Http-Method-Override", "X-Method-Override", "True-Client-Ip", "Client-Ip", "Cf-Connecting-Ip", "X-Client-Ip",
			"X-Cluster-Client-Ip", "X-Host", "X-Url-Scheme", "Front-End-Https", "X-Originating-Ip", "Fastly-Client-Ip", "Remote-User", "Remote-Role", "X-Remote-User", "X-Auth-Request-User", "X-Authenticated-User",
			"X-Accel-Redirect", "X-Sendfile-Type", "Proxy"}),
		rapid.Map(rapid.StringMatching(`[A-Z][a-z]{0,5}`), func(s string) string { return "X-Forwarded-" + s }))
	value := rapid.SampledFrom([]string{"1.2.3.4", "10.0.0.1", "127.0.0.1, 10.0.0.2", "::1", "https", "http", "evil.example", "panel.example.net", "443", "/pay/1", "/login", "/api/auth/login", "GET", "POST", "DELETE",
		"for=10.0.0.1;proto=https;host=evil.example", "admin@demo.isp", "on", "https://panel.example.net/pay/1", "", "\xff"})
	return rapid.Map(rapid.SliceOfN(rapid.Custom(func(r *rapid.T) []string { return []string{name.Draw(r, "name"), value.Draw(r, "value")} }), 1, 8),
		func(pairs [][]string) []string { return slices.Concat(pairs...) })
}

// told is everything that anybody learns of one request of a stranger's address: decision, answer, audit, panel.
func (h *house) told(method, target string, header ...string) string {
	h.counted, h.audited = nil, nil
	for h.last() != nil {
	}
	client := ""
	handler := h.site.Chain(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client = clientOf(r).Addr.String()
		h.Proxy.ServeHTTP(w, r)
	}))
	w := ask(handler, method, target, "a=b", append([]string{"Peer", "9.9.9.9:1", "Accept", "text/html", "Cookie", "theme=dark"}, header...)...)
	out := fmt.Sprintln(w.Code, w.Header().Values("Location"), sealed.ReplaceAllString(fmt.Sprint(w.Header().Values("Set-Cookie")), "ig1"), client, h.audited)
	for _, v := range h.counted {
		out += fmt.Sprintln(v.Decision, v.Route.Kind, v.Route.Name, v.Step, v.Malformed)
	}
	if r := h.last(); r != nil {
		out += fmt.Sprintln(r.Method, r.RequestURI, r.Host, r.Header)
	}
	return out
}

var sealed = regexp.MustCompile(`ig1\.[\w-]+`)

// TestS03_WithoutTrustNoHeaderChangesAnything: whoever is not a trusted proxy may say what he likes of addresses, hosts,
// methods and names.
func TestS03_WithoutTrustNoHeaderChangesAnything(t *testing.T) {
	h := built(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "laravel_session=x; Path=/")
		w.Header().Set("Location", "http://"+r.Host+"/next")
		w.WriteHeader(http.StatusFound)
	})
	rapid.Check(t, func(r *rapid.T) {
		h.desk.session = rapid.SampledFrom([]session.Session{{}, at(session.Password), at(session.Enrolling), full()}).Draw(r, "session")
		method := rapid.SampledFrom([]string{"GET", "POST", "HEAD", "DELETE"}).Draw(r, "method")
		target := rapid.SampledFrom([]string{"/x", "/pay/1", "/login", "/logout", "/api/auth/login", "/login-as/3", "/settings/2fa", "/x?PHPSESSID=1", "/ispgate/none"}).Draw(r, "target")
		header := forwarding().Draw(r, "header")
		h.told(method, target) // the panel is asked whose session it is only when that is due
		if plain, got := h.told(method, target), h.told(method, target, header...); got != plain {
			r.Fatalf("%s %s with %q:\n%s\nwithout:\n%s", method, target, header, got, plain)
		}
	})
}
