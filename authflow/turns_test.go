package authflow

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
)

// TestTurns: one at a time for a session, no waiting for others, and nothing is kept afterwards.
func TestTurns(t *testing.T) {
	var list turns
	done, waited, err := list.take(t.Context(), "a")
	if waited || err != nil {
		t.Fatalf("the first one: waited %t, %v", waited, err)
	}
	other, waited, err := list.take(t.Context(), "b")
	if waited || err != nil {
		t.Fatalf("another session: waited %t, %v", waited, err)
	}
	other()
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if _, _, err := list.take(gone, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("who hung up waits: %v", err)
	}
	inside, most := 0, 0
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			done, waited, err := list.take(t.Context(), "a")
			if !waited || err != nil {
				t.Errorf("waited %t, %v", waited, err)
				return
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			mu.Lock()
			inside--
			mu.Unlock()
			done()
		})
	}
	for list.waiting("a") < 21 {
		runtime.Gosched()
	}
	done()
	all.Wait()
	if most != 1 || len(list.m) != 0 {
		t.Errorf("%d at once; %d are kept", most, len(list.m))
	}
}

func (t *turns) waiting(id string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.m[id].want
}
