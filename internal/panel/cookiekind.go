package panel

import (
	"slices"
	"strings"
	"time"
)

const rememberedName = 128 // bytes of a cookie's name that is remembered

// cookieKind is all that custody asks of a cookie by its name. It is remembered: a browser sends the same few names with every request,
// and to fold one and hold it against every pattern costs more than to open the cookie.
type cookieKind struct {
	ours                   bool // the gateway's, a further chunk, or one that the profile drops: it is for nobody else
	session, visible, drop bool
	folded                 string // as PHP files it
}

func (p *Profile) cookie(name string) cookieKind {
	if n, known := p.names.Get(name); known {
		return n
	}
	n := cookieKind{session: matchCookie(p.Cookies.Session, name), visible: matchCookie(p.Cookies.Visible, name), drop: matchCookie(p.Cookies.Drop, name), folded: FoldCookieName(name)}
	n.ours = n.drop || Own(name) || isChunkName(name)
	if len(name) <= rememberedName {
		name = strings.Clone(name) // not the whole header
		n.folded = FoldCookieName(name)
		p.names.Put(name, n, time.Time{})
	}
	return n
}

// MatchSession reports whether a cookie carries the panel's login. Names are compared as PHP folds them (S14).
func (p *Profile) MatchSession(name string) bool { return p.cookie(name).session }

// MatchVisible reports whether the panel's scripts may read a cookie.
func (p *Profile) MatchVisible(name string) bool { return p.cookie(name).visible }

// MatchDrop reports whether a cookie never reaches a browser.
func (p *Profile) MatchDrop(name string) bool { return p.cookie(name).drop }

func matchCookie(globs []string, name string) bool {
	folded := strings.ToLower(FoldCookieName(name))
	return slices.ContainsFunc(globs, func(g string) bool {
		return glob(strings.ToLower(g), strings.ToLower(name)) || glob(strings.ToLower(FoldCookieName(g)), folded)
	})
}
