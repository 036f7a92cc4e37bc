package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/ispgate/ispgate/internal/keyring"
)

// Rows of meta, each under a MAC.
const (
	metaInstallation = "installation"
	metaFingerprint  = "fingerprint"
	metaActive       = "active" // how many accounts have an active factor; its MAC covers which
)

func (s *Store) insertMeta(ctx context.Context, q queries, name, value string, mac []byte) error {
	_, err := q.exec(ctx, `INSERT INTO meta (name, value, turn, mac) VALUES (?, ?, 0, ?)`, name, value, mac)
	return err
}

// The installation row is the one that its own value binds.
func (s *Store) metaMAC(name, value string) []byte {
	if name == metaInstallation {
		return s.opt.Ring.MAC("meta", "", name, value)
	}
	return s.opt.Ring.MAC("meta", s.install, name, value)
}

// readMeta returns ErrForeign for a row that is absent or was made under other keys or another installation.
func (s *Store) readMeta(ctx context.Context, q queries, name, install string) (string, error) {
	var value string
	var mac []byte
	err := q.row(ctx, `SELECT value, mac FROM meta WHERE name = ?`, name).Scan(&value, &mac)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("%w: it has no %s", ErrForeign, name)
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	if err := s.opt.Ring.CheckMAC(mac, "meta", install, name, value); err != nil {
		return "", fmt.Errorf("%w: its %s was not written with this key file: %w", ErrForeign, name, err)
	}
	return value, nil
}

// roll is what the MAC of the active row covers: every account with an active factor, under which key and name, with
// which factors. So neither an emptied table nor one exchanged row passes for "nobody has a second factor" (S19).
type roll struct {
	value string
	mac   []byte
	parts []string
}

func (s *Store) activeParts(listed []string) []string {
	return append([]string{s.install}, listed...)
}

// readRoll is one statement: the count and the rows are of one moment.
func (s *Store) readRoll(ctx context.Context, q queries) (roll, error) {
	var r roll
	err := q.each(ctx, func(scan scanner) error {
		var id, panel, key, name, factors sql.NullString
		if err := scan(&r.value, &r.mac, &id, &panel, &key, &name, &factors); err != nil {
			return err
		}
		if id.Valid {
			r.parts = append(r.parts, id.String, panel.String, key.String, name.String, factors.String)
		}
		return nil
	}, `SELECT m.value, m.mac, a.id, a.panel, a.panel_key, a.name, a.factors
		FROM meta m LEFT JOIN accounts a ON a.state = 'active' WHERE m.name = ? ORDER BY a.id`, metaActive)
	if err != nil {
		return roll{}, fmt.Errorf("read the active factors: %w", err)
	}
	return r, nil
}

func (r roll) count() string { return strconv.Itoa(len(r.parts) / 5) }

// checkRoll returns ErrTampered when the accounts with an active factor are not those that the gateway wrote.
func (s *Store) checkRoll(ctx context.Context, q queries) error {
	r, err := s.readRoll(ctx, q)
	if err != nil {
		return err
	}
	err = s.opt.Ring.CheckMAC(r.mac, "active", s.activeParts(r.parts)...)
	if err == nil && r.value == r.count() {
		return nil
	}
	s.opt.Log.Error("the accounts with a second factor are not those that ispgate wrote; logins without one are closed",
		"found", r.count(), "recorded", r.value, "cause", err)
	if errors.Is(err, keyring.ErrUnknownKey) {
		return fmt.Errorf("%w: the list of active factors: %w", ErrTampered, err)
	}
	return fmt.Errorf("%w: %s accounts have an active factor, %q are recorded", ErrTampered, r.count(), r.value)
}

// lockRoll keeps other changes of factors out until the transaction ends, and refuses to build on a roll that is wrong.
func (s *Store) lockRoll(ctx context.Context, q queries) error {
	if err := s.takeTurn(ctx, q); err != nil {
		return err
	}
	return s.checkRoll(ctx, q)
}

// takeTurn raises the turn of the roll, and with it waits for whoever holds it.
func (s *Store) takeTurn(ctx context.Context, q queries) error {
	n, err := q.exec(ctx, `UPDATE meta SET turn = turn + 1 WHERE name = ?`, metaActive)
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("%w: the count of active factors is gone", ErrTampered)
	}
	return nil
}

func (s *Store) writeRoll(ctx context.Context, q queries) error {
	r, err := s.readRoll(ctx, q)
	if err != nil {
		return err
	}
	_, err = q.exec(ctx, `UPDATE meta SET value = ?, mac = ? WHERE name = ?`,
		r.count(), s.opt.Ring.MAC("active", s.activeParts(r.parts)...), metaActive)
	return err
}
