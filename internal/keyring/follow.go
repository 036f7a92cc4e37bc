package keyring

import "sync/atomic"

// Adopt takes the keys of another ring, as of a key file that was changed. It names the keys that came and those that are gone:
// what was sealed under those opens no longer (S36).
func (r *Ring) Adopt(next *Ring) (added, removed []string) {
	keys := next.keys()
	old := *r.now.Swap(&keys)
	return missing(old, keys), missing(keys, old)
}

// missing are the keys of all that known lacks. A key is its id and its secret: neither alone opens what it sealed.
func missing(known, all []key) (names []string) {
	for _, k := range all {
		if there, ok := find(known, k.id[:]); !ok || string(there.master) != string(k.master) {
			names = append(names, k.name())
		}
	}
	return names
}

// Following returns what derive makes of the ring's keys, and makes it anew once the ring has adopted others. derive gets a
// ring that stays as it is. The result is safe for concurrent use.
func Following[T any](r *Ring, derive func(*Ring) T) func() T {
	type derived struct {
		of    *[]key
		value T
	}
	var kept atomic.Pointer[derived]
	return func() T {
		keys := r.now.Load()
		if d := kept.Load(); d != nil && d.of == keys {
			return d.value
		}
		d := &derived{keys, derive(ringOf(*keys...))}
		kept.Store(d)
		return d.value
	}
}
