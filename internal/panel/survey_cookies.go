package panel

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// cookieID tells a cookie from others of the same jar.
type cookieID struct{ name, path string }

// maxAgain is how often a trial logs in again, after a panel ended the session because a cookie was left out.
const maxAgain = 8

// cookieTrial asks for the guarded page with some of a login's cookies at a time.
type cookieTrial struct {
	survey *survey
	in     *visit
	again  int
	broken bool // the session ended and there is no other
}

// opens reports whether these cookies alone get the guarded page. Where they do not, the login must still be a login with all of
// them: what comes next would be told from a dead session.
func (t *cookieTrial) opens(ctx context.Context, some []cookieID) bool {
	if t.broken || ctx.Err() != nil {
		return false
	}
	if t.gets(ctx, some) {
		return true
	}
	for !t.gets(ctx, nil) && !t.broken {
		if t.again++; ctx.Err() != nil || t.again > maxAgain || !t.logIn(ctx) {
			t.broken = true
		}
	}
	return false
}

// gets asks for the page with some cookies, nil: with all. New values that the panel gives them are taken over: some sessions
// change their cookie with every answer.
func (t *cookieTrial) gets(ctx context.Context, some []cookieID) bool {
	s, jar := t.survey, &Jar{}
	has := func(c *http.Cookie) bool { return some == nil || slices.Contains(some, cookieID{c.Name, c.Path}) }
	for _, c := range t.in.jar.Cookies() {
		if has(c) {
			jar.cookies = append(jar.cookies, c)
		}
	}
	page, err := s.panel.visit(s.ask.Client, jar).get(ctx, s.out.verify)
	if err != nil || page.Status != http.StatusOK || !page.isText() {
		return false
	}
	if rule, _ := s.strangerRule(page, false); rule != "" {
		return false
	}
	for _, c := range jar.news {
		if has(c) {
			t.in.jar.Set([]*http.Cookie{c}, c.Path, s.panel.opt.Now())
		}
	}
	return true
}

// logIn makes another login in place of the one that ended.
func (t *cookieTrial) logIn(ctx context.Context) bool {
	s := t.survey
	p, err := s.lenient()
	if err != nil {
		return false
	}
	a := &attempt{panel: p, in: Attempt{s.ask.Client, s.ask.Username, s.ask.Password}}
	answer, err := a.submit(ctx)
	if err != nil {
		return false
	}
	s.ours = append(s.ours, a.visit)
	if next, ok := onward(answer); ok {
		_, err = a.visit.open(ctx, next)
	}
	t.in.jar = a.visit.jar
	return err == nil
}

// least takes out of a set that opens whatever it can do without, from its first on. One is left: strangers do not get the page.
func (t *cookieTrial) least(ctx context.Context, set []cookieID) []cookieID {
	kept := slices.Clone(set)
	for _, id := range set {
		if fewer := minus(kept, id); len(fewer) > 0 && t.opens(ctx, fewer) {
			kept = fewer
		}
	}
	return kept
}

// carrying are the least sets that open: one after the other, then those that differ from the first in one cookie.
func (t *cookieTrial) carrying(ctx context.Context, all []cookieID) [][]cookieID {
	var sets [][]cookieID
	rest := slices.Clone(all)
	for len(rest) > 0 && ctx.Err() == nil && t.opens(ctx, rest) {
		set := t.least(ctx, rest)
		sets, rest = append(sets, set), minus(rest, set...)
	}
	if len(sets) == 0 {
		return nil
	}
	for _, id := range rest {
		for _, instead := range sets[0] {
			if other := append(minus(sets[0], instead), id); ctx.Err() == nil && t.opens(ctx, other) {
				sets = append(sets, other)
				break
			}
		}
	}
	return sets
}

func minus(set []cookieID, out ...cookieID) []cookieID {
	return slices.DeleteFunc(slices.Clone(set), func(id cookieID) bool { return slices.Contains(out, id) })
}

// maxCookies bounds the requests of a trial.
const maxCookies = 24

// needed finds the cookies that carry the login, and returns them: with the least of them one is logged in. Whatever scripts can
// read and the login does without is visible.
func (s *survey) needed(ctx context.Context, in *visit) []cookieID {
	if s.out.basic {
		return nil
	}
	var all []cookieID
	for _, c := range byReader(in.jar.Cookies()) {
		all = append(all, cookieID{c.Name, c.Path})
	}
	t := &cookieTrial{survey: s, in: in}
	var sets [][]cookieID
	if len(all) <= maxCookies {
		sets = t.carrying(ctx, all)
	}
	carry := slices.Concat(sets...)
	switch {
	case ctx.Err() != nil:
	case len(all) > maxCookies:
		s.noSession("the panel sets %d cookies, which is more than can be tried", len(all))
	case t.broken:
		s.noSession("leaving cookies out ended the session again and again, so that nothing can be told from it")
	case len(carry) == 0:
		s.noSession("none of the panel's cookies does, alone or with others")
	default:
		s.sort(in.jar.Cookies(), carry)
		s.combined(sets)
	}
	return carry
}

// noSession: a profile that does not know its session cookies would give them to scripts and to visitors.
func (s *survey) noSession(why string, args ...any) {
	s.out.failed = true
	s.missing("which cookies carry the login: %s; find them in a browser, and write cookies.session into a profile by hand", s.text(why, args...))
}

// byReader orders cookies with those first that scripts can read: they are the first to be left out.
func byReader(all []*http.Cookie) []*http.Cookie {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b *http.Cookie) int {
		switch {
		case a.HttpOnly == b.HttpOnly:
			return 0
		case b.HttpOnly:
			return -1
		default:
			return 1
		}
	})
	return out
}

// sort files the cookies of a login under session and visible.
func (s *survey) sort(all []*http.Cookie, carry []cookieID) {
	for _, c := range all {
		carries := slices.Contains(carry, cookieID{c.Name, c.Path})
		switch {
		case carries && (!s.tellable(c.Name) || strings.ContainsAny(c.Name, "{}\"")):
			s.noSession("%s does, and a profile cannot hold such a name", c.Name)
		case carries:
			s.say("  %s carries the login (%s)", c.Name, flags(c))
			s.out.session = append(s.out.session, hashless(c.Name))
		case !c.HttpOnly && s.tellable(c.Name):
			s.out.visible = append(s.out.visible, hashless(c.Name))
		}
	}
	s.out.session = compacted(s.out.session)
	s.out.visible = slices.DeleteFunc(compacted(s.out.visible), func(name string) bool { return matchCookie(s.out.session, name) })
}

// combined tells which cookies work only together, and which instead of others.
func (s *survey) combined(sets [][]cookieID) {
	if len(sets) == 1 && len(sets[0]) == 1 {
		return
	}
	var ways []string
	for _, set := range sets {
		var names []string
		for _, id := range set {
			names = append(names, id.name)
		}
		ways = append(ways, strings.Join(names, " with "))
	}
	s.say("  enough for it: %s", strings.Join(ways, ", or "))
}

var hashed = regexp.MustCompile(`[0-9a-f]{16,}$`)

// hashless is a cookie's name without the hash at its end that is another one at every installation.
func hashless(name string) string { return hashed.ReplaceAllString(name, "*") }

func compacted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
