package transport

import (
	"bufio"
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
	still  bool        // what look saw
	hangUp func()      // Close, made once
	stop   func() bool // undoes that the end of the context hangs up
	left   int         // bytes that may be read
	*buffers
}

// buffers are lent to a connection for an exchange: an idle one has none.
type buffers struct {
	r *bufio.Reader
	w *bufio.Writer
}

var lent = sync.Pool{New: func() any { return &buffers{bufio.NewReaderSize(nil, 32<<10), bufio.NewWriterSize(nil, 4<<10)} }}

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
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// exchange sends r and returns the answer to it. The body gives the connection back at its end; everything else closes it.
func (c *conn) exchange(r *http.Request, limit time.Duration) (*http.Response, error) {
	ctx := r.Context()
	c.stop = context.AfterFunc(ctx, c.hangUp)
	c.buffers = lent.Get().(*buffers)
	c.r.Reset(c)
	c.w.Reset(c.Conn)
	if limit > 0 {
		_ = c.SetDeadline(time.Now().Add(limit))
	}
	res, err := c.ask(r)
	if err != nil {
		c.rest(false)
		return nil, because(ctx, err)
	}
	if limit > 0 {
		_ = c.SetDeadline(time.Time{})
	}
	keep := !res.Close && !r.Close
	if res.Body == http.NoBody {
		c.rest(keep)
	} else {
		res.Body = &body{Reader: res.Body, conn: c, ctx: ctx, keep: keep}
	}
	return res, nil
}

// ask writes the request and reads the head of its answer. Interim answers are nobody's business: the browser did not ask for them.
func (c *conn) ask(r *http.Request) (*http.Response, error) {
	c.left = MaxHead
	err := r.Write(c.w)
	if err == nil {
		err = c.w.Flush()
	}
	if err == nil {
		_, err = c.r.Peek(1)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSilent, err)
	}
	for {
		res, err := http.ReadResponse(c.r, r)
		switch {
		case err != nil:
			return nil, err
		case res.StatusCode == http.StatusSwitchingProtocols:
			return nil, errSwitched
		case res.StatusCode < 100 || res.StatusCode > 199:
			c.left = math.MaxInt
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

// rest takes the buffers back from the goroutine that read, and puts the connection back among the idle ones if keep is true and nothing
// speaks against it: that the server said more than it announced, or that the context ended, perhaps only just now.
func (c *conn) rest(keep bool) {
	keep = keep && c.r.Buffered() == 0
	b := c.buffers
	c.buffers = nil
	b.r.Reset(nil)
	b.w.Reset(nil)
	lent.Put(b)
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

// Close implements io.Closer. Before the end of the body it hangs up, also under a Read, which may go on to use the buffers: nobody else
// gets them.
func (b *body) Close() error {
	if b.state.CompareAndSwap(open, closed) {
		b.conn.stop()
		b.conn.hangUp()
	}
	return nil
}
