package users

import (
	"fmt"
	"strings"
)

// Fault is one thing wrong in a users or roles file. It never holds a hash.
type Fault struct {
	File    string
	Line    int // from 1; 0: of the whole file
	Problem string
}

func (f Fault) Error() string {
	if f.Line == 0 {
		return f.File + " " + f.Problem
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Problem)
}

// Faults are all the things wrong, in the order of the files.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

func (f *Faults) add(file string, line int, format string, args ...any) {
	*f = append(*f, Fault{file, line, fmt.Sprintf(format, args...)})
}
