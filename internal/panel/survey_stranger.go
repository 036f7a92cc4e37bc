package panel

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// strangers tells what the guarded page, if there is one, looks like to somebody who is not logged in.
func (s *survey) strangers(ctx context.Context) {
	verify := s.known().Verify
	if verify == "" {
		s.missing("verify: a page that only a logged-in user gets. It shows itself only from inside: run this again with --user NAME")
		return
	}
	s.head("The guarded page, to a stranger")
	s.anonymous(ctx, verify, true)
	s.missing("whether a right password is told from a wrong one: run this again with --user NAME, and --wrong")
}

// anonymous asks for a page without any cookie, as a person and as a script, and returns the rules that tell such answers; none,
// and why: strangers get the page, too.
func (s *survey) anonymous(ctx context.Context, target string, tell bool) (rules []string, why string) {
	for _, script := range []bool{false, true} {
		m := message{method: http.MethodGet, target: target}
		if script {
			m.header = http.Header{"X-Requested-With": {"XMLHttpRequest"}, "Accept": {"application/json, text/javascript, */*; q=0.01"}}
		}
		a, err := s.panel.visit(s.ask.Client, &Jar{}).send(ctx, m)
		if err != nil {
			if tell && ctx.Err() == nil {
				s.say("  without cookies%s: %v", byScript(script), err)
			}
			return nil, s.text("without cookies%s: %v", byScript(script), err)
		}
		rule, why := s.strangerRule(a, script)
		if tell {
			s.say("  GET %s without cookies%s: %d%s: %s", pathOf(target), byScript(script), a.Status, prefixed(" to ", pathOf(a.Location)), why)
			if !script && len(s.known().signedOut) > 0 {
				s.say("    signed_out of profile %s %s", s.known().Name, map[bool]string{true: "matches that", false: "does not match that"}[s.known().SignedOut(*a)])
			}
		}
		if rule == "" && !script {
			return nil, why
		}
		if rule != "" && !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	return rules, ""
}

func byScript(script bool) string {
	if script {
		return ", by a script"
	}
	return ""
}

func prefixed(with, text string) string {
	if text == "" {
		return ""
	}
	return with + text
}

// strangerRule is the response rule that tells an answer to a stranger; empty: there is none.
func (s *survey) strangerRule(a *Answer, script bool) (rule, why string) {
	login := pathOf(s.out.page)
	switch {
	case redirects(a.Status) && panelTarget(a.Location) && !s.tellable(pathOf(a.Location)):
		return "", "sent to an address that cannot be written down"
	case redirects(a.Status) && pathOf(a.Location) == login && login != "":
		return locationRule(login), "sent to the login"
	case redirects(a.Status) && panelTarget(a.Location):
		return locationRule(pathOf(a.Location)), "sent away"
	case a.Status == http.StatusUnauthorized, a.Status == 419:
		return fmt.Sprintf("{status: %d}", a.Status), "refused"
	case a.Status == http.StatusForbidden && script: // a person may be forbidden something, too
		return "{status: 403, ajax: true}", "refused"
	case len(loginForms(a.document(), s.auto())) > 0:
		return "{form: true}", "the login form stands there"
	default:
		return "", "strangers get it, too"
	}
}

// locationRule is the response rule for redirects to a path, with or without a slash at its end.
func locationRule(path string) string {
	bare, end := strings.TrimRight(path, "/"), "([/?#]|$)"
	if bare == "" {
		bare, end = "/", "([?#]|$)"
	}
	return "{location: " + quoted("^"+regexp.QuoteMeta(bare)+end) + "}"
}
