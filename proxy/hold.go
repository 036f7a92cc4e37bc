package proxy

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	maxHeld = 256 << 10       // bytes of an answer that is looked into
	heldFor = 5 * time.Second // that an answer is kept from the browser for it (design 4.3)
)

// hold reads the beginning of an answer and puts it back: at most 256 KiB, and what is there when ctx ends. whole: that is all
// of it.
func hold(ctx context.Context, res *http.Response) (head []byte, whole bool) {
	a := &ahead{body: res.Body, chunks: make(chan []byte), closed: make(chan struct{})}
	res.Body = a
	go a.run()
	for len(a.rest) <= maxHeld {
		select {
		case chunk, more := <-a.chunks:
			if !more {
				return a.rest, a.err == io.EOF
			}
			a.rest = append(a.rest, chunk...)
		case <-ctx.Done():
			return a.rest, false
		}
	}
	return a.rest[:maxHeld], false
}

// ahead reads a body in a goroutine of its own: one that stalls can be left, and read on later.
type ahead struct {
	body   io.ReadCloser
	chunks chan []byte // closed at the end
	err    error       // of the end
	rest   []byte      // received, not yet read
	closed chan struct{}
	once   sync.Once
}

func (a *ahead) run() {
	defer close(a.chunks)
	for a.err == nil {
		b := make([]byte, 32<<10)
		var n int
		if n, a.err = a.body.Read(b); n == 0 {
			continue
		}
		select {
		case a.chunks <- b[:n]:
		case <-a.closed:
			return
		}
	}
}

func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		chunk, more := <-a.chunks
		if !more {
			return 0, cmp.Or(a.err, http.ErrBodyReadAfterClose)
		}
		a.rest = chunk
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

func (a *ahead) Close() error {
	a.once.Do(func() { close(a.closed) })
	return a.body.Close()
}
