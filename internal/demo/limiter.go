package demo

import (
	"sync"
	"time"
)

const (
	maxTries    = 5
	triesWindow = time.Minute
	maxKeys     = 5000
)

// limiter is Laravel's RateLimiter: a counter per key that forgets a minute after its first hit.
type limiter struct {
	mu    sync.Mutex
	now   func() time.Time
	tries map[string]tries
}

type tries struct {
	count int
	until time.Time
}

// wait is how many seconds the key is closed, rounded up; 0 = open.
func (l *limiter) wait(key string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tries[key]
	left := t.until.Sub(l.now())
	if t.count < maxTries || left <= 0 {
		return 0
	}
	return int((left + time.Second - 1) / time.Second)
}

func (l *limiter) hit(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if len(l.tries) >= maxKeys {
		for k, t := range l.tries {
			if !now.Before(t.until) {
				delete(l.tries, k)
			}
		}
	}
	t := l.tries[key]
	if !now.Before(t.until) {
		t = tries{until: now.Add(triesWindow)}
	}
	t.count++
	l.tries[key] = t
}

func (l *limiter) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tries, key)
}
