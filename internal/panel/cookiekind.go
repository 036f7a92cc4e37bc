package panel

import (
	"slices"
	"strings"
	"time"
	"unicode"
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
	n := p.kindOf(name)
	if len(name) <= rememberedName {
		name = strings.Clone(name) // not the whole header
		n.folded = FoldCookieName(name)
		p.names.Put(name, n, time.Time{})
	}
	return n
}

// kindOf reads a name in the loosest way for what is kept from the panel, and in PHP's alone for what is passed on.
func (p *Profile) kindOf(name string) cookieKind {
	n := cookieKind{visible: matchCookie(p.Cookies.Visible, name), folded: FoldCookieName(name), ours: isChunkName(name)}
	for _, r := range readings(name) {
		n.session = n.session || matchCookie(p.Cookies.Session, r)
		n.drop = n.drop || matchCookie(p.Cookies.Drop, r)
		n.ours = n.ours || n.drop || Own(r)
	}
	return n
}

// readings are all that some server may take a cookie's name for: PHP before 7.2.34 decodes it, others cut blanks of Latin-1 and of
// Unicode and quotes around it, or begin a new cookie behind a comma (RFC 2109) or a blank (S14).
func readings(name string) []string {
	var out []string
	for range 3 {
		out = append(out, name, strings.TrimFunc(name, unnamed))
		if parts := strings.FieldsFunc(name, separates); len(parts) > 1 {
			for _, part := range parts {
				out = append(out, strings.TrimFunc(part, unnamed))
			}
		}
		next := percentDecoded(strings.ReplaceAll(name, "+", " "))
		if next == name {
			break
		}
		name = next
	}
	return out
}

// unnamed: no name begins or ends so, whoever reads it.
func unnamed(r rune) bool {
	return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.[]", r)
}

// separates: behind it some server sees another cookie. What is no UTF-8 may be a blank of Latin-1.
func separates(r rune) bool {
	return r == ',' || r <= ' ' || r == 0x7f || r == unicode.ReplacementChar || unicode.IsSpace(r)
}

// hides reports whether some server reads a cookie within the value of another that would not be passed on under its own name.
func (p *Profile) hides(value string) bool {
	if !strings.ContainsFunc(value, separates) || !strings.Contains(value, "=") {
		return false
	}
	for i, part := range strings.FieldsFunc("x"+value, separates) {
		if name, _, is := strings.Cut(part, "="); i > 0 && is {
			if k := p.kindOf(name); k.session || k.ours {
				return true
			}
		}
	}
	return false
}

// MatchSession reports whether a cookie carries the panel's login, in any reading of its name (S14).
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
