package account

import (
	"context"
	"fmt"
)

// tables hold rows of one account each. The audit trail keeps its own: what happened, happened.
var tables = []string{"factors", "spent_steps", "recovery_codes", "browser_accounts", "budgets", "failures", "challenges", "tickets", "spellings"}

// Delete forgets an account: its sessions end, its factor, browsers, tickets and remembered names are gone, so that a name
// used again inherits nothing (design 4.4). Whoever logs in as that person next is somebody new. It returns ErrNotFound or
// ErrTampered.
func (s *Store) Delete(ctx context.Context, account string) error {
	err := s.change(ctx, "delete an account", func(ctx context.Context, q queries) error {
		if err := s.lockRoll(ctx, q); err != nil {
			return err
		}
		r, err := s.load(ctx, q, "a.id", account)
		if err != nil {
			return err
		}
		for _, table := range tables {
			if _, err := q.exec(ctx, `DELETE FROM `+table+` WHERE account = ?`, r.ID); err != nil {
				return err
			}
		}
		if _, err := q.exec(ctx, `DELETE FROM accounts WHERE id = ?`, r.ID); err != nil {
			return err
		}
		if err := s.announce(ctx, q, Revocation{Account: r.ID, Generation: r.Generation + 1}); err != nil {
			return err
		}
		return s.writeRoll(ctx, q)
	})
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	return nil
}

// Rename pins another name to an account, as the panel calls the person now: Remote-User changes with the next login, and the
// sessions under the old name end. The typed names that led to the account are forgotten: they may be somebody else's now. It
// returns ErrNotFound, ErrTampered, ErrIdentity, or *Conflict when the name is another account's.
func (s *Store) Rename(ctx context.Context, account, name string) error {
	if err := (Identity{ID: "x", Name: name}).check(); err != nil {
		return fmt.Errorf("rename: %w", err)
	}
	if holder, err := s.find(ctx, "a.name", name); err == nil && holder.ID != account {
		return fmt.Errorf("rename: %w", taken(Identity{Name: name}, holder))
	}
	return s.alter(ctx, "rename", account, func(ctx context.Context, q queries, r *record) error {
		if r.Name != name {
			r.Name = name
			r.Generation++
		}
		_, err := q.exec(ctx, `DELETE FROM spellings WHERE account = ?`, r.ID)
		return err
	})
}

// Keyed reads the account of the panel's own word for a person, as conflicts name it. It returns ErrNotFound or ErrTampered.
func (s *Store) Keyed(ctx context.Context, key string) (Account, error) {
	r, err := s.find(ctx, "a.panel_key", key)
	return r.Account, err
}
