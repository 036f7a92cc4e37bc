package session

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// Touch says that s was active now. acted is false for what pages do by themselves (a GET by a script): that counts only
// within 2 × idle of the last time when a person acted (T16). It writes at most once a minute and session, and never brings
// one back that is over. The error is ErrStore.
func (m *Manager) Touch(ctx context.Context, s Session, acted bool) error {
	at := clock{s.Seen, s.Acted}
	if h := s.held; h != nil {
		if !h.mu.TryLock() { // another request of the session writes just now
			return nil
		}
		defer h.mu.Unlock()
		at = h.clock
	}
	if _, due := m.moved(at, acted); !due || s.Stage == Anonymous || !m.opt.Now().Before(s.until) {
		return nil
	}
	ctx, cancel := unhurried(ctx)
	defer cancel()
	at, err := m.move(ctx, keysOf(s.token).record, acted)
	if err == nil && s.held != nil {
		s.held.clock = at
	}
	return err
}

// move moves the idle clock of a record that is there and not idle, unless another node was faster, and returns it.
func (m *Manager) move(ctx context.Context, key string, acted bool) (at clock, err error) {
	err = m.transact(ctx, func(tx *redis.Tx) error {
		values, err := tx.MGet(ctx, key).Result()
		if err != nil {
			return err
		}
		text, _ := values[0].(string)
		var sealed string
		if at, sealed, err = readClock(text); err != nil || m.idle(at) { // over, or retired
			return nil
		}
		to, due := m.moved(at, acted)
		if !due {
			return nil
		}
		if _, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.SetXX(ctx, key, append(to.bytes(), sealed...), redis.KeepTTL)
			return nil
		}); err != nil && !errors.Is(err, redis.Nil) { // nil: it came to its end in between
			return err
		}
		at = to
		return nil
	}, key)
	return at, err
}
