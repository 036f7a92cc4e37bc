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
	var held []string
	for _, c := range pairs(cookies) {
		if p.MatchSession(c.Name) {
			held = append(held, FoldCookieName(c.Name))
		}
	}
	for _, part := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		name = FoldCookieName(name)
		if name == "PHPSESSID" || slices.Contains(held, name) || slices.ContainsFunc(p.Cookies.Session, func(glob string) bool { return FoldCookieName(glob) == name }) {
			return name, true
		}
	}
	return "", false
}
