package transport

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// peer is a server that does on each connection what the test says: the first with the first, all others with the last.
type peer struct {
	net.Listener
	opened atomic.Int32
}

func newPeer(t *testing.T, plays ...func(c net.Conn, r *bufio.Reader)) *peer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{Listener: l}
	var playing sync.WaitGroup
	t.Cleanup(func() { l.Close(); playing.Wait() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			play := plays[min(int(p.opened.Add(1)), len(plays))-1]
			playing.Go(func() { defer c.Close(); play(c, bufio.NewReader(c)) })
		}
	}()
	return p
}

// direct asks the peer and nobody else; Other refuses.
func (p *peer) direct(t *testing.T) *Direct { return directTo(t, p.Addr().String()) }

var errOther = errors.New("not plain")

type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errOther }

func directTo(t *testing.T, address string) *Direct {
	d := &Direct{
		Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		},
		Other: refusing{}, Idle: Idle{Most: 8, Life: time.Minute},
	}
	t.Cleanup(d.CloseIdleConnections)
	return d
}

func request(t *testing.T, method, path string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://panel.example"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// get returns the body of an answer.
func get(t *testing.T, d *Direct, path string) string {
	t.Helper()
	res, err := d.RoundTrip(request(t, "GET", path))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// answers reads requests and answers each with its path, in the given form, until the connection ends.
func answers(form string) func(net.Conn, *bufio.Reader) {
	return func(c net.Conn, r *bufio.Reader) {
		for {
			q, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			fmt.Fprintf(c, form, len(q.URL.Path), q.URL.Path)
		}
	}
}

const lengthThenPath = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"

func TestConnectionsAreUsedAgain(t *testing.T) {
	for name, form := range map[string]string{
		"length":  lengthThenPath,
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
		"interim": "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nSet-Cookie: a=b\r\n\r\n" + lengthThenPath,
	} {
		p := newPeer(t, answers(form))
		d := p.direct(t)
		for n := range 20 {
			path := fmt.Sprintf("/%d", n)
			if got := get(t, d, path); got != path {
				t.Fatalf("%s: %s got %q", name, path, got)
			}
		}
		if n := p.opened.Load(); n != 1 {
			t.Errorf("%s: %d connections", name, n)
		}
	}
}

func TestAnswersWithoutBody(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(204)
		case "/304":
			w.WriteHeader(304)
		default:
			w.Header().Set("Content-Length", "9")
			fmt.Fprint(w, "nine byte")
		}
	}))
	defer s.Close()
	var dialled int
	d := directTo(t, s.Listener.Addr().String())
	dial := d.Dial
	d.Dial = func(ctx context.Context) (net.Conn, error) { dialled++; return dial(ctx) }
	for range 3 {
		for path, want := range map[string]int{"/204": 204, "/304": 304} {
			res, err := d.RoundTrip(request(t, "GET", path))
			if err != nil || res.StatusCode != want || res.Body != http.NoBody {
				t.Fatalf("%s: %v, %v", path, res, err)
			}
		}
	}
	if dialled != 1 {
		t.Errorf("%d connections", dialled)
	}
	for range 3 {
		res, err := d.RoundTrip(request(t, "HEAD", "/"))
		if err != nil || res.ContentLength != 9 || res.Body != http.NoBody {
			t.Fatalf("HEAD: %v, %v", res, err)
		}
	}
	if dialled != 3 {
		t.Errorf("%d connections; one that has carried a HEAD is not used again", dialled)
	}
}

// TestLateBodyOfHEAD: what a server sends after the answer to HEAD, however late, is nobody's answer.
func TestLateBodyOfHEAD(t *testing.T) {
	p := newPeer(t, func(c net.Conn, r *bufio.Reader) {
		_, _ = http.ReadRequest(r)
		fmt.Fprintf(c, lengthThenPath, 200, "")
		if q, err := http.ReadRequest(r); err == nil {
			t.Errorf("%s came after HEAD", q.URL.Path)
			fmt.Fprintf(c, lengthThenPath, 5, "stray")
		}
	}, answers(lengthThenPath))
	d := p.direct(t)
	if res, err := d.RoundTrip(request(t, "HEAD", "/")); err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	if got := get(t, d, "/next"); got != "/next" {
		t.Error(got)
	}
}

// TestRefusedEarly: a server that answers a long head before it has read all of it is asked once, and its answer is passed on.
func TestRefusedEarly(t *testing.T) {
	for _, kept := range []int{0, 1, 8} {
		var long atomic.Int32
		p := newPeer(t, func(c net.Conn, r *bufio.Reader) {
			for {
				if start, err := r.Peek(6); err != nil {
					return
				} else if string(start) == "GET /l" {
					long.Add(1)
					_, _ = io.CopyN(io.Discard, r, 8<<10)
					fmt.Fprint(c, "HTTP/1.1 431 Too Large\r\nContent-Length: 3\r\n\r\n431")
					return
				}
				_, _ = http.ReadRequest(r)
				fmt.Fprintf(c, lengthThenPath, 2, "ok")
			}
		})
		d := p.direct(t)
		for range 30 {
			var waiting []*http.Response
			for range kept {
				res, err := d.RoundTrip(request(t, "GET", "/"))
				if err != nil {
					t.Fatal(err)
				}
				waiting = append(waiting, res)
			}
			for _, res := range waiting {
				_, _ = io.Copy(io.Discard, res.Body)
			}
			r := request(t, "GET", "/long")
			r.Header.Set("Cookie", strings.Repeat("c", 60<<10))
			res, err := d.RoundTrip(r)
			if err != nil {
				t.Fatalf("%d idle connections: %v", kept, err)
			}
			if text, err := io.ReadAll(res.Body); string(text) != "431" || err != nil {
				t.Errorf("%q, %v", text, err)
			}
		}
		if n := long.Load(); n != 30 {
			t.Errorf("%d idle connections: 30 long requests were sent %d times", kept, n)
		}
	}
}

// TestSaidTooMuch: bytes behind an answer must never become the answer to the next request, which is somebody else's.
func TestSaidTooMuch(t *testing.T) {
	const stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"
	t.Run("in one piece", func(t *testing.T) {
		p := newPeer(t, answers(lengthThenPath+stray))
		d := p.direct(t)
		for _, path := range []string{"/a", "/b", "/c"} {
			if got := get(t, d, path); got != path {
				t.Fatalf("%s got %q", path, got)
			}
		}
	})
	t.Run("later", func(t *testing.T) {
		said := make(chan struct{})
		first := func(c net.Conn, r *bufio.Reader) {
			_, _ = http.ReadRequest(r)
			fmt.Fprintf(c, lengthThenPath, 2, "/a")
			<-said
			fmt.Fprint(c, stray)
			_, _ = io.Copy(io.Discard, c)
		}
		p := newPeer(t, first, answers(lengthThenPath))
		d := p.direct(t)
		get(t, d, "/a")
		idle := d.Idle.conns[0]
		close(said)
		for idle.quiet() { // takes one byte of the stray answer, and leaves the rest
			continue
		}
		if got := get(t, d, "/b"); got != "/b" || p.opened.Load() != 2 {
			t.Fatalf("got %q, %d connections", got, p.opened.Load())
		}
	})
	t.Run("length 0", func(t *testing.T) {
		p := newPeer(t, func(c net.Conn, r *bufio.Reader) {
			for {
				if _, err := http.ReadRequest(r); err != nil {
					return
				}
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"+stray)
			}
		})
		d := p.direct(t)
		for range 3 {
			if got := get(t, d, "/"); got != "" {
				t.Fatalf("got %q", got)
			}
		}
	})
}

func TestConnectionsThatDie(t *testing.T) {
	once := func(c net.Conn, r *bufio.Reader) { // and hangs up on the second request, having read it
		_, _ = http.ReadRequest(r)
		fmt.Fprintf(c, lengthThenPath, 6, "before")
		_, _ = http.ReadRequest(r)
	}
	t.Run("a used one is replaced", func(t *testing.T) {
		p := newPeer(t, once, answers(lengthThenPath))
		d := p.direct(t)
		if first, second := get(t, d, "/a"), get(t, d, "/b"); first != "before" || second != "/b" || p.opened.Load() != 2 {
			t.Fatal(first, second, p.opened.Load())
		}
	})
	t.Run("a new one is not", func(t *testing.T) {
		p := newPeer(t, func(_ net.Conn, r *bufio.Reader) { _, _ = http.ReadRequest(r) })
		if _, err := p.direct(t).RoundTrip(request(t, "GET", "/")); !errors.Is(err, errSilent) || p.opened.Load() != 1 {
			t.Fatal(err, p.opened.Load())
		}
	})
	t.Run("half an answer is no answer", func(t *testing.T) {
		for _, half := range []string{"HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 100 Continue\r\n\r\n"} {
			second := func(c net.Conn, r *bufio.Reader) {
				_, _ = http.ReadRequest(r)
				fmt.Fprintf(c, lengthThenPath, 2, "/a")
				_, _ = http.ReadRequest(r)
				fmt.Fprint(c, half)
			}
			p := newPeer(t, second, answers(lengthThenPath))
			d := p.direct(t)
			get(t, d, "/a")
			if res, err := d.RoundTrip(request(t, "GET", "/b")); err == nil || errors.Is(err, errSilent) || p.opened.Load() != 1 {
				t.Errorf("%q: %v, %v, %d connections", half, res, err, p.opened.Load())
			}
		}
	})
	t.Run("half a body is an error", func(t *testing.T) {
		p := newPeer(t, func(c net.Conn, r *bufio.Reader) {
			_, _ = http.ReadRequest(r)
			fmt.Fprintf(c, lengthThenPath, 10, "half")
		})
		res, err := p.direct(t).RoundTrip(request(t, "GET", "/"))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(res.Body); string(text) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(string(text), err)
		}
	})
}

// TestBodiesThatNobodyReads: the connection of one is closed, not used again.
func TestBodiesThatNobodyReads(t *testing.T) {
	p := newPeer(t, answers(lengthThenPath))
	d := p.direct(t)
	res, err := d.RoundTrip(request(t, "GET", "/a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(res.Body.Close(), res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if n, err := res.Body.Read(make([]byte, 1)); n != 0 || !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Error(n, err)
	}
	if got := get(t, d, "/b"); got != "/b" || p.opened.Load() != 2 {
		t.Error(got, p.opened.Load())
	}
}

// TestOtherRequests: what has a body, changes something or leaves HTTP is somebody else's.
func TestOtherRequests(t *testing.T) {
	d := newPeer(t, answers(lengthThenPath)).direct(t)
	for _, change := range []func(*http.Request){
		func(r *http.Request) { r.Method = "DELETE" },
		func(r *http.Request) { r.Method = "OPTIONS" },
		func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("x")) },
		func(r *http.Request) { r.Header.Set("Upgrade", "websocket") },
		func(r *http.Request) { r.URL.Scheme = "https" },
	} {
		r := request(t, "GET", "/")
		change(r)
		if _, err := d.RoundTrip(r); !errors.Is(err, errOther) {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
	}
}

func TestUnsendable(t *testing.T) {
	p := newPeer(t, answers(lengthThenPath))
	for name, value := range map[string]string{"X-A": "a\r\nX-B: c", "X\nB": "a", "X C": "a", "X-D": "a\x00", "": "a"} {
		r := request(t, "GET", "/")
		r.Header[name] = []string{value}
		if res, err := p.direct(t).RoundTrip(r); err == nil {
			t.Errorf("%q: %q was sent: %v", name, value, res)
		}
	}
	if n := p.opened.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestUnaskedSwitch(t *testing.T) {
	p := newPeer(t, func(c net.Conn, r *bufio.Reader) {
		_, _ = http.ReadRequest(r)
		fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = io.Copy(io.Discard, r)
	})
	if _, err := p.direct(t).RoundTrip(request(t, "GET", "/")); !errors.Is(err, errSwitched) {
		t.Error(err)
	}
}

func TestLongHeads(t *testing.T) {
	for _, piece := range []string{"X-Long: " + strings.Repeat("a", 1000) + "\r\n", strings.Repeat("a", 1000), "\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-First: "} {
		p := newPeer(t, func(c net.Conn, r *bufio.Reader) {
			_, _ = http.ReadRequest(r)
			_, err := fmt.Fprint(c, "HTTP/1.1 103 Early Hints\r\nX-First: ")
			for err == nil {
				_, err = io.WriteString(c, piece)
			}
		})
		if _, err := p.direct(t).RoundTrip(request(t, "GET", "/")); !errors.Is(err, errLongHead) {
			t.Errorf("%.20q…: %v", piece, err)
		}
	}
	p := newPeer(t, answers("HTTP/1.1 200 OK\r\nContent-Length: 10%[1]d%.0[2]s\r\n\r\n"+strings.Repeat(" ", 2*MaxHead)))
	res, err := p.direct(t).RoundTrip(request(t, "GET", "/"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if n, err := io.CopyN(io.Discard, res.Body, 101); n != 101 || !errors.Is(err, io.EOF) && err != nil {
		t.Error(n, err)
	}
	long := strings.Repeat("x", 3*MaxHead)
	p = newPeer(t, func(c net.Conn, r *bufio.Reader) {
		_, _ = http.ReadRequest(r)
		fmt.Fprintf(c, lengthThenPath, len(long), long)
	})
	if got := get(t, p.direct(t), "/"); got != long {
		t.Errorf("%d bytes of a body of %d", len(got), len(long))
	}
}

// TestContexts: the end of a context hangs up, whether a head or a body is waited for.
func TestContexts(t *testing.T) {
	for _, said := range []string{"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"} {
		asked, gone := make(chan struct{}), make(chan error, 1)
		p := newPeer(t, func(c net.Conn, r *bufio.Reader) {
			_, _ = http.ReadRequest(r)
			fmt.Fprint(c, said)
			close(asked)
			_, err := r.ReadByte()
			gone <- err
		})
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("the browser went away")
		go func() { <-asked; cancel(why) }()
		res, err := p.direct(t).RoundTrip(request(t, "GET", "/").WithContext(ctx))
		if err == nil {
			_, err = io.ReadAll(res.Body)
		}
		if !errors.Is(err, why) {
			t.Errorf("after %q: %v", said, err)
		}
		if err := <-gone; err == nil {
			t.Errorf("after %q the connection stayed", said)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newPeer(t, answers(lengthThenPath)).direct(t).RoundTrip(request(t, "GET", "/").WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestLateContext: a context that ends after its answer takes no connection away from the next request.
func TestLateContext(t *testing.T) {
	p := newPeer(t, answers(lengthThenPath))
	d := p.direct(t)
	for n := range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		res, err := d.RoundTrip(request(t, "GET", "/abc").WithContext(ctx))
		if err != nil {
			t.Fatal(n, err)
		}
		text, err := io.ReadAll(res.Body)
		cancel()
		if err != nil || string(text) != "/abc" {
			t.Fatal(n, string(text), err)
		}
	}
	if n := p.opened.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestCloseUnderARead: event streams are ended so.
func TestCloseUnderARead(t *testing.T) {
	gone := make(chan struct{})
	p := newPeer(t, func(c net.Conn, r *bufio.Reader) {
		defer close(gone)
		_, _ = http.ReadRequest(r)
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
		_, _ = io.Copy(io.Discard, r)
	})
	res, err := p.direct(t).RoundTrip(request(t, "GET", "/"))
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 9)
	if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != "data: 1\n\n" {
		t.Fatal(string(b), err)
	}
	read := make(chan error)
	go func() { _, err := res.Body.Read(b); read <- err }()
	res.Body.Close()
	if err := <-read; err == nil {
		t.Error("a read went on after the end")
	}
	<-gone
}

// TestManyAtOnce: everybody has the answer to their own question, and the race detector nothing to say.
func TestManyAtOnce(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("flush") != "" {
			w.(http.Flusher).Flush()
		}
		fmt.Fprint(w, strings.Repeat(r.URL.Path, 500))
	}))
	defer s.Close()
	d := directTo(t, s.Listener.Addr().String())
	var all sync.WaitGroup
	for lane := range 32 {
		all.Go(func() {
			for n := range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				path := fmt.Sprintf("/%d-%d", lane, n)
				r := request(t, "GET", path+map[bool]string{true: "?flush=1"}[n%2 == 0]).WithContext(ctx)
				res, err := d.RoundTrip(r)
				if err != nil {
					t.Error(err)
					cancel()
					return
				}
				switch n % 5 {
				case 3:
					res.Body.Close()
				case 4:
					cancel()
				default:
					if text, err := io.ReadAll(res.Body); err != nil || string(text) != strings.Repeat(path, 500) {
						t.Errorf("%s: %.30q… (%v)", path, text, err)
					}
				}
				res.Body.Close()
				cancel()
			}
		})
	}
	all.Wait()
}

// pipe is a server on the other end of a pipe, which has the clock of the test's bubble.
func pipe(play func(c net.Conn, r *bufio.Reader)) *Direct {
	return &Direct{Other: refusing{}, Dial: func(context.Context) (net.Conn, error) {
		here, there := net.Pipe()
		go func() { defer there.Close(); play(there, bufio.NewReader(there)) }()
		return here, nil
	}}
}

// TestHeadTime: a head has its time, a body as long as it needs.
func TestHeadTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := pipe(func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
		d.HeadTime = 30 * time.Second
		begin := time.Now()
		if _, err := d.RoundTrip(request(t, "GET", "/")); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != d.HeadTime {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		d = pipe(func(c net.Conn, r *bufio.Reader) {
			_, _ = http.ReadRequest(r)
			time.Sleep(29 * time.Second)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
			time.Sleep(time.Hour)
			fmt.Fprint(c, "late")
		})
		d.HeadTime = 30 * time.Second
		if got := get(t, d, "/"); got != "late" {
			t.Errorf("got %q", got)
		}
	})
}

// looked is a connection without a socket; quietConn is one that is quiet until closed is true.
type looked struct{ syscall.RawConn }

func (looked) Read(look func(uintptr) bool) error { look(0); return nil }

func quietConn(i *Idle, closed *atomic.Bool) *conn {
	c := &conn{idle: i, raw: looked{}, hangUp: func() { closed.Store(true) }}
	c.look = func(uintptr) bool { c.still = !closed.Load(); return true }
	return c
}

// TestClosedByTheServer: nobody holds the descriptor for the rest of an idle connection's life.
func TestClosedByTheServer(t *testing.T) {
	ended, hungUp := make(chan struct{}), make(chan struct{})
	p := newPeer(t, func(c net.Conn, r *bufio.Reader) {
		_, _ = http.ReadRequest(r)
		fmt.Fprintf(c, lengthThenPath, 2, "ok")
		_ = c.(*net.TCPConn).CloseWrite()
		close(ended)
		_, _ = io.Copy(io.Discard, r)
		close(hungUp)
	})
	d := p.direct(t)
	d.Idle.Life = time.Hour
	get(t, d, "/")
	<-ended
	for c := d.Idle.last(); c != nil; c = d.Idle.last() { // until the end has come the whole way
		d.Idle.put(c)
		d.Idle.sweep() // as it comes by itself every sweepPause
	}
	<-hungUp
}

func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &Idle{Most: 2, Life: 30 * time.Second}
		var hung []*atomic.Bool
		put := func() {
			h := new(atomic.Bool)
			hung = append(hung, h)
			i.put(quietConn(i, h))
		}
		state := func() (s string) {
			synctest.Wait()
			for _, h := range hung {
				s += map[bool]string{true: "x", false: "-"}[h.Load()]
			}
			return s
		}
		put()
		time.Sleep(20 * time.Second)
		put()
		put() // one too many
		for _, at := range []struct {
			after time.Duration
			want  string
		}{{0, "--x"}, {9 * time.Second, "--x"}, {time.Second, "x-x"}, {19 * time.Second, "x-x"}, {time.Second, "xxx"}} {
			time.Sleep(at.after)
			if got := state(); got != at.want {
				t.Errorf("after %v more: %s, want %s", at.after, got, at.want)
			}
		}
		put()
		time.Sleep(time.Minute)
		if got := state(); got != "xxxx" {
			t.Errorf("a sweep that had ended did not begin again: %s", got)
		}
	})
}

// FuzzSameAsNetHTTP: whatever a server says, net/http's own transport understands the same.
func FuzzSameAsNetHTTP(f *testing.F) {
	for _, said := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", "HTTP/1.1 200 OK\r\n\r\nuntil the end",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.1 103 E\r\nA: b\r\n\r\nHTTP/1.1 204 No\r\n\r\n", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", "HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n",
		"HTTP/1.1 099 What\r\n\r\n", "HTTP/1.1 200\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 200 OK\nA:b\n\nx", "junk", "", "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
	} {
		f.Add([]byte(said), false)
		f.Add([]byte(said), true)
	}
	log.SetOutput(io.Discard) // of the other one, about bytes that nobody asked for
	f.Cleanup(func() { log.SetOutput(os.Stderr) })
	f.Fuzz(func(t *testing.T, said []byte, head bool) {
		if len(said) > 16<<10 || bytes.Contains(said, []byte(" 101")) {
			return // other protocols are refused here, and passed on there (TestUnaskedSwitch)
		}
		d := pipe(func(c net.Conn, r *bufio.Reader) {
			_, _ = http.ReadRequest(r)
			_, _ = c.Write(said)
		})
		other := &http.Transport{DisableCompression: true, DisableKeepAlives: false, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return d.Dial(ctx) }}
		defer other.CloseIdleConnections()
		method := map[bool]string{true: "HEAD", false: "GET"}[head]
		if ours, theirs := understood(t, d, method), understood(t, other, method); ours != theirs {
			t.Errorf("%q\nours:   %s\ntheirs: %s", said, ours, theirs)
		}
	})
}

// understood is what a transport makes of an answer. Errors differ in their words.
func understood(t *testing.T, rt http.RoundTripper, method string) string {
	res, err := rt.RoundTrip(request(t, method, "/"))
	if err != nil {
		return "refused"
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return fmt.Sprintf("%s %v %d %v %q %v %t", res.Status, res.Header, res.ContentLength, res.TransferEncoding, text, res.Trailer, err == nil)
}
