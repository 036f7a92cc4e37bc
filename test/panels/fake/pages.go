package fake

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// route answers a request. Everything that is not named in the behaviour is a page that only a logged-in user gets.
func (v *visit) route() {
	user := v.user()
	switch {
	case v.b.Referer && v.foreign():
		v.send(http.StatusForbidden, "", "", "Cross-site POST form submissions are forbidden")
	case v.logsIn():
		v.login()
	case v.lead(), v.apart():
	case v.b.Challenge != "" && v.at(v.b.Challenge):
		v.challenge()
	case !v.b.Basic && v.at(v.b.Page) && (user == "" || !v.b.Mixed) && !v.logsOut():
		v.arrive(user)
	case v.b.StaleFirst && v.stale():
		v.reply(v.b.Stale)
	case user == "":
		v.stranger()
	case v.logsOut():
		v.logout()
	default:
		v.first()
		v.inside(user)
	}
}

// arrive is the login page as it is come to.
func (v *visit) arrive(user string) {
	switch {
	case user != "":
		v.send(http.StatusFound, v.b.Base+v.b.Home, "", "")
	case !v.probed():
		v.send(http.StatusFound, v.b.Base+v.b.Hops[0], "", "")
	default:
		v.loginPage(0, "")
	}
}

func (v *visit) stranger() {
	switch {
	case v.b.Basic:
		v.w.Header().Set("WWW-Authenticate", `Basic realm="Monitoring"`)
		v.send(http.StatusUnauthorized, "", "", "Authorization Required")
	case v.script() && (v.b.Script.Status != 0 || v.b.Script.Says != ""):
		v.reply(v.b.Script)
	default:
		v.reply(v.b.Stranger)
	}
}

// foreign reports whether a POST does not come from the panel's own pages.
func (v *visit) foreign() bool {
	if !v.takes(http.MethodPost) {
		return false
	}
	referer, err := url.Parse(v.r.Referer())
	foreign := v.r.Header.Get("Origin") != v.origin() || v.secure() && (err != nil || referer.Scheme+"://"+referer.Host != v.origin())
	if foreign {
		v.t.Logf("%s %s: Origin %q, Referer %q", v.r.Method, v.r.RequestURI, v.r.Header.Get("Origin"), v.r.Referer())
	}
	return foreign
}

// first is what the first page after a login does: a new id, and the old one is forgotten. Of two such pages at once the
// second finds nobody (T18).
func (v *visit) first() {
	if !v.b.Racy || !v.s.fresh {
		return
	}
	v.s.fresh = false
	delete(v.sessions, v.id)
	v.id = v.number("s")
	v.sessions[v.id] = v.s
}

// stale reports whether a POST lacks the token: the session's or, with TokenCookie, that of the cookie.
func (v *visit) stale() bool {
	return v.takes(http.MethodPost) && v.b.Token != "" && v.form.Get(v.b.Token) != v.tokenHeld()
}

func (v *visit) tokenHeld() string {
	if v.b.TokenCookie == "" {
		return v.s.token
	}
	c, err := v.r.Cookie(v.b.TokenCookie)
	if err != nil || c.Value == "" {
		return "none"
	}
	return c.Value
}

// inside are the pages behind the login: any path is one, with a form that takes a note and says so after a redirect.
func (v *visit) inside(user string) {
	path := strings.TrimPrefix(v.r.URL.Path, v.b.Base)
	switch {
	case v.s.forced && path == v.b.Forced && v.takes(http.MethodPost):
		v.s.forced = false
		v.send(http.StatusFound, v.b.Base+v.b.Home, "", "")
	case v.s.forced && path != v.b.Forced:
		v.send(http.StatusFound, v.b.Base+v.b.Forced, "", "")
	case strings.HasPrefix(path, "/forbidden"):
		v.send(http.StatusUnauthorized, "", "", "You may not see this.")
	case v.stale():
		v.reply(v.b.Stale)
	case v.takes(http.MethodPost):
		v.s.says = "Saved: " + v.form.Get("note")
		v.send(http.StatusFound, v.address(v.r.URL.RequestURI()), "", "")
	case v.b.Me != "" && v.at(v.b.Me):
		v.send(0, "", "application/json", fmt.Sprintf(`{"id":%d,"login":%q,"params":{"user":%[2]q}}`, len(user), user))
	case v.script():
		v.send(0, "", "application/json", fmt.Sprintf(`{"user":%q}`, user))
	default:
		v.page(user)
	}
}

func (v *visit) page(user string) {
	says := v.s.says
	v.s.says = ""
	var out strings.Builder
	fmt.Fprintf(&out, `<!doctype html><title>Panel</title><ul class="primary-nav"><li class="user-nav-item"><a href="/account">%[1]s</a></ul><b id="user">%[1]s</b><input type="hidden" id="user_id" value="%[2]d"><input type="hidden" id="user_login" value="%[1]s"><p id="says">%[3]s</p>`, user, len(user), says)
	fmt.Fprintf(&out, `<form id="note" method="post" action="%s">%s<input name="note"><button>Save</button></form>`, v.address(v.r.URL.RequestURI()), v.hiddenToken())
	switch method, target := methodOf(v.b.Logout); {
	case method == http.MethodPost:
		fmt.Fprintf(&out, `<form id="logout" method="post" action="%s">%s<button>Log out</button></form>`, v.address(v.b.Base+target), v.hiddenToken())
	case method == http.MethodGet:
		sign := "?"
		if strings.Contains(target, "?") {
			sign = "&amp;"
		}
		fmt.Fprintf(&out, `<a id="logout" href="%s%stoken=%s">Log out</a>`, v.address(v.b.Base+target), sign, v.s.token)
	}
	v.send(0, "", "", out.String())
}

func (v *visit) hiddenToken() string {
	switch {
	case v.b.Token == "":
		return ""
	case v.b.TokenCookie != "":
		return fmt.Sprintf(`<input type="hidden" name="%s" value="%s">`, v.b.Token, v.tokenHeld())
	}
	return fmt.Sprintf(`<input type="hidden" name="%s" value="%s">`, v.b.Token, v.s.token)
}

func (v *visit) logsOut() bool {
	method, target := methodOf(v.b.Logout)
	return v.b.Logout != "" && v.takes(method) && v.at(target)
}

// logout ends the session, if the token is right.
func (v *visit) logout() {
	token := v.r.URL.Query().Get("token")
	if v.takes(http.MethodPost) {
		token = v.form.Get(v.b.Token)
	}
	if !v.b.Free && token != v.s.token && !(v.takes(http.MethodPost) && (v.b.Token == "" || !v.stale())) {
		v.send(http.StatusForbidden, "", "", "Do you really want to log out?")
		return
	}
	delete(v.sessions, v.id)
	v.over = true
	if v.b.Cookie != "" {
		v.w.Header().Add("Set-Cookie", v.cookieName(v.b.Cookie)+"=deleted; Max-Age=0; Path="+v.b.Base+"/")
	}
	v.send(http.StatusFound, v.address(v.b.Base+v.b.Page), "", "")
}

// address is a target as the panel's pages write it.
func (v *visit) address(target string) string {
	if v.b.Whole {
		return v.origin() + target
	}
	return target
}
