package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// writeFile puts a whole text that holds no secrets into a new file, or with force over one that exists, and says so.
func writeFile(out io.Writer, file, text string, force bool) error {
	mode := os.O_EXCL
	if force {
		mode = os.O_TRUNC
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|mode, 0o644) // #nosec G302 G304 -- the operator names it, and servers in front read it
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("--write: %s is there already: move it away, or name another file", file)
	}
	if err != nil {
		return fmt.Errorf("--write: %w", err)
	}
	_, err = io.WriteString(f, text)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("--write: %w", err)
	}
	fmt.Fprintf(out, "written to %s\n", file)
	return nil
}
