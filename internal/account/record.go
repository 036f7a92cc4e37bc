package account

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// record is an account's row with what hangs on it, checked.
type record struct {
	Account
	panel   string
	factors string // ids, sorted, comma between
	codeSet string // which recovery codes count
	mac     []byte
	secrets []Secret // of the active factors
}

// One statement, so that the row and its factors are of one moment.
const selectRecord = `SELECT a.id, a.panel, a.panel_key, a.name, a.state, a.generation, a.enabled_at, a.factors, a.code_set, a.mac,
	(SELECT COUNT(*) FROM recovery_codes c WHERE c.account = a.id AND c.code_set = a.code_set AND c.used_at = 0), f.id, f.secret
	FROM accounts a LEFT JOIN factors f ON f.account = a.id WHERE a.panel = ? `

type sealedFactor struct {
	id     string
	sealed []byte
}

// load reads the one account for which column has value. It returns ErrNotFound, or ErrTampered when the row, its MAC and
// its factors do not agree (S19).
func (s *Store) load(ctx context.Context, q queries, column, value string) (record, error) {
	if err := s.db.at.inPlace(); err != nil {
		return record{}, err
	}
	var r record
	var sealed []sealedFactor
	err := q.each(ctx, func(scan scanner) (err error) {
		r, sealed, err = scanRecord(scan, sealed)
		return err
	}, selectRecord+`AND `+column+` = ? ORDER BY f.id`, s.opt.Panel, value)
	if err != nil {
		return record{}, fmt.Errorf("read the account: %w", err)
	}
	if r.ID == "" {
		return record{}, ErrNotFound
	}
	if err := s.verifyRecord(&r, sealed); err != nil {
		return record{}, err
	}
	return r, nil
}

// scanRecord reads a row of selectRecord. An account with several factors has as many rows.
func scanRecord(scan scanner, sealed []sealedFactor) (record, []sealedFactor, error) {
	var r record
	var enabled int64
	var id sql.NullString
	var secret []byte
	err := scan(&r.ID, &r.panel, &r.Key, &r.Name, &r.State, &r.Generation, &enabled, &r.factors, &r.codeSet, &r.mac, &r.CodesLeft, &id, &secret)
	if enabled > 0 {
		r.Enabled = time.UnixMilli(enabled)
	}
	if id.Valid {
		sealed = append(sealed, sealedFactor{id.String, secret})
	}
	return r, sealed, err
}

func (s *Store) verifyRecord(r *record, sealed []sealedFactor) error {
	err := s.agree(r, sealed)
	if err != nil {
		s.opt.Log.Error("an account record does not verify; the account is closed", "account", r.ID, "cause", err)
	}
	return err
}

func (s *Store) agree(r *record, sealed []sealedFactor) error {
	if err := s.opt.Ring.CheckMAC(r.mac, "account", s.recordParts(r)...); err != nil {
		return fmt.Errorf("%w: %s: wrong MAC: %w", ErrTampered, r.ID, err)
	}
	if r.State != None && r.State != Active && r.State != Reset || (r.State == Active) != (r.factors != "") {
		return fmt.Errorf("%w: %s: state and factors disagree", ErrTampered, r.ID)
	}
	ids := make([]string, len(sealed))
	for i, f := range sealed {
		ids[i] = f.id
		raw, err := s.secrets.Open(f.sealed, s.install, r.ID, f.id)
		if err != nil {
			return fmt.Errorf("%w: %s: factor: %w", ErrTampered, r.ID, err)
		}
		secret, err := ParseSecret(raw)
		if err != nil {
			return fmt.Errorf("%w: %s: factor: %w", ErrTampered, r.ID, err)
		}
		r.secrets = append(r.secrets, secret)
	}
	if strings.Join(ids, ",") != r.factors {
		return fmt.Errorf("%w: %s: not the factors it names", ErrTampered, r.ID)
	}
	return nil
}

func (s *Store) recordParts(r *record) []string {
	return []string{s.install, r.ID, r.panel, r.Key, r.Name, string(r.State), strconv.FormatInt(r.Generation, 10),
		strconv.FormatInt(r.enabledMillis(), 10), r.factors, r.codeSet}
}

func (r *record) enabledMillis() int64 {
	if r.Enabled.IsZero() {
		return 0
	}
	return r.Enabled.UnixMilli()
}

// find is load for readers. An account without an active factor is believed only while the roll of those that have one is
// right: else an emptied or exchanged table would mean that nobody has a second factor.
func (s *Store) find(ctx context.Context, column, value string) (record, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := s.load(ctx, s.reading(), column, value)
	if err != nil || r.State == Active {
		return r, err
	}
	if err := s.checkRoll(ctx, s.reading()); err != nil {
		return record{}, err
	}
	return r, nil
}

// Get reads an account by its id. It returns ErrNotFound or ErrTampered.
func (s *Store) Get(ctx context.Context, id string) (Account, error) {
	r, err := s.find(ctx, "a.id", id)
	return r.Account, err
}

// Named reads the account to which name is pinned, byte for byte. It returns ErrNotFound or ErrTampered.
func (s *Store) Named(ctx context.Context, name string) (Account, error) {
	r, err := s.find(ctx, "a.name", name)
	return r.Account, err
}
