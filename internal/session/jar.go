package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Park keeps the panel's cookies of s, sealed under the server's keys and bound to s, for at most ttl (more than 0). It
// works before the session is stored. The error is ErrStore or says that ttl is none.
func (m *Manager) Park(ctx context.Context, s Session, jar []byte, ttl time.Duration) error {
	if s.ID == "" || ttl < time.Millisecond {
		return fmt.Errorf("park a panel jar of session %q for %s: neither may be empty", s.ID, ttl) // Redis keeps it for ever
	}
	ctx, cancel := unhurried(ctx)
	defer cancel()
	return m.broken(m.opt.Redis.Set(ctx, jarKey(s), m.jars.Seal(jar, m.opt.Installation, s.ID), ttl).Err())
}

// Claim takes the parked jar away: of all who ask, one has it. It is nil when there is none (any more) or when what is
// there does not open. The error is ErrStore.
func (m *Manager) Claim(ctx context.Context, s Session) ([]byte, error) {
	if s.ID == "" {
		return nil, nil
	}
	ctx, cancel := unhurried(ctx)
	defer cancel()
	sealed, err := m.take(ctx, jarKey(s))
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, m.broken(err)
	}
	jar, err := m.jars.Open(sealed, m.opt.Installation, s.ID)
	if err != nil {
		m.opt.Log.Warn("a parked panel jar cannot be opened", "error", err)
		return nil, nil
	}
	return jar, nil
}

// take reads a value and takes it away, once among all who try: whoever renames it has it. GETDEL would do, but a client
// repeats a command whose answer was lost on the way, and would then be told that there is nothing: here it finds its own name
// again.
func (m *Manager) take(ctx context.Context, key string) ([]byte, error) {
	mine := key + ":" + randomID()
	var renamed *redis.BoolCmd
	var value *redis.StringCmd
	_, err := m.opt.Redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		renamed = p.RenameNX(ctx, key, mine)
		value = p.Get(ctx, mine)
		return nil
	})
	sealed, missing := value.Bytes()
	switch {
	case missing == nil:
		if err := m.opt.Redis.Del(ctx, mine).Err(); err != nil { // nobody else knows its name, and it has an end
			_ = m.broken(err)
		}
		return sealed, nil
	case errors.Is(missing, redis.Nil) && absent(renamed.Err()):
		return nil, redis.Nil
	}
	return nil, cmp.Or(renamed.Err(), err, missing)
}

// absent: RENAMENX has no other word for a key that is not there. Any other error, of a Redis that is read-only or full, says
// nothing of the key.
func absent(renaming error) bool {
	return renaming == nil || strings.Contains(renaming.Error(), "no such key")
}

func jarKey(s Session) string { return slot(s.token.tag) + "jar:" + s.ID }
