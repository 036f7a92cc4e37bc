package panel

import (
	"strings"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// pageForm is a form element of a page and what belongs to it.
type pageForm struct {
	node     *html.Node
	controls []*control // in document order
	captcha  bool
	template bool // inside a template: nobody sees it
	hollow   bool // no control stands inside it
}

// control is a field or a button.
type control struct {
	node   *html.Node
	off    bool // disabled, itself or by its fieldset
	unseen bool // no person sees it

	inside *pageForm // the form that it stands in
	behind *pageForm // the form that last began before it
}

// pageForms are the forms of a page with their controls: those inside a form, those that name it with form=, and, where a form
// stands misplaced in a table so that the parser closes it at once, those behind it that belong to no other. The page is walked
// once: a page of 1 MiB (S31) may have thirty thousand forms.
func pageForms(doc *goquery.Document) []*pageForm {
	w := formWalk{named: map[string]*pageForm{}}
	for _, n := range doc.Nodes {
		w.walk(n, place{})
	}
	for _, c := range w.controls {
		owner, named := attribute(c.node, "form")
		of := c.inside
		switch {
		case named:
			of = w.named[owner]
		case of == nil && c.behind != nil && c.behind.hollow:
			of = c.behind
		}
		if of != nil {
			of.controls = append(of.controls, c)
		}
	}
	return w.forms
}

type formWalk struct {
	forms    []*pageForm
	named    map[string]*pageForm // by id
	last     *pageForm
	controls []*control
}

// place is what the elements around one say of it.
type place struct {
	form                          *pageForm
	template, off, legend, unseen bool
}

func (w *formWalk) walk(n *html.Node, in place) {
	if n.Type == html.ElementNode {
		in = w.enter(n, in)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.walk(c, in)
	}
}

// enter notes an element and says what holds for those within it. In SVG and MathML a form is none.
func (w *formWalk) enter(n *html.Node, in place) place {
	if in.form != nil && widgets.Match(n) {
		in.form.captcha = true
	}
	if n.Namespace != "" {
		return in
	}
	switch n.Data {
	case "template":
		in.template = true
	case "fieldset":
		_, off := attribute(n, "disabled")
		in.off = in.off || off
	case "legend":
		in.legend = true
	case "form":
		in.form = w.form(n, in)
		in.unseen = false
	case "input", "select", "textarea", "button":
		w.control(n, in)
	}
	in.unseen = in.unseen || concealed(n)
	return in
}

func (w *formWalk) form(n *html.Node, in place) *pageForm {
	f := &pageForm{node: n, template: in.template, hollow: true}
	w.forms = append(w.forms, f)
	if in.template {
		return f
	}
	w.last = f
	if id := attributeOr(n, "id", ""); id != "" && w.named[id] == nil {
		w.named[id] = f
	}
	return f
}

func (w *formWalk) control(n *html.Node, in place) {
	if in.template {
		return
	}
	if in.form != nil {
		in.form.hollow = false
	}
	_, off := attribute(n, "disabled")
	w.controls = append(w.controls, &control{node: n, off: off || in.off && !in.legend, unseen: in.unseen || concealed(n), inside: in.form, behind: w.last})
}

// concealed: nobody sees the element or anything within it.
func concealed(n *html.Node) bool {
	for _, a := range n.Attr {
		if a.Key == "hidden" || a.Key == "style" && unseen.MatchString(a.Val) {
			return true
		}
	}
	return false
}

// widgets are what a replay cannot answer.
var widgets = cascadia.MustCompile(".g-recaptcha, .h-captcha, .cf-turnstile, [data-sitekey], [name=g-recaptcha-response], [name=h-captcha-response], [name=cf-turnstile-response]")

func (c *control) attr(name, otherwise string) string { return attributeOr(c.node, name, otherwise) }

func (c *control) has(name string) bool {
	_, ok := attribute(c.node, name)
	return ok
}

// kind is the type of an input, else what the element is called.
func (c *control) kind() string {
	if c.node.Data != "input" {
		return c.node.Data
	}
	return strings.ToLower(strings.TrimSpace(c.attr("type", "text")))
}

func (c *control) submits() bool {
	switch c.kind() {
	case "button":
		return c.node.Data == "button" && strings.EqualFold(c.attr("type", "submit"), "submit")
	case "submit", "image":
		return true
	default:
		return false
	}
}

// hidden finds honeypots: fields that no person sees (T10). They are sent as they are.
func (c *control) hidden() bool {
	return c.unseen || c.kind() == "hidden" || c.attr("tabindex", "") == "-1" || c.attr("aria-hidden", "") == "true"
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func attributeOr(n *html.Node, name, otherwise string) string {
	if v, ok := attribute(n, name); ok {
		return v
	}
	return otherwise
}

// textOf is the text within an element.
func textOf(n *html.Node) string { return goquery.NewDocumentFromNode(n).Text() }
