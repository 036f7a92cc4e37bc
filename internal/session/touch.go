package session

import (
	"context"
	"errors"
	"strconv"
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

// lagBits are what the value of the idle clock has for the time since a person acted.
const lagBits = 30

// activity is the value of the idle clock: when the session was last active, in Unix seconds, and how many seconds before that a
// person last acted. Redis keeps one number without a text.
func activity(seen, acted time.Time) string {
	lag := min(max(seen.Unix()-acted.Unix(), 0), 1<<lagBits-1)
	return strconv.FormatInt(seen.Unix()<<lagBits|lag, 10)
}

func readActivity(value string) (seen, acted time.Time, err error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, time.Time{}, errors.New("the time of the last activity is not a number")
	}
	at := n >> lagBits
	return time.Unix(at, 0), time.Unix(at-n&(1<<lagBits-1), 0), nil
}
