package account

import (
	"context"
	"errors"
	"fmt"
)

// Open opens the database that Create made and brings its tables forward under a lock. ErrMissing: there is none;
// ErrUnreachable: a server does not answer yet; ErrForeign: it was made under other keys; ErrNewer; ErrFingerprint. Any
// other error is the database's, and Open may be tried again. It knows sqlite:///path, sqlite::memory: (made here, empty,
// gone at Close), postgres:// and mysql://.
func Open(ctx context.Context, opt Options) (*Store, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	db, err := dial(ctx, opt.URL)
	if err != nil {
		return nil, err
	}
	s := newStore(opt, db)
	if db.kind.standalone(db.at) {
		err = s.found(ctx)
	} else {
		err = s.enter(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.close())
	}
	s.openTrail()
	return s, nil
}

// unreachable sorts what a server answered to the first call: a refusal is for the administrator to mend, all else passes.
func unreachable(err error, refused bool) error {
	if refused {
		return fmt.Errorf("the server of the account database refuses: %w", err)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// enter checks that the database is ours before anything in it is changed.
func (s *Store) enter(ctx context.Context) error {
	if err := s.recognise(ctx); err != nil {
		return err
	}
	if err := s.db.migrate(ctx); err != nil {
		return err
	}
	return s.checkFingerprint(ctx, s.db.queries())
}

// recognise changes nothing.
func (s *Store) recognise(ctx context.Context) error {
	there, err := s.db.hasMeta(ctx)
	if err != nil {
		return err
	}
	if !there {
		return ErrMissing
	}
	p, err := s.db.provider(s.db.write)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	if err := checkVersion(ctx, p); err != nil {
		return err
	}
	s.install, err = s.readMeta(ctx, s.db.queries(), metaInstallation, "")
	return err
}

func (d database) hasMeta(ctx context.Context) (bool, error) {
	var n int
	if err := d.queries().row(ctx, d.kind.hasMeta).Scan(&n); err != nil {
		return false, fmt.Errorf("look for tables: %w", err)
	}
	return n > 0, nil
}

func (s *Store) checkFingerprint(ctx context.Context, q queries) error {
	old, err := s.readMeta(ctx, q, metaFingerprint, s.install)
	if err != nil {
		return err
	}
	if old != s.opt.Fingerprint {
		return fmt.Errorf("%w: the accounts were made with %q, the configuration now says %q; "+
			"put it back, or settle it with: ispgate users rekey", ErrFingerprint, old, s.opt.Fingerprint)
	}
	return nil
}

// Exists reports whether Create was here before and came to its end. It changes nothing. A server that does not answer is an
// error, and so is a file that is no database.
func Exists(ctx context.Context, url string) (bool, error) {
	k, at, err := parseURL(url)
	if err != nil || k.standalone(at) {
		return false, err
	}
	db, err := dial(ctx, url)
	if errors.Is(err, ErrMissing) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	there, err := db.hasMeta(ctx)
	if err == nil && there {
		there, err = db.founded(ctx)
	}
	return there, errors.Join(err, db.close())
}

// founded: tables without an installation are what an init left that was stopped half way.
func (d database) founded(ctx context.Context) (bool, error) {
	var n int
	if err := d.queries().row(ctx, `SELECT COUNT(*) FROM meta`).Scan(&n); err != nil {
		return false, fmt.Errorf("look for an installation: %w", err)
	}
	return n > 0, nil
}
