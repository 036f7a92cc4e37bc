package panel

import (
	"regexp"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// fill finds the two fields that a person fills in; false: this is no login form.
func (f *form) fill(all []*goquery.Selection, l LoginForm) bool {
	f.password = oneField(all, l.Password, func(c *goquery.Selection) bool { return kindOf(c) == "password" })
	if f.password == "" {
		return false
	}
	if l.User != "auto" {
		f.user = oneField(all, l.User, nil)
		return f.user != ""
	}
	at := slices.IndexFunc(all, func(c *goquery.Selection) bool { return c.AttrOr("name", "") == f.password })
	if f.user = likeliest(all[:at]); f.user == "" {
		f.user = likeliest(all[at+1:])
	}
	return f.user != ""
}

// oneField is the name of the only field that a person sees and that fits; a registration form has two passwords.
func oneField(all []*goquery.Selection, name string, fits func(*goquery.Selection) bool) string {
	found := ""
	for _, c := range all {
		own := c.AttrOr("name", "")
		if own == "" || disabled(c) || name == "auto" && (hidden(c) || !fits(c)) || name != "auto" && own != name {
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
func likeliest(all []*goquery.Selection) string {
	best, rank := "", 0
	for _, c := range all {
		name := c.AttrOr("name", "")
		if name == "" || disabled(c) || hidden(c) || !slices.Contains([]string{"text", "email", "tel", "number", "search", ""}, kindOf(c)) {
			continue
		}
		r := 1
		switch auto := strings.ToLower(c.AttrOr("autocomplete", "")); {
		case strings.Contains(auto, "username") || auto == "email":
			r = 4
		case kindOf(c) == "email":
			r = 3
		case userWords.MatchString(name + " " + c.AttrOr("id", "")):
			r = 2
		}
		if r >= rank {
			best, rank = name, r
		}
	}
	return best
}

var unseen = regexp.MustCompile(`(?i)display\s*:\s*none|visibility\s*:\s*hidden|left\s*:\s*-\d{3,}`)

// hidden finds honeypots: fields that no person sees (T10). They are sent as they are.
func hidden(c *goquery.Selection) bool {
	if kindOf(c) == "hidden" || c.AttrOr("tabindex", "") == "-1" || c.AttrOr("aria-hidden", "") == "true" {
		return true
	}
	for n := c.Get(0); n != nil; n = n.Parent {
		for _, a := range n.Attr {
			if n.Type == html.ElementNode && (a.Key == "hidden" || a.Key == "style" && unseen.MatchString(a.Val)) {
				return true
			}
		}
		if n.Data == "form" {
			break
		}
	}
	return false
}

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
