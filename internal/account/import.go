package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ispgate/ispgate/internal/keyring"
)

// importBatch is how many rows one statement writes: 12 columns of them stay far below what every database takes.
const importBatch = 200

// ErrOccupied says that a database is not as Create left it.
var ErrOccupied = errors.New("the database is in use already")

// Import brings a document into a database that Create has just made, in one transaction: all of it, or nothing. Before it ends
// every factor is opened and every MAC checked as they are in the new database; of those that only their owner can name (recovery
// codes, tickets, browsers), whether their key is there.
//
// The database becomes the installation that the document is of. All that is sealed or MACed is bound to that id (S19), and
// recovery codes, tickets and browsers are known by their MACs alone, so they could not be bound to another one. It adds nothing
// to what a copy of the database gives: whoever imports has the key file, and an occupied database never changes its id.
//
// What was spent, counted or revoked stays so. All sessions end: each generation becomes the time of the import in milliseconds,
// above whatever it may have reached since the export, so that no session that was ended in between comes back.
//
// told hears how much of the work is done. It returns the errors of Open, ErrDocument, ErrOccupied, ErrTampered.
func Import(ctx context.Context, opt Options, d *Document, by string, told func(done, of int)) (err error) {
	s, err := Open(ctx, opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.genuine(d); err != nil {
		return err
	}
	err = s.once(ctx, func(ctx context.Context, q queries) error {
		if err := s.refuseOccupied(ctx, q); err != nil {
			return err
		}
		s.install = d.installation()
		return s.bring(ctx, q, d, told)
	})
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	s.Audit(ctx, Event{Kind: "imported", Detail: by})
	return nil
}

func (s *Store) genuine(d *Document) error {
	err := s.opt.Ring.CheckMAC(d.mac, "accounts document", d.parts()...)
	switch {
	case errors.Is(err, keyring.ErrUnknownKey):
		return fmt.Errorf("%w: it was made under other keys: keys_file must be the key file of its installation: %w", ErrDocument, err)
	case err != nil:
		return fmt.Errorf("%w: it was changed since it was exported: %w", ErrDocument, err)
	}
	return nil
}

func (d *Document) installation() string {
	for _, row := range d.rows["meta"] {
		if row[0] == metaInstallation {
			return row[1].(string)
		}
	}
	return ""
}

// refuseOccupied holds the roll, so that of two imports at once the second finds what the first brought.
func (s *Store) refuseOccupied(ctx context.Context, q queries) error {
	if err := s.takeTurn(ctx, q); err != nil {
		return err
	}
	for _, name := range append([]string{"accounts", "browsers", "revoked", "audit"}, tables...) {
		var n int
		if err := q.row(ctx, `SELECT COUNT(*) FROM `+name).Scan(&n); err != nil {
			return fmt.Errorf("count the rows of %s: %w", name, err)
		}
		if n > 0 {
			return fmt.Errorf("%w: %s has %d rows; import into one that ispgate init has just made, before anything else uses it", ErrOccupied, name, n)
		}
	}
	return nil
}

// bring fills the empty tables, verifies what is in them then, and ends all sessions.
func (s *Store) bring(ctx context.Context, q queries, d *Document, told func(done, of int)) error {
	done, of := 0, d.Accounts()
	for _, t := range moved {
		of += len(d.rows[t.name])
	}
	step := func(n int) {
		done += n
		told(done, of)
	}
	for _, t := range moved {
		for rows := range slices.Chunk(d.rows[t.name], importBatch) {
			if err := s.write(ctx, q, t, rows); err != nil {
				return fmt.Errorf("write %s: %w", t.name, err)
			}
			step(len(rows))
		}
	}
	rows, err := readMoved(ctx, q)
	if err != nil {
		return err
	}
	records, err := s.verify(ctx, q, rows)
	if err != nil {
		return err
	}
	for _, r := range records {
		r.Generation = max(r.Generation+1, s.millis())
		if err := s.overwrite(ctx, q, &r); err != nil {
			return err
		}
		if err := s.announce(ctx, q, Revocation{Account: r.ID, Generation: r.Generation}); err != nil {
			return err
		}
		step(1)
	}
	return nil
}

func (s *Store) write(ctx context.Context, q queries, t table, rows [][]any) error {
	switch t.name {
	case "meta":
		for _, row := range rows {
			n, err := q.exec(ctx, `UPDATE meta SET value = ?, turn = ?, mac = ? WHERE name = ?`, row[1], row[2], row[3], row[0])
			if err == nil && n != 1 {
				err = fmt.Errorf("%w: row %v is not known", ErrDocument, row[0])
			}
			if err != nil {
				return err
			}
		}
		return nil
	case "revoked": // anew: their age is told by this database's clock
		for _, row := range rows {
			if err := s.announce(ctx, q, Revocation{row[1].(string), row[2].(int64), row[3].(string)}); err != nil {
				return err
			}
		}
		return nil
	}
	row := ", (?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
	_, err := q.exec(ctx, `INSERT INTO `+t.name+` (`+t.names()+`) VALUES `+strings.Repeat(row, len(rows))[2:], slices.Concat(rows...)...)
	return err
}
