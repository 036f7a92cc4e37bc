package fake

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

func known(name, password string) bool {
	return (name == User || name == Other) && password == Password
}

// plain is a login page without tricks.
const plain = `<!doctype html><title>Log in</title>{around}<p class="error">{says}</p>
<form method="post" action="{action}">{token}<input name="{user}" value=""><input type="password" name="{password}">{extra}</form>`

func (v *visit) loginPage(status int, says string) {
	token := ""
	if v.b.Token != "" {
		token = fmt.Sprintf(`<input type="hidden" name="%s" value="%s">`, v.b.Token, v.s.token)
	}
	if v.b.TokenCookie != "" {
		v.set(v.b.TokenCookie, v.s.token, "/", true) // stays when the session ends
	}
	if v.s.names = [2]string{v.b.Name, v.b.Pass}; v.b.Random {
		v.s.names = [2]string{v.number("fielda"), v.number("fieldb")}
	}
	if says == "" {
		says, v.s.says = v.s.says, ""
	}
	page := strings.NewReplacer("{around}", v.b.Around, "{says}", says, "{action}", v.b.Action, "{token}", token, "{csrf}", v.s.token,
		"{user}", v.s.names[0], "{password}", v.s.names[1], "{extra}", v.b.Extra).Replace(cmp.Or(v.b.Markup, plain))
	kind := ""
	if v.b.Latin {
		kind = "text/html; charset=windows-1252"
	}
	v.send(status, "", kind, v.filled(page))
}

// lead answers what comes before the login page; false: nothing does.
func (v *visit) lead() bool {
	if v.b.Front != "" && v.at(v.b.Front) {
		v.send(0, "", "", `<meta http-equiv="refresh" content="0; url=`+v.b.Base+v.b.Page+`">`)
		return true
	}
	for i, hop := range v.b.Hops {
		if v.at(hop) {
			v.w.Header().Add("Set-Cookie", fmt.Sprintf("probe%d=yes; Path=/", i))
			v.send(http.StatusFound, v.b.Base+append(v.b.Hops[i+1:], v.b.Page)[0], "", "")
			return true
		}
	}
	return false
}

// probed reports whether every cookie of the hops came back.
func (v *visit) probed() bool {
	for i := range v.b.Hops {
		if _, err := v.r.Cookie(fmt.Sprintf("probe%d", i)); err != nil {
			return false
		}
	}
	return true
}

// logsIn reports whether the request is a login.
func (v *visit) logsIn() bool {
	if v.b.Basic || !v.takes(http.MethodPost) {
		return false
	}
	return v.at(cmp.Or(v.b.Post, v.b.Page)) || v.b.Anywhere && v.form.Has(v.b.Name) && v.form.Has(v.b.Pass)
}

func (v *visit) login() {
	v.sleep(v.b.Sleep)
	names := v.s.names
	if !v.b.Random {
		names = [2]string{v.b.Name, v.b.Pass}
	}
	if v.b.Brackets != "" {
		names = [2]string{v.b.Brackets + "[" + names[0] + "]", v.b.Brackets + "[" + names[1] + "]"}
	}
	user, password := v.form.Get(names[0]), v.form.Get(names[1])
	switch {
	case !v.probed(), v.b.Held && !v.held(), v.stale():
		v.reply(v.b.Stale)
	case v.throttle:
		v.reply(v.b.Throttled)
	case v.odd() != "":
		v.t.Logf("no browser sends this login: %s", v.odd())
		v.reply(Reply{Status: http.StatusBadRequest, Says: "this is no browser"})
	case names[0] == "" || !known(user, password):
		v.reply(v.b.Wrong)
	case v.b.Challenge != "":
		v.s.pending = user
		v.reply(Reply{Status: http.StatusFound, To: "{base}" + v.b.Challenge})
	default:
		v.signIn(user)
		v.reply(v.b.Right)
	}
}

// odd says what a browser would have sent otherwise.
func (v *visit) odd() string {
	for name, want := range v.b.Wants {
		if got, sent := v.form[name]; !sent || got[0] != v.filled(want) {
			return fmt.Sprintf("%s is %q", name, got)
		}
	}
	for _, name := range v.b.Never {
		if v.form.Has(name) {
			return name + " was posted"
		}
	}
	return ""
}

// challenge is the panel's own second step.
func (v *visit) challenge() {
	switch {
	case v.s.pending == "":
		v.reply(v.b.Stranger)
	case v.takes(http.MethodPost) && v.form.Get("code") == Code:
		v.signIn(v.s.pending)
		v.reply(v.b.Right)
	default:
		v.send(0, "", "", `<form method="post"><input name="code" autocomplete="one-time-code"></form>`)
	}
}

// apart are the paths that are open to everybody.
func (v *visit) apart() bool {
	switch {
	case v.at(v.b.Open):
		v.send(0, "", "", "open to everybody")
	case v.at(v.b.API):
		status := http.StatusForbidden
		if known(v.form.Get(v.b.Name), v.form.Get(v.b.Pass)) {
			status = http.StatusOK
		}
		v.send(status, "", "application/json", `{"token":"api"}`)
	default:
		return false
	}
	return true
}

func methodOf(rule string) (method, target string) {
	method, target, _ = strings.Cut(rule, " ")
	return method, target
}
