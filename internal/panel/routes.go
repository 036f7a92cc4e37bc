package panel

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Kind is what a request target is to the gateway. The zero value is the one that asks for everything.
type Kind uint8

const (
	Protected      Kind = iota
	Deny                // never passes
	LoginRoute          // a login of the panel's own: ours comes instead
	Logout              // passes, and ends the session here
	ChallengeRoute      // the panel's own second step
	Impersonate         // "log in as"
	TwoFactorRoute      // the panel's own two-factor settings: our page comes instead
	Public              // passes without a login
	kinds
)

func (k Kind) String() string {
	return [...]string{"protected", "deny", "login", "logout", "challenge", "impersonate", "two_factor", "public"}[k]
}

// Route is what a request's method and target mean.
type Route struct {
	Kind       Kind
	Name       string // of the rule, else its text; empty: no rule
	Number     int    // place of the rule in its list, from 1
	Background bool   // polling: keeps no idle timer alive (T16)
	Plain      bool   // no two servers read the path differently: nothing is opened by another reading
}

// loosely read kinds, the strongest first (design 4.1).
var precedence = [...]Kind{Deny, LoginRoute, Logout, ChallengeRoute, Impersonate, TwoFactorRoute}

// Match says what a request is. target is the raw request target, path?query, as it came in. Rules with `from` count as
// if the client stood outside for public, and inside for every other kind: use MatchFrom where the address is known.
func (p *Profile) Match(method, target string) Route {
	return p.MatchFrom(method, target, netip.Addr{})
}

// MatchFrom is Match for a client whose address is known.
func (p *Profile) MatchFrom(method, target string, from netip.Addr) Route {
	q := question{method: method, target: target, learned: p.learned.Load()}
	if p.sourced {
		q.from = from
	}
	route, known := p.matched.Get(q)
	if !known {
		route = p.match(method, target, from)
		p.remember(q, route)
	}
	return route
}

func (p *Profile) match(method, target string, from netip.Addr) Route {
	t := read(target)
	route := p.route(method, t, from)
	route.Plain = t.plain
	for i := range p.background {
		route.Background = route.Background || !t.loose.tangled && p.background[i].loose(method, t, from)
	}
	return route
}

func (p *Profile) route(method string, t reading, from netip.Addr) Route {
	if t.loose.tangled {
		return Route{Kind: Deny, Name: "path with too many readings"}
	}
	for _, kind := range precedence {
		for i := range p.routes[kind] {
			if r := &p.routes[kind][i]; r.loose(method, t, from) {
				return r.route()
			}
		}
		if kind == LoginRoute && p.isLogin(method, t) && !p.logsOutThere(method, t, from) {
			return Route{Kind: LoginRoute, Name: p.Login.Page}
		}
	}
	for i := range p.folders.of(t.path) {
		if r := &p.routes[Public][i]; r.strict(method, t, from, p.tested) {
			return r.route()
		}
	}
	return Route{}
}

// Lands reports whether somebody may be sent to target after a login: to a page of the panel, in its loosest reading, never to
// what a request there would do (log out, become somebody else) or lead away from (its own login and second step).
func (p *Profile) Lands(target string) bool {
	kind := p.Match(http.MethodGet, target).Kind
	return kind == Protected || kind == Public
}

// isLogin: the login page and what its form posts to count in any method and any reading (S15). Where the panel takes a
// login on any URL, the page may be its home page as well: there only what can carry a form counts.
func (p *Profile) isLogin(method string, t reading) bool {
	if p.Login.Anywhere && (method == http.MethodGet || method == http.MethodHead) {
		return false
	}
	if learned := p.learned.Load(); learned != nil && learned.loose(method, t, netip.Addr{}) {
		return true
	}
	for i := range p.forms {
		if p.forms[i].loose(method, t, netip.Addr{}) {
			return true
		}
	}
	return false
}

// logsOutThere: a GET on the login path with the parameter of a logout rule, written once, is a logout (T12). A POST is
// not: WordPress believes a body's `action=login` before the query.
func (p *Profile) logsOutThere(method string, t reading, from netip.Addr) bool {
	if method != http.MethodGet && method != http.MethodHead {
		return false
	}
	for i := range p.routes[Logout] {
		if r := &p.routes[Logout][i]; r.loose(method, t, from) && r.once(t.query) {
			return true
		}
	}
	return false
}

// ResetURL is where the panel's own "Forgot your password?" begins; empty: nowhere.
func (p *Profile) ResetURL() string {
	for _, r := range p.reset {
		_, path := splitRule(r.text)
		if !strings.ContainsAny(path, "*{") {
			return path
		}
	}
	return ""
}

// RuleText is a rule of the profile as it is written, for lists.
type RuleText struct {
	Kind   Kind
	Number int
	Name   string
	Text   string
	From   []netip.Prefix // empty: everybody
}

// Rules lists the rules of the profile, the strongest kind first.
func (p *Profile) Rules() []RuleText {
	var out []RuleText
	for _, kind := range append(precedence[:], Public) {
		if kind == LoginRoute {
			for _, r := range p.forms {
				out = append(out, RuleText{Kind: kind, Name: r.key, Text: r.text})
			}
		}
		for _, r := range p.routes[kind] {
			out = append(out, RuleText{kind, r.number, r.name, r.text, r.from})
		}
	}
	return out
}

// HandOver lists the paths that a server in front which only asks the gateway must leave to it: those of logins, logouts, the
// panel's own second step and "log in as". `*` is any bytes; a rule that tests the query or the method hands its whole path over,
// since servers choose by paths.
func (p *Profile) HandOver() []string {
	var out []string
	for _, r := range p.Rules() {
		switch r.Kind {
		case LoginRoute, Logout, ChallengeRoute, Impersonate:
		default:
			continue
		}
		_, target := splitRule(strings.TrimSpace(r.Text))
		all, err := alternatives(target)
		if err != nil {
			continue // was refused when the profile was read
		}
		for _, one := range all {
			path, _, _ := strings.Cut(one, "?")
			if !slices.Contains(out, path) {
				out = append(out, path)
			}
		}
	}
	return out
}
