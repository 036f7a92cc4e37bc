package recent

import (
	"testing"
	"time"
)

func want(t *testing.T, m *Map[int, string], key int, value string) {
	t.Helper()
	if got, ok := m.Get(key); got != value || ok != (value != "") {
		t.Errorf("%d is %q, %t; want %q", key, got, ok, value)
	}
}

// TestBound: at least the newest generation, at most two; the last word counts.
func TestBound(t *testing.T) {
	m, at := &Map[int, string]{Most: 3}, time.Unix(0, 0)
	want(t, m, 1, "")
	for key := range 3 {
		m.Put(key, "first", at)
	}
	m.Put(3, "second", at)
	m.Put(0, "again", at)
	want(t, m, 0, "again")
	want(t, m, 1, "first")
	m.Put(4, "second", at)
	m.Put(5, "third", at) // the first generation goes
	want(t, m, 0, "again")
	want(t, m, 1, "")
	want(t, m, 5, "third")
	var zero Map[int, string]
	for key := range 3 * Most {
		zero.Put(key, "x", at)
	}
	if n := len(zero.now) + len(zero.old); n > 2*Most {
		t.Errorf("%d entries of a map without a bound of its own", n)
	}
}

// TestLife: what was put is there for a life, and gone two later without being looked for.
func TestLife(t *testing.T) {
	m, at := &Map[int, string]{Life: time.Second}, time.Unix(0, 0)
	m.Put(1, "x", at)
	m.Put(2, "x", at.Add(999*time.Millisecond))
	m.Put(3, "x", at.Add(time.Second))
	want(t, m, 1, "x")
	want(t, m, 2, "x")
	m.Put(4, "x", at.Add(2*time.Second))
	want(t, m, 2, "")
	want(t, m, 3, "x")
}
