package panel

import (
	"sync"

	"github.com/ispgate/ispgate/internal/keyring"
)

const maxBoxes = 5000 // of one generation

// boxes keeps the ciphers of sessions that were here not long ago: to derive them costs as much as to open a few cookies. The zero
// value is ready.
type boxes struct {
	mu       sync.RWMutex
	now, old map[string]*keyring.Box
}

func (b *boxes) of(id string, derive func() *keyring.Box) *keyring.Box {
	b.mu.RLock()
	box := b.now[id]
	b.mu.RUnlock()
	if box != nil {
		return box
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if box = b.old[id]; box == nil {
		box = derive()
	}
	if b.now == nil || len(b.now) >= maxBoxes {
		b.now, b.old = map[string]*keyring.Box{}, b.now
	}
	b.now[id] = box
	return box
}
