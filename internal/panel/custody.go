package panel

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/internal/recent"
)

// Custody keeps the panel's cookies: it seals them to one gateway session on the way out and opens them on the way in,
// so that a panel cookie got any other way is worth nothing here (S14). No store is needed for it.
type Custody struct {
	ring    *keyring.Ring
	profile *Profile
	mode    Mode
	secure  bool
	dropped func()
	told    *told
	now     func() time.Time
	boxes   *recent.Map[string, *keyring.Box] // of sessions: to derive one costs as much as to open a few cookies
}

// Custody returns the keeper of this panel's cookies.
func (p *Panel) Custody() *Custody {
	o := p.opt
	if o.Dropped == nil {
		o.Dropped = func() {}
	}
	return &Custody{ring: o.Ring, profile: o.Profile, mode: o.Mode, secure: o.Public.Scheme == "https", dropped: o.Dropped, told: &p.told, now: o.Now, boxes: &p.boxes}
}

// Sealing reports whether browsers hold this panel's cookies sealed: then a request without one has no panel session.
func (p *Panel) Sealing() bool { return p.opt.Mode == Sealed }

// Seal is one purpose that cookies are sealed for: a gateway session, or the visitors of public routes.
type Seal struct {
	box    *keyring.Box
	public bool
}

// Session is the seal of one gateway session; id is its custody id.
func (c *Custody) Session(id string) Seal {
	box, known := c.boxes.Get(id)
	if !known {
		box = c.ring.Box("panel-cookie", []byte(id))
		c.boxes.Put(id, box, time.Time{})
	}
	return Seal{box: box}
}

// Public is the seal of visitors: no protected route opens it (S13).
func (c *Custody) Public() Seal {
	return Seal{box: c.ring.Box("panel-cookie-public", nil), public: true}
}

// Opened is what a request's Cookie headers came out as.
type Opened struct {
	Pairs         []Pair // to be sent upstream, in order
	Authorization string // to be sent upstream; empty: none
	Session       bool   // one of them is a session of the panel
	Known         bool   // Session, or any other cookie of this seal, sent to this path or kept for all: there may be a panel session

	kept []*http.Cookie // with their Paths
}

// Pair is one cookie of a request, byte for byte.
type Pair struct{ Name, Value string }

// Header is the Cookie header for the panel; empty: none.
func (o Opened) Header() string {
	n := 0
	for _, p := range o.Pairs {
		n += len(p.Name) + len(p.Value) + len("=; ")
	}
	var out strings.Builder
	out.Grow(n)
	for _, p := range o.Pairs {
		p.write(&out)
	}
	return out.String()
}

// write adds a cookie to a Cookie header.
func (p Pair) write(out *strings.Builder) {
	if out.Len() > 0 {
		out.WriteString("; ")
	}
	out.WriteString(p.Name)
	out.WriteByte('=')
	out.WriteString(p.Value)
}

// Jar is the opened cookies as a jar for requests of our own. A request does not tell their Paths: those of kept ones are
// known, the others' are taken for "/".
func (o Opened) Jar() *Jar {
	j := &Jar{authorization: o.Authorization}
	j.cookies = append(j.cookies, o.kept...)
	for _, p := range o.Pairs {
		if !slices.ContainsFunc(o.kept, func(k *http.Cookie) bool { return k.Name == p.Name && k.Value == p.Value }) {
			j.cookies = append(j.cookies, &http.Cookie{Name: p.Name, Value: p.Value, Path: "/"}) // #nosec G124 -- for the panel, not for a browser
		}
	}
	return j
}

// Open decides which of a request's cookies the panel gets: those that open under the seal, and those that were never
// sealed: `visible` names for a session, everything but session cookies for visitors.
func (c *Custody) Open(seal Seal, headers []string) Opened {
	all := pairs(headers)
	var out Opened
	for _, p := range all {
		value, ok := c.open(seal, p, all)
		if !ok {
			continue
		}
		out.Pairs = append(out.Pairs, Pair{p.Name, value})
		out.Session = out.Session || c.profile.MatchSession(p.Name)
		out.Known = out.Known || !seal.public && strings.HasPrefix(p.Value, sealMark) // the profile may not list the one that counts
	}
	out.kept, out.Authorization = c.kept(seal, all), c.basic(seal, all)
	out.Session = out.Session || out.Authorization != ""
	out.Known = out.Known || out.Session || len(out.kept) > 0
	return out
}

func (c *Custody) open(seal Seal, p Pair, all []Pair) (string, bool) {
	name := c.profile.cookie(p.Name)
	if name.ours {
		return "", false
	}
	if c.mode == Passthrough && !seal.public {
		return p.Value, true
	}
	if strings.HasPrefix(p.Value, sealMark) {
		return unseal(seal.box, p, all) // one that does not open is never sent: PHP would keep a broken session
	}
	if seal.public {
		return p.Value, !name.session && !c.profile.hides(p.Value)
	}
	visible := name.visible && !name.session && !c.profile.hides(p.Value)
	if !visible {
		c.dropped()
		c.told.once(p.Name)
	}
	return p.Value, visible
}

// Strip is the Cookie header that an application gets from a server in front of it: as it came, without cookies of ours and
// those that the profile drops (S45); empty: none.
func (c *Custody) Strip(headers []string) string {
	var out strings.Builder
	for p := range pairsOf(headers) {
		if c.profile.cookie(p.Name).ours {
			continue
		}
		if out.Len() == 0 {
			out.Grow(length(headers))
		}
		p.write(&out)
	}
	return out.String()
}

// Close rewrites the Set-Cookie headers of a panel's answer for the browser. target is what the panel was asked for, request
// are the Cookie headers of the browser's own request: they tell which chunks are left over.
func (c *Custody) Close(seal Seal, h http.Header, target string, request []string) {
	if h["Set-Cookie2"] != nil { // RFC 2965: read by some as Set-Cookie is, and sealed by nobody (S14)
		h.Del("Set-Cookie2")
		c.dropped()
	}
	lines := h.Values("Set-Cookie")
	if len(lines) == 0 {
		return
	}
	h.Del("Set-Cookie")
	present := pairs(request)
	for _, line := range lines {
		sc, ok := parseSetCookie(line)
		if !ok || c.profile.cookie(sc.name).ours {
			c.dropped()
			continue
		}
		for _, out := range c.close(seal, sc, target, present) {
			h.Add("Set-Cookie", out.String())
		}
	}
}

func (c *Custody) close(seal Seal, sc setCookie, target string, present []Pair) []setCookie {
	sc.cut("domain")
	name := c.profile.cookie(sc.name)
	plain := c.mode == Passthrough && !seal.public || seal.public && !name.session || !seal.public && !name.session && name.visible
	var out []setCookie
	if plain {
		out = []setCookie{c.overTLS(sc)}
	}
	sc.set("httponly", "HttpOnly")
	sc = c.overTLS(sc)
	if !plain {
		out = c.write(seal, sc, present)
	}
	if name.session && !seal.public {
		if copied, ok := c.keep(sc, target); ok {
			out = append(out, c.write(seal, copied, present)...)
		}
	}
	return out
}

// overTLS makes a cookie Secure on https: the panel may see plain http and know no better (T9).
func (c *Custody) overTLS(sc setCookie) setCookie {
	if c.secure {
		sc.set("secure", "Secure")
	}
	return sc
}

// write is a sealed cookie, or a deletion as it came.
func (c *Custody) write(seal Seal, sc setCookie, present []Pair) []setCookie {
	if sc.deleted(c.now()) {
		return append([]setCookie{sc}, leftovers(sc, 0, present)...)
	}
	out := sealed(seal.box, sc, present)
	if out == nil {
		c.dropped()
	}
	return out
}

// HandOver gives a panel session to the browser: every cookie of the jar, sealed, and a deletion for each panel cookie
// that the browser has and the jar lacks.
func (c *Custody) HandOver(seal Seal, h http.Header, jar *Jar, request []string) {
	given := map[string]bool{}
	for _, line := range c.lines(seal, jar.Cookies(), request) {
		h.Add("Set-Cookie", line)
		given[cookieNameOf(line)] = true
	}
	if jar.authorization != "" {
		for _, sc := range c.carry(seal, jar.authorization, pairs(request)) {
			h.Add("Set-Cookie", sc.String())
			given[sc.name] = true
		}
	}
	c.forget(seal, h, request, given)
}

// lines are cookies of a jar as the browser gets them.
func (c *Custody) lines(seal Seal, cookies []*http.Cookie, request []string) []string {
	answer := http.Header{}
	for _, ck := range cookies {
		answer.Add("Set-Cookie", setCookieOf(ck).String())
	}
	c.Close(seal, answer, "/", request)
	return answer.Values("Set-Cookie")
}

func cookieNameOf(line string) string {
	name, _, _ := strings.Cut(line, "=")
	return baseName(name)
}

// Renew gives the browser what the panel has set anew since the jar was opened: the answer of a request of ours. The other
// cookies keep the Path and the end that the browser knows and we do not.
func (c *Custody) Renew(seal Seal, h http.Header, jar *Jar, request []string) {
	for _, line := range c.lines(seal, jar.news, request) {
		h.Add("Set-Cookie", line)
	}
}

// Forget deletes the panel's cookies from the browser; seal is that of the session that ends.
func (c *Custody) Forget(seal Seal, h http.Header, request []string) { c.forget(seal, h, request, nil) }

func (c *Custody) forget(seal Seal, h http.Header, request []string, keep map[string]bool) {
	done := map[string]bool{}
	all := pairs(request)
	for _, p := range all {
		if Own(p.Name) || keep[baseName(p.Name)] || done[p.Name] {
			continue
		}
		if name := c.profile.cookie(p.Name); strings.HasPrefix(p.Value, sealMark) || name.session || name.visible || name.drop {
			done[p.Name] = true
			h.Add("Set-Cookie", expire(p.Name, "/", c.secure).String())
		}
	}
	c.drop(seal, h, all, keep)
}
