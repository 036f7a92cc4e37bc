package fake

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// open finds the request's session, or makes one for a stranger.
func (v *visit) open() {
	if c, err := v.r.Cookie(v.cookieName(v.b.Cookie)); err == nil && v.b.Cookie != "" {
		v.id, _, _ = strings.Cut(c.Value, ".") // behind the dot is what Renews changes
	}
	if v.s = v.sessions[v.id]; v.s != nil {
		return
	}
	v.id = v.number("s")
	v.s = &session{token: v.number("token")}
	if !v.b.Basic {
		v.sessions[v.id] = v.s
	}
}

func (v *visit) number(what string) string {
	v.count++
	return fmt.Sprintf("%s%d", what, v.count)
}

// user is who the request is from; empty: a stranger. Every cookie of the login must come back as it was set: the one of the
// longest Path counts where a name comes twice.
func (v *visit) user() string {
	if v.b.Basic {
		if name, password, ok := v.r.BasicAuth(); ok && known(name, password) {
			return name
		}
		return ""
	}
	if v.s.user == "" {
		return ""
	}
	for _, c := range v.b.Cookies {
		path := v.filled(c.Path)
		if !strings.HasPrefix(v.r.URL.Path, path) {
			continue
		}
		got, err := v.r.Cookie(v.cookieName(c.Name))
		if err != nil || got.Value != v.valueOf(c) && !v.longer(c) {
			return ""
		}
	}
	if v.s.bound != v.fingerprint() { // osTicket: the session is gone at the first request that looks different
		delete(v.sessions, v.id)
		v.s.user = ""
	}
	return v.s.user
}

// longer reports whether another cookie of the same name is sent before c.
func (v *visit) longer(c Cookie) bool {
	for _, other := range v.b.Cookies {
		if other.Name == c.Name && len(other.Path) > len(c.Path) && strings.HasPrefix(v.r.URL.Path, v.filled(other.Path)) {
			return true
		}
	}
	return false
}

func (v *visit) valueOf(c Cookie) string { return v.s.token + strings.ReplaceAll(c.Path, "/", "|") }

func (v *visit) fingerprint() string {
	var all []string
	for _, name := range v.b.Bound {
		value := v.r.Header.Get(name)
		if name == "Host" {
			value = v.r.Host
		}
		all = append(all, value)
	}
	return strings.Join(all, "\n")
}

func (v *visit) cookieName(name string) string {
	if v.secure() {
		return name + v.b.Suffix
	}
	return name
}

// issue sets the session's cookie: for strangers and logins once, with Renews in every answer.
func (v *visit) issue() {
	if v.b.Basic || v.b.Cookie == "" || v.over {
		return
	}
	if v.held() && !v.b.Renews {
		return
	}
	value := v.id
	if v.b.Renews {
		value += "." + v.number("")
	}
	path := cmp.Or(v.b.Path, v.b.Base+"/")
	if v.b.NoPath {
		path = ""
	}
	v.set(v.b.Cookie, value, path, false)
}

// held reports whether the browser holds this very session's cookie.
func (v *visit) held() bool {
	c, err := v.r.Cookie(v.cookieName(v.b.Cookie))
	if err != nil {
		return false
	}
	id, _, _ := strings.Cut(c.Value, ".")
	return id == v.id
}

func (v *visit) set(name, value, path string, script bool) {
	c := http.Cookie{Name: v.cookieName(name), Value: value, Path: path, Domain: v.b.Domain, HttpOnly: !script, Secure: v.secure()}
	v.w.Header().Add("Set-Cookie", c.String())
}

// signIn makes the session somebody's, under a new id.
func (v *visit) signIn(user string) {
	delete(v.sessions, v.id)
	v.id = v.number("s")
	v.s = &session{user: user, token: v.number("token"), bound: v.fingerprint(), fresh: true, forced: v.b.Forced != ""}
	v.sessions[v.id] = v.s
	for _, line := range v.b.Early {
		v.w.Header().Add("Set-Cookie", v.filled(line))
	}
	for _, c := range v.b.Cookies {
		v.set(c.Name, v.valueOf(c), v.filled(c.Path), c.Script)
	}
	v.issue()
	v.over = true
	for _, line := range v.b.Late {
		v.w.Header().Add("Set-Cookie", v.filled(line))
	}
}
