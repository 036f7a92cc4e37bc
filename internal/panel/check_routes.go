package panel

import (
	"fmt"
	"net/netip"
	"strings"
)

// ownPrefix is where the gateway's own pages are (design 3.3); the panel gets no request for it.
const ownPrefix = "/ispgate/"

// checkTargets: what the gateway asks for itself, and where a person lands, must be a plain page of the panel.
func (d *profileDecoder) checkTargets() {
	p := d.p
	targets := [][2]string{{"verify", p.Verify}, {"identity.page", p.Identity.Page}, {"home", p.Home}}
	for _, t := range targets {
		switch path := percentDecoded(pathOf(t[1])); {
		case t[1] == "":
		case read(t[1]).loose.tangled:
			d.faultAt(t[0], "can be read in too many ways, so that nobody may pass: write it without encoding, dot segments and index.php")
		case p.Match("GET", t[1]).Kind == LoginRoute:
			d.faultAt(t[0], "is a login: nobody who is logged in gets there")
		case strings.HasPrefix(strings.ToLower(path)+"/", ownPrefix):
			d.faultAt(t[0], "is under %s, which is the gateway's own: name a page of the panel", ownPrefix)
		case t[0] == "home" && (strings.ContainsAny(t[1], "\"<>`") || dotless(squeezed(path)) != path):
			d.faultAt(t[0], "is no address to send a browser to: write it without // and dot segments, and without \" < > and backtick")
		}
	}
	for _, kind := range []Kind{Deny, Logout, ChallengeRoute, Impersonate, TwoFactorRoute} {
		taken := targets
		if kind == Deny {
			taken = append(taken[:len(taken):len(taken)], [2]string{"login.page", p.Login.Page}, [2]string{"login.action", p.Login.Action})
		}
		for i := range p.routes[kind] {
			if r := &p.routes[kind][i]; d.checkTaken(r, taken) && r.builtin {
				break
			}
		}
	}
}

// checkTaken names a rule that takes in any of the targets. One with `from` may: the gateway itself stands elsewhere.
func (d *profileDecoder) checkTaken(r *requestRule, targets [][2]string) bool {
	var keys, all []string
	for _, t := range targets {
		if t[1] != "" && len(r.from) == 0 && r.loose("GET", read(t[1]), netip.Addr{}) {
			keys = append(keys, t[0])
			all = append(all, fmt.Sprintf("%s (%s)", t[0], t[1]))
		}
	}
	switch {
	case len(all) == 0:
	case r.builtin:
		d.faultAt(keys[0], "is taken in by %s %q of the profile that this one is based on: name another page", r.kind, r.text)
	default:
		d.faultAt(r.key, "%s %q takes in %s: narrow the rule, or name another page there", r.kind, r.text, strings.Join(all, ", "))
	}
	return len(all) > 0
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
			if r := &lists[low][i]; !r.builtin && !r.form {
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
