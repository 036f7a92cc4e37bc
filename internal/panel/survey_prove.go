package panel

import (
	"context"
	"strings"
)

// proposed is the panel with the proposed profile.
func (s *survey) proposed() (*Panel, error) {
	profile, err := Parse("the proposal", []byte(s.out.YAML()))
	if err != nil {
		return nil, err
	}
	o := s.panel.opt
	o.Profile = profile
	return New(o)
}

// prove makes real panel logins with the proposal, as the gateway would.
func (s *survey) prove(ctx context.Context) {
	if !s.out.Complete() || ctx.Err() != nil {
		return
	}
	s.head("The gateway's own verdicts, with the proposed profile")
	p, err := s.proposed()
	if err != nil {
		s.out.failed = true
		s.missing("the proposal is not a profile yet: %v", err)
		return
	}
	right := s.try(ctx, p, "the right password", s.ask.Client, s.ask.Username, s.ask.Password)
	if right.Verdict != OK {
		s.out.failed = true
		s.missing("the right password comes out as %s: %s", right.Verdict, right.Reason)
		return
	}
	if s.out.name != "" && !strings.EqualFold(right.Who.Name, strings.TrimSpace(s.ask.Username)) {
		s.out.failed = true
		s.missing("identity: in a second login %s stands where the name of %s was; write identity by hand", right.Who.Name, s.ask.Username)
	}
	s.variants(ctx, p, right)
	s.tryWrong(ctx, p)
	if p.profile.Logout != "none" && ctx.Err() == nil {
		if err := p.Logout(ctx, s.ask.Client, right.Jar); err != nil {
			s.missing("logging out in the panel: %v", err)
		} else if life, _, _ := p.Probe(ctx, s.ask.Client, right.Jar); life != Dead {
			s.missing("the panel's session outlived its logout; see routes.logout")
		} else {
			s.say("  logged out again: the panel session is dead")
		}
	}
	if !p.profile.Identity.Configured() {
		s.missing("whose session it is: the profile reads no identity, so that names are compared as they are typed. Where the panel takes several spellings for one person, name the place in identity")
	}
}

func (s *survey) tryWrong(ctx context.Context, p *Panel) {
	if !s.ask.Wrong {
		s.missing("whether a wrong password is told from a right one: run this again with --wrong")
		return
	}
	if out := s.try(ctx, p, "a wrong password", s.ask.Client, s.ask.Username, s.ask.Password+"-wrong"); out.Verdict != BadCredentials {
		s.out.failed = true
		s.missing("a wrong password comes out as %s: %s", out.Verdict, out.Reason)
	}
}

// variants: another language and another browser must come out the same; another spelling must not be another person (S16).
func (s *survey) variants(ctx context.Context, p *Panel, right Outcome) {
	other := s.ask.Client
	other.Language, other.UserAgent = "bn,en;q=0.5", "Mozilla/5.0 (Android 14; Mobile) ispgate-check"
	if out := s.try(ctx, p, "another browser, in another language", other, s.ask.Username, s.ask.Password); out.Verdict != OK {
		s.out.failed = true
		s.missing("another browser's login comes out as %s: %s", out.Verdict, out.Reason)
	}
	upper := strings.ToUpper(s.ask.Username)
	if upper == s.ask.Username {
		upper = strings.ToLower(upper)
	}
	s.spelling(ctx, p, right, "the name as "+upper, upper)
	if s.alias != "" {
		s.spelling(ctx, p, right, "the person's other name, "+s.alias, s.alias)
	}
}

// spelling tries another name of the same person: the panel may take it or not, but the account must be the same.
func (s *survey) spelling(ctx context.Context, p *Panel, right Outcome, what, name string) {
	if name == s.ask.Username {
		return
	}
	out := s.try(ctx, p, what, s.ask.Client, name, s.ask.Password)
	if out.Verdict == OK && out.Who.Key() != right.Who.Key() {
		s.out.failed = true
		s.missing("the panel takes %s for the same person, but the profile makes another account of it: set usernames.fold: true, or read the identity", name)
	}
}

// try makes one login. It keeps the session also where the verdict is no OK: the panel may have let it in.
func (s *survey) try(ctx context.Context, p *Panel, what string, c Client, name, password string) Outcome {
	within, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	a := &attempt{panel: p, in: Attempt{c, name, password}}
	out, err := a.run(within)
	if err != nil {
		out = outcomeOf(err)
	}
	if a.visit != nil && out.Verdict != BadCredentials {
		s.ours = append(s.ours, a.visit)
	}
	who := ""
	if out.Verdict == OK {
		who = ", as " + out.Who.Key()
	}
	if ctx.Err() == nil {
		s.say("  %s: %s (%s)%s", what, out.Verdict, out.Reason, who)
	}
	return out
}
