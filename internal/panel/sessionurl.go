package panel

import (
	"slices"
	"strings"
)

// sessionNames are the names under which PHP may take a field for a session id (session.use_only_cookies off): such an id is a
// session of somebody else's (S14). Suspect are PHP's own name, the names that the profile writes out, and those of the session
// cookies that this browser sends, for which held is room; a pattern like *_session would refuse innocent fields too.
type sessionNames struct{ written, held []string }

func (p *Profile) sessionNames(cookies, held []string) sessionNames {
	n := sessionNames{written: p.Cookies.Session, held: held[:0]}
	for c := range pairsOf(cookies) {
		if k := p.cookie(c.Name); k.session {
			n.held = append(n.held, k.folded)
		}
	}
	slices.Sort(n.held) // thousands of cookies and of parameters may meet here
	return n
}

// find is the name that PHP files a field under, if that is a session's.
func (n sessionNames) find(field string) (string, bool) {
	if !strings.ContainsAny(field, "%+") {
		return n.plain(field)
	}
	for _, decoded := range decodings(field) {
		if name, found := n.plain(decoded); found {
			return name, true
		}
	}
	return "", false
}

func (n sessionNames) plain(name string) (string, bool) {
	name, _, _ = strings.Cut(name, "\x00")
	name = FoldCookieName(name)
	_, holds := slices.BinarySearch(n.held, name)
	return name, holds || name == "PHPSESSID" || slices.ContainsFunc(n.written, func(glob string) bool { return FoldCookieName(glob) == name })
}

// SessionInURL finds a session id among the parameters of a query. PHP splits at & and, as configured, at ;.
func (p *Profile) SessionInURL(target string, cookies []string) (string, bool) {
	_, query, found := strings.Cut(target, "?")
	if !found || query == "" {
		return "", false
	}
	var few [8]string
	ids := p.sessionNames(cookies, few[:])
	for part := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(part, "=")
		if name, found := ids.find(name); found {
			return name, true
		}
	}
	return "", false
}
