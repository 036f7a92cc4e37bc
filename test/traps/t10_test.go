package traps

import (
	"testing"

	"github.com/ispgate/ispgate/test/panels/fake"
)

// markup is a login page and what a browser would and would not send of it.
type markup struct {
	name, page string
	post       string // where it must arrive; empty: /login
	wants      map[string]string
	never      []string
	latin      bool
}

const fields = `<input name="{user}"><input type="password" name="{password}">`

var markups = []markup{
	{name: "several forms, the login last", page: `<form action="/search"><input name="q"><button>Go</button></form>
		<form action="/lang" method="post"><select name="lang"><option>en</option></select><button name="set" value="1">Set</button></form>
		<form action="/register" method="post"><input name="email"><input type="password" name="password1"><input type="password" name="password2"></form>
		<form action="{action}" method="post">{token}` + fields + `<button>Log in</button></form>`, never: []string{"q", "lang", "set", "email"}},
	{name: "the button must be posted", page: `<form action="{action}" method="post">{token}` + fields + `<button type="button" name="show" value="1">Show</button>
		<input type="submit" name="enter" value="Sign &amp; in"><input type="submit" name="other" value="2"></form>`, wants: map[string]string{"enter": "Sign & in"}, never: []string{"show", "other"}},
	{name: "what is disabled or not ticked", page: `<form action="{action}" method="post">{token}` + fields + `<select name="server" disabled><option value="1">a</option></select>
		<fieldset disabled><input name="realm" value="x"></fieldset><input type="checkbox" name="stay" value="1"><input type="radio" name="mode" value="a"><input type="radio" name="mode" value="b" checked>
		<select name="lang"><option value="bn">b</option><option value="en" selected>e</option></select><button>Log in</button></form>`,
		wants: map[string]string{"mode": "b", "lang": "en"}, never: []string{"server", "realm", "stay"}},
	{name: "single quotes, no quotes, entities", page: `<FORM METHOD='POST' ACTION='{action}'><INPUT TYPE=hidden NAME='token' VALUE='{csrf}'><input type=text name={user}><input type='password' name='{password}'>
		<input type=hidden name='back' value='a&amp;b &#39;c&#39; &uuml;'><button>Log in</button></FORM>`, wants: map[string]string{"back": "a&b 'c' ü"}},
	{name: "no action: the page itself, query included", page: `<form action="" method="post">{token}` + fields + `<button>Log in</button></form>`, post: "/login?next=1"},
	{name: "no action attribute at all", page: `<form method="post">{token}` + fields + `<button>Log in</button></form>`, post: "/login?next=1"},
	{name: "a relative action", page: `<form action="./do/../enter?go=1" method="post">{token}` + fields + `<button>Log in</button></form>`, post: "/enter?go=1"},
	{name: "an action that is a query", page: `<form action="?step=2" method="post">{token}` + fields + `<button>Log in</button></form>`, post: "/login?step=2"},
	{name: "base href", page: `<base href="/auth/"><form action="enter" method="post">{token}` + fields + `<button>Log in</button></form>`, post: "/auth/enter"},
	{name: "base href with its own host", page: `<base href="{origin}/auth/x"><form action="enter" method="post">{token}` + fields + `<button>Log in</button></form>`, post: "/auth/enter"},
	{name: "fields that name their form", page: `<form id="f" action="{action}" method="post"></form><table><tr><td><input form="f" name="{user}"><td><input form="f" type="password" name="{password}"></table>
		<input form="g" name="foreign" value="1"><input type="hidden" form="f" name="token" value="{csrf}"><button form="f" name="go" value="1">Log in</button>`, wants: map[string]string{"go": "1"}, never: []string{"foreign"}},
	{name: "a button with an action of its own", page: `<form action="/nowhere" method="get">{token}` + fields + `<button formaction="/enter" formmethod="post">Log in</button></form>`, post: "/enter"},
	{name: "commented out, in a template, in a script", page: `<!-- <form action="/old" method="post"><input name="u"><input type="password" name="p"></form> --><template><form method="post"><input name="u"><input type="password" name="p"></form></template>
		<script>var f = '<form method="post"><input name="u"><input type="password" name="p"></form>'</script><form action="{action}" method="post">{token}` + fields + `<button>Log in</button></form>`},
	{name: "honeypots", page: `<form action="{action}" method="post">{token}<input name="username" style="display:none"><input type="text" name="email" tabindex="-1" autocomplete="off"><div hidden><input type="password" name="password"></div>` +
		fields + `<button>Log in</button></form>`, wants: map[string]string{"username": "", "email": "", "password": ""}},
	{name: "a form misplaced in a table", page: `<table><form action="{action}" method="post">{token}<tr><td><input name="{user}"></td></tr><tr><td><input type="password" name="{password}"><input type="submit" name="go" value="1"></td></tr></form></table>`, wants: map[string]string{"go": "1"}},
	{name: "another charset", page: "<form action=\"{action}\" method=\"post\">{token}" + fields + "<input type=\"hidden\" name=\"city\" value=\"K\xf6ln\"><button>Log in</button></form>", wants: map[string]string{"city": "K\xf6ln"}, latin: true},
	{name: "another charset, told by the page", page: "<meta charset=\"iso-8859-1\"><form action=\"{action}\" method=\"post\" accept-charset=\"iso-8859-1\">{token}" + fields + "<input type=\"hidden\" name=\"city\" value=\"K\xf6ln\"><button>Log in</button></form>", wants: map[string]string{"city": "K\xf6ln"}, latin: true},
	{name: "a picture for a button", page: `<form action="{action}" method="post">{token}` + fields + `<input type="image" name="go" src="x.png"></form>`, wants: map[string]string{"go.x": "1", "go.y": "1"}},
	{name: "fields within brackets", page: `<form action="{action}" method="post">{token}<input name="login[{user}]"><input type="password" name="login[{password}]"><button>Log in</button></form>`},
}

// TestT10_Forms: forms as they are found, each posted as a browser would, with nothing said about them in the profile.
func TestT10_Forms(t *testing.T) {
	t.Parallel()
	w := open(t, plain(), plainProfile+"login: {page: '/login?next=1'}\n", "/orders")
	for _, m := range markups {
		t.Run(m.name, func(t *testing.T) {
			w := w.within(t)
			w.panel.Be(func(b *fake.Behaviour) {
				*b = plain()
				b.Markup, b.Post, b.Wants, b.Never, b.Latin = m.page, m.post, m.wants, m.never, m.latin
				if b.Post == "" {
					b.Post = "/login"
				}
				if m.name == "fields within brackets" {
					b.Brackets = "login"
				}
			})
			w.somebody().wantRefused("wrong")
			p := w.somebody()
			p.in()
			p.wantInside()
		})
	}
	t.Run("names of this view only", func(t *testing.T) {
		w := w.within(t)
		w.panel.Be(func(b *fake.Behaviour) { *b = plain(); b.Random = true })
		w.somebody().wantRefused("wrong")
		p := w.somebody()
		p.in()
		p.wantInside()
	})
}

// TestT10_TokenOutsideTheForm: a token that a script would take from the page comes from there by login.take.
func TestT10_TokenOutsideTheForm(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Markup = `<meta name="csrf-token" content="{csrf}"><script>var key = "k-{csrf}";</script><form action="{action}" method="post">` + fields + `<button>Log in</button></form>`
	w := open(t, b, plainProfile+`login: {take: {token: 'name="csrf-token" content="([^"]+)"'}}`, "/orders")
	p := w.somebody()
	w.passwords(p)
	w.browsing(p, true)
}
