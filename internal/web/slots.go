package web

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	slotPatience = 2 * time.Second       // that a form waits for slots in all; then it goes on without: a slot makes room for others, it guards nothing
	slotLease    = 50 * time.Millisecond // after which a slot is somebody else's: who works so long waits for something, a store perhaps
)

// Slots let a few forms of ours be worked on at a time. Many at once, as when everybody logs in at eight, would each take their share of the
// processors, and the pages of those who are logged in would wait behind all of them. A form that waits for the panel has no slot
// meanwhile: a panel that is slow to one keeps nobody waiting. It is safe for concurrent use.
type Slots struct {
	mu      sync.Mutex
	free    int
	resumed []chan struct{} // those who go on after a wait come before those who begin
	fresh   []chan struct{}
}

// NewSlots makes n of them, at least one.
func NewSlots(n int) *Slots { return &Slots{free: n} }

// Free is how many of them nobody has.
func (s *Slots) Free() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free
}

// take reports whether there was a slot in time.
func (s *Slots) take(ctx context.Context, queue *[]chan struct{}, patience time.Duration) bool {
	mine := s.join(queue)
	if mine == nil {
		return true
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-mine:
		return true
	case <-late.C:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(*queue, mine)
	if i < 0 { // it came in this moment
		return true
	}
	*queue = slices.Delete(*queue, i, i+1)
	return false
}

// join returns what is closed when a slot is there; nil: one is.
func (s *Slots) join(queue *[]chan struct{}) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free > 0 {
		s.free--
		return nil
	}
	mine := make(chan struct{})
	*queue = append(*queue, mine)
	return mine
}

func (s *Slots) give() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, queue := range []*[]chan struct{}{&s.resumed, &s.fresh} {
		if len(*queue) > 0 {
			close((*queue)[0])
			*queue = (*queue)[1:]
			return
		}
	}
	s.free++
}

// Queue lets a form that asks the panel or checks a code wait for one of the Slots, and keep it until it begins to answer.
func (s *Site) Queue(h Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error { return s.Slots.serve(h, w, r) }
}

// serve works on a form in a slot. Without Slots it just does.
func (s *Slots) serve(h Handler, w http.ResponseWriter, r *http.Request) error {
	if s == nil {
		return h(w, r)
	}
	p := &place{slots: s, patience: slotPatience}
	p.queue(r.Context(), &s.fresh)
	defer p.end()
	if r.Context().Err() != nil { // the browser hung up meanwhile
		panic(http.ErrAbortHandler)
	}
	return h(leaving{w, p}, r.WithContext(context.WithValue(r.Context(), placeKey{}, p)))
}

// leaving ends the work when the answer is made: who does not read it keeps nobody waiting.
type leaving struct {
	http.ResponseWriter
	place *place
}

func (w leaving) Write(b []byte) (int, error) {
	w.place.end()
	return w.ResponseWriter.Write(b)
}

func (w leaving) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// place is one form's; what works on it in the background afterwards has none.
type place struct {
	slots *Slots

	mu       sync.Mutex
	away     int           // how many wait for something
	patience time.Duration // that is left
	lease    *time.Timer   // of its slot; nil: it has none
	leases   int           // so far
	over     bool
}

type placeKey struct{}

// Waiting lets others work while a form, if ctx is that of one, waits for something that takes no processor time of ours. To be called
// once, resume ends that: it waits for a slot, for as long as the form has patience (2 s in all) and ctx lasts.
func Waiting(ctx context.Context) (resume func()) {
	p, ok := ctx.Value(placeKey{}).(*place)
	if !ok {
		return func() {}
	}
	p.leave()
	return func() { p.resume(ctx) }
}

func (p *place) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away++
	p.free()
}

func (p *place) resume(ctx context.Context) {
	p.mu.Lock()
	p.away--
	p.mu.Unlock()
	if p.works() {
		p.queue(ctx, &p.slots.resumed)
	}
}

// queue waits for a slot as long as there is patience left.
func (p *place) queue(ctx context.Context, queue *[]chan struct{}) {
	p.mu.Lock()
	left, since := p.patience, time.Now()
	p.mu.Unlock()
	got := p.slots.take(ctx, queue, left)
	p.mu.Lock()
	p.patience -= time.Since(since)
	p.mu.Unlock()
	if got {
		p.got()
	}
}

// works: nothing is waited for, and there is something to do.
func (p *place) works() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.away == 0 && !p.over && p.lease == nil
}

// got keeps a slot until the lease is over, unless it is of no use any more.
func (p *place) got() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lease != nil || p.away > 0 || p.over {
		p.slots.give()
		return
	}
	p.leases++
	number := p.leases
	p.lease = time.AfterFunc(slotLease, func() { p.lapse(number) })
}

// lapse ends one lease, not the one that came after it.
func (p *place) lapse(number int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leases == number {
		p.free()
	}
}

func (p *place) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.free()
}

// free gives the slot back; p.mu is held.
func (p *place) free() {
	if p.lease != nil {
		p.lease.Stop()
		p.lease = nil
		p.slots.give()
	}
}
