package account

import (
	"context"
	"fmt"
	"time"
)

// alter changes one account: its row is locked and checked, fn changes it, its MAC and, where a factor came or went, the
// roll of active ones are written anew. A raised generation is announced to the nodes in the same transaction.
func (s *Store) alter(ctx context.Context, what, id string, fn func(context.Context, queries, *record) error) error {
	return s.change(ctx, what, func(ctx context.Context, q queries) error {
		r, err := s.lock(ctx, q, id)
		if err != nil {
			return err
		}
		before := r
		if err := fn(ctx, q, &r); err != nil {
			return err
		}
		if err := s.saveRecord(ctx, q, &before, &r); err != nil {
			return err
		}
		if r.Generation == before.Generation {
			return nil
		}
		return s.announce(ctx, q, Revocation{Account: r.ID, Generation: r.Generation})
	})
}

// lock reads an account that nobody else changes until the transaction ends.
func (s *Store) lock(ctx context.Context, q queries, id string) (record, error) {
	n, err := q.exec(ctx, `UPDATE accounts SET turn = turn + 1 WHERE id = ? AND panel = ?`, id, s.opt.Panel)
	if err != nil {
		return record{}, err
	}
	if n != 1 {
		return record{}, ErrNotFound
	}
	return s.load(ctx, q, "a.id", id)
}

func (s *Store) saveRecord(ctx context.Context, q queries, before, r *record) error {
	rolled := before.State != r.State || before.factors != r.factors || r.State == Active && (before.Name != r.Name || before.Key != r.Key)
	if rolled {
		if err := s.lockRoll(ctx, q); err != nil {
			return err
		}
	}
	if err := s.overwrite(ctx, q, r); err != nil || !rolled {
		return err
	}
	return s.writeRoll(ctx, q)
}

// overwrite is the one place where an account's row changes: its MAC goes with it.
func (s *Store) overwrite(ctx context.Context, q queries, r *record) error {
	r.Enabled = r.Enabled.Truncate(time.Millisecond)
	_, err := q.exec(ctx, `UPDATE accounts SET panel = ?, panel_key = ?, name = ?, state = ?, generation = ?, enabled_at = ?, factors = ?, code_set = ?, mac = ? WHERE id = ?`,
		r.panel, r.Key, r.Name, string(r.State), r.Generation, r.enabledMillis(), r.factors, r.codeSet, s.opt.Ring.MAC("account", s.recordParts(r)...), r.ID)
	return err
}

// Disable takes the factor and the recovery codes away after a confirmation: state none, generation + 1, devices void.
// Spent steps and the budget's failures stay. challenge names the confirmation, whose slot is freed. It returns ErrState
// unless the account is active.
func (s *Store) Disable(ctx context.Context, account, challenge string) error {
	return s.alter(ctx, "disable", account, func(ctx context.Context, q queries, r *record) error {
		if r.State != Active {
			return ErrState
		}
		if _, err := q.exec(ctx, `DELETE FROM challenges WHERE account = ? AND id = ?`, account, challenge); err != nil {
			return err
		}
		return s.strip(ctx, q, r, None)
	})
}

// Reset is an administrator's: like Disable, from any state, but to state reset, so that the next login enrols with a
// ticket, one that is issued after it.
func (s *Store) Reset(ctx context.Context, account string) error {
	return s.alter(ctx, "reset", account, func(ctx context.Context, q queries, r *record) error {
		return s.strip(ctx, q, r, Reset)
	})
}

// strip leaves the account without a factor.
func (s *Store) strip(ctx context.Context, q queries, r *record, state State) error {
	if _, err := q.exec(ctx, `DELETE FROM factors WHERE account = ?`, r.ID); err != nil {
		return err
	}
	if err := s.dropCodes(ctx, q, r); err != nil {
		return err
	}
	r.State, r.factors, r.secrets, r.Enabled = state, "", nil, time.Time{}
	r.Generation++
	if err := s.dropTicket(ctx, q, r.ID); err != nil {
		return err
	}
	return s.dropDevices(ctx, q, r.ID)
}

// Regenerate makes ten new recovery codes after a confirmation and returns them in clear once; all old ones are void. Other
// sessions and devices end (S24). It returns ErrState unless the account is active.
func (s *Store) Regenerate(ctx context.Context, account string) (codes []string, err error) {
	err = s.alter(ctx, "regenerate", account, func(ctx context.Context, q queries, r *record) (err error) {
		if r.State != Active {
			return ErrState
		}
		if codes, err = s.newCodes(ctx, q, r); err != nil {
			return err
		}
		r.Generation++
		return s.dropDevices(ctx, q, r.ID)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// dropDevices forgets in which browsers the account entered a code (S44).
func (s *Store) dropDevices(ctx context.Context, q queries, account string) error {
	if _, err := q.exec(ctx, `DELETE FROM browser_accounts WHERE account = ?`, account); err != nil {
		return fmt.Errorf("forget browsers: %w", err)
	}
	return nil
}
