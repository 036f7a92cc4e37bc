package account

import (
	"context"
	"errors"
	"fmt"
)

// listed is one account of a list as it was read.
type listed struct {
	record record
	sealed []sealedFactor
}

// List returns the panel's accounts by name, in the order of its bytes. Those that do not verify are left out and the
// error, ErrTampered, names their ids; it is also ErrTampered when accounts with an active factor are missing (S19).
func (s *Store) List(ctx context.Context) ([]Account, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rows, err := s.readList(ctx, s.reading(), s.opt.Panel)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	var out []Account
	var faults []error
	for _, l := range rows {
		if err := s.verifyRecord(&l.record, l.sealed); err != nil {
			faults = append(faults, err)
			continue
		}
		out = append(out, l.record.Account)
	}
	faults = append(faults, s.checkRoll(ctx, s.reading()))
	return out, errors.Join(faults...)
}

func (s *Store) readList(ctx context.Context, q queries, panel string) ([]listed, error) {
	if err := s.db.at.inPlace(); err != nil {
		return nil, err
	}
	var rows []listed
	err := q.each(ctx, func(scan scanner) error {
		r, sealed, err := scanRecord(scan, nil)
		if n := len(rows); n > 0 && rows[n-1].record.ID == r.ID {
			rows[n-1].sealed = append(rows[n-1].sealed, sealed...)
			return err
		}
		rows = append(rows, listed{r, sealed})
		return err
	}, selectRecord+`ORDER BY a.name, f.id`, panel)
	return rows, err
}
