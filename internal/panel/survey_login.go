package panel

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"
)

// logIn fills the form in once, tells every step, and returns the visit that may now be logged in with the page it ends on.
func (s *survey) logIn(ctx context.Context) (*visit, *Answer, error) {
	p, err := s.lenient()
	if err != nil {
		return nil, nil, err
	}
	a := &attempt{panel: p, in: Attempt{s.ask.Client, s.ask.Username, s.ask.Password}, visit: p.visit(s.ask.Client, &Jar{})}
	if s.out.basic {
		return s.logInBasic(ctx, a)
	}
	m, err := a.fillIn(ctx)
	if err != nil {
		return nil, nil, err
	}
	answer, err := a.visit.send(ctx, m)
	if err != nil {
		return nil, nil, err
	}
	s.step("POST", m.target, answer)
	landing := answer
	if next, ok := onward(answer); ok {
		if landing, err = s.follow(ctx, a.visit, next); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case len(loginForms(landing.document(), s.auto())) > 0:
		s.say("  the login form again: %s", firstWords(landing))
		s.missing("the panel did not let %s in. If the password is right, its login cannot be replayed: something on the page computes what is sent", s.ask.Username)
		return nil, nil, nil
	case asksForCode(landing):
		s.say("  the panel asks for a second step of its own there: write outcome: {challenge: [{location: '^%s'}]}, or switch it off for this account", regexp.QuoteMeta(pathOf(landing.Target)))
		s.missing("what lies behind the panel's own second step")
		return nil, nil, nil
	}
	return a.visit, landing, nil
}

func (s *survey) logInBasic(ctx context.Context, a *attempt) (*visit, *Answer, error) {
	answer, err := a.present(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.step("GET", a.panel.profile.Verify, answer)
	if answer.Status == http.StatusUnauthorized {
		s.missing("the password was refused")
		return nil, nil, nil
	}
	return a.visit, answer, nil
}

// lenient is the panel with what was found so far, which may lack something.
func (s *survey) lenient() (*Panel, error) {
	profile := s.known().clone()
	if s.out.page != "" {
		profile.Login.Page = s.out.page
	}
	if s.out.generic() {
		profile.Login.User, profile.Login.Password = "auto", "auto"
	}
	o := s.panel.opt
	o.Profile = profile
	return assemble(o)
}

var codeField = `input[autocomplete="one-time-code"], input[name*=otp i], input[name*=totp i], input[name=code], input[name*="2fa" i]`

func asksForCode(a *Answer) bool {
	return a.isHTML() && a.document().Find(codeField).Length() > 0 && a.document().Find("input[type=password]").Length() == 0
}

var errorPlaces = `.error, .errors, .errornote, .alert, .alert-danger, .invalid-feedback, #login_error, [role=alert]`

// firstWords is what a page says went wrong.
func firstWords(a *Answer) string {
	text := strings.Join(strings.Fields(a.document().Find(errorPlaces).First().Text()), " ")
	if text == "" {
		return "it says nothing that looks like an error"
	}
	return fmt.Sprintf("it says %q", text[:min(len(text), 120)])
}

var (
	personal = regexp.MustCompile(`(?i)profile|account|password|preferences|settings|user|/me\b|dashboard|home`)
	risky    = regexp.MustCompile(`(?i)log.?out|sign.?out|log.?off|del(ete)?\b|delete|remove|destroy|disable|reboot|restart|toggle|lock|suspend|activate|disconnect|reset|clear|cancel|approve|\bpay|refund|renew|recharge|send|\brun|sync|backup|restore|kick|purge|wipe|drop|erase|close|terminate|/[0-9]+(/|$)|impersonate|login.?as|export|download|\.(zip|csv|pdf|png|jpe?g|css|js)\b`)
	leaving  = regexp.MustCompile(`(?i)log.?out|sign.?out|log.?off`)
)

const maxTried = 15

// guarded finds the page that proves a login: a logged-in user gets it, a stranger does not.
func (s *survey) guarded(ctx context.Context, in *visit, landing *Answer) {
	s.head("A page that only a logged-in user gets")
	for i, target := range s.candidates(landing) {
		if i == maxTried {
			break
		}
		page := landing
		if target != landing.Target {
			var err error
			if page, err = in.get(ctx, target); err != nil || page.Status != http.StatusOK || !page.isText() || len(loginForms(page.document(), s.auto())) > 0 {
				continue
			}
		}
		rules := s.anonymous(ctx, target, false)
		if len(rules) == 0 {
			s.say("  %s: strangers get it, too", target)
			continue
		}
		s.anonymous(ctx, target, true)
		s.say("  %s is one: verify", target)
		s.out.verify, s.out.signedOut = target, rules
		if s.out.anywhere() && s.out.generic() {
			s.say("  the login form stands in place of the page: a login is taken on any address (login.anywhere)")
		}
		s.logouts(page)
		s.needed(ctx, in)
		s.names(page)
		return
	}
	s.missing("verify: none of the pages that the panel links to is closed to strangers; name one")
}

// candidates are the configured guarded page, the pages about the person, and where the login led.
func (s *survey) candidates(landing *Answer) []string {
	var first, rest []string
	if known := s.known().Verify; known != "" {
		first = append(first, known)
	}
	landing.document().Find("a[href]").Each(func(_ int, a *goquery.Selection) {
		href := strings.TrimSpace(a.AttrOr("href", ""))
		target, err := s.panel.formTarget(href, landing)
		if err != nil || href == "" || strings.HasPrefix(href, "#") || risky.MatchString(target) || pathOf(target) == pathOf(s.out.page) {
			return
		}
		if personal.MatchString(target) {
			first = append(first, target)
		} else {
			rest = append(rest, target)
		}
	})
	all := append(first, landing.Target)
	seen := map[string]bool{}
	return slices.DeleteFunc(append(all, rest...), func(target string) bool {
		before := seen[target]
		seen[target] = true
		return before || target != s.known().Verify && s.known().Match(http.MethodGet, target).Kind == LoginRoute
	})
}

// logouts finds how the panel logs out.
func (s *survey) logouts(page *Answer) {
	for _, one := range pageForms(page.document()) {
		f := readForm(one)
		target, err := s.panel.formTarget(f.action, page)
		if err == nil && leaving.MatchString(target) {
			s.out.logout = f.method + " " + pathOf(target)
			break
		}
	}
	page.document().Find("a[href]").EachWithBreak(func(_ int, sel *goquery.Selection) bool {
		target, err := s.panel.formTarget(strings.TrimSpace(sel.AttrOr("href", "")), page)
		if s.out.logout == "" && err == nil && leaving.MatchString(target) {
			s.out.logout = withoutToken(target)
		}
		return s.out.logout == ""
	})
	if s.out.basic {
		return
	}
	if s.out.logout == "" {
		s.missing("routes.logout: no form or link on %s looks like a logout", pathOf(page.Target))
		return
	}
	s.say("  the panel logs out by %s", s.out.logout)
}

// withoutToken leaves the parameters of a logout link that say what it does.
func withoutToken(target string) string {
	path, query, _ := strings.Cut(target, "?")
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(part, "="); leaving.MatchString(value) || leaving.MatchString(name) || name == "route" {
			kept = append(kept, part)
		}
	}
	if len(kept) == 0 {
		return path
	}
	return path + "?" + strings.Join(kept, "&")
}

// needed leaves each cookie out in turn: without which of them is nobody logged in?
func (s *survey) needed(ctx context.Context, in *visit) {
	for _, c := range in.jar.Cookies() {
		without := in.jar.Clone()
		without.remove(c.Name, c.Path)
		page, err := s.panel.visit(s.ask.Client, without).get(ctx, s.out.verify)
		if err != nil {
			continue
		}
		if rule, _ := s.strangerRule(page, false); rule != "" {
			s.say("  %s carries the login (%s)", c.Name, flags(c))
			s.out.session = append(s.out.session, hashless(c.Name))
		} else if !c.HttpOnly {
			s.out.visible = append(s.out.visible, hashless(c.Name))
		}
	}
	s.out.session, s.out.visible = compacted(s.out.session), compacted(s.out.visible)
}

var hashed = regexp.MustCompile(`[0-9a-f]{16,}$`)

// hashless is a cookie's name without the hash at its end that is another one at every installation.
func hashless(name string) string { return hashed.ReplaceAllString(name, "*") }

func compacted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// names looks for where the guarded page names the person.
func (s *survey) names(page *Answer) {
	if s.known().Identity.Configured() || !page.isHTML() {
		return
	}
	typed := strings.TrimSpace(s.ask.Username)
	found := map[string]string{} // selector → attribute
	page.document().Find("[id], meta[name], input[name]").Each(func(_ int, c *goquery.Selection) {
		for _, attr := range []string{"", "content", "value"} {
			value := strings.TrimSpace(c.AttrOr(attr, ""))
			if attr == "" {
				value = strings.TrimSpace(c.Text())
			}
			if sel := selectorOf(c); sel != "" && strings.EqualFold(value, typed) {
				found[sel] = attr
			}
		}
	})
	for _, sel := range slices.Sorted(maps.Keys(found)) {
		one := Selector{Attr: found[sel]}
		if one.compile(sel, "") != nil {
			continue
		}
		if value, err := one.one(page); err == nil && strings.EqualFold(value, typed) {
			s.say("  it names the person at %s%s", sel, prefixed(", attribute ", found[sel]))
			s.out.name = fmt.Sprintf("{css: '%s'%s}", sel, prefixed(", attr: ", found[sel]))
			return
		}
	}
}

var simpleID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

func selectorOf(c *goquery.Selection) string {
	if id := c.AttrOr("id", ""); simpleID.MatchString(id) {
		return "#" + id
	}
	if name := c.AttrOr("name", ""); simpleID.MatchString(name) {
		return goquery.NodeName(c) + `[name="` + name + `"]`
	}
	return ""
}
