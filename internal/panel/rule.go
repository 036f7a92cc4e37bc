package panel

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// requestRule is "[METHOD] /path[?query]", compiled.
type requestRule struct {
	kind     Kind
	number   int
	name     string
	text     string
	key      string // where it stands in the profile
	builtin  bool
	form     bool   // login.page or login.action
	method   string // empty: GET and HEAD for public, any elsewhere
	from     []netip.Prefix
	patterns []pattern
}

// pattern is one alternative of a rule.
type pattern struct {
	path     string // public: as written; every other kind: canonical
	query    string
	hasQuery bool
	params   []param
	scripts  int
}

const maxAlternatives = 256

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// splitRule takes the method off a rule.
func splitRule(text string) (method, target string) {
	if m, rest, ok := strings.Cut(text, " "); ok && !strings.HasPrefix(text, "/") {
		return m, strings.TrimSpace(rest)
	}
	return "", text
}

// compile understands a rule; public ones are compared in the strictest reading, all others in the loosest.
func compile(kind Kind, text string) (requestRule, error) {
	r := requestRule{kind: kind, text: text, name: text}
	if len(text) > maxRule {
		return r, fmt.Errorf("is longer than %d bytes", maxRule)
	}
	method, target := splitRule(strings.TrimSpace(text))
	if method != "" && !slices.Contains(methods, method) {
		return r, fmt.Errorf("can never match: no request with the method %q gets this far", method)
	}
	r.method = method
	all, err := alternatives(target)
	if err != nil {
		return r, err
	}
	for _, one := range all {
		p, err := compilePattern(kind, one)
		if err != nil {
			return r, err
		}
		r.patterns = append(r.patterns, p)
		if kind != Public {
			r.patterns = append(r.patterns, p.siblings()...)
		}
	}
	return r, nil
}

// siblings are what a loose rule for a script or for all within a folder holds for as well.
func (p pattern) siblings() []pattern {
	for _, end := range []string{
		".php", // Apache's MultiViews run login.php for /login
		"/*",   // PHP's own server runs x/index.php for /x
	} {
		if bare, ok := strings.CutSuffix(p.path, end); ok && bare != "" && !strings.HasSuffix(bare, "*") {
			p.path = bare
			return []pattern{p}
		}
	}
	return nil
}

func compilePattern(kind Kind, text string) (pattern, error) {
	var p pattern
	p.path, p.query, p.hasQuery = strings.Cut(text, "?")
	if !strings.HasPrefix(p.path, "/") {
		return p, errors.New("does not begin with / (after the method, if there is one)")
	}
	if strings.ContainsAny(text, " \t#") {
		return p, errors.New("can never match: blanks and # do not occur in a request target")
	}
	if strings.HasPrefix(p.path, ownPrefix) {
		return p, fmt.Errorf("can never match: %s is the gateway's own", ownPrefix)
	}
	p.scripts = scripts(strings.ReplaceAll(p.path, "*", "-"))
	if kind == Public {
		if !plain(strings.ReplaceAll(p.path, "*", "-")) {
			return p, errors.New("can never match: public paths have only [A-Za-z0-9._~/-], no // and no dot segments")
		}
		if testsAny(overriding, &query{raw: p.query}) {
			return p, errors.New("can never match: a request that changes its method by _method is not public")
		}
		return p, nil
	}
	if strings.ContainsAny(p.path, "%\\;") {
		return p, errors.New(`can never match: paths are compared decoded, without \ and ;…`)
	}
	p.path = ruled(p.path)
	for _, q := range parameters(p.query, "&") {
		p.params = append(p.params, param{q.names[len(q.names)-1], strings.Map(lowered, percentDecoded(q.value))})
	}
	if p.hasQuery && len(p.params) == 0 {
		return p, errors.New("has a ? without a parameter behind it")
	}
	return p, nil
}

// alternatives expands {a,b}.
func alternatives(text string) ([]string, error) {
	open := strings.IndexByte(text, '{')
	if open < 0 {
		if strings.IndexByte(text, '}') >= 0 {
			return nil, errors.New("has a } without a {")
		}
		return []string{text}, nil
	}
	end := strings.IndexByte(text[open:], '}')
	if end < 0 || strings.IndexByte(text[open+1:open+end], '{') >= 0 {
		return nil, errors.New("has a { that is not closed, or one within another")
	}
	rest, err := alternatives(text[open+end+1:])
	if err != nil {
		return nil, err
	}
	words := strings.Split(text[open+1:open+end], ",")
	if len(words)*len(rest) > maxAlternatives {
		return nil, fmt.Errorf("has more than %d alternatives", maxAlternatives)
	}
	var out []string
	for _, word := range words {
		for _, r := range rest {
			out = append(out, text[:open]+word+r)
		}
	}
	return out, nil
}

func (r *requestRule) route() Route { return Route{Kind: r.kind, Name: r.name, Number: r.number} }

// strict reports whether a public rule opens for a target; tested are the parameters that some rule looks at. Nothing with
// `_method` in its query is public; one that has it in its body is cut off (Watch), unless every method is public there.
func (r *requestRule) strict(method string, t reading, from netip.Addr, tested map[string]bool) bool {
	if !t.plain || !r.strictMethod(method) || testsAny(overriding, t.query) || len(r.from) > 0 && !contains(r.from, from) {
		return false
	}
	for _, p := range r.patterns {
		if !glob(p.path, t.path) || t.scripts > p.scripts {
			continue
		}
		if p.hasQuery && equalQuery(p.query, t.query.raw) || !p.hasQuery && !testsAny(tested, t.query) {
			return true
		}
	}
	return false
}

func (r *requestRule) strictMethod(method string) bool {
	if r.method == "" || r.method == http.MethodGet {
		return method == http.MethodGet || method == http.MethodHead
	}
	return method == r.method
}

var overriding = map[string]bool{"_method": true}

func testsAny(tested map[string]bool, q *query) bool {
	if len(tested) == 0 {
		return false
	}
	_, all := q.split()
	return slices.ContainsFunc(all, func(p parameter) bool {
		return slices.ContainsFunc(p.names, func(n string) bool { return tested[n] })
	})
}

// loose reports whether a rule of any other kind holds in some reading of the target.
func (r *requestRule) loose(method string, t reading, from netip.Addr) bool {
	if !r.looseMethod(method) || len(r.from) > 0 && from.IsValid() && !contains(r.from, from) {
		return false
	}
	for _, p := range r.patterns {
		if p.loose(t) {
			return true
		}
	}
	return false
}

func (p *pattern) loose(t reading) bool {
	if !t.loose.fit(p.path) {
		return false
	}
	for _, q := range p.params {
		if !q.fits(t.query) {
			return false
		}
	}
	return true
}

// looseMethod: to PHP frameworks a POST is whatever `_method` in its body or query says, and HEAD is a GET.
func (r *requestRule) looseMethod(method string) bool {
	return r.method == "" || r.method == method || method == http.MethodPost || method == http.MethodHead && r.method == http.MethodGet
}

// once reports whether the rule looks at parameters and each of them is written exactly once in the query.
func (r *requestRule) once(q *query) bool {
	_, all := q.split()
	for _, p := range r.patterns {
		for _, one := range p.params {
			if len(one.values(all)) != 1 {
				return false
			}
		}
		if len(p.params) == 0 {
			return false
		}
	}
	return true
}

// covers reports whether every target of other is one of r's as well: `*` in a text is only ever met by a `*`.
func (r *requestRule) covers(other *requestRule) bool {
	if len(r.from) > 0 {
		return false
	}
	for _, o := range other.patterns {
		covered := slices.ContainsFunc(r.patterns, func(p pattern) bool {
			text := o.path
			if r.kind != Public && other.kind == Public {
				text = ruled(text)
			}
			return !p.hasQuery && glob(p.path, text)
		})
		if !covered {
			return false
		}
	}
	return true
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}
