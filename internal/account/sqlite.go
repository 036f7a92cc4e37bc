package account

import (
	"context"
	"crypto/rand"
	"database/sql"
	connector "database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/ispgate/ispgate/internal/keyring"
)

var sqlite = kind{
	name:       "sqlite",
	goose:      goose.DialectSQLite3,
	bind:       asks,
	now:        `CAST(unixepoch('subsec') * 1000 AS INTEGER)`,
	hasMeta:    `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'`,
	deadlock:   func(error) bool { return false }, // busy_timeout has waited already
	hold:       holdDirectory,
	open:       openSQLite,
	create:     createSQLite,
	standalone: func(at address) bool { return at.path == "" },
}

const readers = 8

func openSQLite(ctx context.Context, at address) (write, read *sql.DB, err error) {
	if at.path != "" {
		if err := checkModes(at.path); err != nil {
			return nil, nil, err
		}
	}
	name := "/ispgate-" + rand.Text() // of a database in memory
	if write, err = connect(at, dsn(at.path, name, true)); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if at.path == "" {
		write.SetMaxIdleConns(1)
	}
	if read, err = connect(at, dsn(at.path, name, false)); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	if err := errors.Join(write.PingContext(ctx), read.PingContext(ctx)); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open the account database: %w", sqliteUnfit(at.path, err)), write.Close(), read.Close())
	}
	return write, read, nil
}

// sqliteUnfit tells what is wrong with the file itself, which no second try would mend.
func sqliteUnfit(path string, err error) error {
	var e *driver.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff { // the rest is detail
	case codes.SQLITE_NOTADB, codes.SQLITE_CORRUPT, codes.SQLITE_CANTOPEN, codes.SQLITE_PERM, codes.SQLITE_AUTH:
		return fmt.Errorf("%w: %s: %w", ErrUnfit, path, err)
	}
	return err
}

func connect(at address, dsn string) (*sql.DB, error) {
	c, err := driver.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("open the account database: %w", err)
	}
	return sql.OpenDB(pinned{c, at}), nil
}

// pinned makes connections to one file only: a pool that grows must not mix it with what lies at its path since.
type pinned struct {
	connector.Connector
	at address
}

func (p pinned) Connect(ctx context.Context) (connector.Conn, error) {
	if err := p.at.inPlace(); err != nil {
		return nil, err
	}
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.at.inPlace(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &prepared{c.(sqliteConn), map[string]connector.Stmt{}}, nil
}

// dsn: mode=rw never makes a file (an empty database would mean that nobody has a second factor). Every commit is
// synced: a spent step must not come back after a power cut. A database in memory lives as long as the pools hold a
// connection.
func dsn(path, memory string, writing bool) string {
	q := url.Values{"_pragma": {"busy_timeout(1500)", "trusted_schema(0)"}}
	u := url.URL{Scheme: "file", OmitHost: true, Path: path}
	if path == "" {
		u.Path = memory
		q.Set("vfs", "memdb")
	} else {
		q.Set("mode", "rw")
		q.Add("_pragma", "journal_mode(wal)")
		q.Add("_pragma", "synchronous(full)")
	}
	if writing {
		q.Set("_txlock", "immediate")
	} else {
		q.Add("_pragma", "query_only(1)")
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// checkModes refuses files that group or world can use, also by their directory (S43).
func checkModes(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		err := keyring.Private("database", name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && name == path:
			return fmt.Errorf("%w: %s", ErrMissing, path)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w: %w", ErrUnfit, err)
		}
	}
	if err := keyring.PrivateDirectory("database", path); err != nil {
		return fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	return nil
}

// createSQLite makes the file, unless it is there: whose it is then shows when it is opened. The directory is held until
// the first rows are in: an init that fails must not take away the file in which another one just succeeded.
func createSQLite(ctx context.Context, at address) (settle, error) {
	if err := os.MkdirAll(filepath.Dir(at.path), 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the account database: %w", err)
	}
	if err := keyring.PrivateDirectory("database", at.path); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	release, err := holdDirectory(ctx, at)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(at.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return func(fault error) error { release(); return fault }, nil
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		release()
		return nil, fmt.Errorf("create the account database: %w", err)
	}
	return func(fault error) error {
		defer release()
		if fault != nil { // ours, just made: nothing is lost
			fault = errors.Join(fault, os.Remove(at.path))
		}
		return fault
	}, nil
}

// holdDirectory locks the directory, not the file: closing a second descriptor of the file would drop SQLite's own locks.
func holdDirectory(ctx context.Context, at address) (func(), error) {
	if at.path == "" {
		return func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(at.path))
	if err != nil {
		return nil, fmt.Errorf("lock the account database: %w", err)
	}
	for {
		err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = dir.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("lock the account database: %w", err), dir.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("lock the account database: %w", ctx.Err()), dir.Close())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
