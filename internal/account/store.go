package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
)

// patience is how long one call may take, waiting for locks included (S35: the whole answer within 2 s). Only a test changes it.
var patience = 1800 * time.Millisecond

// Options wire a Store.
type Options struct {
	URL         string // sqlite:///path, sqlite::memory:, postgres://…, mysql://…
	Ring        *keyring.Ring
	Panel       string // panel id
	Fingerprint string // of what a name means (password source, panel id, identity read or not, its kind, fold); changed: no start
	Skew        int    // steps either side, 0 to 2
	Log         *slog.Logger
	Now         func() time.Time
}

// Store is the record of one panel's users. It is safe for concurrent use, by several processes too. Each call ends
// within 2 s; an error that is none of the sentinels is the database's.
type Store struct {
	opt      Options
	install  string
	db       database
	secrets  *keyring.Box
	trail    trail
	compared func() // told of every comparison of a TOTP code
}

func newStore(opt Options, db database) *Store {
	return &Store{opt: opt, db: db, secrets: opt.Ring.Box("factor", nil), compared: func() {}}
}

func (o Options) check() error {
	switch {
	case o.Ring == nil, o.Log == nil, o.Now == nil:
		return errors.New("account store: keyring, log and clock are needed")
	case o.Panel == "" || len(o.Panel) > 64:
		return errors.New("account store: the panel id has 1 to 64 bytes")
	case o.Skew < 0 || o.Skew > 2:
		return fmt.Errorf("account store: skew %d: it is 0 to 2 steps", o.Skew)
	}
	return nil
}

// Close writes what the audit trail still holds back and closes the database.
func (s *Store) Close() error {
	s.closeTrail()
	return s.db.close()
}

// Ping asks whether the database is there and every account that is to have a factor has it. It returns ErrMoved or
// ErrTampered where logins would be refused although the database answers.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.db.at.inPlace()
	if err == nil {
		err = s.checkRoll(ctx, s.reading())
	}
	var bare int
	if err == nil {
		err = s.reading().row(ctx, `SELECT COUNT(*) FROM accounts a LEFT JOIN factors f ON f.account = a.id WHERE a.state = 'active' AND f.id IS NULL`).Scan(&bare)
	}
	if err == nil && bare > 0 {
		err = fmt.Errorf("%w: the factors of %d accounts are gone", ErrTampered, bare)
	}
	if err != nil {
		return fmt.Errorf("ping the account database: %w", err)
	}
	return nil
}

// Installation is the random id (32 hex digits) that the database got when it was created.
func (s *Store) Installation() string { return s.install }

// Count tells how many accounts of this panel are in each state, for metrics.
func (s *Store) Count(ctx context.Context) (map[State]int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	counts := map[State]int{None: 0, Active: 0, Reset: 0}
	err := s.reading().each(ctx, func(scan scanner) error {
		var state State
		var n int
		if err := scan(&state, &n); err != nil {
			return err
		}
		counts[state] = n
		return nil
	}, `SELECT state, COUNT(*) FROM accounts WHERE panel = ? GROUP BY state`, s.opt.Panel)
	if err != nil {
		return nil, fmt.Errorf("count accounts: %w", err)
	}
	return counts, nil
}

func (s *Store) millis() int64 { return s.opt.Now().UnixMilli() }
