package authflow

import (
	"context"
	"sync"

	"github.com/ispgate/ispgate/internal/web"
)

// turns take the forms of one session one after the other: a form that was sent twice is looked at a second time only when
// its first copy is through with everything it changes, the token last of all (S32). Two nodes do not wait for each other.
type turns struct {
	mu sync.Mutex
	m  map[string]*turn
}

type turn struct {
	free chan struct{} // holds one value while nobody has the turn
	want int           // how many have it or wait for it
}

// take waits for the turn of a session until ctx ends.
func (t *turns) take(ctx context.Context, id string) (done func(), err error) {
	one := t.join(id)
	done = func() { one.free <- struct{}{}; t.leave(id, one) }
	select {
	case <-one.free:
		return done, nil
	default:
	}
	defer web.Waiting(ctx)() // the one before may need the slot
	select {
	case <-one.free:
		return done, nil
	case <-ctx.Done():
		t.leave(id, one)
		return nil, ctx.Err()
	}
}

func (t *turns) join(id string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m == nil {
		t.m = map[string]*turn{}
	}
	one := t.m[id]
	if one == nil {
		one = &turn{free: make(chan struct{}, 1)}
		one.free <- struct{}{}
		t.m[id] = one
	}
	one.want++
	return one
}

func (t *turns) leave(id string, one *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one.want--; one.want == 0 {
		delete(t.m, id)
	}
}
