package transport

import (
	"slices"
	"sync"
	"time"
)

// Idle keeps connections that nobody uses. The last one put is the first one taken: it is the least likely to be gone. It is safe for
// concurrent use. The zero value keeps none.
type Idle struct {
	Most int           // connections
	Life time.Duration // of one that nobody takes; should be shorter than the server's

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
		time.AfterFunc(i.Life, i.sweep)
	}
}

// sweep closes what nobody took for too long, and comes again when the next one is due.
func (i *Idle) sweep() {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	young := slices.IndexFunc(i.conns, func(c *conn) bool { return now.Sub(c.since) < i.Life })
	if young < 0 {
		young = len(i.conns)
	}
	for _, c := range i.conns[:young] {
		c.hangUp()
	}
	i.conns = slices.Delete(i.conns, 0, young)
	if i.sweeping = len(i.conns) > 0; i.sweeping {
		time.AfterFunc(i.Life-now.Sub(i.conns[0].since), i.sweep)
	}
}
