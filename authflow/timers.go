package authflow

import (
	"sync"
	"time"
)

// timers hold at most one per session: what is parked anew is not claimed by the timer of what was parked before.
type timers struct {
	mu sync.Mutex
	m  map[string]waiting
}

type waiting struct {
	timer *time.Timer
	do    func()
}

// set starts a timer in place of the one that id had.
func (t *timers) set(id string, after time.Duration, do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m == nil {
		t.m = map[string]waiting{}
	}
	if old, ok := t.m[id]; ok {
		old.timer.Stop()
	}
	t.m[id] = waiting{time.AfterFunc(after, do), do}
}

func (t *timers) stop(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if w, ok := t.m[id]; ok {
		w.timer.Stop()
		delete(t.m, id)
	}
}

// drain takes everything that still waits, and returns what it would have done.
func (t *timers) drain() []func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	var due []func()
	for _, w := range t.m {
		if w.timer.Stop() {
			due = append(due, w.do)
		}
	}
	t.m = nil
	return due
}
