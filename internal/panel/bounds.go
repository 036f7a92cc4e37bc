package panel

import (
	"regexp"
	"regexp/syntax"

	"gopkg.in/yaml.v3"
)

// What a profile may grow to, so that reading it and matching by it end soon. The largest built-in one needs a fiftieth of it.
const (
	maxProfile  = 256 << 10 // bytes of a file
	maxValues   = 20000     // values; what an alias stands for counts each time
	maxRule     = 2048      // bytes of a request rule or a path
	maxPatterns = 4096      // alternatives of all request rules together
	maxGlobs    = 100       // names of cookies in one list
	maxSelector = 1024      // bytes of a css selector
	maxRegexp   = 4096      // bytes of a regular expression
	maxPrograms = 50000     // steps of all regular expressions together, repetitions written out
)

// spent is what one file has used up of its bounds.
type spent struct{ values, patterns, programs int }

// more counts one value and reports whether it may still be read.
func (d *decoder) more(n *yaml.Node, key string) bool {
	d.spent.values++
	if d.spent.values == maxValues+1 {
		d.fault(n, key, "is one value too many: a profile has at most %d, what an alias stands for counted each time", maxValues)
	}
	return d.spent.values <= maxValues
}

// room counts the alternatives of a request rule.
func (d *decoder) room(n *yaml.Node, key string, patterns int) bool {
	before := d.spent.patterns
	d.spent.patterns += patterns
	if before <= maxPatterns && d.spent.patterns > maxPatterns {
		d.fault(n, key, "makes more than %d alternatives of all rules together: write * for some {a,b}", maxPatterns)
	}
	return d.spent.patterns <= maxPatterns
}

// expression compiles a regular expression that stays within the bounds; nil: it was at fault.
func (d *decoder) expression(n *yaml.Node, key, text string) *regexp.Regexp {
	if len(text) > maxRegexp {
		d.fault(n, key, "is longer than %d bytes", maxRegexp)
		return nil
	}
	before := d.spent.programs
	if before > maxPrograms {
		return nil // named once
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		d.fault(n, key, "is not a regular expression: %v", err)
		return nil
	}
	if d.spent.programs += size(tree); d.spent.programs > maxPrograms {
		d.fault(n, key, "is too large, alone or with the regular expressions before it: repeat less than {…} says")
		return nil
	}
	return regexp.MustCompile(text)
}

// size is about how many steps a regular expression has once its repetitions are written out.
func size(re *syntax.Regexp) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		n += size(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return n
}
