package config

import "strings"

// judge applies the rules to what was read.
func (r *reading) judge(empty bool) {
	missing := len(r.faults)
	for _, rule := range rules {
		if !r.sound(rule.keys) {
			continue
		}
		if problem := rule.check(r.draft.Config); problem != "" {
			r.blame(r.writtenOf(rule.keys), problem)
		}
	}
	if empty && len(r.faults) > missing {
		r.add(1, "", "is empty (config.example.yaml is one to begin with)")
	}
}

// sound tells whether every written one of keys was taken.
func (r *reading) sound(keys []string) bool {
	for _, key := range keys {
		if m, written := r.marks[key]; written && !m.sound {
			return false
		}
	}
	return true
}

// writtenOf is the first of keys that is written, or the first.
func (r *reading) writtenOf(keys []string) string {
	for _, key := range keys {
		if m, written := r.marks[key]; written && !m.blank {
			return key
		}
	}
	return keys[0]
}

// blame reports a problem where key was written, or where it would be: at its section, or at the beginning.
func (r *reading) blame(key, problem string) {
	m, written := r.marks[key]
	if !written {
		m = mark{file: r.file, line: r.home(key), name: key}
	}
	r.faults = append(r.faults, Fault{File: m.file, Line: m.line, Key: m.name, Problem: problem})
}

func (r *reading) home(key string) int {
	for {
		section, _ := split(key)
		if line, ok := r.sections[section]; ok && section != "" {
			return line
		}
		if section == "" {
			return 1
		}
		key = strings.TrimSuffix(section, ".")
	}
}
