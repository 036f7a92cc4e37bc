package panel

import (
	"regexp"
	"slices"
	"strings"
)

// fill finds the two fields that a person fills in; false: this is no login form.
func (f *form) fill(all []*control, l LoginForm) bool {
	f.password = oneField(all, l.Password, func(c *control) bool { return c.kind() == "password" })
	if f.password == "" {
		return false
	}
	if l.User != "auto" {
		f.user = oneField(all, l.User, nil)
		return f.user != ""
	}
	at := slices.IndexFunc(all, func(c *control) bool { return c.attr("name", "") == f.password })
	if f.user = likeliest(all[:at]); f.user == "" {
		f.user = likeliest(all[at+1:])
	}
	return f.user != ""
}

// oneField is the name of the only field that a person sees and that fits; a registration form has two passwords.
func oneField(all []*control, name string, fits func(*control) bool) string {
	found := ""
	for _, c := range all {
		own := c.attr("name", "")
		if own == "" || c.off || name == "auto" && (c.hidden() || !fits(c)) || name != "auto" && own != name {
			continue
		}
		if found != "" && name == "auto" {
			return ""
		}
		found = own
	}
	return found
}

var userWords = regexp.MustCompile(`(?i)user|mail|login|name|account|\blog\b|uid`)

// likeliest is the field for the user name: what is marked as one, else an e-mail field, else one that is called so, else
// the last one before the password.
func likeliest(all []*control) string {
	best, rank := "", 0
	for _, c := range all {
		name := c.attr("name", "")
		if name == "" || c.off || c.hidden() || !slices.Contains([]string{"text", "email", "tel", "number", "search", ""}, c.kind()) {
			continue
		}
		r := 1
		switch auto := strings.ToLower(c.attr("autocomplete", "")); {
		case strings.Contains(auto, "username") || auto == "email":
			r = 4
		case c.kind() == "email":
			r = 3
		case userWords.MatchString(name + " " + c.attr("id", "")):
			r = 2
		}
		if r >= rank {
			best, rank = name, r
		}
	}
	return best
}

var unseen = regexp.MustCompile(`(?i)display\s*:\s*none|visibility\s*:\s*hidden|left\s*:\s*-\d{3,}`)

// set gives a field a value, in its place or at the end.
func (f *form) set(name, value string) {
	for i := range f.fields {
		if f.fields[i].name == name {
			f.fields[i].value = value
			return
		}
	}
	f.fields = append(f.fields, field{name, value})
}

// apply is login.set: null takes a field out.
func (f *form) apply(set map[string]*string) {
	for name, value := range set {
		if value == nil {
			f.fields = slices.DeleteFunc(f.fields, func(x field) bool { return x.name == name })
			continue
		}
		f.set(name, *value)
	}
}
