package panel

import (
	"iter"
	"slices"
	"strings"
)

// folders finds the public rules that may hold for a path without looking at all of them: by the first folder of what they say.
type folders struct {
	under    map[string][]int // "/shop/" and, of whole paths without a second slash, "/shop" → rules, the first one first
	anywhere []int            // with a * in or before the first folder's end
}

func foldersOf(rules []requestRule) folders {
	f := folders{under: map[string][]int{}}
	for i := range rules {
		for _, p := range rules[i].patterns {
			text, _, wild := strings.Cut(p.path, "*")
			first := folder(text)
			if wild && !(len(first) > 1 && strings.HasSuffix(first, "/")) {
				f.anywhere = append(f.anywhere, i)
				continue
			}
			if !slices.Contains(f.under[first], i) {
				f.under[first] = append(f.under[first], i)
			}
		}
	}
	return f
}

// folder is a path up to its second slash, or all of it.
func folder(path string) string {
	if path == "" {
		return ""
	}
	if end := strings.IndexByte(path[1:], '/'); end >= 0 {
		return path[:end+2]
	}
	return path
}

// of yields the rules that may hold for a path, in their order.
func (f folders) of(path string) iter.Seq[int] {
	return func(yield func(int) bool) {
		under, anywhere := f.under[folder(path)], f.anywhere
		for len(under)+len(anywhere) > 0 {
			next := &under
			if len(under) == 0 || len(anywhere) > 0 && anywhere[0] < under[0] {
				next = &anywhere
			}
			if !yield((*next)[0]) {
				return
			}
			*next = (*next)[1:]
		}
	}
}
