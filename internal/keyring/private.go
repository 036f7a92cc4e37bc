package keyring

import (
	"fmt"
	"os"
	"path/filepath"
)

// Private refuses a file that group or world can use (S43): key files, databases and what lies beside them. what names it
// for the reader. A file that is not there is fs.ErrNotExist (errors.Is).
func Private(what, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("look at the %s: %w", what, err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s %s has mode %04o: group or others can use it; run: chmod 600 %s", what, path, mode, path)
	}
	return nil
}

// PrivateDirectory refuses a directory of such a file that group or world can look into or change: what is written beside
// the file, a copy or a journal, would be theirs for a moment, and whoever may rename in it may exchange the file.
func PrivateDirectory(what, path string) error {
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at the directory of the %s: %w", what, err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s %s: its directory has mode %04o: group or others can use it; give the file a directory of its own, and run: chmod 700 %s",
			what, path, mode, dir)
	}
	return nil
}
