package panel

import (
	"regexp"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// form is a form of the panel with what a browser would send of it, in document order (T10).
type form struct {
	method         string // upper case
	action         string // attribute, trimmed; empty: the page itself
	charset        string // accept-charset; empty: the page's
	fields         []field
	user, password string // names of the fields that a person fills in
	captcha        bool
}

type field struct{ name, value string }

// loginForms are the forms of a page that take one password and a user name.
func loginForms(doc *goquery.Document, l LoginForm) []*form {
	var out []*form
	for _, one := range pageForms(doc) {
		if f := readForm(one); !one.template && f.fill(one.controls, l) {
			out = append(out, f)
		}
	}
	return out
}

// readForm reads a form as a browser would submit it with its first button.
func readForm(one *pageForm) *form {
	n := one.node
	f := &form{
		method: strings.ToUpper(strings.TrimSpace(attributeOr(n, "method", "GET"))), action: strings.TrimSpace(attributeOr(n, "action", "")),
		charset: attributeOr(n, "accept-charset", ""), captcha: one.captcha,
	}
	button := false
	for _, c := range one.controls {
		if c.submits() {
			if !button && !c.off {
				button = true
				f.press(c)
			}
			continue
		}
		f.add(c)
	}
	return f
}

// press sends the button and follows its own action and method.
func (f *form) press(c *control) {
	if name := c.attr("name", ""); name != "" {
		if c.kind() == "image" {
			f.fields = append(f.fields, field{name + ".x", "1"}, field{name + ".y", "1"})
		} else {
			f.fields = append(f.fields, field{name, c.attr("value", "")})
		}
	}
	if c.has("formaction") {
		f.action = strings.TrimSpace(c.attr("formaction", ""))
	}
	if c.has("formmethod") {
		f.method = strings.ToUpper(strings.TrimSpace(c.attr("formmethod", "")))
	}
}

// add sends a field, unless a browser would not.
func (f *form) add(c *control) {
	name := c.attr("name", "")
	if name == "" || c.off {
		return
	}
	switch c.kind() {
	case "checkbox", "radio":
		if c.has("checked") {
			f.fields = append(f.fields, field{name, c.attr("value", "on")})
		}
	case "select":
		for _, v := range chosen(c) {
			f.fields = append(f.fields, field{name, v})
		}
	case "textarea":
		f.fields = append(f.fields, field{name, textOf(c.node)})
	case "button", "reset", "file":
	default:
		f.fields = append(f.fields, field{name, c.attr("value", "")})
	}
}

// chosen are the options of a select that would be sent: without a choice, the first one that may be chosen.
func chosen(c *control) []string {
	open := options(c.node)
	var out []string
	for _, o := range open {
		if _, on := attribute(o, "selected"); on {
			out = append(out, optionValue(o))
		}
	}
	switch {
	case c.has("multiple"):
	case len(out) > 1:
		out = out[len(out)-1:]
	case len(out) == 0 && len(open) > 0:
		out = append(out, optionValue(open[0]))
	}
	return out
}

// options are those below an element that may be chosen.
func options(n *html.Node) []*html.Node {
	var out []*html.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if _, off := attribute(c, "disabled"); off && (c.Data == "option" || c.Data == "optgroup") {
			continue
		}
		if c.Data == "option" {
			out = append(out, c)
		}
		out = append(out, options(c)...)
	}
	return out
}

func optionValue(o *html.Node) string {
	if v, ok := attribute(o, "value"); ok {
		return v
	}
	return strings.Join(strings.Fields(textOf(o)), " ")
}

// renderedCaptcha finds reCAPTCHA v3, which leaves no trace in the form but runs on every login.
var renderedCaptcha = regexp.MustCompile(`recaptcha/(?:api|enterprise)\.js\?[^"']*render=`)
