// Package users checks passwords against a file of names and hashes, for applications that have no login of their own.
//
// It owns the lines of that file (as htpasswd writes them: bcrypt, argon2id), the file of roles beside it, reading both
// again when they change, and how many hashes are computed at a time. It knows nothing of panels, accounts or sessions.
//
//	file ─> lines, roles ─> table ─> Check: fold, look up, compare ─> Person
//	  └──── changed? broken: the old table stays ─┘        Stands: is that line still there
package users

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"
)

// MaxPassword is the longest password that is compared, in bytes (S30).
const MaxPassword = 1024

const patience = 5 * time.Second // for a turn to hash

// ErrWrong says that the name is nobody's, or the password not that person's: which of the two, nobody learns (S28).
var ErrWrong = errors.New("wrong name or password")

// ErrBusy says that too many passwords are being checked: this one was not.
var ErrBusy = errors.New("too many passwords are being checked")

// Options name the files. Reloaded and Changed may be nil.
type Options struct {
	File     string                             // lines `name:hash`; private to its owner (S43)
	Roles    string                             // YAML, name → role; empty: nobody has a role
	Fold     func(typed string) (string, error) // the one spelling of a name, in the file and as it is typed (S16)
	Reloaded func(ok bool)                      // counts what came of changed files
	Changed  func(name string, gone bool)       // told of every person whose line or role is another one, or gone
	Log      *slog.Logger
}

// Person is who a password belongs to.
type Person struct {
	Name string // folded
	Role string // empty: the roles file names none
	Line string // of the file, for Stands: another hash, name or role makes another one
}

// File is a users file in use. It is safe for concurrent use.
type File struct {
	opt     Options
	table   atomic.Pointer[table]
	hashing chan struct{} // holds a value for each hash under way (S30)
	judged  snapshot      // what was last found good or broken
	seen    snapshot      // what was there at the last look
}

// Open reads the files for the first time. What is wrong with them comes all at once, as Faults.
func Open(o Options) (*File, error) {
	if o.Reloaded == nil {
		o.Reloaded = func(bool) {}
	}
	if o.Changed == nil {
		o.Changed = func(string, bool) {}
	}
	f := &File{opt: o, hashing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	f.judged = f.look()
	f.seen = f.judged
	t, err := f.judged.parse(o)
	if err != nil {
		return nil, err
	}
	f.table.Store(t)
	return f, nil
}

// Check compares a password, byte for byte, with that of a name. It takes as long for a name that is nobody's. The error
// is ErrWrong, or ErrBusy after 5 s of waiting for a turn.
func (f *File) Check(ctx context.Context, typed, password string) (Person, error) {
	if password == "" || len(password) > MaxPassword {
		return Person{}, ErrWrong
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case f.hashing <- struct{}{}:
		defer func() { <-f.hashing }()
	case <-ctx.Done():
		return Person{}, ErrBusy
	}
	t := f.table.Load()
	name, err := f.opt.Fold(typed)
	entry, known := t.people[name]
	if right := t.right(entry, password); err != nil || !known || !right {
		return Person{}, ErrWrong
	}
	return entry.Person, nil
}

// Stands reports whether the line that a password was right for is still in the file (S33).
func (f *File) Stands(line string) bool {
	_, there := f.table.Load().lines[line]
	return there
}

// Notes say what is not wrong, but could be better.
func (f *File) Notes() []string { return f.table.Load().notes }
