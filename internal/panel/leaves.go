package panel

import (
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// path reads a target of the panel: path?query, printable ASCII, with a leading slash.
func (d *profileDecoder) path(dst *string, mayBeEmpty bool) reader {
	return func(n *yaml.Node, key string) {
		var text string
		d.text(&text)(n, key)
		switch {
		case text == "" && mayBeEmpty:
		case len(text) > maxRule:
			d.fault(n, key, "is longer than %d bytes", maxRule)
			return
		case !panelTarget(text):
			d.fault(n, key, "is not a path like /login: one leading slash, printable ASCII, no blanks, \\ or #")
			return
		}
		*dst = text
	}
}

// panelTarget reports whether a text is a path?query of the panel's own host and nothing else in any browser's eyes.
func panelTarget(text string) bool {
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") {
		return false
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x7f || text[i] == '\\' || text[i] == '#' {
			return false
		}
	}
	return true
}

func (d *profileDecoder) regexp(dst **regexp.Regexp) reader {
	return func(n *yaml.Node, key string) {
		var text string
		d.text(&text)(n, key)
		re := d.expression(n, key, text)
		if re != nil && re.MatchString("") {
			d.fault(n, key, "matches everything, even nothing")
			return
		}
		*dst = re
	}
}

// globs reads cookie names.
func (d *profileDecoder) globs(dst *[]string) reader {
	return func(n *yaml.Node, key string) {
		out := []string{}
		d.list(n, key, func(item *yaml.Node, key string) {
			var text string
			d.text(&text)(item, key)
			if text == "" || strings.ContainsAny(text, "=;,{}\" \t") {
				d.fault(item, key, "can never match: a cookie's name has none of = ; , { } \" and blanks, and is not empty")
				return
			}
			out = append(out, text)
		})
		if len(out) > maxGlobs {
			d.fault(n, key, "has more than %d names: write * for what differs", maxGlobs)
			return
		}
		*dst = out
	}
}

func (d *profileDecoder) logout(n *yaml.Node, key string) {
	var text string
	d.text(&text)(n, key)
	if method, path := splitRule(text); text != "auto" && text != "none" && (method == "" || !panelTarget(path) || (method != "GET" && method != "POST")) {
		d.fault(n, key, `is neither auto nor none nor "METHOD /path" with GET or POST`)
		return
	}
	d.p.Logout = text
}

// what a list of response rules may look at.
type testSet uint8

const (
	anyTest    testSet = iota
	replayTest         // our own requests are never ajax
	headTest           // status, location and cookie only (design 4.1)
)

func (d *profileDecoder) answers(dst *[]answerRule, allowed testSet) reader {
	return func(n *yaml.Node, key string) {
		out := []answerRule{}
		d.list(n, key, func(item *yaml.Node, key string) { out = append(out, d.answer(item, key, allowed)) })
		*dst = out
	}
}

func (d *profileDecoder) answer(n *yaml.Node, key string, allowed testSet) answerRule {
	before := len(d.faults)
	r := answerRule{text: key, file: d.file, line: n.Line, builtin: d.builtin}
	d.mapping(n, key, map[string]reader{
		"status": func(n *yaml.Node, key string) { d.statuses(&r, n, key) },
		"location": func(n *yaml.Node, key string) {
			d.regexp(&r.location)(n, key)
			if r.location != nil && relative.MatchString(n.Value) {
				d.fault(n, key, "can never match: a location begins with / (or with http for another host)")
			}
		},
		"body":   func(n *yaml.Node, key string) { d.regexp(&r.body)(n, key) },
		"cookie": func(n *yaml.Node, key string) { d.text(&r.cookie)(n, key) },
		"form": func(n *yaml.Node, key string) {
			if d.flag(&r.form)(n, key); !r.form {
				d.fault(n, key, "can only be true")
			}
		},
		"ajax": func(n *yaml.Node, key string) { r.ajax = new(bool); d.flag(r.ajax)(n, key) },
	})
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) == 0:
		d.fault(n, key, "tests nothing: it would match every answer")
	case allowed == headTest && (r.body != nil || r.form || r.ajax != nil):
		d.fault(n, key, "may test only status, location and cookie")
	case allowed == replayTest && r.ajax != nil && *r.ajax:
		d.fault(n, key, "can never match: the login is not an ajax request")
	case r.cookie != "" && strings.ContainsAny(r.cookie, "=;, \t"):
		d.fault(n, key, "can never match: no cookie has such a name")
	}
	r.faulty = len(d.faults) > before || d.spent.programs > maxPrograms
	return r
}

var relative = regexp.MustCompile(`^\^(?:[A-Za-gi-z0-9_.-]|h[^t])`)

func (d *profileDecoder) statuses(r *answerRule, n *yaml.Node, key string) {
	one := func(n *yaml.Node, key string) {
		var status int
		if d.number(&status, 200, 599)(n, key); status != 0 {
			r.status = append(r.status, status)
		}
	}
	if n.Kind != yaml.SequenceNode {
		one(n, key)
		return
	}
	if d.list(n, key, one); len(n.Content) == 0 {
		d.fault(n, key, "can never match: the list is empty")
	}
}
