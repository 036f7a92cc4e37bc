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
	doc.Find("form").Each(func(_ int, s *goquery.Selection) {
		if s.Closest("template").Length() > 0 {
			return
		}
		if f := readForm(doc, s); f.fill(controls(doc, s), l) {
			out = append(out, f)
		}
	})
	return out
}

// readForm reads a form as a browser would submit it with its first button.
func readForm(doc *goquery.Document, s *goquery.Selection) *form {
	f := &form{method: strings.ToUpper(strings.TrimSpace(s.AttrOr("method", "GET"))), action: strings.TrimSpace(s.AttrOr("action", "")), charset: s.AttrOr("accept-charset", "")}
	button := false
	for _, c := range controls(doc, s) {
		if submits(c) {
			if !button && !disabled(c) {
				button = true
				f.press(c)
			}
			continue
		}
		f.add(c)
	}
	f.captcha = captcha(s)
	return f
}

// controls are a form's fields and buttons in document order: those inside it, those that name it with form=, and, where a
// form stands misplaced in a table so that the parser closes it at once, those behind it that belong to no other.
func controls(doc *goquery.Document, s *goquery.Selection) []*goquery.Selection {
	id := s.AttrOr("id", "")
	hollow := s.Find("input, select, textarea, button").Length() == 0
	var out []*goquery.Selection
	var current *html.Node
	doc.Find("form, input, select, textarea, button").Each(func(_ int, c *goquery.Selection) {
		if goquery.NodeName(c) == "form" {
			current = c.Get(0)
			return
		}
		owner, named := c.Attr("form")
		inside := c.Closest("form")
		switch {
		case c.Closest("template").Length() > 0:
		case named:
			if owner == id && id != "" {
				out = append(out, c)
			}
		case inside.Length() > 0 && inside.Get(0) == s.Get(0), inside.Length() == 0 && hollow && current == s.Get(0):
			out = append(out, c)
		}
	})
	return out
}

func kindOf(c *goquery.Selection) string {
	if goquery.NodeName(c) != "input" {
		return goquery.NodeName(c)
	}
	return strings.ToLower(strings.TrimSpace(c.AttrOr("type", "text")))
}

func submits(c *goquery.Selection) bool {
	switch kindOf(c) {
	case "button":
		return goquery.NodeName(c) == "button" && strings.EqualFold(c.AttrOr("type", "submit"), "submit")
	case "submit", "image":
		return true
	default:
		return false
	}
}

func disabled(c *goquery.Selection) bool {
	_, off := c.Attr("disabled")
	return off || c.Closest("fieldset[disabled]").Length() > 0 && c.Closest("legend").Length() == 0
}

// press sends the button and follows its own action and method.
func (f *form) press(c *goquery.Selection) {
	if name := c.AttrOr("name", ""); name != "" {
		if kindOf(c) == "image" {
			f.fields = append(f.fields, field{name + ".x", "1"}, field{name + ".y", "1"})
		} else {
			f.fields = append(f.fields, field{name, c.AttrOr("value", "")})
		}
	}
	if a, ok := c.Attr("formaction"); ok {
		f.action = strings.TrimSpace(a)
	}
	if m, ok := c.Attr("formmethod"); ok {
		f.method = strings.ToUpper(strings.TrimSpace(m))
	}
}

// add sends a field, unless a browser would not.
func (f *form) add(c *goquery.Selection) {
	name := c.AttrOr("name", "")
	if name == "" || disabled(c) {
		return
	}
	switch kindOf(c) {
	case "checkbox", "radio":
		if _, on := c.Attr("checked"); on {
			f.fields = append(f.fields, field{name, c.AttrOr("value", "on")})
		}
	case "select":
		for _, v := range chosen(c) {
			f.fields = append(f.fields, field{name, v})
		}
	case "textarea":
		f.fields = append(f.fields, field{name, c.Text()})
	case "button", "reset", "file":
	default:
		f.fields = append(f.fields, field{name, c.AttrOr("value", "")})
	}
}

// chosen are the options of a select that would be sent: without a choice, the first one that may be chosen.
func chosen(c *goquery.Selection) []string {
	var out []string
	value := func(o *goquery.Selection) string {
		return o.AttrOr("value", strings.Join(strings.Fields(o.Text()), " "))
	}
	open := c.Find("option").FilterFunction(func(_ int, o *goquery.Selection) bool {
		_, off := o.Attr("disabled")
		return !off && o.Closest("optgroup[disabled]").Length() == 0
	})
	open.Filter("[selected]").Each(func(_ int, o *goquery.Selection) { out = append(out, value(o)) })
	_, multiple := c.Attr("multiple")
	switch {
	case multiple:
	case len(out) > 1:
		out = out[len(out)-1:]
	case len(out) == 0 && open.Length() > 0:
		out = append(out, value(open.First()))
	}
	return out
}

// captcha finds what a replay cannot answer.
func captcha(s *goquery.Selection) bool {
	const widgets = ".g-recaptcha, .h-captcha, .cf-turnstile, [data-sitekey], [name=g-recaptcha-response], [name=h-captcha-response], [name=cf-turnstile-response]"
	return s.Find(widgets).Length() > 0
}

// renderedCaptcha finds reCAPTCHA v3, which leaves no trace in the form but runs on every login.
var renderedCaptcha = regexp.MustCompile(`recaptcha/(?:api|enterprise)\.js\?[^"']*render=`)
