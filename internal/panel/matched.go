package panel

import (
	"net/netip"
	"strings"
	"sync"
)

// What matched remembers: a panel has some hundred addresses that are asked for again and again.
const (
	matchedMax    = 2000 // requests of one generation
	matchedTarget = 512  // bytes of a target
)

// matched remembers what requests came out as. To read a target in every way and hold it against every rule costs more than the
// rest of the gate; this way it costs the same with ten rules and with a thousand. The zero value is ready.
type matched struct {
	mu       sync.RWMutex
	now, old map[question]Route
}

// question is all that a route depends on.
type question struct {
	method, target string
	from           netip.Addr   // zero where no rule asks for it
	learned        *requestRule // what the login form was last seen to post to
}

func (m *matched) get(q question) (Route, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r, ok := m.now[q]
	if !ok {
		r, ok = m.old[q]
	}
	return r, ok
}

func (m *matched) put(q question, r Route) {
	if len(q.target) > matchedTarget || len(q.method) > matchedTarget {
		return
	}
	q.method, q.target = strings.Clone(q.method), strings.Clone(q.target) // not the whole request line
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == nil || len(m.now) >= matchedMax {
		m.now, m.old = map[question]Route{}, m.now
	}
	m.now[q] = r
}
