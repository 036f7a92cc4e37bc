package panel

import (
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Own reports whether a cookie name is the gateway's: the panel can neither set, clear nor see those (design 3.4).
func Own(name string) bool {
	name = strings.ToLower(FoldCookieName(name))
	return strings.HasPrefix(name, "__host-ispgate") || strings.HasPrefix(name, "ispgate")
}

// FoldCookieName is what PHP makes of a cookie's name: leading blanks cut, `.` and blank to `_`, an unclosed `[` too.
func FoldCookieName(name string) string {
	name = strings.TrimLeft(name, " ")
	name = strings.Map(func(r rune) rune {
		if r == '.' || r == ' ' {
			return '_'
		}
		return r
	}, name)
	if i := strings.IndexByte(name, '['); i >= 0 {
		if !strings.Contains(name[i:], "]") {
			return name[:i] + "_" + name[i+1:]
		}
		return name[:i] // an array: PHP files it under the part before the bracket
	}
	return name
}

// pairsOf reads Cookie headers without judging their bytes: panels have cookies that net/http would drop.
func pairsOf(headers []string) iter.Seq[Pair] {
	return func(yield func(Pair) bool) {
		for _, h := range headers {
			for part := range strings.SplitSeq(h, ";") {
				name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
				if name != "" && !yield(Pair{strings.TrimSpace(name), strings.TrimSpace(value)}) {
					return
				}
			}
		}
	}
}

func pairs(headers []string) []Pair {
	n := 0
	for _, h := range headers {
		n += strings.Count(h, ";") + 1
	}
	return slices.AppendSeq(make([]Pair, 0, n), pairsOf(headers))
}

// length is how much text headers hold, in bytes.
func length(headers []string) (n int) {
	for _, h := range headers {
		n += len(h) + len("; ")
	}
	return n
}

// setCookie is one Set-Cookie header with its attributes as they came.
type setCookie struct {
	name, value string
	attrs       []string
}

func parseSetCookie(line string) (setCookie, bool) {
	pair, rest, _ := strings.Cut(line, ";")
	name, value, ok := strings.Cut(pair, "=")
	sc := setCookie{name: strings.TrimSpace(name), value: strings.TrimSpace(value), attrs: make([]string, 0, strings.Count(rest, ";")+1)}
	for a := range strings.SplitSeq(rest, ";") {
		if a = strings.TrimSpace(a); a != "" {
			sc.attrs = append(sc.attrs, a)
		}
	}
	return sc, ok && sc.name != ""
}

// SetsSession reports whether an answer of the panel gives the browser a session.
func (c *Custody) SetsSession(h http.Header) bool {
	return slices.ContainsFunc(h.Values("Set-Cookie"), func(line string) bool {
		sc, ok := parseSetCookie(line)
		return ok && c.profile.MatchSession(sc.name) && !sc.deleted(c.now())
	})
}

// setCookieOf writes a jar's cookie out again, attributes included.
func setCookieOf(c *http.Cookie) setCookie {
	plain := *c // #nosec G124 -- a copy; its attributes are the panel's or set where it is sealed
	plain.Name, plain.Value, plain.Domain = "x", "y", ""
	sc, _ := parseSetCookie(plain.String())
	sc.name, sc.value = c.Name, c.Value
	return sc
}

// expire deletes a cookie at a Path. Where the name has one of the prefixes of RFC 6265bis section 4.1.3, browsers listen only
// with Secure.
func expire(name, path string, secure bool) setCookie {
	sc := setCookie{name: name, attrs: []string{"Path=" + path, "Max-Age=0", "HttpOnly"}}
	if lower := strings.ToLower(name); secure || strings.HasPrefix(lower, "__host-") || strings.HasPrefix(lower, "__secure-") {
		sc.set("secure", "Secure")
	}
	return sc
}

func (sc setCookie) String() string {
	n := len(sc.name) + len("=") + len(sc.value) + length(sc.attrs)
	var out strings.Builder
	out.Grow(n)
	out.WriteString(sc.name)
	out.WriteByte('=')
	out.WriteString(sc.value)
	for _, a := range sc.attrs {
		out.WriteString("; ")
		out.WriteString(a)
	}
	return out.String()
}

func (sc setCookie) attr(key string) (string, bool) {
	for _, a := range sc.attrs {
		if k, v, _ := strings.Cut(a, "="); strings.EqualFold(k, key) {
			return v, true
		}
	}
	return "", false
}

// cut leaves the attributes alone that another copy of the cookie may share.
func (sc *setCookie) cut(key string) {
	of := func(a string) bool {
		k, _, _ := strings.Cut(a, "=")
		return strings.EqualFold(strings.TrimSpace(k), key)
	}
	if slices.ContainsFunc(sc.attrs, of) {
		sc.attrs = slices.DeleteFunc(slices.Clone(sc.attrs), of)
	}
}

func (sc *setCookie) set(key, attr string) {
	if !strings.Contains(attr, "=") && slices.Contains(sc.attrs, attr) {
		return
	}
	sc.cut(key)
	sc.attrs = append(slices.Clip(sc.attrs), attr)
}

func (sc setCookie) deleted(now time.Time) bool {
	_, ends := sc.attr("expires")
	if _, ages := sc.attr("max-age"); !ends && !ages {
		return false
	}
	probe := sc
	probe.name, probe.value = "x", "y"
	c, err := http.ParseSetCookie(probe.String())
	return err == nil && deleted(c, now)
}
