package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// maxSpellings is how many typed names an account remembers.
const maxSpellings = 50

// Typed finds the account that a typed name led to before. It returns ErrNotFound, or ErrTampered.
func (s *Store) Typed(ctx context.Context, spelling string) (Account, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	id, err := s.typed(ctx, s.reading(), s.opt.Panel, spelling)
	if err != nil {
		return Account{}, fmt.Errorf("typed name: %w", err)
	}
	return s.Get(ctx, id)
}

func (s *Store) typed(ctx context.Context, q queries, panel, spelling string) (id string, err error) {
	if askable(spelling) == "" {
		return "", ErrNotFound
	}
	var mac []byte
	err = q.row(ctx, `SELECT account, mac FROM spellings WHERE panel = ? AND spelling = ?`, panel, spelling).Scan(&id, &mac)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", ErrNotFound
	case err != nil:
		return "", err
	}
	if err := s.opt.Ring.CheckMAC(mac, "spelling", s.install, panel, spelling, id); err != nil {
		return "", fmt.Errorf("%w: %s: a remembered name with a wrong MAC: %w", ErrTampered, id, err)
	}
	return id, nil
}

// Remember pins a typed name to the account that it led to just now. A name that led to somebody else before is a *Conflict:
// the panel has given it to another person, and no factor may be walked round by that (S16). An account remembers 50 names.
func (s *Store) Remember(ctx context.Context, acc Account, spelling string) error {
	if askable(spelling) == "" {
		return nil
	}
	if known, err := s.Typed(ctx, spelling); err == nil && known.ID == acc.ID {
		return nil // as at nearly every login
	}
	err := s.change(ctx, "remember a typed name", func(ctx context.Context, q queries) error {
		id, err := s.typed(ctx, q, s.opt.Panel, spelling)
		if err == nil && id != acc.ID {
			return s.another(ctx, q, spelling, id)
		}
		if err == nil || !errors.Is(err, ErrNotFound) {
			return err
		}
		var n int
		if err := q.row(ctx, `SELECT COUNT(*) FROM spellings WHERE account = ?`, acc.ID).Scan(&n); err != nil || n >= maxSpellings {
			return err
		}
		_, err = q.exec(ctx, `INSERT INTO spellings (panel, spelling, account, created_at, mac) VALUES (?, ?, ?, ?, ?)`,
			s.opt.Panel, spelling, acc.ID, s.millis(), s.opt.Ring.MAC("spelling", s.install, s.opt.Panel, spelling, acc.ID))
		return err
	})
	if err != nil {
		return fmt.Errorf("remember a typed name: %w", err)
	}
	return nil
}

// another is the conflict of a typed name that belongs to somebody else; one whose account is gone belongs to nobody.
func (s *Store) another(ctx context.Context, q queries, spelling, id string) error {
	holder, err := s.load(ctx, q, "a.id", id)
	if errors.Is(err, ErrNotFound) {
		_, err := q.exec(ctx, `DELETE FROM spellings WHERE panel = ? AND spelling = ?`, s.opt.Panel, spelling)
		return err
	}
	if err != nil {
		return err
	}
	return taken(Identity{Name: spelling}, holder)
}
