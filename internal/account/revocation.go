package account

import (
	"context"
	"fmt"
	"time"
)

// Revocation ends sessions on every node: those of Account older than Generation or, when Session is set, that one.
type Revocation struct {
	Account    string
	Generation int64  // 0 where Session is set
	Session    string // stable id
	At         time.Time
}

// Unmet stands for the account of a session whose person the panel has not named yet: it waits for a second step of its own.
const Unmet = "unmet"

// Generation reads the account's current generation: sessions of an older one are dead. It returns ErrNotFound or
// ErrTampered. Unmet has generation 0.
func (s *Store) Generation(ctx context.Context, account string) (int64, error) {
	if account == Unmet {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := s.load(ctx, s.reading(), "a.id", account)
	if err != nil {
		return 0, fmt.Errorf("generation: %w", err)
	}
	return r.Generation, nil
}

// Revoke ends all sessions of the account: generation + 1.
func (s *Store) Revoke(ctx context.Context, account string) error {
	return s.alter(ctx, "revoke", account, func(_ context.Context, _ queries, r *record) error {
		r.Generation++
		return nil
	})
}

// RevokeSession ends one session by its stable id.
func (s *Store) RevokeSession(ctx context.Context, account, id string) error {
	if id == "" || len(id) > 128 {
		return fmt.Errorf("revoke a session: its id has 1 to 128 bytes")
	}
	return s.change(ctx, "revoke a session", func(ctx context.Context, q queries) error {
		return s.announce(ctx, q, Revocation{Account: account, Session: id})
	})
}

// announce never writes an earlier time than a row that is already there: a writer whose clock is behind would else be
// missed by nodes that read on from the newest row they saw.
func (s *Store) announce(ctx context.Context, q queries, r Revocation) error {
	var newest int64
	if err := q.row(ctx, `SELECT COALESCE(MAX(at), 0) FROM revocations`).Scan(&newest); err != nil {
		return fmt.Errorf("announce a revocation: %w", err)
	}
	_, err := q.exec(ctx, `INSERT INTO revocations (id, account, generation, session, at) VALUES (?, ?, ?, ?, ?)`,
		randomID(), r.Account, r.Generation, r.Session, max(newest, s.millis()))
	if err != nil {
		return fmt.Errorf("announce a revocation: %w", err)
	}
	return nil
}

// Revoked returns the revocations from since on, oldest first. A poller passes the At of the newest row it has seen, less
// 10 s for transactions that committed late, and skips what it knows.
func (s *Store) Revoked(ctx context.Context, since time.Time) ([]Revocation, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var out []Revocation
	err := s.reading().each(ctx, func(scan scanner) error {
		var r Revocation
		var at int64
		if err := scan(&r.Account, &r.Generation, &r.Session, &at); err != nil {
			return err
		}
		r.At = time.UnixMilli(at)
		out = append(out, r)
		return nil
	}, `SELECT account, generation, session, at FROM revocations WHERE at >= ? ORDER BY at, id`, since.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read revocations: %w", err)
	}
	return out, nil
}
