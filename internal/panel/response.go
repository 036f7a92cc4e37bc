package panel

import (
	"bytes"
	"compress/gzip"
	"html"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// MaxText is how much of a page response rules look at, in bytes.
const MaxText = 256 << 10

// Answer is an answer of the panel as response rules see it. Panel.Answer makes one.
type Answer struct {
	Status   int
	Header   http.Header
	Location string // path?query of the panel's own host; of another host the whole URL; empty: none
	Target   string // path?query that was asked for
	Body     []byte // nil: not held. As it came: html or JSON in its own charset, perhaps gzip
	Ajax     bool   // a script asked

	now       time.Time
	hosts     []string // names of the panel, for links on the page
	submitted []string // what we posted: taken out of the text before rules look at it
	page      *text    // read once
}

type text struct {
	plain string // decoded, at most MaxText bytes, submitted values removed
	doc   *goquery.Document
	base  string // base href
	deep  bool   // a page that cannot be read: its elements stand too deep in each other
}

// answerRule is a response rule: every test that is set must hold.
type answerRule struct {
	text     string // where it stands in the profile
	file     string
	line     int
	builtin  bool
	faulty   bool // not read to its end
	status   []int
	location *regexp.Regexp
	body     *regexp.Regexp
	cookie   string
	form     bool
	ajax     *bool
}

func testsText(rules []answerRule) bool {
	return slices.ContainsFunc(rules, func(r answerRule) bool { return r.body != nil || r.form })
}

func (p *Profile) anyOf(rules []answerRule, a *Answer) bool { return p.first(rules, a) != nil }

// first is the rule that an answer matches.
func (p *Profile) first(rules []answerRule, a *Answer) *answerRule {
	for i := range rules {
		if p.holds(&rules[i], a) {
			return &rules[i]
		}
	}
	return nil
}

func (p *Profile) holds(r *answerRule, a *Answer) bool {
	switch {
	case len(r.status) > 0 && !slices.Contains(r.status, a.Status):
	case r.location != nil && (a.Location == "" || !r.location.MatchString(a.Location)):
	case r.cookie != "" && !a.sets(r.cookie):
	case r.ajax != nil && *r.ajax != a.Ajax:
	case r.body != nil && (!a.isText() || !r.body.MatchString(a.text().plain)):
	case r.form && !p.showsLogin(a):
	default:
		return true
	}
	return false
}

// sets reports whether the answer sets a cookie and does not delete it.
func (a *Answer) sets(name string) bool {
	for _, line := range a.Header.Values("Set-Cookie") {
		if c, ok := cookieOf(line); ok && matchCookie([]string{name}, c.Name) && !deleted(c, a.now) {
			return true
		}
	}
	return false
}

// isText reports whether the answer is a held page or JSON.
func (a *Answer) isText() bool { return a.Body != nil && (a.isHTML() || a.isJSON()) }

func (a *Answer) isHTML() bool {
	t, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return t == "text/html" || t == "application/xhtml+xml"
}

func (a *Answer) isJSON() bool {
	t, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return t == "application/json" || strings.HasSuffix(t, "+json")
}

// text is the decoded text of a page.
func (a *Answer) text() *text {
	if a.page == nil {
		a.page = &text{plain: decoded(a.Header, a.Body, MaxText)}
		for _, s := range a.submitted {
			a.page.plain = without(html.EscapeString(s), without(s, a.page.plain))
		}
	}
	return a.page
}

// without takes whole words out of a text: the password "no" must not tear "do not match" apart.
func without(word, text string) string {
	if word == "" {
		return text
	}
	inner := func(b byte) bool { return b >= 0x80 || b == '_' || strings.IndexByte(pathBytes[:62], b) >= 0 }
	var out strings.Builder
	for {
		i := strings.Index(text, word)
		if i < 0 {
			return out.String() + text
		}
		end := i + len(word)
		within := i > 0 && inner(text[i-1]) && inner(word[0]) || end < len(text) && inner(text[end]) && inner(word[len(word)-1])
		if within {
			out.WriteString(text[:end])
		} else {
			out.WriteString(text[:i])
		}
		text = text[end:]
	}
}

// resolve is a link on the page as Location is.
func (a *Answer) resolve(ref string) string { return location(a.hosts, a.Target, ref) }

// document is the page as a tree; an answer that is no page is an empty one.
func (a *Answer) document() *goquery.Document {
	t := a.text()
	if t.doc == nil {
		var source string
		if a.Body != nil && a.isHTML() {
			source = decoded(a.Header, a.Body, maxBody)
		}
		var err error
		if t.doc, err = goquery.NewDocumentFromReader(strings.NewReader(source)); err != nil { // more than 512 elements deep
			t.deep, t.doc = true, goquery.NewDocumentFromNode(&xhtml.Node{Type: xhtml.DocumentNode})
		}
		t.base = strings.TrimSpace(t.doc.Find("base[href]").First().AttrOr("href", ""))
	}
	return t.doc
}

func (a *Answer) baseHref() string { a.document(); return a.text().base }

// readable reports whether document has all that the page has.
func (a *Answer) readable() bool { a.document(); return !a.text().deep }

func (p *Profile) showsLogin(a *Answer) bool {
	return a.Body != nil && a.isHTML() && len(loginForms(a.document(), p.Login)) > 0
}

// decoded unpacks gzip and turns any charset into UTF-8, as it is read: at most limit bytes of either.
func decoded(h http.Header, body []byte, limit int64) string {
	var r io.Reader = bytes.NewReader(body)
	if strings.EqualFold(h.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(r)
		if err != nil {
			return ""
		}
		r = z
	}
	if u, err := charset.NewReader(r, h.Get("Content-Type")); err == nil {
		r = u
	}
	out, _ := io.ReadAll(io.LimitReader(r, limit)) // a page cut short is judged as far as it goes
	return strings.ToValidUTF8(string(out), "\ufffd")
}

// seconds is what the first group of a rule's body test says, else the Retry-After header.
func (r *answerRule) seconds(a *Answer) time.Duration {
	found := a.Header.Get("Retry-After")
	if r.body != nil {
		if m := r.body.FindStringSubmatch(a.text().plain); len(m) > 1 {
			found = m[1]
		}
	}
	n, err := strconv.Atoi(found)
	if err != nil || n < 0 || n > 24*3600 {
		return 0
	}
	return time.Duration(n) * time.Second
}
