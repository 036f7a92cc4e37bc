package web

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ispgate/ispgate/templates"
)

// logged is a log that a test can read while a server writes it.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// siteAt is a site at a public URL that believes 10.0.0.0/8, and its log.
func siteAt(t testing.TB, public string) (*Site, *logged) {
	t.Helper()
	u, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := templates.New(templates.Look{Product: "ISPBills", Prefix: Prefix})
	if err != nil {
		t.Fatal(err)
	}
	log := &logged{}
	return &Site{Public: u, Hosts: []string{"old.example.net"}, Trusted: Trusted{netip.MustParsePrefix("10.0.0.0/8")}, Pages: pages,
		Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: time.Now}, log
}

// ask sends one request through the chain to h. header alternates names and values; "Host" and "Peer" are not headers.
func ask(s *Site, h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = s.Public.Host
	for i := 0; i+1 < len(header); i += 2 {
		switch header[i] {
		case "Host":
			r.Host = header[i+1]
		case "Peer":
			r.RemoteAddr = header[i+1]
		default:
			r.Header.Add(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	s.Chain(h).ServeHTTP(w, r)
	return w
}

// sayTarget answers with what the chain found out.
func sayTarget(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Passed", "yes")
	_, _ = io.WriteString(w, Of(r).Target)
}

// answer is what came back over a raw connection.
type answer struct {
	status int
	header http.Header
	body   string
}

// raw sends bytes as they are over a connection of its own and reads one answer.
func raw(t *testing.T, addr, request string) answer {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

// serveChain is the chain on a real listener before a handler that says what it was given.
func serveChain(t *testing.T, s *Site, h http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(s.Chain(h))
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// lines are a log's lines; each must be one JSON object.
func lines(t *testing.T, log *logged) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, line := range strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n") {
		if line == "" {
			continue
		}
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		out = append(out, m)
	}
	return out
}

// TestS05_CanonicalHost: two spellings are one host only where every client means the same by them.
func TestS05_CanonicalHost(t *testing.T) {
	for host, want := range map[string]string{
		"Panel.Example.NET": "panel.example.net", "panel.example.net.": "panel.example.net", "panel.example.net:80": "panel.example.net",
		"panel.example.net.:80": "panel.example.net", "127.0.0.1:18480": "127.0.0.1:18480", "127.0.0.1:18480.": "127.0.0.1:18480.",
		"[::1]:8080": "[::1]:8080", "[::1]": "[::1]", "[::1]:80": "[::1]", ".": "", "": "",
	} {
		if got := canonicalHost(host, "http"); got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}
