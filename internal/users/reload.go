package users

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"
)

const (
	lookEvery = 200 * time.Millisecond // S33: in force within 1 s; a change is taken at the second look
	mostBytes = 8 << 20
)

// snapshot is what the files held at one moment.
type snapshot struct {
	users, roles string
	faults       Faults // why one of them could not be read
}

func (s snapshot) equal(o snapshot) bool {
	return s.users == o.users && s.roles == o.roles && slices.Equal(s.faults, o.faults)
}

// look reads the files. Dates are not asked: they do not tell a change in the same tick of the clock, or an old file put back.
func (f *File) look() snapshot {
	var s snapshot
	s.users = read(f.opt.File, 0o077, "600", &s.faults)
	if f.opt.Roles != "" {
		s.roles = read(f.opt.Roles, 0o022, "go-w", &s.faults)
	}
	return s
}

// read reads one file. Whoever may write it could make himself anybody; whoever may read hashes could guess passwords (S43).
func read(path string, forbidden fs.FileMode, cure string, faults *Faults) string {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // #nosec G304 -- the operator names it; opening a pipe would wait for its writer
	if err != nil {
		faults.add(path, 0, "%s", cause(err))
		return ""
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		faults.add(path, 0, "%s", cause(err))
		return ""
	case !info.Mode().IsRegular():
		faults.add(path, 0, "is not a regular file")
		return ""
	case info.Mode().Perm()&forbidden != 0:
		faults.add(path, 0, "has mode %04o: group or others can use it (run: chmod %s %s)", info.Mode().Perm(), cure, path)
		return ""
	}
	text, err := io.ReadAll(io.LimitReader(file, mostBytes+1))
	if err != nil || len(text) > mostBytes {
		faults.add(path, 0, "cannot be read, or is larger than %d bytes", mostBytes)
		return ""
	}
	return string(text)
}

func cause(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "does not exist"
	}
	return "cannot be read: " + err.Error()
}

// Run reads the files again when they change, until ctx ends.
func (f *File) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.reload()
		}
	}
}

// reload takes a change that two looks saw alike: a file that is being written is not half read.
func (f *File) reload() {
	now := f.look()
	settled := now.equal(f.seen)
	f.seen = now
	if !settled || now.equal(f.judged) {
		return
	}
	f.judged = now
	t, err := now.parse(f.opt)
	f.opt.Reloaded(err == nil)
	if err != nil {
		f.opt.Log.Error("the users file is broken; the old one stays in use", "file", f.opt.File, "cause", err)
		return
	}
	old := f.table.Swap(t)
	f.opt.Log.Info("users file read again", "file", f.opt.File, "users", len(t.people))
	go f.tell(old, t)
}

// tell says whose lines are other ones now. Whoever listens may take his time.
func (f *File) tell(old, now *table) {
	for name, was := range old.people {
		if is, there := now.people[name]; !there || is.Line != was.Line {
			f.opt.Changed(name, !there)
		}
	}
}
