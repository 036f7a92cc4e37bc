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
)

// throughWire sends a raw request target over a real connection and says what arrived at the panel.
func throughWire(t *testing.T, c net.Conn, r *bufio.Reader, h *house, target string) (arrived string, status int) {
	t.Helper()
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: panel.example.net\r\n\r\n", target); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("%q: %v", target, err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if got := h.last(); got != nil {
		arrived = got.RequestURI
	}
	return arrived, res.StatusCode
}

func wire(t *testing.T, h *house) (net.Conn, *bufio.Reader) {
	t.Helper()
	front := httptest.NewServer(h.proxied())
	t.Cleanup(front.Close)
	c, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, bufio.NewReader(c)
}

func TestS04_TargetsByteForByte(t *testing.T) {
	h := built(t, hello)
	c, r := wire(t, h)
	targets := []string{
		"/", "/?", "/x?", "/x??", "/x?a=1;b=2", "/x?;", "/x?a=%zz&b=%", "/x?a&a=1&a=2", "/x?a=b?c", "/a%2fb|", "/a%2Fb%2fc", "/a//b", "/a/../b", "/a/./b", "/..", "/a/b/", "/a;b=c/d", "/a:b", "/a@b",
		"/x?q=a+b%20c", "/x?q=\xe9", "/caf\xc3\xa9", "/x?[]=1&a[b]=c", "//x", "//x/y?z", "//x//", "//", "///", "//x%2fy", "/x?next=//evil", "/a\\b", "/x?a=b\\c",
	}
	for b := range 256 {
		targets = append(targets, fmt.Sprintf("/x%%%02Xy?q%%%02xz", b, b))
		if b > ' ' && b != 0x7f && b != '#' && b != '?' && b != '%' {
			targets = append(targets, "/x"+string([]byte{byte(b)})+"y?q"+string([]byte{byte(b)})+"z")
		}
	}
	for _, target := range targets {
		if got, status := throughWire(t, c, r, h, target); got != target || status != 200 {
			t.Errorf("%q arrives as %q, status %d", target, got, status)
		}
	}
}

// TestS04_DoubleSlash: a target that begins with // passes as it is or not at all.
func TestS04_DoubleSlash(t *testing.T) {
	h := built(t, hello)
	c, r := wire(t, h)
	for _, target := range []string{"//x/a|b", "//x/\xe9", "//x/a^b`c", "//x/{a}", "//x/a\\b", "//x/\""} {
		if got, status := throughWire(t, c, r, h, target); got != target && (got != "" || status != 400) {
			t.Errorf("%q arrives as %q, status %d; want it as it is, or 400", target, got, status)
		}
	}
}

// TestS04_BrokenEscapes: net/http itself refuses paths that do not decode.
func TestS04_BrokenEscapes(t *testing.T) {
	h := built(t, hello)
	for _, target := range []string{"/%", "/%zz", "/%2", "/a%", "//x/%zz", "//%"} {
		c, r := wire(t, h)
		if got, status := throughWire(t, c, r, h, target); got != "" || status != 400 {
			t.Errorf("%q arrives as %q, status %d", target, got, status)
		}
	}
}

// TestS04_AbsoluteForm: the panel sees the path alone.
func TestS04_AbsoluteForm(t *testing.T) {
	h := built(t, hello)
	c, r := wire(t, h)
	if got, _ := throughWire(t, c, r, h, "http://panel.example.net/a%2fb|?c;d"); got != "/a%2fb|?c;d" {
		t.Errorf("arrives as %q", got)
	}
}

func TestLocations(t *testing.T) {
	const own = "https://panel.example.net"
	at := ""
	h := built(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Location"] = []string{at}
		w.WriteHeader(http.StatusFound)
	})
	for _, c := range []struct{ panel, want string }{
		{"/customers?page=2", "/customers?page=2"},
		{"edit?x", "edit?x"},
		{"http://panel.example.net/x?y=%zz", own + "/x?y=%zz"},
		{"https://panel.example.net/x", own + "/x"},
		{"https://panel.example.net:8443/x", own + "/x"},
		{"HTTP://PANEL.EXAMPLE.NET/x", own + "/x"},
		{"http://panel.example.net", own + "/"},
		{"http://127.0.0.1/x", own + "/x"},
		{"//panel.example.net/x", own + "/x"},
		{"http://panel.example.net//evil.example/", own + "//evil.example/"},
		{`http://panel.example.net/\evil.example/`, own + `/\evil.example/`},
		{"https://pay.example/checkout?a=b", "https://pay.example/checkout?a=b"},
		{"//pay.example/checkout", "//pay.example/checkout"},
		{"https://panel.example.net.evil.example/x", "https://panel.example.net.evil.example/x"},
		{"https://panel.example.net@evil.example/x", "https://panel.example.net@evil.example/x"},
		{"", ""},
	} {
		at = c.panel
		if got := ask(h.proxied(), "GET", "/x", "").Header().Get("Location"); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.panel, got, c.want)
		}
	}
	for _, panelSays := range []string{"http://panel.example.net//evil.example/", "http://panel.example.net///evil.example", "http://127.0.0.1//evil.example", `//panel.example.net/\evil`, "http://panel.example.net?//evil", "http://panel.example.net#//evil"} {
		at = panelSays
		if got := ask(h.proxied(), "GET", "/x", "").Header().Get("Location"); !strings.HasPrefix(got, own+"/") {
			t.Errorf("%q leaves the origin: %q", panelSays, got)
		}
	}
}
