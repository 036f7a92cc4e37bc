package panel

import (
	"context"
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
	s.ours = append(s.ours, a.visit)
	s.step("POST", m.target, answer)
	landing := answer
	if next, ok := onward(answer); ok {
		s.landed = next
		if landing, err = s.follow(ctx, a.visit, next); err != nil {
			return nil, nil, err
		}
	}
	s.landed = landing.Target
	switch {
	case len(loginForms(landing.document(), s.auto())) > 0:
		s.ours = nil
		s.say("  the login form again: %s", s.firstWords(landing))
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
func (s *survey) firstWords(a *Answer) string {
	text := s.prose(strings.Join(strings.Fields(a.document().Find(errorPlaces).First().Text()), " "))
	if text == "" {
		return "it says nothing that looks like an error"
	}
	if runes := []rune(text); len(runes) > 120 {
		text = string(runes[:120]) + "…"
	}
	return `it says "` + text + `"`
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
		page, err := landing, error(nil)
		if target != landing.Target {
			page, err = in.get(ctx, target)
		}
		if err != nil || page.Status != http.StatusOK || !page.isText() || len(loginForms(page.document(), s.auto())) > 0 {
			continue
		}
		rules, why := s.anonymous(ctx, target, false)
		if ctx.Err() != nil {
			return
		}
		if len(rules) == 0 {
			s.say("  %s: %s", target, why)
			continue
		}
		s.anonymous(ctx, target, true)
		s.say("  %s is one: verify", target)
		s.out.verify, s.out.signedOut = target, rules
		s.inside(ctx, in, page, landing)
		return
	}
	if ctx.Err() == nil {
		s.missing("verify: none of the pages that the panel links to is closed to strangers; name one")
	}
}

// inside is what a guarded page shows to the user whom it belongs to.
func (s *survey) inside(ctx context.Context, in *visit, page, landing *Answer) {
	if s.out.anywhere() && s.out.generic() {
		s.say("  the login form stands in place of the page: a login is taken on any address (login.anywhere)")
	}
	s.logouts(page)
	carry := s.needed(ctx, in)
	if ctx.Err() == nil {
		s.names(ctx, in, carry, page, landing)
	}
}

// lasting reports whether a target will mean the same tomorrow, and may stand in a file: it carries no token.
func (s *survey) lasting(target string) bool {
	_, query, _ := strings.Cut(target, "?")
	return s.tellable(target) && !tokenName.MatchString(query)
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
		if err != nil || href == "" || strings.HasPrefix(href, "#") || risky.MatchString(target) || pathOf(target) == pathOf(s.out.page) || !s.lasting(target) {
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
