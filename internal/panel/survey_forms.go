package panel

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// forms tells every form of a page and why it is the login or not. It returns the login form; nil: there is not exactly one.
func (s *survey) forms(page *Answer) *form {
	l := s.auto()
	var found []*form
	for i, one := range pageForms(page.document()) {
		f := readForm(one)
		action, err := s.panel.formTarget(f.action, page)
		if err != nil {
			action = pathOf(f.action) + " (" + err.Error() + ")"
		}
		fits, why := verdictOn(one, f, l)
		s.say("  form %d: %s %s: %s", i+1, f.method, pathOf(action), why)
		if !fits {
			continue
		}
		s.elsewhere(f, page)
		var hidden []string
		for _, field := range f.fields {
			if field.name != f.user && field.name != f.password {
				hidden = append(hidden, field.name)
			}
		}
		s.say("    the name goes into %s, the password into %s; sent with them: %s", f.user, f.password, cmp.Or(strings.Join(hidden, ", "), "nothing"))
		for _, name := range hidden {
			if tokenName.MatchString(name) {
				s.say("    %s is its token: a new one is fetched for every login", name)
			}
		}
		found = append(found, f)
		s.out.user, s.out.password, s.out.action = f.user, f.password, action
	}
	switch {
	case len(found) == 1 && !s.tellable(s.out.page+s.out.user+s.out.password):
		s.missing("the address of the login page or a field of its form holds control characters or the password: a profile cannot name them")
		s.out.unplayable = true
		return nil
	case len(found) != 1:
		s.missing("%d forms look like the login, not one; name the fields in login.user and login.password", len(found))
		s.out.unplayable = true
		return nil
	}
	return found[0]
}

// elsewhere points out a form that names another address than the panel's: the gateway speaks to panel.url and to nobody else.
func (s *survey) elsewhere(f *form, page *Answer) {
	host, _, ok := splitOrigin(f.action)
	if base, under := page.document().Find("base[href]").First().Attr("href"); !ok && under && f.action != "" {
		host, _, ok = splitOrigin(strings.TrimSpace(base))
	}
	own := []string{s.panel.host, s.panel.opt.URL.Host, s.panel.opt.Public.Host}
	switch same := func(h string) bool { return bareHost(h) == bareHost(host) }; {
	case !ok || s.auto().Action != "" || slices.ContainsFunc(own, same):
	case host == "":
		s.out.unplayable = true
		s.missing("a script of the page decides where the login form goes: it cannot be replayed as it stands. If the script calls a JSON address, say login: {as: json, action: …}")
	case !slices.Contains(s.panel.hosts, portless(host)):
		s.out.unplayable = true
		s.missing("the login form is sent to another host, %s: the gateway gives passwords to panel.url only. If that host is the panel, set panel.url to it", host)
	default:
		s.say("    it names another port, %s; the gateway sends it to the same path at %s", host, s.panel.opt.URL.Host)
		s.missing("whether %s, which the login form names, is the panel itself: if another program answers there, set panel.url to it", host)
	}
}

// bareHost is a host with its port, where that is not the one of its scheme.
func bareHost(host string) string {
	return strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(host), ":80"), ":443")
}

// verdictOn says whether a form is the login form, and why.
func verdictOn(one *pageForm, f *form, l LoginForm) (bool, string) {
	passwords := 0
	for _, c := range one.controls {
		if c.kind() == "password" && !c.hidden() {
			passwords++
		}
	}
	switch {
	case one.template:
		return false, "not shown to anybody (inside a template)"
	case f.fill(one.controls, l):
		return true, "the login form: one password field, and a field for a name before it"
	case passwords == 0:
		return false, "no password field"
	case passwords > 1:
		return false, fmt.Sprintf("%d password fields: a registration, or a change of password", passwords)
	default:
		return false, "a password field, but none for a name"
	}
}

// scripts finds logins that cannot be replayed (T15).
func (s *survey) scripts(page *Answer, f *form) {
	if f == nil {
		return
	}
	source := decoded(page.Header, page.Body, maxBody)
	switch {
	case f.captcha || renderedCaptcha.MatchString(source):
		s.out.unplayable = true
		s.missing("the login form asks for a captcha: it cannot be replayed. Switch it off for the panel behind the gateway; our own throttle stands before it")
	case f.method != http.MethodPost:
		s.out.unplayable = true
		s.missing("the login form is not sent with POST, or a script sends it: it cannot be replayed as it stands. If the script calls a JSON address, say login: {as: json, action: …}")
	case computed.MatchString(source):
		s.say("  a script of the page may compute what is sent (%s): if the right password fails below, the login cannot be replayed", computed.FindString(source))
	}
}

var computed = regexp.MustCompile(`(?i)CryptoJS|\bmd5\(|\bsha(1|256|512)\(|onsubmit=["'][^"']*(hash|encrypt|crypt)|JSEncrypt`)
