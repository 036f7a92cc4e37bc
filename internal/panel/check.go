package panel

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// check looks for what single keys cannot tell. strict is false for built-in profiles, which may be incomplete.
func (d *profileDecoder) check(strict bool) {
	p := d.p
	d.compileForms()
	strict = strict && !p.Loginless()
	if strict && p.Verify == "" {
		d.faultAt("verify", "is missing: name a page that only a logged-in user gets")
	}
	if strict && len(p.signedOut) == 0 {
		d.faultAt("signed_out", "is missing: say how a page looks to somebody who is not logged in")
	}
	if p.Forward.Host != "keep" && p.Forward.Host != "panel" && !hostLike(p.Forward.Host) {
		d.faultAt("forward.host", "is neither keep nor panel nor the name of a host, like panel.example.net or 192.0.2.1:8080")
	}
	if !p.Loginless() {
		d.checkAnswers()
		d.checkNames()
		d.checkIdentity()
		d.checkLogin()
		d.checkFields()
		d.checkLogout()
	}
	d.checkCookies()
	d.checkTargets()
	d.checkPublic()
	d.checkOrder()
}

// hostLike: a name or an address, perhaps with a port.
func hostLike(h string) bool {
	u, err := url.Parse("http://" + h + "/")
	if err != nil || u.Host != h || strings.HasSuffix(h, ":") {
		return false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return false
		}
	}
	name := u.Hostname()
	if strings.Contains(name, ":") {
		_, err := netip.ParseAddr(name)
		return err == nil
	}
	return name != "" && !strings.Contains(name, "/") && strings.Trim(name, pathBytes) == ""
}

// compileForms makes rules of the login page and the form's action, and gathers the parameters that rules look at.
func (d *profileDecoder) compileForms() {
	p := d.p
	p.forms = nil
	for _, t := range [][2]string{{"login.page", p.Login.Page}, {"login.action", p.Login.Action}} {
		if t[1] == "" {
			continue
		}
		r, err := compile(LoginRoute, literal(t[1]))
		if err != nil {
			d.faultAt(t[0], "%v", err)
			continue
		}
		r.key, r.form = t[0], true
		p.forms = append(p.forms, r)
	}
	p.tested, p.sourced = map[string]bool{}, false
	lists := append(p.routes[:], p.forms, p.reset, p.background)
	for _, list := range lists {
		for _, r := range list {
			p.sourced = p.sourced || len(r.from) > 0
			for _, one := range r.patterns {
				for _, q := range one.params {
					p.tested[q.name] = true
				}
			}
		}
	}
}

// literal is a target as the text of a rule: decoded, because loose rules are.
func literal(target string) string {
	path, query, has := strings.Cut(target, "?")
	if has && query != "" {
		return percentDecoded(path) + "?" + query
	}
	return percentDecoded(path)
}

// checkNames: without an identity, a name and an e-mail address of the same person would be two accounts (S16).
func (d *profileDecoder) checkNames() {
	u := d.p.Usernames
	switch {
	case u.Pattern == nil:
	case takesNobody(u.Pattern.String(), u.Fold) && u.Fold:
		d.faultAt("usernames.pattern", "takes nobody: with fold: true names have no capital letters, and never blanks; write small ones")
	case takesNobody(u.Pattern.String(), u.Fold):
		d.faultAt("usernames.pattern", "takes nobody: names have no blanks and no control characters")
	case d.p.Identity.Configured():
	case takesAny(d.p, "admin", "a", "user1", "first.last", "a_b") && takesAny(d.p, "admin@demo.isp", "a@b.co", "first.last@example.org", "user1@example.com"):
		d.faultAt("usernames.pattern", "takes both names and e-mail addresses: a person could have two accounts; take one of them, or read the identity")
	}
}

func takesAny(p *Profile, names ...string) bool {
	for _, n := range names {
		if p.Usernames.Pattern.MatchString(n) {
			return true
		}
	}
	return false
}

func (d *profileDecoder) checkIdentity() {
	i := d.p.Identity
	switch {
	case i.Kind == "id" && i.Name.set() != i.ID.set():
		d.faultAt("identity", "kind id needs both: id, the key of the account, and name, which is shown")
	case i.Kind != "id" && i.ID.set():
		d.faultAt("identity", "has an id, but its kind is %s: write kind: id", i.Kind)
	case i.Kind != "id" && !i.Name.set():
		d.faultAt("identity.kind", "is %s, but nothing is read: write name: {css: …} or name: {json: …}", i.Kind)
	case i.Page != "" && !i.Name.set() && !i.Role.set():
		d.faultAt("identity.page", "is a page of which nothing is read: write name: {css: …} or name: {json: …}")
	}
}

func (d *profileDecoder) checkLogin() {
	l := d.p.Login
	switch basic := l.As == "basic"; {
	case basic && (l.Page != "" || l.Action != "" || l.Anywhere):
		d.faultAt("login", "as: basic knows no login page: write page: ''")
	case basic:
		d.checkBasic()
	case l.Page == "":
		d.faultAt("login.page", "is empty: name the page with the login form")
	case l.Anywhere && (l.User == "auto" || l.Password == "auto"):
		d.faultAt("login.anywhere", "needs the names of the fields: write login.user and login.password")
	case l.As == "json" && (l.User == "auto" || l.Password == "auto"):
		d.faultAt("login", "user and password must be named with as: json")
	}
}

// checkBasic: keys that only a form has, written in the file itself.
func (d *profileDecoder) checkBasic() {
	l := d.p.Login
	needless := map[string]bool{"login.user": l.User != "auto", "login.password": l.Password != "auto", "login.take": len(l.Take) > 0}
	for name := range l.Set {
		needless["login.set."+name] = true
	}
	for key, is := range needless {
		if is && d.at[key] != nil {
			d.faultAt(key, "can never be used: as: basic fills in no form; take it out")
		}
	}
}

// fieldAsPHP is the name under which PHP files a field: an index stays as it is.
func fieldAsPHP(name string) string {
	if array, index, ok := strings.Cut(name, "["); ok && strings.Contains(index, "]") {
		return FoldCookieName(array) + "[" + index
	}
	return FoldCookieName(name)
}

// checkFields: two fields whose names PHP folds to one would be one field.
func (d *profileDecoder) checkFields() {
	l := d.p.Login
	user, password := fieldAsPHP(l.User), fieldAsPHP(l.Password)
	if l.User == "" || l.Password == "" || user == password && l.User != "auto" {
		d.faultAt("login", "user and password must name two fields, or be auto; PHP takes user.name and user_name for one")
	}
	typed := func(name string) bool {
		return name != "auto" && (fieldAsPHP(name) == user || fieldAsPHP(name) == password)
	}
	for name := range l.Set {
		if typed(name) {
			d.faultAt("login.set", "sets %s, which is typed", name)
		}
	}
	for name := range l.Take {
		if typed(name) {
			d.faultAt("login.take", "takes %s, which is typed", name)
		}
		if _, ok := l.Set[name]; ok {
			d.faultAt("login.take", "takes %s, which login.set sets", name)
		}
	}
}

// checkLogout also looks at the panel's own second step: each of the two is of no use without the other half of it.
func (d *profileDecoder) checkLogout() {
	p := d.p
	if p.Logout == "auto" && len(p.routes[Logout]) == 0 {
		d.faultAt(present(d, "logout", "routes.logout"), "auto finds its form or link by routes.logout, which is empty: name the panel's logout there, or write logout: none")
	}
	switch rules := p.routes[ChallengeRoute]; {
	case len(p.outcome.challenge) > 0 && len(rules) == 0:
		d.faultAt(present(d, "routes.challenge", "outcome.challenge"), "outcome.challenge finds the panel's own second step, but routes.challenge names none of its pages: name them, or write outcome: {challenge: []}")
	case len(p.outcome.challenge) == 0 && len(rules) > 0 && !rules[0].builtin:
		d.faultAt("routes.challenge", "can never match: without outcome.challenge nobody is at the panel's own second step; say how its login answers then, for example challenge: [{location: '^/two-factor'}]")
	}
}

func (d *profileDecoder) checkCookies() {
	c := d.p.Cookies
	if len(c.Session) == 0 && d.p.Login.As != "basic" {
		d.faultAt("cookies.session", "is empty: name the cookies that carry the login")
	}
	for _, s := range c.Session {
		if matchCookie(c.Drop, s) {
			d.faultAt(present(d, "cookies.drop", "cookies.session"), "drop takes in %s, which carries the login: nobody could stay logged in; take it out", s)
		}
	}
	for i, v := range c.Visible {
		for list, globs := range map[string][]string{"session": c.Session, "drop": c.Drop} {
			if matchCookie(globs, v) && d.at["cookies.visible"] != nil {
				d.faultAt(fmt.Sprintf("cookies.visible[%d]", i), "can never match: cookies.%s takes in %s and comes first", list, v)
			}
		}
	}
}
