package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// kind is what one database product needs said differently.
type kind struct {
	name       string
	goose      goose.Dialect
	bind       func(string) string
	isolation  sql.IsolationLevel                                              // of writing transactions: each statement sees what was committed before it
	now        string                                                          // its clock, in Unix milliseconds
	hasMeta    string                                                          // counts tables named meta
	deadlock   func(error) bool                                                // worth another try
	locker     func() (goose.ProviderOption, error)                            // nil: hold does it
	hold       func(context.Context, address) (release func(), err error)      // keeps other migrators out
	open       func(context.Context, address) (write, read *sql.DB, err error) // ErrMissing
	patient    func(address) (*sql.DB, error)                                  // for migrations, which may take minutes; nil: write does
	create     func(context.Context, address) (settle, error)                  // the empty database; nil: the administrator makes it
	standalone func(address) bool                                              // made by Open
}

// settle ends what create began: it lets others at the database, and takes it away again if the fault left nothing in it.
type settle func(fault error) error

// address is a database URL taken apart.
type address struct {
	path string      // sqlite: the file; empty in memory
	file fs.FileInfo // what path was when it was opened
	url  *url.URL    // the servers
}

// inPlace returns ErrMoved when the file that is open is no longer the one at its path: what a command writes there would
// reach nobody, and what is read here may be older than it looks. Whoever cannot tell refuses.
func (a address) inPlace() error {
	if a.file == nil {
		return nil
	}
	info, err := os.Stat(a.path)
	if err != nil || !os.SameFile(a.file, info) {
		return fmt.Errorf("%w: %s was moved or exchanged meanwhile; put it back, or restart ispgate with the file that counts", ErrMoved, a.path)
	}
	return nil
}

// database is an open one: write has a single connection for SQLite (more would only fail on its lock), read has several.
type database struct {
	kind        *kind
	at          address
	write, read *sql.DB
}

func (d database) close() error {
	err := d.read.Close()
	if d.write != d.read {
		err = errors.Join(err, d.write.Close())
	}
	return err
}

func (d database) queries() queries { return queries{d.write, d.kind.bind} }

// parseURL never repeats the URL in an error: it may hold a password (S40).
func parseURL(raw string) (*kind, address, error) {
	scheme, rest, _ := strings.Cut(raw, ":")
	switch scheme {
	case "sqlite":
		if rest == ":memory:" {
			return &sqlite, address{}, nil
		}
		if path, ok := strings.CutPrefix(rest, "//"); ok && strings.HasPrefix(path, "/") && !strings.HasSuffix(path, "/") {
			return &sqlite, address{path: path}, nil
		}
		return nil, address{}, errors.New("database.url: sqlite needs an absolute path, as in sqlite:///var/lib/ispgate/ispgate.db (or sqlite::memory:)")
	case "mysql", "mariadb", "postgres", "postgresql":
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" && u.Query().Get("socket") == "" && u.Query().Get("host") == "" || len(u.Path) < 2 {
			return nil, address{}, fmt.Errorf("database.url: malformed; write %s://user:password@host/database, with %%-escapes in the password", scheme)
		}
		if strings.HasPrefix(scheme, "postgres") {
			return &postgres, address{url: u}, nil
		}
		return &mysql, address{url: u}, nil
	}
	return nil, address{}, errors.New("database.url: its scheme is one of sqlite, postgres, mysql")
}

func dial(ctx context.Context, raw string) (database, error) {
	k, at, err := parseURL(raw)
	if err != nil {
		return database{}, err
	}
	if at.path != "" {
		at.file, _ = os.Stat(at.path) // open says what is wrong with it
	}
	write, read, err := k.open(ctx, at)
	if err != nil {
		return database{}, err
	}
	return database{kind: k, at: at, write: write, read: read}, nil
}

func gooseLock(l lock.SessionLocker, err error) (goose.ProviderOption, error) {
	if err != nil {
		return nil, err
	}
	return goose.WithSessionLocker(l), nil
}
