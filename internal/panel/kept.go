package panel

import (
	"crypto/sha256"
	"net/http"
	"strings"
)

// Cookies of ours that carry what belongs to the panel session and that the browser would not send to every page:
//
//	__Host-ispgate-at-<name and path, hashed>   a session cookie whose Path is not "/": without it, our own pages could neither
//	                                            ask the panel whether its session lives nor log it out
//	__Host-ispgate-basic                        the credentials of a panel with HTTP Basic
//
// They are sealed like the panel's own and never sent upstream as cookies. Over http the names have no prefix.
const (
	keptName  = "ispgate-at-"
	basicName = "ispgate-basic"
)

func (c *Custody) own(name string) string {
	if c.secure {
		return "__Host-" + name
	}
	return name
}

// keep is the copy of a session cookie that every page is sent; ok is false where the cookie itself is.
func (c *Custody) keep(sc setCookie, target string) (copied setCookie, ok bool) {
	path, found := sc.attr("path")
	if !found || !strings.HasPrefix(path, "/") {
		path = defaultPath(pathOf(target))
	}
	if path == "/" {
		return setCookie{}, false
	}
	sum := sha256.Sum256([]byte(sc.name + "\x00" + path))
	copied = setCookie{name: c.own(keptName) + b64.EncodeToString(sum[:6]), value: strings.Join([]string{sc.name, path, sc.value}, "\x00"), attrs: sc.attrs}
	copied.set("path", "Path=/")
	if sc.deleted(c.now()) {
		copied.value = ""
	}
	return copied, true
}

// kept is what the copies of a request carry: cookies with their true Path.
func (c *Custody) kept(seal Seal, all []Pair) []*http.Cookie {
	var out []*http.Cookie
	for _, p := range all {
		if of := c.keptBy(seal, p, all); of != nil {
			out = append(out, of)
		}
	}
	return out
}

// keptBy is the cookie that one copy of a request carries; nil: it is none, or not this session's.
func (c *Custody) keptBy(seal Seal, p Pair, all []Pair) *http.Cookie {
	if seal.public || !strings.HasPrefix(p.Name, c.own(keptName)) || isChunkName(p.Name) {
		return nil
	}
	text, ok := unseal(seal.box, p, all)
	f := strings.SplitN(text, "\x00", 3)
	if !ok || len(f) != 3 {
		return nil
	}
	return &http.Cookie{Name: f[0], Path: f[1], Value: f[2]} // #nosec G124 -- for the panel, not for a browser
}

// basic is the Authorization header that a request's cookies stand for; empty: none.
func (c *Custody) basic(seal Seal, all []Pair) string {
	if seal.public || c.mode == Passthrough {
		return ""
	}
	for _, p := range all {
		if p.Name == c.own(basicName) {
			if value, ok := unseal(seal.box, p, all); ok {
				return value
			}
		}
	}
	return ""
}

// carry gives HTTP Basic credentials to the browser, sealed.
func (c *Custody) carry(seal Seal, authorization string, present []Pair) []setCookie {
	sc := setCookie{name: c.own(basicName), value: authorization, attrs: []string{"Path=/", "HttpOnly", "SameSite=Lax"}}
	if c.secure {
		sc.set("secure", "Secure")
	}
	return sealed(seal.box, sc, present)
}

// drop takes the copies away that keep does not name, and with each the cookie that it is a copy of.
func (c *Custody) drop(seal Seal, h http.Header, all []Pair, keep map[string]bool) {
	for _, p := range all {
		if base := baseName(p.Name); keep[base] || base != c.own(basicName) && !strings.HasPrefix(base, c.own(keptName)) {
			continue
		}
		h.Add("Set-Cookie", expire(p.Name, "/", c.secure).String())
		if of := c.keptBy(seal, p, all); of != nil {
			h.Add("Set-Cookie", expire(of.Name, of.Path, c.secure).String())
		}
	}
}
