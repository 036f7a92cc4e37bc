package security

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/mission/office"
)

// tap stands between the gateway and its panel and keeps what the gateway writes, byte for byte, for each connection.
type tap struct {
	sync.Mutex
	conns map[net.Conn]*bytes.Buffer
	URL   string
}

func tapped(t *testing.T, panel string) *tap {
	t.Helper()
	behind, err := url.Parse(panel)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	p := &tap{conns: map[net.Conn]*bytes.Buffer{}, URL: "http://" + listener.Addr().String()}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(c, behind.Host)
		}
	}()
	return p
}

func (p *tap) serve(c net.Conn, behind string) {
	defer c.Close()
	panel, err := net.Dial("tcp", behind)
	if err != nil {
		return
	}
	defer panel.Close()
	p.Lock()
	kept := &bytes.Buffer{}
	p.conns[c] = kept
	p.Unlock()
	go func() {
		io.Copy(panel, io.TeeReader(c, locked{p, kept}))
		panel.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(c, panel)
}

type locked struct {
	sync.Locker
	io.Writer
}

func (l locked) Write(b []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Writer.Write(b)
}

// take returns what the panel was asked since the last take, sorted: "METHOD target body". What two servers could read
// differently fails the test.
func (p *tap) take(t *testing.T) []string {
	t.Helper()
	p.Lock()
	defer p.Unlock()
	var asked []string
	for _, kept := range p.conns {
		text := kept.String()
		kept.Reset()
		rest := strings.NewReader(text)
		for r := bufio.NewReader(rest); ; {
			from := len(text) - rest.Len() - r.Buffered()
			if from == len(text) {
				break
			}
			wantPlainHead(t, text[from:])
			request, err := http.ReadRequest(r)
			if err != nil {
				t.Fatalf("the panel was sent %q: %v", text[from:], err)
			}
			body, err := io.ReadAll(request.Body)
			if err != nil {
				break // cut off: the browser's chunks were none
			}
			if len(request.Trailer) > 0 {
				t.Errorf("the panel was sent trailers: %v", request.Trailer)
			}
			asked = append(asked, strings.TrimSpace(request.Method+" "+request.RequestURI+" "+string(body)))
		}
	}
	slices.Sort(asked)
	return asked
}

// wantPlainHead: one framing, no folded lines, no bare CR or LF.
func wantPlainHead(t *testing.T, text string) {
	t.Helper()
	head, _, whole := strings.Cut(text, "\r\n\r\n")
	if !whole {
		t.Errorf("the panel is sent no whole head: %q", text)
	}
	lines := strings.Split(head, "\r\n")
	framed := 0
	for _, line := range lines {
		name, _, _ := strings.Cut(strings.ToLower(line), ":")
		switch {
		case name == "content-length" || name == "transfer-encoding":
			framed++
		case name == "trailer" || name == "te":
			t.Errorf("the panel is sent %q", line)
		}
		if strings.ContainsAny(line, "\r\n\x00") || strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			t.Errorf("the panel is sent the line %q", line)
		}
	}
	if framed > 1 {
		t.Errorf("the panel is sent two framings: %q", head)
	}
}

const (
	to       = " HTTP/1.1\r\nHost: panel.example.net\r\nUser-Agent: x\r\n"
	smuggled = "GET /data?smuggled" + to + "\r\n"
	farewell = "GET /ispgate/session" + to + "Connection: close\r\n\r\n"
)

// conversation sends bytes on one connection and returns the statuses of everything that is answered until it is closed.
func conversation(t *testing.T, o *office.Office, text string) []int {
	t.Helper()
	c, err := net.DialTimeout("tcp", o.Host(), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(15 * time.Second))
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(text, " ")
	var statuses []int
	for r := bufio.NewReader(c); ; method = "GET" { // only the first may be a HEAD
		answer, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("after %v: %v", statuses, err)
			}
			return statuses
		}
		io.Copy(io.Discard, answer.Body)
		statuses = append(statuses, answer.StatusCode)
	}
}

// readsAll takes a body whole before it is passed on; PHP's own server answers before.
func readsAll(w http.ResponseWriter, r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	return err != nil
}

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

func sized(text string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text) }

// Whatever is framed how ever: each request is decided for itself, and none rides to the panel on another.
func TestS10_NothingIsSmuggled(t *testing.T) {
	whole := theOffice(t)
	panel := tapped(t, between(t, whole, readsAll, nil))
	o := whole.Branch(t, "panel", panelAt(panel.URL))
	c := whole.Clerk(t).At(o)
	c.LogIn()
	cookie := "Cookie: " + c.Cookies("/") + "\r\n"
	post := "POST /x" + to + cookie
	chunked := post + "Transfer-Encoding: chunked\r\n"
	for _, test := range []struct {
		name, text string
		statuses   []int
		asked      []string
	}{
		{"pipelined: each by its own cookie", "GET /data?1" + to + "\r\n" + "GET /data?2" + to + cookie + "\r\n" + "GET /data?3" + to + "\r\n" + farewell, []int{401, 200, 401, 200}, []string{"GET /data?2"}},
		{"a refused form's body is no request", "POST /data" + to + sized("GET /data"+to+cookie+"\r\n") + farewell, []int{401}, nil},
		{"a page of ours leaves no body behind", "POST /ispgate/login" + to + sized("GET /data"+to+cookie+"\r\n") + farewell, []int{403}, nil},
		{"GET with a body", "GET /data?1" + to + cookie + sized(smuggled) + farewell, []int{200, 200}, []string{"GET /data?1 " + strings.TrimSpace(smuggled)}},
		{"Content-Length beside chunks, longer", chunked + fmt.Sprintf("Content-Length: %d\r\n\r\n0\r\n\r\n", len(smuggled)+5) + smuggled + farewell, []int{404}, []string{"POST /x"}},
		{"Content-Length beside chunks, shorter", chunked + "Content-Length: 4\r\n\r\n" + chunk(smuggled) + "0\r\n\r\n" + farewell, []int{404}, []string{"POST /x " + strings.TrimSpace(smuggled)}},
		{"two lengths", post + "Content-Length: 0\r\n" + sized(smuggled) + farewell, []int{400}, nil},
		{"two lengths in one line", post + "Content-Length: 3, 3\r\n\r\nabc" + farewell, []int{400}, nil},
		{"the same length twice", post + "Content-Length: 3\r\n" + sized("abc") + farewell, []int{404, 200}, []string{"POST /x abc"}},
		{"a signed length", post + "Content-Length: +3\r\n\r\nabc" + farewell, []int{400}, nil},
		{"a negative length", post + "Content-Length: -1\r\n\r\n" + smuggled, []int{400}, nil},
		{"a hexadecimal length", post + "Content-Length: 0x3\r\n\r\nabc" + farewell, []int{400}, nil},
		{"an empty length", post + "Content-Length:\r\n\r\n" + smuggled, []int{400}, nil},
		{"a length before the colon's blank", post + "Content-Length : 3\r\n\r\nabc" + farewell, []int{400}, nil},
		{"a length with an underscore", post + "Content_Length: 3\r\n\r\nabc" + farewell, []int{404, 405}, []string{"POST /x"}},
		{"identity", post + "Transfer-Encoding: identity\r\n" + sized("abc") + farewell, []int{501}, nil},
		{"identity after chunks", post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + smuggled, []int{501}, nil},
		{"chunks twice", chunked + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, []int{501}, nil},
		{"nearly chunks", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled, []int{501}, nil},
		{"chunks after a vertical tab", post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + smuggled, []int{400}, nil},
		{"chunks with a blank before the colon", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled, []int{400}, nil},
		{"chunks in a folded line", post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + smuggled, []int{404}, []string{"POST /x"}},
		{"a folded first line", "GET /data" + to[:11] + " X: y\r\n" + to[11:] + cookie + "\r\n", []int{400}, nil},
		{"a folded header", "GET /data?1" + to + cookie + "X-Note: a\r\n\tTransfer-Encoding: chunked\r\n\r\n" + farewell, []int{200, 200}, []string{"GET /data?1"}},
		{"a bare CR", post + "X-Note: a\rTransfer-Encoding: chunked\r\n\r\n" + smuggled, []int{400}, nil},
		{"a NUL", post + "X-Note: a\x00b\r\n\r\n" + smuggled, []int{400}, nil},
		{"bare LF", strings.ReplaceAll("GET /data?1"+to+cookie+"\r\n", "\r\n", "\n") + farewell, []int{200, 200}, []string{"GET /data?1"}},
		{"bare LF hides a header from others", "GET /data?1" + to + "X-Note: a\n" + cookie + "\r\n" + farewell, []int{200, 200}, []string{"GET /data?1"}},
		{"a chunk's size ends with a bare LF", chunked + "\r\n3\nabc\r\n0\r\n\r\n" + farewell, []int{400}, nil},
		{"a chunk extension", chunked + "\r\n3;name=\"v\"\r\nabc\r\n0;x\r\n\r\n" + farewell, []int{404}, []string{"POST /x abc"}},
		{"a chunk extension with a bare LF", chunked + "\r\n3;x\nabc\r\n0\r\n\r\n" + smuggled, []int{400}, nil},
		{"a chunk size of no number", chunked + "\r\n0x3\r\nabc\r\n0\r\n\r\n" + smuggled, []int{400}, nil},
		{"a chunk that is longer than it says", chunked + "\r\n3\r\nabcdef\r\n0\r\n\r\n" + smuggled, []int{400}, nil},
		{"a chunk size that overflows", chunked + "\r\n10000000000000003\r\nabc\r\n0\r\n\r\n" + smuggled, []int{400}, nil},
		{"trailers", chunked + "Trailer: Remote-User, Cookie\r\n\r\n3\r\nabc\r\n0\r\nRemote-User: root\r\nCookie: a=b\r\nContent-Length: 9\r\n\r\n" + farewell, []int{404}, []string{"POST /x abc"}},
		{"chunks under HTTP/1.0", "POST /x HTTP/1.0\r\nHost: panel.example.net\r\nUser-Agent: x\r\nConnection: keep-alive\r\n" + cookie + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, []int{404}, []string{"POST /x"}},
		{"headers that Connection names", post + "Connection: content-length, keep-alive, transfer-encoding\r\n" + sized(smuggled) + farewell, []int{404, 200}, []string{"POST /x " + strings.TrimSpace(smuggled)}},
		{"an absolute form of ours, then a foreign one", "GET https://panel.example.net/data?1" + to + cookie + "\r\nGET https://evil.example/data" + to + cookie + "\r\n" + farewell, []int{200, 421, 200}, []string{"GET /data?1"}},
		{"a websocket that is none", "GET /data?1" + to + cookie + "Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://panel.example.net\r\n\r\n" + smuggled + farewell, []int{200, 401, 200}, []string{"GET /data?1"}},
		{"a body that was announced", post + "Expect: 100-continue\r\n" + sized(smuggled) + farewell, []int{100, 404, 200}, []string{"POST /x " + strings.TrimSpace(smuggled)}},
		{"HTTP/2 in clear", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + smuggled, []int{405}, nil},
		{"HTTP/0.9", "GET /data\r\n" + smuggled, []int{400}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			panel.take(t)
			statuses := conversation(t, o, test.text)
			if !slices.Equal(statuses, test.statuses) {
				t.Errorf("answered %v, want %v", statuses, test.statuses)
			}
			if asked := panel.take(t); !slices.Equal(asked, test.asked) {
				t.Errorf("the panel was asked %q, want %q", asked, test.asked)
			}
		})
	}
}
