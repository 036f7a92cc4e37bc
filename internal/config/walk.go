package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// mark is where a key was written.
type mark struct {
	file  string
	line  int
	name  string // the key, or the variable
	sound bool   // its value was taken
	blank bool   // its value is empty
}

// reading turns nodes and variables into a draft, and remembers where each key was written.
type reading struct {
	file     string
	draft    *draft
	slots    map[string]slot
	known    []string // every key, in the order of the file
	marks    map[string]mark
	sections map[string]int // line of each section, with its dot
	refused  map[*yaml.Node]bool
	faults   Faults
}

func (r *reading) add(line int, key, problem string) {
	r.faults = append(r.faults, Fault{File: r.file, Line: line, Key: key, Problem: problem})
}

var keyWord = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// section reads the mapping below prefix, which is empty or ends in a dot.
func (r *reading) section(prefix string, n *yaml.Node) {
	if isNull(n) { // all its keys are commented out
		return
	}
	if n.Kind != yaml.MappingNode {
		if !r.refused[n] {
			r.add(n.Line, strings.TrimSuffix(prefix, "."), "wants keys with values, each as name: value (a space after the colon)")
		}
		r.spoil(prefix)
		return
	}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if before, twice := first[name.Value]; twice && keyWord.MatchString(name.Value) {
			r.add(name.Line, r.safe(prefix, name), fmt.Sprintf("is written twice (first in line %d)", before))
			continue
		}
		first[name.Value] = name.Line
		r.pair(prefix, name, value)
	}
}

// pair reads one key and its value.
func (r *reading) pair(prefix string, name, value *yaml.Node) {
	key := prefix + name.Value
	s, known := r.slots[key]
	switch {
	case strings.Contains(name.Value, "."):
		r.unknown(prefix, name)
	case known && r.refused[value]:
		r.spoil(key)
	case known:
		r.take(s, name.Line, value)
	case r.isSection(key):
		r.sections[key+"."] = name.Line
		r.section(key+".", value)
	default:
		r.unknown(prefix, name)
	}
}

// spoil marks one key, or all of a section, as not taken, so that no rule judges them by their defaults.
func (r *reading) spoil(at string) {
	section := at == "" || strings.HasSuffix(at, ".")
	for _, key := range r.known {
		if key == at || section && strings.HasPrefix(key, at) {
			r.marks[key] = mark{file: r.file, name: key}
		}
	}
}

func (r *reading) isSection(key string) bool {
	return slices.ContainsFunc(r.known, func(k string) bool { return strings.HasPrefix(k, key+".") })
}

// unknown names the key that was meant.
func (r *reading) unknown(prefix string, name *yaml.Node) {
	cure := "delete it"
	if _, dotted := r.slots[prefix+name.Value]; dotted {
		section, last := split(name.Value)
		cure = fmt.Sprintf("write %s: below %s:", last, strings.TrimSuffix(section, "."))
	} else if near := nearestKey(prefix+name.Value, r.known); near != "" {
		cure = "did you mean " + near + "?"
	} else if prefix != "" {
		cure = "known in this section: " + strings.Join(r.siblings(prefix), ", ")
	}
	r.add(name.Line, r.safe(prefix, name), "is not a key ("+cure+")")
}

// safe is a key as a fault may show it. A comma in an unquoted URL of a flow mapping makes the rest of a password a
// key: beside secrets, and when it is no word, the name of the section stands for it.
func (r *reading) safe(prefix string, name *yaml.Node) string {
	key := prefix + name.Value
	near := nearestKey(key, r.known)
	beside := slices.ContainsFunc(r.known, func(k string) bool {
		section, _ := split(k)
		return section == prefix && r.slots[k].secret
	})
	if name.Kind == yaml.ScalarNode && keyWord.MatchString(name.Value) && (!beside || near != "") {
		return key
	}
	return strings.TrimSuffix(prefix, ".")
}

func (r *reading) siblings(prefix string) (names []string) {
	for _, key := range r.known {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			name, _, _ := strings.Cut(rest, ".")
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// take stores the value at a key of the file.
func (r *reading) take(s slot, line int, n *yaml.Node) {
	m := mark{file: r.file, line: n.Line, name: s.key}
	if s.shape == anything && n.Kind == yaml.MappingNode {
		r.draft.storeProfile(r.file, n)
		m.sound = true
		r.marks[s.key] = m
		return
	}
	items, slips := scalars(s, n)
	if isNull(n) {
		m.line = line
	}
	r.put(s, m, items, slips)
}

// put stores items at a slot, unless they have slips already, and remembers where they stood.
func (r *reading) put(s slot, m mark, items []item, slips []slip) {
	if len(slips) == 0 {
		slips = s.store(items)
	}
	for _, sl := range slips {
		at := m.line
		if m.file != environment && sl.line > 0 {
			at = sl.line
		}
		r.faults = append(r.faults, Fault{File: m.file, Line: at, Key: m.name, Problem: sl.problem})
	}
	m.sound = len(slips) == 0
	m.blank = len(items) == 0 || len(items) == 1 && items[0].text == ""
	r.marks[s.key] = m
}

// scalars gives the written values, and what is wrong with their YAML types.
func scalars(s slot, n *yaml.Node) (items []item, slips []slip) {
	nodes := []*yaml.Node{n}
	switch {
	case isNull(n):
		return nil, []slip{{0, `has no value (write "" for an empty one; put one that begins with # in quotes)`}}
	case n.Kind == yaml.SequenceNode && (s.shape == list || s.shape == either):
		nodes = n.Content
	case s.shape == list:
		return nil, []slip{{n.Line, "wants a list, such as [a, b]"}}
	case n.Kind != yaml.ScalarNode:
		return nil, []slip{{n.Line, "wants a single value"}}
	}
	for _, n := range nodes {
		if problem := mistyped(s.kind, n); problem != "" {
			slips = append(slips, slip{n.Line, problem})
			continue
		}
		items = append(items, item{n.Value, n.Line})
	}
	return items, slips
}

func mistyped(k kind, n *yaml.Node) string {
	tag := n.ShortTag()
	switch {
	case n.Kind != yaml.ScalarNode || tag == "!!null":
		return "wants single values in the list"
	case k == truth && tag != "!!bool":
		return "wants true or false" + unquoted(n)
	case k == number && tag != "!!int":
		return "wants a whole number" + unquoted(n)
	case k == text && (tag == "!!bool" || tag == "!!merge" || tag == "!!binary"):
		return "wants text (put it in quotes)"
	}
	return ""
}

func unquoted(n *yaml.Node) string {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		return ", without quotes"
	}
	return not(n.Value)
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }
