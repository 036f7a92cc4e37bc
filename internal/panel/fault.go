package panel

import (
	"fmt"
	"strings"
)

// Fault is one thing wrong in a profile.
type Fault struct {
	File    string
	Line    int
	Key     string // dotted, as in the file: routes.public[2]
	Problem string
}

func (f Fault) Error() string {
	return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Key, f.Problem)
}

// Faults are all the things wrong in one profile, in the order of the file.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}
