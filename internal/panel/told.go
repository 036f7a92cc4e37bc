package panel

import (
	"log/slog"
	"sync"
)

// maxTold is how many cookie names the log hears of: a visitor can make up any number.
const maxTold = 50

// told says once, for each name, that the panel does not get a cookie of its scripts.
type told struct {
	log  *slog.Logger
	mu   sync.Mutex
	seen map[string]bool
}

func (t *told) once(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen[name] || len(t.seen) >= maxTold || len(name) > 128 {
		return
	}
	if t.seen == nil {
		t.seen = map[string]bool{}
	}
	t.seen[name] = true
	t.log.Info("a cookie that a script set is not passed on; where the panel needs it, list its name under cookies.visible", "cookie", name)
}
