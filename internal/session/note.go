package session

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// SetNote changes what s remembers. Fields in which n differs from the note that s was loaded with are written; the
// others keep what other requests wrote meanwhile, so that no mark is lost to a race. Do not set and take back the same
// field with one loaded session. It follows a rotation that raised no stage. Errors: ErrRevoked when the session is
// gone, ErrRetired when it was raised meanwhile, ErrStage for one that is not stored, ErrStore.
func (m *Manager) SetNote(ctx context.Context, s Session, n Note) error {
	if s.token.secret == nil {
		return fmt.Errorf("%w: a note needs a stored session", ErrStage)
	}
	ctx, cancel := unhurried(ctx)
	defer cancel()
	defer func() { m.recent.changed(s.ID, m.opt.Now()) }()
	for range hops {
		next, err := m.writeNote(ctx, s, n)
		if err != nil || next == nil {
			return err
		}
		s.token.secret = next
	}
	return ErrRetired
}

// writeNote returns the secret to follow when the token of s was rotated meanwhile.
func (m *Manager) writeNote(ctx context.Context, s Session, n Note) (next []byte, err error) {
	key := keysOf(s.token).record
	err = m.transact(ctx, func(tx *redis.Tx) error {
		next = nil
		e, err := m.read(ctx, tx, s.token)
		if err != nil {
			return err
		}
		r := e.record
		switch {
		case r.Version == 0:
			return errGone
		case r.Retired && r.Next == nil:
			return ErrRetired
		case r.Retired:
			next = r.Next
			return nil
		}
		left := r.until().Sub(m.opt.Now())
		if left < time.Millisecond {
			return errGone
		}
		e.record.Note = merge(s.loaded, n, r.Note)
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Set(ctx, key, m.stored(s.token, e), left)
			return nil
		})
		return err
	}, key)
	return next, err
}

// merge applies to stored what want changed of base.
func merge(base, want, stored Note) Note {
	if base.Pending == nil && want.Pending != nil && stored.Pending != nil {
		want.Pending = stored.Pending // two tabs made a secret each: the first one stays, both show it
	}
	due := settled(base.IdentityDue, want.IdentityDue, stored.IdentityDue)
	return Note{
		Pending:      changed(base.Pending, want.Pending, stored.Pending, samePending),
		Challenge:    changed(base.Challenge, want.Challenge, stored.Challenge, equal),
		As:           changed(base.As, want.As, stored.As, equal),
		IdentityDue:  due,
		Suspects:     suspects(base.IdentityDue != "" && due == "", base.Suspects, want.Suspects, stored.Suspects),
		RecoveryOnly: changed(base.RecoveryOnly, want.RecoveryOnly, stored.RecoveryOnly, equal),
		Offered:      changed(base.Offered, want.Offered, stored.Offered, equal),
		Used:         changed(base.Used, want.Used, stored.Used, equal),
	}
}

func changed[T any](base, want, stored T, same func(a, b T) bool) T {
	if same(base, want) {
		return stored
	}
	return want
}

// settled is changed for a mark that only who saw it takes back. "Log in as" explains no login that came in between.
func settled(base, want, stored string) string {
	if want != base && want != "" && strings.HasPrefix(stored, sent) {
		return underWay(want, stored)
	}
	if stored != base && (want == "" || strings.HasPrefix(want, switched) && !strings.HasPrefix(stored, switched) && stored != "") {
		return stored
	}
	return changed(base, want, stored, equal)
}

func equal[T comparable](a, b T) bool { return a == b }

func samePending(a, b *Pending) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Secret == b.Secret && a.Made.Equal(b.Made)
}
