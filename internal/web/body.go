package web

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Patience is how long the chain waits for whoever asks (S42). A field that is zero has the time that its comment names.
type Patience struct {
	Body   time.Duration // for all of a body that is not the panel's, counted from the head of its request: 10 s
	Pause  time.Duration // for the next bytes of a body that is the panel's, and for a piece of an answer to be taken: 1 min
	Linger time.Duration // for the rest of a body that nobody wants, after the answer, and for the next bytes of any while the gateway stops: 5 s
}

func (p Patience) orUsual() Patience {
	return Patience{Body: cmp.Or(p.Body, 10*time.Second), Pause: cmp.Or(p.Pause, time.Minute), Linger: cmp.Or(p.Linger, 5*time.Second)}
}

// inbound is the body that a request announced. Its connection has a read deadline from the head on and until the body has come to
// its end: then net/http takes the deadline back itself, before it goes on reading for a hang-up. net/http alone waits without end, also
// for a body that nobody wants: it reads on before it answers.
type inbound struct {
	body    io.Reader
	hurry   *http.ResponseController // a writer without deadlines (a test's) says so
	linger  time.Duration
	pause   atomic.Int64 // nanoseconds by which each read moves the deadline; 0: it stands
	ended   atomic.Bool  // read to its end
	spoilt  atomic.Bool  // it broke off, or the time was over
	left    atomic.Bool  // nobody may read any more
	reading sync.Mutex
}

// await puts the deadline on an announced body; nil: there is none.
func (p Patience) await(w http.ResponseWriter, r *http.Request) *inbound {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil
	}
	b := &inbound{body: r.Body, hurry: http.NewResponseController(w), linger: p.Linger}
	b.within(p.Body)
	return b
}

func (b *inbound) within(d time.Duration) { _ = b.hurry.SetReadDeadline(time.Now().Add(d)) }

// Read implements io.Reader.
func (b *inbound) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	switch {
	case b.ended.Load(): // a deadline now would be taken for a hang-up
		return 0, io.EOF
	case b.left.Load():
		return 0, http.ErrBodyReadAfterClose
	}
	if pause := b.pause.Load(); pause > 0 {
		b.within(time.Duration(pause))
	}
	if b.left.Load() { // meanwhile: what leave did to the deadline has just been undone
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.body.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		b.ended.Store(true)
	case err != nil:
		b.spoilt.Store(true)
	}
	return n, err
}

// Close leaves the closing to net/http: it reads the rest first, which must not happen before the answer.
func (b *inbound) Close() error { return nil }

// stopping shortens the wait for a browser that is silent: one that goes on may end.
func (b *inbound) stopping() {
	b.pause.Store(int64(b.linger))
	if !b.ended.Load() {
		b.within(b.linger)
	}
}

// unread reports whether a body was announced whose end has not been read.
func (b *inbound) unread() bool { return b != nil && !b.ended.Load() }

// leave ends the reading when the answer is made, also that of a transport which still sends to the panel. Before net/http closes
// the connection it reads what has come meanwhile, since a browser that writes might lose the answer otherwise.
func (b *inbound) leave() {
	if !b.unread() {
		return
	}
	b.left.Store(true)
	b.within(-time.Second)
	b.reading.Lock()
	defer b.reading.Unlock()
	if !b.spoilt.Load() {
		b.within(b.linger)
	}
}
