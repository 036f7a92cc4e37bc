package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
)

// Export reads every account with all that belongs to it, of one moment, while the gateway may be running. Rows that open
// nothing any more, because their key is gone or somebody changed them, stay behind. It returns ErrTampered when an account
// does not verify: mend it first, an import would refuse it. It takes as long as ctx allows.
func (s *Store) Export(ctx context.Context) (*Document, error) {
	d, err := s.export(ctx)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return d, nil
}

func (s *Store) export(ctx context.Context) (*Document, error) {
	if err := s.db.at.inPlace(); err != nil {
		return nil, err
	}
	// Read-only and repeatable: one state of all tables, and nobody waits for it.
	tx, err := s.db.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	q := queries{tx, s.db.kind.bind}
	d := &Document{Exported: s.opt.Now().UTC().Truncate(time.Millisecond)}
	if d.rows, err = readMoved(ctx, q); err != nil {
		return nil, err
	}
	for _, t := range moved {
		d.rows[t.name] = slices.DeleteFunc(d.rows[t.name], func(row []any) bool { return t.inert && s.check(t, row) != nil })
	}
	if _, err := s.verify(ctx, q, d.rows); err != nil {
		return nil, err
	}
	d.mac = s.opt.Ring.MAC("accounts document", d.parts()...)
	return d, nil
}

func readMoved(ctx context.Context, q queries) (rows map[string][][]any, err error) {
	rows = map[string][][]any{}
	for _, t := range moved {
		if rows[t.name], err = t.read(ctx, q); err != nil {
			return nil, fmt.Errorf("read %s: %w", t.name, err)
		}
	}
	return rows, nil
}

func (t table) names() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

func (t table) read(ctx context.Context, q queries) (rows [][]any, err error) {
	err = q.each(ctx, func(scan scanner) error {
		row, err := t.scan(scan)
		rows = append(rows, row)
		return err
	}, `SELECT `+t.names()+` FROM `+t.name+` ORDER BY 1, 2, 3`)
	return rows, err
}

func (t table) scan(scan scanner) ([]any, error) {
	at := make([]any, len(t.columns))
	for i, c := range t.columns {
		at[i] = map[content]any{text: new(string), number: new(int64), octets: new([]byte)}[c.of]
	}
	err := scan(at...)
	for i := range at {
		switch value := at[i].(type) {
		case *string:
			at[i] = *value
		case *int64:
			at[i] = *value
		case *[]byte:
			at[i] = *value
		}
	}
	return at, err
}

// verify opens and checks all that the moved tables hold, rows being what was read of them, and returns the accounts.
func (s *Store) verify(ctx context.Context, q queries, rows map[string][][]any) ([]record, error) {
	install, err := s.readMeta(ctx, q, metaInstallation, "")
	if err == nil && install != s.install {
		err = ErrForeign
	}
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.checkFingerprint(ctx, q), s.checkRoll(ctx, q)); err != nil {
		return nil, err
	}
	for _, t := range moved {
		for _, row := range rows[t.name] {
			if err := s.check(t, row); err != nil {
				return nil, fmt.Errorf("%w: %s, %v: %w", ErrTampered, t.name, row[0], err)
			}
		}
	}
	return s.everyPanel(ctx, q)
}

func (t table) value(row []any, name string) any {
	return row[slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })]
}

// check verifies a row that hangs on an account. Of what only its owner can name, a recovery code, a ticket, a browser's token, it
// asks whether the key is there that could.
func (s *Store) check(t table, row []any) error {
	word := func(name string) string { return t.value(row, name).(string) }
	ring := s.opt.Ring
	switch t.name {
	case "browser_accounts":
		return ring.CheckMAC(t.value(row, "mac").([]byte), "browser account",
			s.linkParts(word("browser"), word("account"), word("factor"), t.value(row, "trusted_until").(int64))...)
	case "spellings":
		return ring.CheckMAC(t.value(row, "mac").([]byte), "spelling", s.install, word("panel"), word("spelling"), word("account"))
	case "recovery_codes", "browsers", "tickets":
		if err := ring.CheckMAC(t.value(row, "mac").([]byte), t.name); errors.Is(err, keyring.ErrUnknownKey) {
			return err
		}
	}
	return nil
}
