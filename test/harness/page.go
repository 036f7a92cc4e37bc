package harness

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// Page is one answer.
type Page struct {
	Status int
	Header http.Header
	Body   string
	URL    *url.URL

	t testing.TB
}

// Location returns where a redirect points, as written; empty if the answer is none.
func (p *Page) Location() string {
	if p.Status < 300 || p.Status > 399 {
		return ""
	}
	return p.Header.Get("Location")
}

// Cookie returns a cookie of the answer; nil if it sets none of that name.
func (p *Page) Cookie(name string) *http.Cookie {
	for _, cookie := range (&http.Response{Header: p.Header}).Cookies() {
		if cookie.Name == name {
			return cookie
		}
	}
	return nil
}

// Find returns the elements that a CSS selector names.
func (p *Page) Find(selector string) *goquery.Selection {
	p.t.Helper()
	document, err := goquery.NewDocumentFromReader(strings.NewReader(p.Body))
	if err != nil {
		p.t.Fatalf("parse %s: %v", p.URL, err)
	}
	return document.Find(selector)
}

// Text returns the text of the elements that a CSS selector names, spaces folded.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return strings.Join(strings.Fields(p.Find(selector).Text()), " ")
}

// Want fails the test unless the answer has this status.
func (p *Page) Want(status int) *Page {
	p.t.Helper()
	if p.Status != status {
		p.t.Fatalf("%s: status %d, want %d (Location %q)\n%s", p.URL, p.Status, status, p.Location(), p.Body[:min(len(p.Body), 2000)])
	}
	return p
}

// Form is a form as a user finds it.
type Form struct {
	Action string // absolute
	Method string // GET or POST
	Values url.Values
}

// Form returns the one form that a CSS selector names, with what a browser would send if it were submitted as it is by
// its first button.
func (p *Page) Form(selector string) *Form {
	p.t.Helper()
	found := p.Find(selector).Filter("form")
	if found.Length() != 1 {
		p.t.Fatalf("%s: %d forms %q, want one\n%s", p.URL, found.Length(), selector, p.Body[:min(len(p.Body), 2000)])
	}
	action, err := p.URL.Parse(found.AttrOr("action", ""))
	if err != nil {
		p.t.Fatalf("%s: form action: %v", p.URL, err)
	}
	form := &Form{Action: action.String(), Method: strings.ToUpper(found.AttrOr("method", "GET")), Values: url.Values{}}
	pressed := false
	found.Find("input[name], select[name], textarea[name], button[name]").Each(func(_ int, field *goquery.Selection) {
		if _, disabled := field.Attr("disabled"); !disabled {
			pressed = form.add(field, pressed)
		}
	})
	return form
}

// add takes what a browser would send of one field. Of several buttons only the first is pressed.
func (f *Form) add(field *goquery.Selection, pressed bool) bool {
	name, kind := field.AttrOr("name", ""), field.AttrOr("type", "")
	_, checked := field.Attr("checked")
	switch {
	case goquery.NodeName(field) == "textarea":
		f.Values.Add(name, field.Text())
	case goquery.NodeName(field) == "select":
		option := field.Find("option[selected]")
		if option.Length() == 0 {
			option = field.Find("option").First()
		}
		f.Values.Add(name, option.AttrOr("value", option.Text()))
	case kind == "submit", goquery.NodeName(field) == "button" && kind == "":
		if !pressed {
			f.Values.Add(name, field.AttrOr("value", ""))
		}
		return true
	case kind == "button", kind == "reset", kind == "file", (kind == "checkbox" || kind == "radio") && !checked:
	default:
		f.Values.Add(name, field.AttrOr("value", map[bool]string{true: "on"}[kind == "checkbox" || kind == "radio"]))
	}
	return pressed
}

// Submit sends a form with some fields filled in: name, value, name, value …
func (b *Browser) Submit(form *Form, fields ...string) *Page {
	b.t.Helper()
	for i := 0; i+1 < len(fields); i += 2 {
		form.Values.Set(fields[i], fields[i+1])
	}
	if form.Method == http.MethodPost {
		return b.PostForm(form.Action, form.Values)
	}
	target, _, _ := strings.Cut(form.Action, "?")
	return b.Click(target + "?" + form.Values.Encode())
}
