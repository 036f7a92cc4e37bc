package panel

import (
	"context"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// TestSurveyNeverTellsThePassword: a panel may repeat what was typed wherever it likes, in any spelling.
func TestSurveyNeverTellsThePassword(t *testing.T) {
	php := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#039;", "é", "&eacute;")
	spellings := func(p string) []string {
		return []string{p, html.EscapeString(p), html.EscapeString(html.EscapeString(p)), php.Replace(p), url.QueryEscape(p), url.PathEscape(p),
			strings.ToLower(url.QueryEscape(p)), url.QueryEscape(url.QueryEscape(p)), strings.ToUpper(p), base64.StdEncoding.EncodeToString([]byte(oddName + ":" + p)),
			strings.ReplaceAll(p, "'", `\'`), strings.NewReplacer("é", `\u00e9`, "<", `\u003c`, ">", `\u003e`, "&", `\u0026`).Replace(p)}
	}
	for _, password := range []string{oddPassword, "correct horse", "Zq7", "ключ-от-панели", strings.Repeat("long ", 100) + "end"} {
		for i, echo := range spellings(password) {
			href := html.EscapeString(url.PathEscape(echo))
			for _, in := range []bool{true, false} {
				o := &odd{
					right: func(name, p string) bool { return in && name == oddName && p == password },
					wrong: func(string, string) string { return "wrong: " + html.EscapeString(echo) },
					form:  oddForm + `<form action="/search/` + href + `"><input name="q` + html.EscapeString(echo) + `"></form>`,
					page: func(string, *http.Request) string {
						return `<a href="/account/` + href + `">me</a><a href="/profile?p=` + html.EscapeString(url.QueryEscape(echo)) + `">me</a><b id=username>` + html.EscapeString(echo) + `</b>`
					},
				}
				_, told, _ := looked(t, t.Context(), o.start(t), password)
				for _, form := range spellings(password) {
					if strings.Contains(strings.ToLower(told), strings.ToLower(form)) {
						t.Errorf("spelling %d of %q is told\n%s", i, password, told)
						break
					}
				}
			}
		}
	}
}

// TestSurveyOfAnEverydayPassword: one that stands in the panel's addresses is not spelled by taking it out of them.
func TestSurveyOfAnEverydayPassword(t *testing.T) {
	o := &odd{right: func(_, p string) bool { return p == "login" }, wrong: func(_, p string) string { return "no user with " + p }}
	found, told, _ := looked(t, t.Context(), o.start(t), "login")
	if !found.Complete() || !strings.Contains(told, "GET /login: 200") || strings.Contains(told, "[password]") {
		t.Errorf("complete %t\n%s", found.Complete(), told)
	}
	o = &odd{wrong: func(_, p string) string { return "no user with " + p }}
	if _, told, _ := looked(t, t.Context(), o.start(t), "login"); !strings.Contains(told, "no user with [password]") {
		t.Errorf("%s", told)
	}
}

// TestSurveyTellsOnlyText: nothing that a terminal obeys or that turns a line round comes from the panel, on the screen or in the
// profile.
func TestSurveyTellsOnlyText(t *testing.T) {
	const evil = "\x1b]0;owned\a\x1b[2J\u202e\u009b31m\r\x00"
	for name, o := range map[string]*odd{
		"an error":     {right: func(string, string) bool { return false }, wrong: func(string, string) string { return "No" + evil }},
		"a form":       {form: `<form method=post action="/in` + evil + `"><input name="us` + evil + `er"><input type=password name=pw></form>`},
		"another form": {form: oddForm + `<form action="/` + evil + `"></form>`},
		"links": {page: func(string, *http.Request) string {
			return `<a href="/profile` + evil + `">x</a><a href="/logout` + evil + `">x</a>`
		}},
		"a name": {page: func(string, *http.Request) string {
			return `<b id="username">operator</b><input name=mail value="a` + evil + `@b.example">`
		}},
		"a script":     {form: oddForm + `<script>CryptoJS</script><form onsubmit="` + evil + `hash()">`},
		"a long error": {right: func(string, string) bool { return false }, wrong: func(string, string) string { return strings.Repeat("é", 500) }},
	} {
		_, told, _ := looked(t, t.Context(), o.start(t), oddPassword)
		if i := strings.IndexFunc(told, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 || !utf8.ValidString(told) {
			t.Errorf("%s: at byte %d of %q", name, i, told)
		}
	}
}

// TestSurveyNamesNobodyByChance: what a place says of one user proves nothing unless it is there for whoever is logged in.
func TestSurveyNamesNobodyByChance(t *testing.T) {
	for name, c := range map[string]struct{ page, want string }{
		"a table of users":    {`<table><tr><td id=u-one>operator</td></tr><tr><td id=u-two>clerk</td></tr></table>`, ""},
		"a list of users":     {`<ul><li id=name>operator</li></ul>`, ""},
		"numbered":            {`<b id=user1>operator</b>`, ""},
		"two places":          {`<b id=latest>operator</b><b id=chief>operator</b>`, ""},
		"of an earlier visit": {`<input name=username value="%s">`, ""},
		"called so":           {`<table><tr><td id=u-one>operator</td></tr></table><b id=current-user>Operator</b>`, "{css: '#current-user'}"},
		"in a menu":           {`<nav><ul><li id=username>operator</li></ul></nav>`, "{css: '#username'}"},
		"a field":             {`<input name=login value=operator>`, `{css: 'input[name="login"]', attr: value}`},
		"the only one":        {`<b id=salute>operator</b>`, "{css: '#salute'}"},
	} {
		o := &odd{page: func(_ string, r *http.Request) string {
			return strings.Replace(c.page, "%s", cookieValue(r, "last_name"), 1)
		}, give: func(w http.ResponseWriter, sid string) {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: sid, Path: "/", HttpOnly: true})
			http.SetCookie(w, &http.Cookie{Name: "last_name", Value: oddName, Path: "/"})
		}}
		found, told, _ := looked(t, t.Context(), o.start(t), oddPassword)
		byHand := strings.Contains(told, "write identity by hand")
		if found.name != c.want || byHand != (c.want == "") {
			t.Errorf("%s: %q, by hand %t\n%s", name, found.name, byHand, told)
		}
	}
	o := &odd{page: func(_ string, r *http.Request) string {
		if r.URL.Path == "/account" {
			return `<b id=latest>operator</b>`
		}
		return ""
	}}
	if found, told, _ := looked(t, t.Context(), o.start(t), oddPassword); found.name != "" || !strings.Contains(told, "#latest") {
		t.Errorf("on one page only: %q\n%s", found.name, told)
	}
}

// TestSurveyFindsTheSessionCookies: those without which nobody is logged in, however they work together.
func TestSurveyFindsTheSessionCookies(t *testing.T) {
	give := func(names ...string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, sid string) {
			for _, name := range names {
				bare, readable := strings.CutSuffix(name, "!")
				http.SetCookie(w, &http.Cookie{Name: bare, Value: sid, Path: "/", HttpOnly: !readable})
			}
		}
	}
	any := func(sets ...[]string) func(*http.Request) string {
		return func(r *http.Request) string {
			for _, set := range sets {
				if !slices.ContainsFunc(set, func(name string) bool { return cookieValue(r, name) == "" }) {
					return cookieValue(r, set[0])
				}
			}
			return ""
		}
	}
	for name, c := range map[string]struct {
		give   []string
		whose  [][]string
		leaves bool
		want   string
	}{
		"one":                       {[]string{"theme!", "sid"}, [][]string{{"sid"}}, false, "cookies: {session: ['sid'], visible: ['theme']}"},
		"a pair":                    {[]string{"half", "theme!", "other!"}, [][]string{{"half", "other"}}, false, "cookies: {session: ['half', 'other'], visible: ['theme']}"},
		"either":                    {[]string{"sid", "remember", "theme!"}, [][]string{{"sid"}, {"remember"}}, false, "cookies: {session: ['remember', 'sid'], visible: ['theme']}"},
		"either, one readable":      {[]string{"token!", "sid"}, [][]string{{"sid"}, {"token"}}, false, "cookies: {session: ['sid', 'token'], visible: []}"},
		"either pair":               {[]string{"a", "b", "c", "d!"}, [][]string{{"a", "b"}, {"c", "d"}}, false, "cookies: {session: ['a', 'b', 'c', 'd'], visible: []}"},
		"one with either of two":    {[]string{"a", "b", "c", "lang!"}, [][]string{{"a", "b"}, {"a", "c"}}, false, "cookies: {session: ['a', 'b', 'c'], visible: ['lang']}"},
		"leaving it out ends all":   {[]string{"a", "b", "lang!"}, [][]string{{"a", "b"}}, true, "cookies: {session: ['a', 'b'], visible: ['lang']}"},
		"readable, and the session": {[]string{"sid!"}, [][]string{{"sid"}}, false, "cookies: {session: ['sid'], visible: []}"},
	} {
		o := &odd{give: give(c.give...), whose: any(c.whose...), leaves: c.leaves}
		found, told, _ := looked(t, t.Context(), o.start(t), oddPassword)
		if !found.Complete() || !strings.Contains(told, c.want+"\n") {
			t.Errorf("%s: complete %t, not %s\n%s", name, found.Complete(), c.want, told)
		}
	}
	last := ""
	o := &odd{give: func(w http.ResponseWriter, sid string) {
		last = sid
		http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark", Path: "/"})
	}, whose: func(r *http.Request) string {
		if cookieValue(r, "theme") == "" || r.Header.Get("X-Requested-With") != "" {
			return ""
		}
		return last
	}}
	once := o.whose
	asked := 0
	o.whose = func(r *http.Request) string { // a login that a cookie starts, but does not carry
		if r.URL.Path == "/account" && cookieValue(r, "theme") != "" {
			if asked++; asked > 1 {
				return ""
			}
		}
		return once(r)
	}
	found, told, _ := looked(t, t.Context(), o.start(t), oddPassword)
	if found.Complete() || !slices.ContainsFunc(found.Missing, func(line string) bool { return strings.HasPrefix(line, "which cookies carry the login:") }) {
		t.Errorf("none: complete %t\n%s", found.Complete(), told)
	}
}

// TestSurveyOfALoginAtTheRoot: the rule for strangers must not fit every address.
func TestSurveyOfALoginAtTheRoot(t *testing.T) {
	o := &odd{login: "/"}
	found, told, _ := looked(t, t.Context(), o.start(t), oddPassword)
	if !found.Complete() || !strings.Contains(told, "signed_out: [{location: '^/([?#]|$)'}]") {
		t.Errorf("complete %t\n%s", found.Complete(), told)
	}
}

// TestSurveyLogsOutAgain: whatever it logged in, also when nothing comes of it, and when somebody stops it.
func TestSurveyLogsOutAgain(t *testing.T) {
	none := func(r *http.Request) bool { return r.URL.Path == "/account" || r.URL.Path == "/home" }
	for name, o := range map[string]*odd{
		"a profile": {},
		"no identity, and it is asked for twice": {page: func(typed string, _ *http.Request) string { return `<b id=username>` + typed + `</b>` },
			right: func(name, p string) bool { return strings.EqualFold(name, oddName) && p == oddPassword }},
		"no guarded page": {before: func(w http.ResponseWriter, r *http.Request) bool {
			if none(r) && len(r.Cookies()) == 0 {
				fmt.Fprint(w, "welcome, stranger")
				return true
			}
			return false
		}},
		"a landing that cannot be read": {landing: "/big", before: func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/big" {
				fmt.Fprint(w, strings.Repeat(" ", maxBody+1))
			}
			return r.URL.Path == "/big"
		}},
	} {
		_, told, err := looked(t, t.Context(), o.start(t), oddPassword)
		if live, made := o.open(); name != "a landing that cannot be read" && (live != 0 || made == 0 || err != nil) {
			t.Errorf("%s: %d of %d logins left, %v\n%s", name, live, made, err, told)
		} else if live != 0 && !strings.Contains(told, "0 of the 1 logins") {
			t.Errorf("%s: silent about %d of %d logins\n%s", name, live, made, told)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	o := &odd{before: func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/account" {
			stop()
		}
		return false
	}}
	_, told, err := looked(t, ctx, o.start(t), oddPassword)
	if live, made := o.open(); live != 0 || made != 1 || err == nil || strings.Contains(told, "context canceled\n") {
		t.Errorf("stopped: %d of %d logins left, %v\n%s", live, made, err, told)
	}
}

// TestSurveyStops: with its context, wherever it is, and says that instead of what it did not see.
func TestSurveyStops(t *testing.T) {
	steps := 0
	count := func(http.ResponseWriter, *http.Request) bool { steps++; return false }
	whole := &odd{before: count}
	looked(t, t.Context(), whole.start(t), oddPassword)
	for at := 1; at < steps; at++ {
		ctx, stop := context.WithCancel(t.Context())
		n, after := 0, 0
		o := &odd{before: func(w http.ResponseWriter, r *http.Request) bool {
			_ = r.ParseForm() // the server notices a caller who hung up only once the body is read
			if n++; n == at {
				stop()
				if at < steps/2 { // while it still looks
					<-r.Context().Done()
				}
			} else if n > at {
				after++
			}
			return false
		}}
		found, told, err := looked(t, ctx, o.start(t), oddPassword)
		stop()
		if err == nil || found != nil || !strings.Contains(err.Error(), "stopped before the end") || strings.Contains(told, "canceled\n ") {
			t.Errorf("at request %d: %v, %v\n%s", at, found, err, told)
		}
		if _, made := o.open(); after > 6*made {
			t.Errorf("at request %d: %d more after the end\n%s", at, after, told)
		}
	}
}

// TestSurveySaysWhatHappened: an answer that cannot be read is one, and a page that reloads itself is a page.
func TestSurveySaysWhatHappened(t *testing.T) {
	big := func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/login" || r.URL.Path == "/" {
			fmt.Fprint(w, strings.Repeat(" ", maxBody+1))
			return true
		}
		return false
	}
	raw := func(w http.ResponseWriter, r *http.Request) bool {
		c, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return false
		}
		defer c.Close()
		fmt.Fprint(buf, "HTTP/1.1 200 OK\r\nSet-Cookie: sess\x01ion=verysecret\r\nContent-Length: 0\r\n\r\n")
		return buf.Flush() == nil
	}
	for name, c := range map[string]struct {
		o        *odd
		complete bool
		says     []string
		not      string
	}{
		"a refreshing dashboard": {&odd{page: func(_ string, r *http.Request) string {
			return `<meta http-equiv=refresh content="5; url=` + r.URL.Path + `"><!--`
		}, landing: "/home"}, true, []string{"routes.logout: no form or link"}, "circle"},
		"one that refreshes without an end": {&odd{landing: "/tick?0", before: func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/tick" && cookieValue(r, "sid") != "" {
				fmt.Fprintf(w, `<meta http-equiv=refresh content="1; url=/tick?%s0"><a href=/account>me</a>`, r.URL.RawQuery)
				return true
			}
			return false
		}}, true, nil, "circle"},
		"one that logs out those who sleep": {&odd{landing: "/calm", before: func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/calm" && cookieValue(r, "sid") != "" {
				fmt.Fprint(w, `<meta http-equiv=refresh content="900;url=/login"><a href=/account>me</a>`)
				return true
			}
			return false
		}}, true, nil, "login form again"},
		"a real circle": {&odd{before: func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "/", http.StatusFound)
			return true
		}}, false, []string{"it redirects in a circle: /login, /,"}, "does not answer"},
		"a big page":       {&odd{before: big}, false, []string{"GET /login: read answer: the panel's answer is over 1 MiB", "GET /: read answer"}, "does not answer"},
		"a bad Set-Cookie": {&odd{before: raw}, false, []string{"the Set-Cookie of sess", "malformed"}, "verysecret"},
	} {
		found, told, err := looked(t, t.Context(), c.o.start(t), oddPassword)
		if complete := found != nil && found.Complete(); complete != c.complete {
			t.Errorf("%s: complete %t, %v\n%s", name, complete, err, told)
		}
		for _, says := range c.says {
			if !strings.Contains(told, says) {
				t.Errorf("%s: does not say %q\n%s", name, says, told)
			}
		}
		if strings.Contains(told, c.not) || strings.Contains(told, "does not answer") {
			t.Errorf("%s: says %q\n%s", name, c.not, told)
		}
	}
	if _, told, err := looked(t, t.Context(), "http://127.0.0.1:1", oddPassword); err == nil || !strings.Contains(told, "the panel does not answer") {
		t.Errorf("nobody there: %s", told)
	}
}

// TestSurveyPointsOutOtherAddresses: the form may name a port or a host that is not the panel's.
func TestSurveyPointsOutOtherAddresses(t *testing.T) {
	form := func(action string) string { return strings.Replace(oddForm, "/in", action, 1) }
	for name, c := range map[string]struct {
		form, says string
		complete   bool
	}{
		"another port":       {form("http://127.0.0.1:9/in"), "whether 127.0.0.1:9, which the login form names, is the panel itself", true},
		"another host":       {form("https://sso.example.org/in"), "is sent to another host, sso.example.org", false},
		"under a base":       {`<base href="https://sso.example.org/">` + form("in"), "is sent to another host, sso.example.org", false},
		"a script":           {form("javascript:go()"), "a script of the page decides", false},
		"its public address": {form("https://panel.example.net/in"), "", true},
		"its default port":   {form("https://panel.example.net:443/in"), "", true},
		"without a host":     {oddForm, "", true},
	} {
		o := &odd{form: c.form}
		found, told, err := looked(t, t.Context(), o.start(t), oddPassword)
		if err != nil || found.Complete() != c.complete || !strings.Contains(told, c.says) || c.says == "" && (strings.Contains(told, "another port") || strings.Contains(told, "another host")) {
			t.Errorf("%s: complete %t, %v\n%s", name, found != nil && found.Complete(), err, told)
		}
		if live, made := o.open(); live != 0 || made > 0 != c.complete {
			t.Errorf("%s: %d of %d logins left", name, live, made)
		}
	}
}

// TestSurveyTriesTheOtherName: a panel that takes name and e-mail address must make one account of them (S16).
func TestSurveyTriesTheOtherName(t *testing.T) {
	const mail = "op@example.test"
	right := func(name, p string) bool { return (name == oddName || name == mail) && p == oddPassword }
	shows := func(name func(typed string) string) func(string, *http.Request) string {
		return func(typed string, _ *http.Request) string {
			return `<b id=username>` + name(typed) + `</b><input type=email name=mail value="` + mail + `">`
		}
	}
	same := &odd{right: right, page: shows(func(string) string { return oddName })}
	found, told, _ := looked(t, t.Context(), same.start(t), oddPassword)
	if !found.Complete() || !strings.Contains(told, "the person's other name, "+mail+": ok (verify), as name:"+oddName) {
		t.Errorf("one account: complete %t\n%s", found.Complete(), told)
	}
	typed := &odd{right: right, page: shows(func(typed string) string { return strings.TrimSuffix(typed, "@example.test") })}
	found, told, _ = looked(t, t.Context(), typed.start(t), oddPassword)
	if found.Complete() || !strings.Contains(told, "the panel takes "+mail+" for the same person") {
		t.Errorf("two accounts: complete %t\n%s", found.Complete(), told)
	}
}
