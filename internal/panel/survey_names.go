package panel

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"
)

// naming is a place of the guarded page where the typed name stands.
type naming struct {
	css, attr string
	known     bool // it is called so, and no list of persons
	listed    bool // one of many: its place says nothing of whose session this is
}

func (n naming) String() string {
	if n.attr == "" {
		return n.css
	}
	return n.css + " (attribute " + n.attr + ")"
}

// yaml is the place as a profile names it.
func (n naming) yaml() string {
	if n.attr == "" {
		return "{css: " + quoted(n.css) + "}"
	}
	return "{css: " + quoted(n.css) + ", attr: " + n.attr + "}"
}

// names looks for where the guarded page names the person. One account cannot tell a place that names whoever is logged in from
// one that always names this user, such as a line of a list: so it must be called after its purpose, or be the only one and stand
// on two pages; and it must stay where the browser has nothing but the cookies of the login.
func (s *survey) names(ctx context.Context, in *visit, carry []cookieID, page, landing *Answer) {
	s.alias = otherName(page, s.ask.Username)
	if s.known().Identity.Configured() || !page.isHTML() {
		return
	}
	again, err := s.bare(in, carry).get(ctx, page.Target)
	if err != nil {
		return
	}
	all := s.namings(page)
	lasting := slices.DeleteFunc(slices.Clone(all), func(n naming) bool { return !s.reads(n, again) })
	best := slices.IndexFunc(lasting, func(n naming) bool { return n.known })
	if best < 0 && len(all) == 1 && len(lasting) == 1 && !all[0].listed && landing.Target != page.Target && s.reads(all[0], landing) {
		best = 0
	}
	if best >= 0 {
		s.say("  it names the person at %s", lasting[best].String())
		s.out.name = lasting[best].yaml()
		return
	}
	var shown []string
	for _, n := range all[:min(len(all), 5)] {
		shown = append(shown, n.String())
	}
	if len(shown) > 0 {
		s.missing("identity: the name stands at %s, but that may be a list, or a text that does not change with the user. Compare with the page of another user, and write identity by hand", strings.Join(shown, ", "))
	}
}

// bare is the same login in a browser that has nothing but its session cookies: what an earlier visit left behind is gone.
func (s *survey) bare(in *visit, carry []cookieID) *visit {
	jar := in.jar.Clone()
	if len(carry) > 0 {
		jar.cookies = slices.DeleteFunc(slices.Clone(jar.cookies), func(c *http.Cookie) bool { return !slices.Contains(carry, cookieID{c.Name, c.Path}) })
	}
	return s.panel.visit(s.ask.Client, jar)
}

// reads reports whether a place names the logged-in user on a page.
func (s *survey) reads(n naming, page *Answer) bool {
	one := Selector{Attr: n.attr}
	if one.compile(n.css, "") != nil {
		return false
	}
	value, err := one.one(page)
	return err == nil && strings.EqualFold(value, strings.TrimSpace(s.ask.Username))
}

// customary are places that well-known software names the logged-in user at.
var customary = []naming{
	{css: "#user_login", attr: "value", known: true},
	{css: "#user-tools strong", known: true},
	{css: `meta[name="user-login"]`, attr: "content", known: true},
}

var (
	namesUser = regexp.MustCompile(`(?i)^((current|logged[-_]?in|auth|session|my|own|account|profile|nav|navbar|header|topbar|menu)[-_]?)?(user|user[-_]?name|user[-_]?login|login|e?[-_]?mail|account|me|whoami|profile|name)$`)
	simpleID  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
	digit     = regexp.MustCompile(`[0-9]`)
)

// namings are the places of a page that hold the typed name and nothing else, the customary ones first.
func (s *survey) namings(page *Answer) []naming {
	var out []naming
	add := func(n naming) {
		if s.tellable(n.css) && s.reads(n, page) && !slices.ContainsFunc(out, func(o naming) bool { return o.css == n.css }) {
			out = append(out, n)
		}
	}
	for _, n := range customary {
		add(n)
	}
	page.document().Find("[id], meta[name], input[name]").Each(func(_ int, c *goquery.Selection) {
		css, name := selectorOf(c)
		if css == "" {
			return
		}
		list := c.Closest("table, ul, ol, dl, select, datalist").Length() > 0 && c.Closest("nav, header").Length() == 0
		n := naming{css: css, listed: digit.MatchString(name) || list && goquery.NodeName(c) != "input"}
		n.known = !n.listed && namesUser.MatchString(name)
		for _, n.attr = range []string{"", "content", "value"} {
			add(n)
		}
	})
	return out
}

// selectorOf is a selector for one element, and the id or name in it.
func selectorOf(c *goquery.Selection) (css, name string) {
	if id := c.AttrOr("id", ""); simpleID.MatchString(id) {
		return "#" + id, id
	}
	if name := c.AttrOr("name", ""); simpleID.MatchString(name) {
		return goquery.NodeName(c) + `[name="` + name + `"]`, name
	}
	return "", ""
}

// otherName is what else the page may call the person: an e-mail address to a name, a name to an e-mail address; empty: nothing.
func otherName(page *Answer, typed string) string {
	mail := mailForm.MatchString(strings.TrimSpace(typed))
	out := ""
	page.document().Find("input[name][value]:not([type=hidden], [type=submit], [disabled])").EachWithBreak(func(_ int, c *goquery.Selection) bool {
		value := strings.TrimSpace(c.AttrOr("value", ""))
		if !mail && mailForm.MatchString(value) || mail && namesUser.MatchString(c.AttrOr("name", "")) && simpleID.MatchString(value) {
			out = value
		}
		return out == ""
	})
	return out
}
