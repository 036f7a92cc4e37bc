package panel

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Jar holds one panel session's cookies, keyed by name and Path under the origin that the panel believes in. Domain and
// Secure are not looked at: the panel is one host, and a standard jar keyed by its inner http address would withhold
// Secure cookies (design 4.2). It is not safe for concurrent use.
type Jar struct {
	cookies []*http.Cookie
	news    []*http.Cookie // what Set was given since the jar was made, deletions included

	authorization string // of a panel with HTTP Basic, whose session this is; else empty
}

// Len is the number of cookies in the jar.
func (j *Jar) Len() int { return len(j.cookies) }

// Cookies lists what the jar holds, in the order it was set.
func (j *Jar) Cookies() []*http.Cookie { return j.cookies }

// Same reports whether both stand for one panel session as far as can be seen: the same names and values.
func (j *Jar) Same(other *Jar) bool {
	return j.authorization == other.authorization && slices.EqualFunc(j.cookies, other.cookies, func(a, b *http.Cookie) bool { return a.Name == b.Name && a.Value == b.Value })
}

// Clone is a copy whose changes do not reach j.
func (j *Jar) Clone() *Jar {
	return &Jar{slices.Clone(j.cookies), slices.Clone(j.news), j.authorization}
}

// Set stores the cookies of an answer to a request for path; the last of the same name and Path wins, deletions delete (T4).
func (j *Jar) Set(set []*http.Cookie, path string, now time.Time) {
	for _, c := range set {
		if Own(c.Name) { // the panel sets none of ours (design 3.4)
			continue
		}
		c := *c // #nosec G124 -- for the panel, not for a browser
		if !strings.HasPrefix(c.Path, "/") {
			c.Path = defaultPath(path)
		}
		j.news = append(j.news, &c)
		j.remove(c.Name, c.Path)
		if !deleted(&c, now) {
			j.cookies = append(j.cookies, &c)
		}
	}
}

// Take stores the cookies of an answer that the browser gets anyhow: they are no news.
func (j *Jar) Take(h http.Header, target string, now time.Time) {
	news := j.news
	j.Set(cookiesOf(h), pathOf(target), now)
	j.news = news
}

func (j *Jar) remove(name, path string) {
	kept := j.cookies[:0:0]
	for _, c := range j.cookies {
		if c.Name != name || c.Path != path {
			kept = append(kept, c)
		}
	}
	j.cookies = kept
}

// deleted reports whether a Set-Cookie takes its cookie away (RFC 6265 section 5.3, steps 3 and 11).
func deleted(c *http.Cookie, now time.Time) bool {
	if c.MaxAge != 0 {
		return c.MaxAge < 0
	}
	return !c.Expires.IsZero() && !c.Expires.After(now)
}

// defaultPath is RFC 6265 section 5.1.4.
func defaultPath(path string) string {
	i := strings.LastIndexByte(path, '/')
	if i <= 0 {
		return "/"
	}
	return path[:i]
}

// pathMatch is RFC 6265 section 5.1.4.
func pathMatch(request, cookie string) bool {
	return request == cookie || strings.HasPrefix(request, cookie) &&
		(strings.HasSuffix(cookie, "/") || request[len(cookie)] == '/')
}

// Header is the value of the Cookie header for a request to u: longer Paths first (RFC 6265 section 5.4).
func (j *Jar) Header(u *url.URL) string {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	var pairs []string
	for _, c := range byPathLength(j.cookies) {
		if pathMatch(path, c.Path) {
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	return strings.Join(pairs, "; ")
}

// byPathLength orders cookies with longer Paths first and keeps the order of equals.
func byPathLength(in []*http.Cookie) []*http.Cookie {
	out := make([]*http.Cookie, 0, len(in))
	for _, c := range in {
		at := len(out)
		for at > 0 && len(out[at-1].Path) < len(c.Path) {
			at--
		}
		out = append(out[:at], append([]*http.Cookie{c}, out[at:]...)...)
	}
	return out
}

// parked is a jar as it is stored.
type parked struct {
	Cookies       []*http.Cookie
	Authorization string `json:",omitempty"`
}

// Marshal turns the jar into bytes that hold secrets: they are only ever stored sealed.
func (j *Jar) Marshal() []byte {
	kept := parked{Cookies: make([]*http.Cookie, len(j.cookies)), Authorization: j.authorization}
	for i, c := range j.cookies { // JSON would replace bytes that are not UTF-8
		one := *c // #nosec G124 -- for the panel, not for a browser
		one.Name, one.Value, one.Path = b64.EncodeToString([]byte(c.Name)), b64.EncodeToString([]byte(c.Value)), b64.EncodeToString([]byte(c.Path))
		kept.Cookies[i] = &one
	}
	out, err := json.Marshal(kept)
	if err != nil {
		panic("panel: " + err.Error()) // plain structs always marshal
	}
	return out
}

// UnmarshalJar reads what Marshal wrote.
func UnmarshalJar(b []byte) (*Jar, error) {
	var kept parked
	if err := json.Unmarshal(b, &kept); err != nil {
		return nil, fmt.Errorf("read a panel jar: %w", err)
	}
	if kept.Cookies == nil {
		return nil, errors.New("read a panel jar: there are no cookies in it")
	}
	for _, c := range kept.Cookies {
		if c == nil {
			return nil, errors.New("read a panel jar: an empty cookie")
		}
		for _, field := range []*string{&c.Name, &c.Value, &c.Path} {
			raw, err := b64.DecodeString(*field)
			if err != nil {
				return nil, fmt.Errorf("read a panel jar: %w", err)
			}
			*field = string(raw)
		}
	}
	return &Jar{cookies: kept.Cookies, authorization: kept.Authorization}, nil
}

// Renewed is what the panel must be sent at target after answers to requests of ours with o's jar.
func (o Opened) Renewed(j *Jar, target string, now time.Time) Opened {
	for _, c := range j.news {
		if !pathMatch(pathOf(target), c.Path) {
			continue
		}
		o.Pairs = slices.DeleteFunc(slices.Clone(o.Pairs), func(p Pair) bool { return p.Name == c.Name })
		o.kept = slices.DeleteFunc(slices.Clone(o.kept), func(k *http.Cookie) bool { return k.Name == c.Name && k.Path == c.Path })
		if !deleted(c, now) {
			o.Pairs = append(o.Pairs, Pair{c.Name, c.Value})
			o.kept = append(o.kept, c)
		}
	}
	return o
}
