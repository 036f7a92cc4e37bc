package panel

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

var noAddr netip.Addr

// judge decides what the panel's answer to the password means, in the order of design 4.2. The redirect target of the
// answer is never proof: only a guarded page is (T1).
func (a *attempt) judge(ctx context.Context, answer *Answer) (Outcome, error) {
	p := a.panel.profile
	pages, err := a.withText(ctx, answer)
	if err != nil {
		return Outcome{}, err
	}
	for _, page := range pages {
		if r := p.first(p.outcome.throttled, page); r != nil {
			return Outcome{}, &ruling{Throttled, r.text, r.seconds(page)}
		}
	}
	if r := p.first(p.outcome.challenge, answer); r != nil {
		return a.challenge(ctx, answer, r)
	}
	for _, page := range pages {
		if r := p.first(p.outcome.failed, page); r != nil {
			return Outcome{}, rule(BadCredentials, "%s", r.text)
		}
	}
	switch {
	case slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone}, answer.Status):
		return Outcome{}, rule(FormChanged, "POST %s: the panel answered %d", pathOf(answer.Target), answer.Status)
	case len(p.outcome.ok) > 0 && !p.anyOf(p.outcome.ok, answer):
		return Outcome{}, rule(BadCredentials, "no rule of outcome.ok matches")
	}
	return a.verify(ctx, answer)
}

// withText is the answer, and the login page behind it where a rule's text would stand there. The page is asked for with
// a copy of the jar: some panels greet there with a new anonymous cookie.
func (a *attempt) withText(ctx context.Context, answer *Answer) ([]*Answer, error) {
	p := a.panel.profile
	pages := []*Answer{answer}
	if !redirects(answer.Status) || !testsText(p.outcome.throttled) && !testsText(p.outcome.failed) {
		return pages, nil
	}
	target, _, _ := strings.Cut(answer.Location, "#")
	if !panelTarget(target) || target != p.Login.Page && pathOf(target) != p.Login.Page {
		return pages, nil
	}
	aside := a.panel.visit(a.in.Client, a.visit.jar.Clone())
	page, err := aside.get(ctx, target)
	if err != nil {
		return nil, err
	}
	page.submitted = answer.submitted
	return append(pages, page), nil
}

// challenge: the password was right and the panel asks for its own second step. Without control anybody's answer could look so.
func (a *attempt) challenge(ctx context.Context, answer *Answer, r *answerRule) (Outcome, error) {
	if err := a.controlled(ctx); err != nil {
		return Outcome{}, err
	}
	return Outcome{Verdict: Challenge, Reason: r.text, Jar: a.visit.jar, Who: Identity{Name: a.name}, Landing: a.panel.landing(answer.Location, ChallengeRoute)}, nil
}

// verify asks for the guarded page with the new cookies: the only proof of a login.
func (a *attempt) verify(ctx context.Context, answer *Answer) (Outcome, error) {
	life, who, err := a.panel.look(ctx, a.visit)
	switch life {
	case Dead:
		return Outcome{}, rule(BadCredentials, "GET %s: signed out after the login", pathOf(a.panel.profile.Verify))
	case Odd:
		return Outcome{}, rule(FormChanged, "%v", err)
	case Unknown:
		return Outcome{}, err
	}
	if err := a.controlled(ctx); err != nil {
		return Outcome{}, err
	}
	if !a.panel.profile.Identity.Configured() {
		who.Name = a.name
	}
	return Outcome{Verdict: OK, Reason: "verify", Jar: a.visit.jar, Who: who, Landing: a.panel.landing(answer.Location)}, nil
}

// controlled is control with this browser's user agent and language: a page that everybody gets proves nothing (S16).
func (a *attempt) controlled(ctx context.Context) error {
	err := a.panel.Control(ctx, a.in.Client)
	if errors.Is(err, ErrControl) {
		return rule(FormChanged, "%v", err)
	}
	return err
}

// landing is where the panel's own answer pointed, if a person has anything to do there. It is a wish like any other: checked
// when it is sent (S9).
func (p *Panel) landing(location string, allowed ...Kind) string {
	if !panelTarget(location) || !p.profile.Lands(location) && !slices.Contains(allowed, p.profile.Match(http.MethodGet, location).Kind) {
		return ""
	}
	return location
}
