// Package recent is a map that forgets: bounded memory for what was seen not long ago, safe for concurrent use.
//
// It owns two generations of entries and knows nothing of what they are. The older one goes as a whole when the newer one is
// full or has lived long enough, so that nothing has to be swept or counted.
package recent

import (
	"sync"
	"time"
)

// Most is the bound of a generation that names none.
const Most = 2000

// Map remembers at least the newest entries of one generation, and never more than two generations. The zero value is ready.
type Map[K comparable, V any] struct {
	Most int           // entries of one generation; 0: Most
	Life time.Duration // what was put is there for at least so long, unless a generation came after it; 0: no age ends it

	mu       sync.RWMutex
	now, old map[K]V
	since    time.Time // of now
}

// Get returns what was put last. Who needs an exact age keeps the time in the value.
func (m *Map[K, V]) Get(key K) (V, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, ok := m.now[key]
	if !ok {
		v, ok = m.old[key]
	}
	return v, ok
}

// Put remembers v from now on, which is at.
func (m *Map[K, V]) Put(key K, v V, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	most := m.Most
	if most == 0 {
		most = Most
	}
	if m.now == nil || len(m.now) >= most || m.Life > 0 && at.Sub(m.since) >= m.Life {
		m.now, m.old, m.since = map[K]V{}, m.now, at
	}
	m.now[key] = v
}
