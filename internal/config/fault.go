package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing an operator must mend. It never holds the text of a secret.
type Fault struct {
	File    string // as given to Load, or "environment"
	Line    int    // from 1; 0 in the environment, or when the file cannot be read
	Key     string // dotted, or the name of the variable; empty when the fault is of the whole file
	Problem string // what is wrong, and (in parentheses) the cure
}

func (f Fault) String() string {
	parts := []string{f.File}
	if f.Line > 0 {
		parts[0] = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	if f.Key != "" {
		parts = append(parts, f.Key)
	}
	return strings.Join(append(parts, f.Problem), ": ")
}

// Faults are all faults of a configuration: those of the file by line, then those of the environment by name.
type Faults []Fault

// Error gives one line per fault: "file:line: key: problem (cure)".
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

const environment = "environment"

// sorted also drops what is said twice of one line.
func (fs Faults) sorted() Faults {
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Key, b.Key),
		)
	})
	said := map[Fault]bool{}
	return slices.DeleteFunc(fs, func(f Fault) bool {
		before := said[f]
		said[f] = true
		return before
	})
}

func rank(f Fault) int {
	if f.File == environment {
		return 1
	}
	return 0
}
