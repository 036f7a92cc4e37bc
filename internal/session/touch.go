package session

import (
	"context"
	"errors"
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
		s.Seen, s.Acted = h.clock.seen, h.clock.acted
	}
	last := s.Seen
	if acted {
		last, s.Acted = s.Acted, now
	}
	if s.Stage == Anonymous || now.Sub(last) < min(time.Minute, m.opt.Idle/2) || !now.Before(s.until) || now.Sub(s.Acted) >= 2*m.opt.Idle {
		return nil
	}
	ctx, cancel := unhurried(ctx)
	defer cancel()
	moved := clock{now, s.Acted}
	written, err := m.move(ctx, keysOf(s.token).record, moved)
	if written && s.held != nil {
		s.held.clock = moved
	}
	return err
}

// move sets the idle clock of a record that is there and not idle yet.
func (m *Manager) move(ctx context.Context, key string, to clock) (written bool, err error) {
	err = m.transact(ctx, func(tx *redis.Tx) error {
		written = false
		values, err := tx.MGet(ctx, key).Result()
		if err != nil {
			return err
		}
		text, _ := values[0].(string)
		at, sealed, err := readClock(text)
		if err != nil || m.idle(at) { // over, or retired
			return nil
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.SetXX(ctx, key, append(to.bytes(), sealed...), redis.KeepTTL)
			return nil
		})
		written = err == nil
		if errors.Is(err, redis.Nil) { // it came to its end in between
			return nil
		}
		return err
	}, key)
	return written, err
}
