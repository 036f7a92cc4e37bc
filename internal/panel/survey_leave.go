package panel

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// leaveTime is how long a survey may take to log out what it logged in, after its own end.
const leaveTime = 10 * time.Second

// logouts finds how the panel logs out.
func (s *survey) logouts(page *Answer) {
	s.out.logout = s.wayOut(page)
	switch {
	case s.out.basic:
	case s.out.logout == "":
		s.missing("routes.logout: no form or link on %s looks like a logout", pathOf(page.Target))
	default:
		s.say("  the panel logs out by %s", s.out.logout)
	}
}

// wayOut is the form or link of a page that logs out, as a rule; empty: there is none.
func (s *survey) wayOut(page *Answer) string {
	doc, out := page.document(), ""
	for _, one := range pageForms(doc) {
		f := readForm(one)
		target, err := s.panel.formTarget(f.action, page)
		if err == nil && leaving.MatchString(target) && s.tellable(literal(pathOf(target))) {
			out = f.method + " " + literal(pathOf(target))
			break
		}
	}
	doc.Find("a[href]").EachWithBreak(func(_ int, sel *goquery.Selection) bool {
		target, err := s.panel.formTarget(strings.TrimSpace(sel.AttrOr("href", "")), page)
		if out == "" && err == nil && leaving.MatchString(target) && s.tellable(literal(withoutToken(target))) {
			out = literal(withoutToken(target))
		}
		return out == ""
	})
	return out
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

// leave logs out every login that the survey made, as the gateway would; ctx may be over.
func (s *survey) leave(ctx context.Context) {
	if s.out.basic || len(s.ours) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
	defer cancel()
	s.head("Logging out again")
	left := 0
	var why error
	for _, v := range s.ours {
		if err := s.logOut(ctx, v); err != nil {
			left, why = left+1, err
		}
	}
	s.say("  %d of the %d logins of this look are ended", len(s.ours)-left, len(s.ours))
	if left > 0 {
		s.missing("the end of %d of the logins of this look (%v): log that account out in the panel", left, why)
	}
}

// logOut ends one login with the proposed profile, else by what stands on the page that the login ended on.
func (s *survey) logOut(ctx context.Context, v *visit) error {
	if p, err := s.proposed(); err == nil && p.Logout(ctx, v.client, v.jar) == nil {
		if life, _, _ := p.Probe(ctx, v.client, v.jar); life == Dead {
			return nil
		}
	}
	p, err := s.lenient()
	if err != nil {
		return err
	}
	profile := p.profile
	profile.Verify, profile.Logout = cmp.Or(s.out.verify, s.landed, profile.Verify, "/"), "auto"
	page, err := v.get(ctx, profile.Verify)
	if err != nil || len(loginForms(page.document(), s.auto())) > 0 {
		return err
	}
	out := s.wayOut(page)
	if out == "" {
		return errors.New("no form or link on " + pathOf(profile.Verify) + " looks like a logout")
	}
	r, err := compile(Logout, out)
	if err != nil {
		return err
	}
	profile.routes[Logout] = append(slices.Clone(profile.routes[Logout]), r)
	return p.Logout(ctx, v.client, v.jar)
}
