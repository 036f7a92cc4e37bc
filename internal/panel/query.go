package panel

import (
	"slices"
	"strings"
)

// parameter is one part of a query: what servers may take its name for, and its value as it came.
type parameter struct {
	names []string
	value string
}

// parameters are the parts of a raw query, in order.
func parameters(raw, separators string) []parameter {
	var out []parameter
	for len(raw) > 0 {
		part := raw
		if i := strings.IndexAny(raw, separators); i >= 0 {
			part, raw = raw[:i], raw[i+1:]
		} else {
			raw = ""
		}
		if part != "" {
			name, value, _ := strings.Cut(part, "=")
			out = append(out, parameter{names(name), value})
		}
	}
	return out
}

// query is a raw query, taken apart once. PHP splits at `&` only, others at `;` too.
type query struct {
	raw    string
	parsed bool
	amp    []parameter
	both   []parameter
}

func (q *query) split() (amp, both []parameter) {
	if !q.parsed {
		q.parsed = true
		q.amp = parameters(q.raw, "&")
		if q.both = q.amp; strings.Contains(q.raw, ";") {
			q.both = parameters(q.raw, "&;")
		}
	}
	return q.amp, q.both
}

// decodings are a query word as it is, decoded once and decoded twice.
func decodings(word string) []string {
	if !strings.ContainsAny(word, "%+") {
		return []string{word}
	}
	word = strings.ReplaceAll(word, "+", " ")
	once := percentDecoded(word)
	return []string{word, once, percentDecoded(once)}
}

// names are what servers may take a parameter's name for: PHP folds `.`, blank and a `[` that is not closed, and cuts at one
// that is; case is ignored.
func names(word string) []string {
	var out []string
	for _, n := range decodings(word) {
		n, _, _ = strings.Cut(n, "\x00")
		n = strings.TrimLeft(n, " ")
		array, rest, bracket := strings.Cut(n, "[")
		out = append(out, strings.Map(nameByte, array))
		if bracket && !strings.Contains(rest, "]") {
			out = append(out, strings.Map(nameByte, n))
		}
	}
	return out
}

func nameByte(r rune) rune {
	if r == '.' || r == ' ' || r == '[' {
		return '_'
	}
	return lowered(r)
}

// param is one test of a rule's query.
type param struct{ name, value string }

// fits reports whether any occurrence of the parameter has the value: PHP takes the last, Go the first (S4), and PHP none
// behind the thousandth parameter (max_input_vars).
func (p param) fits(q *query) bool {
	amp, both := q.split()
	return p.fitsOne(amp) || p.fitsOne(both)
}

func (p param) fitsOne(all []parameter) bool {
	for _, v := range p.values(all) {
		for _, d := range decodings(v) {
			if glob(p.value, strings.Map(lowered, d)) {
				return true
			}
		}
	}
	return false
}

func (p param) values(all []parameter) []string {
	var out []string
	for _, one := range all {
		if slices.Contains(one.names, p.name) {
			out = append(out, one.value)
		}
	}
	return out
}

// equalQuery is how a public rule's query is compared: the whole raw query, part by part; `*` stays within its part.
func equalQuery(rule, raw string) bool {
	want, have := strings.Split(rule, "&"), strings.Split(raw, "&")
	if len(want) != len(have) || strings.ContainsAny(raw, ";#") {
		return false
	}
	for i := range want {
		if !glob(want[i], have[i]) {
			return false
		}
	}
	return true
}

// glob reports whether text is pattern, where `*` stands for any bytes, `/` included.
func glob(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
