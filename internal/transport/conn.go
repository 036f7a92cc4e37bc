package transport

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is one connection, which carries one exchange at a time.
type conn struct {
	net.Conn
	idle   *Idle
	since  time.Time       // idle since
	raw    syscall.RawConn // nil: nobody can look into it, so that it is used once
	look   func(fd uintptr) bool
	still  bool          // what look saw
	hangUp func()        // Close, made once
	stop   func() bool   // undoes that the end of the context hangs up
	left   int64         // bytes that may be read
	r      *bufio.Reader // lent for an exchange: an idle connection has none
}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 32<<10) }}

func newConn(nc net.Conn, idle *Idle) *conn {
	c := &conn{Conn: nc, idle: idle, hangUp: func() { _ = nc.Close() }}
	if s, ok := nc.(syscall.Conn); ok {
		c.raw, _ = s.SyscallConn()
	}
	c.look = func(fd uintptr) bool {
		var one [1]byte
		_, err := syscall.Read(int(fd), one[:]) // it never blocks: Go's descriptors do not
		c.still = errors.Is(err, syscall.EAGAIN)
		return true
	}
	return c
}

// quiet reports whether the server neither hung up nor said anything that nobody asked for. The latter would be taken for the answer to
// the next request, which is somebody else's.
func (c *conn) quiet() bool {
	return c.raw != nil && c.raw.Read(c.look) == nil && c.still
}

// Read implements io.Reader for the buffer.
func (c *conn) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, errLongHead
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// exchange sends the head of r and returns the answer to it. The body gives the connection back at its end; everything else closes it.
func (c *conn) exchange(r *http.Request, head []byte, limit time.Duration) (*http.Response, error) {
	ctx := r.Context()
	c.stop = context.AfterFunc(ctx, c.hangUp)
	c.r = readers.Get().(*bufio.Reader)
	c.r.Reset(c)
	if limit > 0 {
		_ = c.SetDeadline(time.Now().Add(limit))
	}
	whole, err := c.send(head)
	var res *http.Response
	if err == nil {
		res, err = c.answer(r)
	}
	if err != nil {
		c.rest(false)
		return nil, because(ctx, err)
	}
	if limit > 0 {
		_ = c.SetDeadline(time.Time{})
	}
	// After HEAD a server may still send a body, which it must not, and which would be the answer to somebody else (RFC 9110 section 9.3.2).
	keep := whole && !res.Close && !r.Close && res.StatusCode > 199 && r.Method != http.MethodHead
	if res.Body == http.NoBody {
		c.rest(keep)
	} else {
		res.Body = &body{Reader: res.Body, conn: c, ctx: ctx, keep: keep}
	}
	return res, nil
}

// send writes the head of a request and waits for an answer to begin. A server may answer, and hang up, before it has read the whole head.
func (c *conn) send(head []byte) (whole bool, err error) {
	n, failed := c.Write(head)
	c.left = MaxHead
	_, err = c.r.Peek(1)
	switch {
	case err == nil || errors.Is(err, os.ErrDeadlineExceeded):
		return failed == nil, err
	case failed != nil && n > 0:
		return false, failed
	}
	return false, fmt.Errorf("%w: %w", errSilent, cmp.Or(failed, err))
}

// answer reads the head of the answer. Interim answers are nobody's business: the browser did not ask for them.
func (c *conn) answer(r *http.Request) (*http.Response, error) {
	for {
		res, err := http.ReadResponse(c.r, r)
		switch {
		case err != nil:
			return nil, err
		case res.StatusCode == http.StatusSwitchingProtocols:
			return nil, errSwitched
		case res.StatusCode < 100 || res.StatusCode > 199:
			c.left = math.MaxInt64
			return res, nil
		}
	}
}

// because is the error that the end of a context caused, or err.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// rest takes the buffer back from the goroutine that read, and puts the connection back among the idle ones if keep is true and nothing
// speaks against it: that the server said more than it announced, or that the context ended, perhaps only just now.
func (c *conn) rest(keep bool) {
	keep = keep && c.r.Buffered() == 0
	b := c.r
	c.r = nil
	b.Reset(nil)
	readers.Put(b)
	if c.stop() && keep {
		c.idle.put(c)
		return
	}
	c.hangUp()
}

// body is an answer's. One goroutine reads it; any may close it.
type body struct {
	io.Reader
	conn  *conn
	ctx   context.Context
	keep  bool // the connection
	state atomic.Int32
}

const (
	open int32 = iota
	ended
	closed
)

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	switch b.state.Load() {
	case ended:
		return 0, io.EOF
	case closed:
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.Reader.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		b.end()
	case err != nil:
		err = because(b.ctx, err)
		_ = b.Close()
	}
	return n, err
}

func (b *body) end() {
	if b.state.CompareAndSwap(open, ended) {
		b.conn.rest(b.keep)
	}
}

// Close implements io.Closer. Before the end of the body it hangs up, also under a Read, which may go on to use the buffer: nobody else
// gets it.
func (b *body) Close() error {
	if b.state.CompareAndSwap(open, closed) {
		b.conn.stop()
		b.conn.hangUp()
	}
	return nil
}
