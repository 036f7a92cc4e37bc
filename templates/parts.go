package templates

import (
	"html/template"
	"net/url"
	"slices"
	"strings"
)

// part is what a template of parts.html sees beside the page.
type part struct {
	view
	ID      string  // of the field, or of the box
	Label   Key     // of the field
	Help    Key     // under the label; empty: none
	Fault   Message // of the field, or what the box says
	Tries   int     // > 0: tries left, said with the fault
	Seconds int     // > 0: the box counts down
	Focus   bool
}

// Field is a field with its label, help and fault.
func (v view) Field(id string, label, help Key, focus bool) part {
	return part{view: v, ID: id, Label: label, Help: help, Fault: v.faultAt(id), Focus: focus && !v.Summed()}
}

// WithTries adds how many tries are left.
func (p part) WithTries(n int) part { p.Tries = n; return p }

// Box is a message about the whole page.
func (v view) Box(m Message) part { return part{view: v, Fault: m} }

// Named gives a box an id.
func (p part) Named(id string) part { p.ID = id; return p }

// Counting makes a box count down.
func (p part) Counting(seconds int) part { p.Seconds = seconds; return p }

// FormFault is what is wrong with the page as a whole, or the zero Message.
func (v view) FormFault() Message { return v.faultAt("") }

func (v view) faultAt(field string) Message {
	if i := slices.IndexFunc(v.Faults, func(f fault) bool { return f.Field == field }); i >= 0 {
		return v.Faults[i].Message
	}
	return Message{}
}

// Wrong reports whether what was typed into a field is at fault.
func (v view) Wrong(field string) bool { return !v.faultAt(field).IsZero() }

// Summed reports whether the page has so many faults that a summary takes the focus.
func (v view) Summed() bool { return len(v.Faults) > 1 }

// Describes lists the ids that describe a field.
func (p part) Describes() string {
	var ids []string
	if p.Help != "" {
		ids = append(ids, p.ID+"-help")
	}
	if !p.Fault.IsZero() {
		ids = append(ids, p.ID+"-fault")
	}
	return strings.Join(ids, " ")
}

// Forms are the wordings of the countdown, for the script.
func (p part) Forms() (string, error) { return p.words.forms(p.Fault) }

// Download is the recovery codes as a text file inside a link. A data: URL needs no script, no second request and leaves
// no copy of the codes on the server.
func (v view) Download() template.URL {
	p, ok := v.P.(RecoveryCodes)
	if !ok {
		return ""
	}
	lines := []string{v.Product() + " – " + v.Say(Say("codes.list"))}
	if p.Account != "" {
		lines = append(lines, v.Say(Say("codes.account", "account", p.Account)))
	}
	lines = append(lines, v.Say(Say("codes.made", "date", v.Day(p.Made))), "")
	lines = append(lines, p.Codes...)
	lines = append(lines, "", v.Say(Say("codes.once")), "")
	return template.URL("data:text/plain;charset=utf-8," + url.PathEscape(strings.Join(lines, "\r\n"))) // #nosec G203 -- all of it is escaped
}

// FileName is the name of the downloaded file: ASCII, safe on every system.
func (v view) FileName() string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, strings.ToLower(v.Product()))
	return strings.Trim(name+"-recovery-codes", "-") + ".txt"
}
