package panel

import (
	"fmt"
	"net/netip"
	"strings"
)

// check looks for what single keys cannot tell. strict is false for built-in profiles, which may be incomplete.
func (d *profileDecoder) check(strict bool) {
	p := d.p
	d.compileForms()
	if strict && p.Verify == "" {
		d.faultAt("verify", "is missing: name a page that only a logged-in user gets")
	}
	if strict && len(p.signedOut) == 0 {
		d.faultAt("signed_out", "is missing: say how a page looks to somebody who is not logged in")
	}
	if len(p.signedOut) > 0 && onlyAjax(p.signedOut) {
		d.faultAt("signed_out", "can never match a page: every rule of it wants ajax")
	}
	if p.Forward.Host != "keep" && p.Forward.Host != "panel" && !hostLike(p.Forward.Host) {
		d.faultAt("forward.host", "is neither keep nor panel nor the name of a host")
	}
	for key, target := range map[string]string{"verify": p.Verify, "home": p.Home} {
		if target != "" && p.Match("GET", target).Kind == LoginRoute {
			d.faultAt(key, "is a login: nobody who is logged in gets there")
		}
	}
	d.checkNames()
	d.checkFields()
	d.checkPublic()
	d.checkOrder()
}

func hostLike(h string) bool {
	return h != "" && strings.Trim(h, pathBytes+":[]") == "" && !strings.Contains(h, "/")
}

func onlyAjax(rules []answerRule) bool {
	for _, r := range rules {
		if r.ajax == nil || !*r.ajax {
			return false
		}
	}
	return true
}

// compileForms makes rules of the login page and the form's action, and gathers the parameters that rules look at.
func (d *profileDecoder) compileForms() {
	p := d.p
	p.forms = nil
	for key, target := range map[string]string{"login.page": p.Login.Page, "login.action": p.Login.Action} {
		if target == "" {
			continue
		}
		r, err := compile(LoginRoute, literal(target))
		if err != nil {
			d.faultAt(key, "%v", err)
			continue
		}
		r.key, r.form = key, true
		p.forms = append(p.forms, r)
	}
	p.tested = map[string]bool{}
	lists := append(p.routes[:], p.forms, p.reset, p.background)
	for _, list := range lists {
		for _, r := range list {
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
	p := d.p
	i := p.Identity
	switch {
	case i.Kind == "id" && i.Name.set() != i.ID.set():
		d.faultAt("identity", "kind id needs both: id, the key of the account, and name, which is shown")
	case i.Kind != "id" && i.ID.set():
		d.faultAt("identity", "has an id, but its kind is %s: write kind: id", i.Kind)
	case i.Configured() || p.Usernames.Pattern == nil:
	case takesAny(p, "admin", "a", "user1", "first.last", "a_b") && takesAny(p, "admin@demo.isp", "a@b.co", "first.last@example.org", "user1@example.com"):
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

func (d *profileDecoder) checkFields() {
	l := d.p.Login
	switch basic := l.As == "basic"; {
	case basic && (l.Page != "" || l.Action != "" || l.Anywhere):
		d.faultAt("login", "as: basic knows no login page: write page: ''")
	case !basic && l.Page == "":
		d.faultAt("login.page", "is empty: name the page with the login form")
	case l.Anywhere && (l.User == "auto" || l.Password == "auto"):
		d.faultAt("login.anywhere", "needs the names of the fields: write login.user and login.password")
	}
	if l.As == "json" && (l.User == "auto" || l.Password == "auto") {
		d.faultAt("login", "user and password must be named with as: json")
	}
	if l.User == "" || l.Password == "" || l.User == l.Password && l.User != "auto" {
		d.faultAt("login", "user and password must name two fields, or be auto")
	}
	for _, name := range []string{l.User, l.Password} {
		if _, ok := l.Set[name]; ok {
			d.faultAt("login.set", "sets %s, which is typed", name)
		}
	}
}

// checkPublic: what proves or changes who somebody is must not be open to everybody (design 3.1).
func (d *profileDecoder) checkPublic() {
	p := d.p
	_, logout := splitRule(p.Logout)
	guarded := [][2]string{
		{"verify", p.Verify}, {"identity.page", p.Identity.Page}, {"login.page", p.Login.Page}, {"login.action", p.Login.Action}, {"logout", logout},
	}
	for _, kind := range []Kind{LoginRoute, Logout} {
		for _, r := range p.routes[kind] {
			for _, one := range r.patterns {
				guarded = append(guarded, [2]string{"routes." + kind.String(), one.path})
			}
		}
	}
	for i := range p.routes[Public] {
		r := &p.routes[Public][i]
		for _, g := range guarded {
			if strings.HasPrefix(g[1], "/") && r.opens(g[1]) {
				d.faultAt(r.key, "opens %s (%s) to everybody", g[0], g[1])
				break
			}
		}
	}
	for _, r := range p.reset {
		if _, path := splitRule(r.text); !r.builtin && p.route("GET", read(path), netip.Addr{}).Kind != Public && !strings.ContainsAny(path, "*{") {
			d.faultAt(r.key, "is not public: nobody who forgot a password could open it; add it to routes.public")
		}
	}
}

// opens reports whether a public rule's path takes in a target, whatever the method.
func (r *requestRule) opens(target string) bool {
	path, query, has := strings.Cut(target, "?")
	for _, p := range r.patterns {
		if glob(p.path, path) && (!p.hasQuery || has && equalQuery(p.query, query)) {
			return true
		}
	}
	return false
}

// checkOrder finds rules that another one always takes precedence over. Those of built-in profiles are not at fault.
func (d *profileDecoder) checkOrder() {
	p := d.p
	lists := map[Kind][]requestRule{LoginRoute: append(append([]requestRule{}, p.routes[LoginRoute]...), p.forms...)}
	for kind := Deny; kind < kinds; kind++ {
		if kind != LoginRoute {
			lists[kind] = p.routes[kind]
		}
	}
	for low := LoginRoute; low < kinds; low++ {
		for i := range lists[low] {
			if r := &lists[low][i]; !r.builtin && r.key != "" {
				if by := winner(lists, low, r); by != "" {
					d.faultAt(r.key, "can never match: %s", by)
				}
			}
		}
	}
}

func winner(lists map[Kind][]requestRule, low Kind, r *requestRule) string {
	for high := Deny; high < low; high++ {
		for i := range lists[high] {
			h := &lists[high][i]
			if h.form && low == Logout && r.patterns[0].hasQuery {
				continue // a logout on the login path, told by its query (T12)
			}
			if (h.method == "" || h.method == r.method || h.method == "GET" && r.method == "" && low == Public || r.method == "POST") && h.covers(r) {
				return fmt.Sprintf("%s %q comes first", high, h.text)
			}
		}
	}
	return ""
}
