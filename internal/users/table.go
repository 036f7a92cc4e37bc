package users

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxKinds bounds how many hashes one password costs: see right.
const maxKinds = 4

// table is what the files say.
type table struct {
	people map[string]entry    // by folded name
	lines  map[string]struct{} // Person.Line of each
	kinds  []kind              // of hashes that occur
	notes  []string
}

type entry struct {
	Person
	hash string
	kind string
	at   int // line
}

// kind is one cost, with a hash that has it.
type kind struct{ name, hash string }

// right compares a password with that of an entry, and with one hash of every other kind in the file: so the time tells neither
// who is in the file, nor what kind of hash anybody has (S28). For nobody's entry it only takes that time.
func (t *table) right(e entry, password string) bool {
	right := false
	for _, k := range t.kinds {
		if k.name == e.kind {
			right = matches(e.hash, password)
			continue
		}
		matches(k.hash, password)
	}
	return right
}

// parse reads both files, or says everything that is wrong with them.
func (s snapshot) parse(o Options) (*table, error) {
	if len(s.faults) > 0 {
		return nil, s.faults
	}
	var faults Faults
	t := &table{people: map[string]entry{}, lines: map[string]struct{}{}}
	t.readLines(o, s.users, &faults)
	if len(t.people) == 0 && len(faults) == 0 {
		faults.add(o.File, 0, "has nobody in it (%s)", "ispgate users hash NAME makes a line")
	}
	t.readRoles(o, s.roles, &faults)
	if len(faults) > 0 {
		return nil, faults
	}
	for name, e := range t.people {
		sum := sha256.Sum256([]byte(strings.Join([]string{e.Name, e.hash, e.Role}, "\x00")))
		e.Line = hex.EncodeToString(sum[:16])
		t.people[name] = e
		t.lines[e.Line] = struct{}{}
	}
	return t, nil
}

// readLines reads `name:hash`, one person a line; blank lines and those that begin with # are for people.
func (t *table) readLines(o Options, text string, faults *Faults) {
	at := 0
	for line := range strings.Lines(text) {
		at++
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, hash, ok := strings.Cut(line, ":")
		if !ok {
			faults.add(o.File, at, "is not name:hash (%s)", makeNew)
			continue
		}
		kind, err := kindOf(hash)
		if err != nil {
			faults.add(o.File, at, "%s %v", quoted(name), err)
			continue
		}
		folded, err := o.Fold(name)
		if err != nil {
			faults.add(o.File, at, "%s cannot be a user name (letters, digits and signs, no blanks)", quoted(name))
			continue
		}
		if first, twice := t.people[folded]; twice {
			faults.add(o.File, at, "%s is the person of line %d: both names read %s (take one of the lines out)", quoted(name), first.at, quoted(folded))
			continue
		}
		t.people[folded] = entry{Person: Person{Name: folded}, hash: hash, kind: kind, at: at}
	}
	t.gatherKinds(o, faults)
}

func (t *table) gatherKinds(o Options, faults *Faults) {
	first := map[string]entry{}
	for _, e := range t.people {
		if f, ok := first[e.kind]; !ok || e.at < f.at {
			first[e.kind] = e
		}
	}
	for _, name := range slices.Sorted(maps.Keys(first)) {
		t.kinds = append(t.kinds, kind{name, first[name].hash})
		if cost := 0; strings.HasPrefix(name, "bcrypt") {
			if _, err := fmt.Sscanf(name, "bcrypt, cost %d", &cost); err == nil && cost < weakBcrypt {
				t.notes = append(t.notes, fmt.Sprintf("%s:%d: %s is soon guessed by whoever gets the file; at least %d is good (%s)", o.File, first[name].at, name, weakBcrypt, makeNew))
			}
		}
	}
	if len(t.kinds) > maxKinds {
		faults.add(o.File, 0, "has hashes of %d kinds: %s. Every login computes one of each; at most %d (make some anew: ispgate users hash NAME)",
			len(t.kinds), strings.Join(slices.Sorted(maps.Keys(first)), "; "), maxKinds)
	}
}

// readRoles gives people their roles. A role of somebody who is not in the users file is no fault: taking a person out there
// must take effect, whatever else names him.
func (t *table) readRoles(o Options, text string, faults *Faults) {
	root := rolesIn(o, text, faults)
	if root == nil || root.ShortTag() == "!!null" {
		return
	}
	lines := map[string]int{}
	if root.Kind != yaml.MappingNode {
		faults.add(o.Roles, root.Line, "is not a mapping of names to roles (alice: manager)")
		return
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		name, role := root.Content[i], root.Content[i+1]
		folded, err := o.Fold(name.Value)
		switch first, twice := lines[folded]; {
		case name.Kind != yaml.ScalarNode || err != nil:
			faults.add(o.Roles, name.Line, "%s cannot be a user name (letters, digits and signs, no blanks)", quoted(name.Value))
		case twice:
			faults.add(o.Roles, name.Line, "%s is the person of line %d (take one of them out)", quoted(name.Value), first)
		case role.Kind != yaml.ScalarNode || !plainRole(role.Value):
			faults.add(o.Roles, role.Line, "the role of %s is not one word or line of at most 64 characters", quoted(name.Value))
		default:
			lines[folded] = name.Line
			t.give(o, folded, role.Value, name.Line)
		}
	}
}

// rolesIn is the one document of a roles file; nil: there is none, or it is at fault.
func rolesIn(o Options, text string, faults *Faults) *yaml.Node {
	file := yaml.NewDecoder(strings.NewReader(text))
	var only, second yaml.Node
	err := file.Decode(&only)
	if err == nil {
		if err = file.Decode(&second); err == nil {
			faults.add(o.Roles, second.Line, "begins a second document, which nobody would read (take out the line ---)")
			return nil
		}
	}
	switch {
	case !errors.Is(err, io.EOF):
		faults.add(o.Roles, 0, "is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		return nil
	case len(only.Content) == 0:
		return nil
	}
	return only.Content[0]
}

func (t *table) give(o Options, name, role string, line int) {
	e, known := t.people[name]
	if !known {
		t.notes = append(t.notes, fmt.Sprintf("%s:%d: %s is not in %s", o.Roles, line, quoted(name), o.File))
		return
	}
	e.Role = role
	t.people[name] = e
}

func plainRole(role string) bool {
	return role != "" && len(role) <= 64 && role == strings.TrimSpace(role) && utf8.ValidString(role) && !strings.ContainsFunc(role, func(r rune) bool { return !unicode.IsPrint(r) })
}

// quoted shows a name; a long one may be a hash that lost its name.
func quoted(name string) string {
	if len(name) > 64 || strings.HasPrefix(name, "$") {
		return "the name"
	}
	return fmt.Sprintf("%q", name)
}
