package panel

import (
	"net/url"
	"slices"
	"strings"
)

// SessionInURL finds a query parameter that PHP may take for a session cookie (session.use_only_cookies off): such an id is
// a session of somebody else's (S14). Suspect are PHP's own name, the names that the profile writes out, and those of the
// session cookies that this browser sends; a pattern like *_session would refuse innocent parameters too. PHP splits at &
// and, as configured, at ;.
func (p *Profile) SessionInURL(target string, cookies []string) (string, bool) {
	_, query, found := strings.Cut(target, "?")
	if !found {
		return "", false
	}
	var few [8]string
	held := few[:0]
	for c := range pairsOf(cookies) {
		if n := p.cookie(c.Name); n.session {
			held = append(held, n.folded)
		}
	}
	slices.Sort(held) // thousands of cookies and of parameters may meet here
	for part := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		name = FoldCookieName(name)
		_, holds := slices.BinarySearch(held, name)
		if holds || name == "PHPSESSID" || slices.ContainsFunc(p.Cookies.Session, func(glob string) bool { return FoldCookieName(glob) == name }) {
			return name, true
		}
	}
	return "", false
}
