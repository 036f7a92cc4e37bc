package panel

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Proposal is the profile that a survey ends with, and what it could not find out.
type Proposal struct {
	Base    string
	Missing []string // in plain words

	page, action, user, password string
	verify, logout, name         string
	signedOut, session, visible  []string
	basic, unplayable, failed    bool
}

func (p *Proposal) generic() bool { return p.Base == "generic" }

// Complete reports whether the proposal can be written down as a profile that works: it failed none of its own tests.
func (p *Proposal) Complete() bool { return p.verify != "" && !p.unplayable && !p.failed }

// anywhere: a panel that shows its login form in place of any page takes a login there, too (T13).
func (p *Proposal) anywhere() bool { return slices.Contains(p.signedOut, "{form: true}") }

// YAML is the proposal as the text of a profile: only what its base does not say.
func (p *Proposal) YAML() string {
	base, err := Load(p.Base)
	if err != nil {
		base, _ = Load("generic")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Proposed by ispgate panel check; read it before you use it.\nname: %s\nbase: %s\n", "own", base.Name)
	if !p.basic && p.generic() {
		anywhere := ""
		if p.anywhere() {
			anywhere = ", anywhere: true"
		}
		fmt.Fprintf(&b, "login: {page: %s, user: %s, password: %s%s}\n", quoted(p.page), quoted(p.user), quoted(p.password), anywhere)
	} else if p.page != "" && p.page != base.Login.Page {
		fmt.Fprintf(&b, "login: {page: %s, user: %s, password: %s}\n", quoted(p.page), quoted(p.user), quoted(p.password))
	}
	if p.verify != "" && p.verify != base.Verify {
		fmt.Fprintf(&b, "verify: %s\n", quoted(p.verify))
	}
	if len(base.signedOut) == 0 && len(p.signedOut) > 0 {
		fmt.Fprintf(&b, "signed_out: [%s]\n", strings.Join(p.signedOut, ", "))
	}
	if !base.Identity.Configured() {
		p.people(&b)
	}
	if p.generic() {
		if p.logout != "" {
			fmt.Fprintf(&b, "routes:\n  logout: [%s]\n  public: [{rule: '/.well-known/acme-challenge/*', name: acme}]\n", quoted(p.logout))
		}
		if len(p.session) > 0 {
			fmt.Fprintf(&b, "cookies: {session: [%s], visible: [%s]}\n", quotedList(p.session), quotedList(p.visible))
		}
	}
	return b.String()
}

// people is how the panel names persons.
func (p *Proposal) people(b *strings.Builder) {
	mail := strings.Contains(p.user, "mail")
	switch {
	case p.basic:
	case p.name != "":
		kind := "name"
		if mail {
			kind = "email"
		}
		fmt.Fprintf(b, "identity: {kind: %s, name: %s}\n", kind, p.name)
		if mail && p.generic() {
			b.WriteString("usernames: {fold: true, pattern: '^[a-z0-9._%+-]+@[a-z0-9.-]+$'}\n")
		}
	case mail && p.generic():
		b.WriteString("usernames: {fold: true, pattern: '^[a-z0-9._%+-]+@[a-z0-9.-]+$'}\n")
	}
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func quotedList(all []string) string {
	out := make([]string, len(all))
	for i, text := range all {
		out[i] = quoted(text)
	}
	return strings.Join(out, ", ")
}

// signature tells software by what stands in its login form and its cookies.
type signature struct {
	profile string
	fields  []string // all of them
	cookie  string   // a glob; empty: any
}

// signatures: the first that fits wins.
var signatures = []signature{
	{"wordpress", []string{"log", "pwd", "wp-submit"}, ""},
	{"phpmyadmin", []string{"pma_username", "pma_password"}, ""},
	{"django-admin", []string{"csrfmiddlewaretoken", "username", "password"}, "csrftoken"},
	{"icingaweb2", []string{"CSRFToken", "formUID", "username"}, ""},
	{"zabbix", []string{"name", "password", "enter"}, ""},
	{"laravel", []string{"_token"}, "XSRF-TOKEN"},
	{"codeigniter", nil, "ci_session*"},
}

// recognise proposes a built-in profile where the configuration names none.
func (s *survey) recognise(page *Answer, f *form, jar *Jar) {
	if f == nil || s.panel.profile.Name != "generic" {
		return
	}
	has := map[string]bool{f.user: true, f.password: true}
	for _, field := range f.fields {
		has[field.name] = true
	}
	for _, sign := range s.signs {
		fits := sign.cookie == ""
		for _, c := range jar.Cookies() {
			fits = fits || glob(sign.cookie, c.Name)
		}
		for _, name := range sign.fields {
			fits = fits && has[name]
		}
		if fits {
			s.out.Base = sign.profile
			s.say("  this looks like profile %s", sign.profile)
			return
		}
	}
	s.say("  none of the built-in profiles looks like this: generic it is")
}

// prove makes real panel logins with the proposal, as the gateway would.
func (s *survey) prove(ctx context.Context) {
	if !s.out.Complete() {
		return
	}
	s.head("The gateway's own verdicts, with the proposed profile")
	profile, err := Parse("the proposal", []byte(s.out.YAML()))
	if err == nil {
		err = profile.Complete()
	}
	if err != nil {
		s.out.failed = true
		s.missing("the proposal is not a profile yet: %v", err)
		return
	}
	o := s.panel.opt
	o.Profile = profile
	p, err := New(o)
	if err != nil {
		s.missing("%v", err)
		return
	}
	right := s.try(ctx, p, "the right password", s.ask.Client, s.ask.Username, s.ask.Password)
	if right.Verdict != OK {
		s.out.failed = true
		s.missing("the right password comes out as %s: %s", right.Verdict, right.Reason)
		return
	}
	s.variants(ctx, p, right)
	if s.ask.Wrong {
		if out := s.try(ctx, p, "a wrong password", s.ask.Client, s.ask.Username, s.ask.Password+"-wrong"); out.Verdict != BadCredentials {
			s.out.failed = true
			s.missing("a wrong password comes out as %s: %s", out.Verdict, out.Reason)
		}
	} else {
		s.missing("whether a wrong password is told from a right one: run this again with --wrong")
	}
	if profile.Logout != "none" {
		if err := p.Logout(ctx, s.ask.Client, right.Jar); err != nil {
			s.missing("logging out in the panel: %v", err)
		} else if life, _, _ := p.Probe(ctx, s.ask.Client, right.Jar); life != Dead {
			s.missing("the panel's session outlived its logout; see routes.logout")
		} else {
			s.say("  logged out again: the panel session is dead")
		}
	}
	if !profile.Identity.Configured() {
		s.missing("whose session it is: the profile reads no identity, so that names are compared as they are typed. Where the panel takes several spellings for one person, name the place in identity")
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
	out := s.try(ctx, p, "the name as "+upper, s.ask.Client, upper, s.ask.Password)
	if out.Verdict == OK && out.Who.Key() != right.Who.Key() {
		s.out.failed = true
		s.missing("the panel takes %s for the same person, but the profile makes another account of it: set usernames.fold: true, or read the identity", upper)
	}
}

func (s *survey) try(ctx context.Context, p *Panel, what string, c Client, name, password string) Outcome {
	out := p.Login(ctx, Attempt{c, name, password})
	who := ""
	if out.Verdict == OK {
		who = ", as " + out.Who.Key()
	}
	s.say("  %s: %s (%s)%s", what, out.Verdict, out.Reason, who)
	return out
}
