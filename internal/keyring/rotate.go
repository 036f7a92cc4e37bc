package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Rotate puts a new random key first into a key file: it writes from now on, the others go on reading. It returns its id.
func Rotate(path string) (id string, err error) {
	err = rewrite(path, func(keys []key) ([]key, error) {
		k, err := newKey()
		id = k.name()
		return slices.Insert(keys, 0, k), err
	})
	return id, err
}

// Prepare puts a new random key last into a key file: it only reads, so that every node can have it before one of them writes
// with it. It returns its id, for Promote.
func Prepare(path string) (id string, err error) {
	err = rewrite(path, func(keys []key) ([]key, error) {
		k, err := newKey()
		id = k.name()
		return append(keys, k), err
	})
	return id, err
}

// Promote puts the key of this id first.
func Promote(path, id string) error {
	return rewrite(path, func(keys []key) ([]key, error) {
		i := slices.IndexFunc(keys, func(k key) bool { return k.name() == id })
		if i < 0 {
			return nil, fmt.Errorf("key file %s has no key %q", path, id)
		}
		k := keys[i]
		return slices.Insert(slices.Delete(keys, i, i+1), 0, k), nil
	})
}

// rewrite replaces a key file in one step: whoever reads it meanwhile, or after a crash, finds the old one or the new one. The
// owner stays: root may rotate the keys of a gateway that runs as somebody else. Of two at once the second is refused.
func rewrite(path string, change func([]key) ([]key, error)) error {
	ring, err := Load(path)
	if err != nil {
		return err
	}
	keys, err := change(slices.Clone(ring.keys()))
	if err != nil {
		return err
	}
	owner, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("look at the key file: %w", err)
	}
	next := path + ".new"
	err = writeNew(next, ringOf(keys...))
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there: the keys are being changed, or were when the machine stopped; if nobody is at it, remove that file", next)
	}
	if err != nil {
		return err
	}
	err = keepOwner(next, owner)
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return fmt.Errorf("replace the key file: %w", errors.Join(err, os.Remove(next)))
	}
	return syncDirectory(filepath.Dir(path))
}

// keepOwner gives a file to the owner of the one that it replaces.
func keepOwner(path string, of fs.FileInfo) error {
	if s, ok := of.Sys().(*syscall.Stat_t); ok && (int(s.Uid) != os.Geteuid() || int(s.Gid) != os.Getegid()) {
		return os.Chown(path, int(s.Uid), int(s.Gid))
	}
	return nil
}

// syncDirectory makes a rename outlast a power cut.
func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("write the key file's directory: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("write the key file's directory: %w", err)
	}
	return nil
}
