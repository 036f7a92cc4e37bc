package panel

import (
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
	mail                         bool // the typed name is an e-mail address
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
	} else if p.page != "" && p.page != base.Login.Page && !base.Login.Anywhere {
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
	}
	p.cookies(&b, base)
	return b.String()
}

// cookies are those found, where the base does not know them.
func (p *Proposal) cookies(b *strings.Builder, base *Profile) {
	strange := slices.DeleteFunc(slices.Clone(p.session), base.MatchSession)
	switch {
	case p.generic() && len(p.session) > 0:
		fmt.Fprintf(b, "cookies: {session: [%s], visible: [%s]}\n", quotedList(p.session), quotedList(p.visible))
	case !p.generic() && len(strange) > 0:
		fmt.Fprintf(b, "cookies: {session: [%s]}\n", quotedList(append(slices.Clone(base.Cookies.Session), strange...)))
	}
}

// people is how the panel names persons.
func (p *Proposal) people(b *strings.Builder) {
	mail := p.mail
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

func quoted(text string) string { return "'" + strings.ReplaceAll(printable(text), "'", "''") + "'" }

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
