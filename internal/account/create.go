package account

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
)

// Create makes the account database: the file (0600, in a 0700 directory) or, on a server, the tables in an empty
// database; an installation id, the fingerprint and a count of no active factors. ErrExists: there is one already, and
// it is left as it is.
func Create(ctx context.Context, opt Options) error {
	if err := opt.check(); err != nil {
		return err
	}
	k, at, err := parseURL(opt.URL)
	if err != nil {
		return err
	}
	if k.standalone(at) {
		return errors.New("a database in memory is made when it is opened")
	}
	if k.create == nil {
		return create(ctx, opt)
	}
	settle, err := k.create(ctx, at)
	if err != nil {
		return err
	}
	return settle(create(ctx, opt))
}

func create(ctx context.Context, opt Options) error {
	db, err := dial(ctx, opt.URL)
	if err != nil {
		return err
	}
	s := newStore(opt, db)
	return errors.Join(s.found(ctx), db.close())
}

// found writes the first rows into a database that has none.
func (s *Store) found(ctx context.Context) error {
	if err := s.refuseExisting(ctx); err != nil {
		return err
	}
	if err := s.db.forward(ctx); err != nil { // kind.create holds the file, a server's locker its tables
		return err
	}
	s.install = randomID()
	err := s.change(ctx, "write the first rows", func(ctx context.Context, q queries) error {
		for _, row := range [][2]string{{metaInstallation, s.install}, {metaFingerprint, s.opt.Fingerprint}} {
			if err := s.insertMeta(ctx, q, row[0], row[1], s.metaMAC(row[0], row[1])); err != nil {
				return err
			}
		}
		return s.insertMeta(ctx, q, metaActive, "0", s.opt.Ring.MAC("active", s.activeParts(nil)...))
	})
	if err != nil && errors.Is(s.refuseExisting(ctx), ErrExists) {
		return ErrExists // another init was faster
	}
	return err
}

func (s *Store) refuseExisting(ctx context.Context) error {
	there, err := s.db.hasMeta(ctx)
	if err != nil {
		return err
	}
	if !there {
		return s.refuseStrange(ctx)
	}
	if there, err = s.db.founded(ctx); err == nil && there {
		return ErrExists
	}
	return err
}

// refuseStrange: an empty file is what an earlier init left that was killed; one with tables is another program's.
func (s *Store) refuseStrange(ctx context.Context) error {
	if s.db.kind.name != sqlite.name {
		return nil // a server's database was made for us
	}
	var n int
	err := s.db.queries().row(ctx, `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'`).Scan(&n)
	if err == nil && n > 0 {
		err = fmt.Errorf("%w: %s holds another program's tables", ErrUnfit, s.db.at.path)
	}
	return err
}

// randomID is 128 bit from crypto/rand in 32 hex digits.
func randomID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}
