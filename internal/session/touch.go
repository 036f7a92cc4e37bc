package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Touch says that s was active now. acted is false for what pages do by themselves (a GET by a script): that counts only
// within 2 × idle of the last time when a person acted (T16). It writes at most once a minute and session, and never brings
// one back that is over. The error is ErrStore.
func (m *Manager) Touch(ctx context.Context, s Session, acted bool) error {
	now := m.opt.Now()
	if h := s.held; h != nil {
		if !h.mu.TryLock() { // another request of the session writes just now
			return nil
		}
		defer h.mu.Unlock()
		s.Seen, s.Acted = h.seen, h.acted
	}
	left := min(m.opt.Idle, s.until.Sub(now))
	last := s.Seen
	if acted {
		last, s.Acted = s.Acted, now
	}
	if s.Stage == Anonymous || now.Sub(last) < min(time.Minute, m.opt.Idle/2) || left < time.Millisecond || now.Sub(s.Acted) >= 2*m.opt.Idle {
		return nil
	}
	ctx, cancel := unhurried(ctx)
	defer cancel()
	err := m.opt.Redis.SetXX(ctx, keysOf(s.token).seen, activity(now, s.Acted), left).Err()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	if err == nil && s.held != nil {
		s.held.seen, s.held.acted = now, s.Acted
	}
	return m.broken(err)
}

// activity is the value of the idle clock: when the session was last active, and when a person last acted. Unix seconds.
func activity(seen, acted time.Time) string {
	return fmt.Sprintf("%d %d", seen.Unix(), acted.Unix())
}

func readActivity(value string) (seen, acted time.Time, err error) {
	var s, a int64
	if n, err := fmt.Sscanf(value, "%d %d", &s, &a); err != nil || n != 2 {
		return time.Time{}, time.Time{}, errors.New("the time of the last activity is not a number")
	}
	return time.Unix(s, 0), time.Unix(a, 0), nil
}
