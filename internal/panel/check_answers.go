package panel

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// checkAnswers finds response rules that another one always decides before. Those of built-in profiles are not at fault.
func (d *profileDecoder) checkAnswers() {
	p := d.p
	if len(p.signedOut) > 0 && onlyAjax(p.signedOut) {
		d.faultAt("signed_out", "can never match a page: every rule of it wants ajax")
	}
	for i := range p.signedOut {
		out := &p.signedOut[i]
		switch in := coveredBy(out, p.signedIn); {
		case in == nil || out.builtin && in.builtin:
		case out.builtin:
			d.faultAt(in.text, "can never match: %s comes first and matches all of it", out.text)
		default:
			d.faultAt(out.text, "matches everything that %s does, so that nobody could be logged in: add a test that only strangers' answers pass, like location, body or form: true", in.text)
		}
	}
	o := &p.outcome
	for _, pair := range [][2][]answerRule{ // in the order of design 4.2; stale and challenge do not look at the login page behind an answer
		{o.stale, o.challenge}, {o.stale, o.ok}, {o.throttled, o.challenge}, {o.throttled, o.failed}, {o.throttled, o.ok}, {o.challenge, o.ok}, {o.failed, o.ok},
	} {
		for i := range pair[0] {
			if late := coveredBy(&pair[0][i], pair[1]); late != nil && !late.builtin {
				d.faultAt(late.text, "can never match: %s comes first and matches all of it", pair[0][i].text)
			}
		}
	}
}

func onlyAjax(rules []answerRule) bool {
	for _, r := range rules {
		if r.ajax == nil || !*r.ajax {
			return false
		}
	}
	return true
}

// coveredBy is the first rule whose every answer r matches as well; nil: none.
func coveredBy(r *answerRule, rules []answerRule) *answerRule {
	for i := range rules {
		if r.covers(&rules[i]) {
			return &rules[i]
		}
	}
	return nil
}

// covers reports whether each test of r is one of other's, for answers that no script asked for.
func (r *answerRule) covers(other *answerRule) bool {
	switch {
	case r.faulty || other.faulty:
	case len(r.status) > 0 && (len(other.status) == 0 || slices.ContainsFunc(other.status, func(s int) bool { return !slices.Contains(r.status, s) })):
	case r.location != nil && (other.location == nil || r.location.String() != other.location.String()):
	case r.body != nil && (other.body == nil || r.body.String() != other.body.String()):
	case r.cookie != "" && r.cookie != other.cookie:
	case r.form && !other.form:
	case r.ajax != nil && *r.ajax:
	default:
		return true
	}
	return false
}

// present is the first of two keys that stands in the file.
func present(d *profileDecoder, first, second string) string {
	if d.at[first] != nil {
		return first
	}
	return second
}

// atHosts finds rules that wait for the panel's own host in a Location: it is cut off before rules look at it (design 4.1).
// Other hosts are those of a single sign-on, and may be waited for.
func (p *Profile) atHosts(hosts []string) error {
	var faults Faults
	for _, list := range [][]answerRule{p.signedOut, p.signedIn, p.outcome.stale, p.outcome.failed, p.outcome.throttled, p.outcome.challenge, p.outcome.ok} {
		for _, r := range list {
			if r.location != nil && slices.Contains(hosts, waitsFor(r.location.String())) {
				faults = append(faults, Fault{r.file, r.line, r.text + ".location", "can never match: the panel's own host is cut off first; begin it with ^/"})
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return faults
}

var beginsWithHost = regexp.MustCompile(`^\^https?\??:(?:\\?/){2}((?:[A-Za-z0-9-]|\\?[.-])+)(?:\\?/|:|\[|\(|\$|$)`)

// waitsFor is the host that every match of a regular expression begins with; empty: it may be another.
func waitsFor(expression string) string {
	found := beginsWithHost.FindStringSubmatch(expression)
	if found == nil || strings.Contains(expression, "|") {
		return ""
	}
	return strings.ToLower(strings.ReplaceAll(found[1], `\`, ""))
}

// takesNobody reports whether no folded name can match a pattern: none has blanks or control characters (RFC 8264 section 4.2)
// and, with fold, capital letters of ASCII.
func takesNobody(pattern string, fold bool) bool {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	return err == nil && impossible(tree, func(r rune) bool {
		return r == ' ' || unicode.IsControl(r) || fold && r >= 'A' && r <= 'Z'
	})
}

// impossible reports whether every match of a regular expression has a character that never occurs.
func impossible(re *syntax.Regexp, never func(rune) bool) bool {
	needs := func(sub *syntax.Regexp) bool { return impossible(sub, never) }
	switch re.Op {
	case syntax.OpNoMatch:
		return true
	case syntax.OpLiteral:
		return slices.ContainsFunc(re.Rune, func(r rune) bool {
			return never(r) && (re.Flags&syntax.FoldCase == 0 || never(unicode.ToLower(r)))
		})
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if !never(r) {
					return false
				}
			}
		}
		return true
	case syntax.OpConcat:
		return slices.ContainsFunc(re.Sub, needs)
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !needs(sub) })
	case syntax.OpCapture, syntax.OpPlus:
		return needs(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min > 0 && needs(re.Sub[0])
	default:
		return false
	}
}
