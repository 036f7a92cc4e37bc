package security

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/mission/office"
)

// What may be sent to us is bounded, and refused as what it is.
func TestS42_HeadersAndFormsAreBounded(t *testing.T) {
	o := theOffice(t)
	c := o.Clerk(t)
	for _, test := range []struct {
		name   string
		pad    int // bytes in one header
		status int
	}{{"a long header", 40 << 10, 200}, {"headers beyond 64 KiB", 80 << 10, 431}} {
		answer := raw(t, o, "GET /ispgate/login HTTP/1.1\r\nHost: panel.example.net\r\nAccept: text/html\r\nX-Pad: "+strings.Repeat("x", test.pad)+"\r\n\r\n")
		if answer == nil || answer.StatusCode != test.status {
			t.Errorf("%s: %s, want %d", test.name, statusOf(answer), test.status)
		}
	}
	for _, page := range []string{office.Login, office.Logout} {
		c.PostForm(page, url.Values{"username": {c.Email}, "password": {"x"}, "pad": {strings.Repeat("x", 16<<10)}}).Want(http.StatusRequestEntityTooLarge)
	}
}

// Whoever sends the head of a request by drops is hung up on after ten seconds, and keeps nobody else waiting meanwhile.
func TestS42_SlowHeadersKeepNobodyWaiting(t *testing.T) {
	o := theOffice(t)
	c := o.Clerk(t)
	c.LogIn()
	var slow []net.Conn
	for range 300 {
		conn, err := net.DialTimeout("tcp", o.Host(), 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET /dashboard HTTP/1.1\r\nHost: panel.example.net\r\nX-Slow: "); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, conn)
	}
	for range 10 {
		c.WantPanel()
	}
	for _, conn := range slow {
		conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		if text, err := io.ReadAll(conn); err != nil || strings.Contains(string(text), " 200 ") {
			t.Fatalf("a head that never ends: %q, %v", text, err)
		}
	}
}

// Uploads and downloads flow through: what is on its way is not kept in memory.
func TestS42_BigBodiesAreNotHeld(t *testing.T) {
	const size, most = 1 << 30, 64 << 20
	whole := theOffice(t)
	o := whole.Branch(t, "panel", panelAt(between(t, whole, func(w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/big/up":
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n, " ", err)
		case "/big/down":
			w.Header().Set("Content-Type", "application/octet-stream")
			io.CopyN(w, zeros{}, size)
		default:
			return false
		}
		return true
	}, nil)))
	c := whole.Clerk(t).At(o)
	c.LogIn()
	before := peak(t, o)
	up := request(t, "POST", "/big/up", "", "Content-Type", "application/octet-stream")
	up.Body, up.ContentLength = io.NopCloser(io.LimitReader(zeros{}, size)), size
	if page := send(t, c.Browser, up); page.Body != fmt.Sprint(size, " <nil>") {
		t.Errorf("of an upload of %d bytes the panel says %.100q", size, page.Body)
	}
	down := request(t, "GET", "/big/down", "")
	down.Header.Set("Cookie", c.Cookies("/"))
	answer, err := c.Transport.RoundTrip(down)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if n, err := io.Copy(io.Discard, answer.Body); n != size || err != nil {
		t.Errorf("%d bytes of %d come down, %v", n, size, err)
	}
	if after := peak(t, o); after > most {
		t.Errorf("the gateway's memory grew from %d to %d MiB, want at most %d", before>>20, after>>20, most>>20)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// peak is the most memory that the gateway ever had at once, in bytes.
func peak(t *testing.T, o *office.Office) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", o.Gateway.PID()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib := 0
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
