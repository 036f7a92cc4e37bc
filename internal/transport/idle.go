package transport

import (
	"slices"
	"sync"
	"time"
)

const sweepPause = 5 * time.Second // a connection that the server closed holds a descriptor for so long at most

// Idle keeps connections that nobody uses. The last one put is the first one taken: it is the least likely to be gone. It is safe for
// concurrent use. The zero value keeps none.
type Idle struct {
	Most int           // connections
	Life time.Duration // of one that nobody takes, or up to sweepPause more; should be shorter than the server's. 0: none is kept

	mu       sync.Mutex
	conns    []*conn // those that are idle for longest come first
	sweeping bool
}

// take returns a connection that is still open and silent; nil: there is none.
func (i *Idle) take() *conn {
	for {
		c := i.last()
		if c == nil || c.quiet() {
			return c
		}
		c.hangUp()
	}
}

func (i *Idle) last() *conn {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := len(i.conns)
	if n == 0 {
		return nil
	}
	c := i.conns[n-1]
	i.conns[n-1] = nil
	i.conns = i.conns[:n-1]
	return c
}

// put keeps a connection, or closes it.
func (i *Idle) put(c *conn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.conns) >= i.Most {
		c.hangUp()
		return
	}
	c.since = time.Now()
	i.conns = append(i.conns, c)
	if !i.sweeping {
		i.sweeping = true
		i.sweepSoon()
	}
}

func (i *Idle) sweepSoon() { time.AfterFunc(min(i.Life, sweepPause), i.sweep) }

// sweep closes what nobody took for too long, and what the server has closed.
func (i *Idle) sweep() {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	i.conns = slices.DeleteFunc(i.conns, func(c *conn) bool {
		if now.Sub(c.since) < i.Life && c.quiet() {
			return false
		}
		c.hangUp()
		return true
	})
	if i.sweeping = len(i.conns) > 0; i.sweeping {
		i.sweepSoon()
	}
}
