package account

import (
	"context"
	"database/sql"
	"fmt"
)

// Revocation ends sessions on every node: those of Account older than Generation or, when Session is set, that one.
type Revocation struct {
	Account    string
	Generation int64  // 0 where Session is set
	Session    string // stable id
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

// RevokeSession ends one session by its stable id. Doing it again leaves no second row (S34).
func (s *Store) RevokeSession(ctx context.Context, account, id string) error {
	if id == "" || len(id) > 128 {
		return fmt.Errorf("revoke a session: its id has 1 to 128 bytes")
	}
	return s.change(ctx, "revoke a session", func(ctx context.Context, q queries) error {
		var known int
		if err := q.row(ctx, `SELECT COUNT(*) FROM revoked WHERE session = ?`, id).Scan(&known); err != nil || known > 0 {
			return err
		}
		return s.announce(ctx, q, Revocation{Account: account, Session: id})
	})
}

// announce numbers the row with the turn of the roll, which it holds until the transaction ends: rows become visible in the
// order of their numbers, whatever the clocks of the writers say. Only their age is told, by the database's own clock.
func (s *Store) announce(ctx context.Context, q queries, r Revocation) error {
	if err := s.takeTurn(ctx, q); err != nil {
		return fmt.Errorf("announce a revocation: %w", err)
	}
	var turn int64
	if err := q.row(ctx, `SELECT turn FROM meta WHERE name = ?`, metaActive).Scan(&turn); err != nil {
		return fmt.Errorf("announce a revocation: %w", err)
	}
	_, err := q.exec(ctx, `INSERT INTO revoked (turn, account, generation, session, at) VALUES (?, ?, ?, ?, `+s.db.kind.now+`)`,
		turn, r.Account, r.Generation, r.Session)
	if err != nil {
		return fmt.Errorf("announce a revocation: %w", err)
	}
	return nil
}

// Revoked returns the revocations announced after a turn, oldest first, and the turn to ask after next time; 0 asks for all
// that are kept. A database that was put back to an older state has turns below what was asked: it is read anew.
func (s *Store) Revoked(ctx context.Context, after int64) ([]Revocation, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rows, turn, err := s.readRevoked(ctx, after)
	if err == nil && turn < after {
		rows, turn, err = s.readRevoked(ctx, 0)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read revocations: %w", err)
	}
	return rows, turn, nil
}

// readRevoked is one statement: the rows and the turn are of one moment. It returns ErrMoved, ErrForeign or ErrTampered when
// they are not those of the database that was opened.
func (s *Store) readRevoked(ctx context.Context, after int64) (rows []Revocation, turn int64, err error) {
	if err := s.db.at.inPlace(); err != nil {
		return nil, 0, err
	}
	var install sql.NullString
	err = s.reading().each(ctx, func(scan scanner) error {
		var account, session sql.NullString
		var generation sql.NullInt64
		err := scan(&install, &turn, &account, &generation, &session)
		if account.Valid {
			rows = append(rows, Revocation{account.String, generation.Int64, session.String})
		}
		return err
	}, `SELECT (SELECT i.value FROM meta i WHERE i.name = ?), m.turn, r.account, r.generation, r.session
		FROM meta m LEFT JOIN revoked r ON r.turn > ? WHERE m.name = ? ORDER BY r.turn`, metaInstallation, after, metaActive)
	switch {
	case err != nil:
		if there, asked := s.db.hasMeta(ctx); asked == nil && !there {
			return nil, 0, fmt.Errorf("%w: its tables are gone", ErrTampered)
		}
		return nil, 0, err
	case !install.Valid:
		return nil, 0, fmt.Errorf("%w: it was emptied", ErrTampered)
	case install.String != s.install:
		return nil, 0, ErrForeign
	}
	return rows, turn, nil
}
