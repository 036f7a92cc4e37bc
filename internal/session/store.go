package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	answer   = 1500 * time.Millisecond // the time for all of one call, so that a dead Redis is answered within 2 s (S35)
	grace    = 30 * time.Second        // for requests that were on their way during a rotation
	hops     = 4                       // rotations followed within the grace
	attempts = 5                       // of a transaction that others keep disturbing

	sweepEvery = 8 << 10 // bytes of cards, which are about seventy
)

// errGone is nobody's token: logged out, idle or over.
var errGone = fmt.Errorf("%w: there is no record", ErrRevoked)

// errUnread is an end of a session of which nothing but the ID is known.
var errUnread = fmt.Errorf("%w: nobody could read whose session this is", ErrStore)

var errShut = fmt.Errorf("%w: %w", ErrStore, ErrForeign)

// bounded limits a reading call; one that changes something is finished although the browser hangs up.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, answer)
}

func unhurried(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), answer)
}

// broken turns what Redis answered into ErrStore. Our own errors, made inside a transaction, pass.
func (m *Manager) broken(err error) error {
	if err == nil || errors.Is(err, ErrRevoked) || errors.Is(err, ErrRetired) || errors.Is(err, ErrStage) {
		return err
	}
	if !errors.Is(err, context.Canceled) { // the browser hung up
		m.count()
		if m.storeLog.due(m.opt.Now()) {
			m.opt.Log.Error("redis does not answer as it should", "error", err)
		}
	}
	return fmt.Errorf("%w: %w", ErrStore, err)
}

func (m *Manager) count() {
	if m.opt.StoreError != nil {
		m.opt.StoreError()
	}
}

// read fetches what belongs to t in one round trip. A record that is there but cannot be used is nobody's, and logged.
func (m *Manager) read(ctx context.Context, c redis.Cmdable, t token) (entry, error) {
	k := keysOf(t)
	values, err := c.MGet(ctx, k.record).Result() // what is no text, which GET complains of, is nobody's, too
	if err != nil {
		return entry{}, err
	}
	e, err := m.decode(t, values[0])
	if err != nil {
		m.count()
		if m.garbageLog.due(m.opt.Now()) {
			m.opt.Log.Warn("a session in redis cannot be used", "error", err)
		}
	}
	return e, nil
}

// fetch follows t to the session it stands for now; the zero session when it stands for none.
func (m *Manager) fetch(ctx context.Context, t token) (Session, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	retired := false
	for range hops {
		e, err := m.read(ctx, m.opt.Redis, t)
		if err != nil {
			return Session{}, m.broken(err)
		}
		s := e.record.session(t)
		switch {
		case !m.opt.Now().Before(s.until): // the absolute end, whatever Redis' clock says; nobody's entry too
			return Session{}, nil
		case !e.record.Retired:
			s.token, s.Seen, s.Acted, s.loaded, s.Retired = t, e.clock.seen, e.clock.acted, s.Note, retired
			return s, nil
		case e.record.Next == nil:
			s.token, s.Retired = token{tag: t.tag, id: t.id}, true
			return s, nil
		}
		t.secret, retired = e.record.Next, true
	}
	return Session{}, nil
}

// store writes next behind its new token and retires the token of old, all or nothing.
func (m *Manager) store(ctx context.Context, old, next Session, meta Meta) (Session, error) {
	if old.token.secret == nil {
		written, err := m.commit(ctx, m.opt.Redis, old, next, meta)
		return written, m.broken(err)
	}
	k, written := keysOf(old.token), Session{}
	err := m.transact(ctx, func(tx *redis.Tx) error {
		e, err := m.read(ctx, tx, old.token)
		if err != nil {
			return err
		}
		if err := same(old, e.record); err != nil {
			return err
		}
		next := next
		stored := e.record.session(old.token)
		next.Created, next.End, next.Custody = stored.Created, stored.End, stored.Custody
		next.Note = merge(old.loaded, next.Note, stored.Note)
		written, err = m.commit(ctx, tx, old, next, meta)
		return err
	}, k.record)
	return written, err
}

// same reports why the stored record is no longer the one that old was loaded from.
func same(old Session, r record) error {
	switch {
	case r.Version == 0:
		return errGone
	case r.Retired:
		return ErrRetired
	case old.ID != old.token.session() || r.Account != hexID(old.Account) || r.Stage != old.Stage:
		return ErrStage
	}
	return nil
}

type pipeliner interface {
	TxPipelined(context.Context, func(redis.Pipeliner) error) ([]redis.Cmder, error)
}

func (m *Manager) commit(ctx context.Context, c pipeliner, old, next Session, meta Meta) (Session, error) {
	now := m.opt.Now()
	next.Note.Pending = nil // gone at any rotation (S26)
	next.loaded, next.Seen, next.Acted = next.Note, now, now
	next.until = earlier(next.End, now.Add(next.Stage.life()))
	left := next.until.Sub(now)
	if left < time.Millisecond {
		return Session{}, errGone
	}
	k := keysOf(next.token)
	card := m.sealCard(k.index, next, meta)
	var cards *redis.IntCmd
	_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, k.record, m.stored(next.token, entry{next.record(), clock{now, now}}), left)
		cards = p.Append(ctx, k.index, string(card))
		p.PExpire(ctx, k.index, m.opt.Absolute)
		if old.token.secret != nil {
			m.retire(ctx, p, old, next)
		}
		return nil
	})
	if err == nil && cards.Val()/sweepEvery != (cards.Val()-int64(len(card)))/sweepEvery { // logins without logouts leave cards behind
		m.sweep(ctx, next)
	}
	return next, err
}

// retire leaves a record that tells late requests where the session went. Across a raise it names no token: what was
// worth a password must never open what is worth a code.
func (m *Manager) retire(ctx context.Context, p redis.Pipeliner, old, next Session) {
	r := record{Version: recordVersion, Until: m.opt.Now().Add(grace).UnixMilli(), Retired: true}
	if old.Stage == next.Stage {
		r.Next = next.token.secret
	}
	p.Set(ctx, keysOf(old.token).record, m.stored(old.token, entry{record: r}), grace)
}

// remove deletes everything that belongs to the token of s, and its card.
func (m *Manager) remove(ctx context.Context, s Session) error {
	if err := m.opt.Redis.Del(ctx, keysOf(s.token).record).Err(); err != nil {
		return m.broken(err)
	}
	m.sweep(ctx, s)
	return nil
}

// transact runs do under WATCH and again when one of the keys changed meanwhile.
func (m *Manager) transact(ctx context.Context, do func(*redis.Tx) error, keys ...string) error {
	var err error
	for range attempts {
		if err = m.opt.Redis.Watch(ctx, do, keys...); !errors.Is(err, redis.TxFailedErr) {
			break
		}
	}
	return m.broken(err)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
