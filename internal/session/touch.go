package session

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Touch says that s was active now. It writes at most once a minute and session, and never brings one back that is
// over. The error is ErrStore.
func (m *Manager) Touch(ctx context.Context, s Session) error {
	now := m.opt.Now()
	left := min(m.opt.Idle, s.until.Sub(now))
	if s.Stage == Anonymous || now.Sub(s.Seen) < min(time.Minute, m.opt.Idle/2) || left < time.Millisecond {
		return nil
	}
	ctx, cancel := unhurried(ctx)
	defer cancel()
	err := m.opt.Redis.SetXX(ctx, m.keys(s.token).seen, now.Unix(), left).Err()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return m.broken(err)
}
