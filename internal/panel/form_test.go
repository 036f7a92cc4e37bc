package panel

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// TestT10_Forms: login pages as they are found, and what a browser would send of them.
func TestT10_Forms(t *testing.T) {
	cases := []struct{ name, login, page, contentType, action, body string }{
		{"laravel", "{}", `<form method="POST" action="https://panel.example.net/login"><input type="hidden" name="_token" value="t&amp;1"><input type="email" name="email" value="old"><input type="password" name="password"><input type="checkbox" name="remember"><button type="submit">Log in</button></form>`,
			"", "/login", "_token=t%261&email=USER&password=PASS"},
		{"submit button with a name", "{}", `<form method=post action=index.php><input name=name><input type=password name=password><input type=checkbox name=autologin value=1 checked><button name=enter value=Sign>x</button><button name=other value=2>y</button></form>`,
			"", "/in/index.php", "name=USER&password=PASS&autologin=1&enter=Sign"},
		{"several forms, login last", "{}", `<form method=post><select name=lang><option>en</select></form><form method=post action=/a><input name=u><input type=password name=p></form>`,
			"", "/a", "u=USER&p=PASS"},
		{"empty action keeps the query", "{}", `<form method='post' action=''><input name='u'><input type='password' name='p'></form>`,
			"", "/in/login?x=1", "u=USER&p=PASS"},
		{"base href", "{}", `<base href="/other/"><form method=post action=go><input name=u><input type=password name=p></form>`,
			"", "/other/go", "u=USER&p=PASS"},
		{"form attribute", "{}", `<form id=f method=post action=/a></form><input form=f name=u><input form=f type=password name=p><input form=g name=no><button form=f name=b value=1></button>`,
			"", "/a", "u=USER&p=PASS&b=1"},
		{"commented out", "{}", `<!-- <form method=post action=/old><input name=u><input type=password name=p></form> --><form method=post action=/a><input name=u><input type=password name=p></form>`,
			"", "/a", "u=USER&p=PASS"},
		{"disabled and unticked", "{}", `<form method=post action=/a><select disabled name=d><option>1</select><fieldset disabled><input name=f value=1></fieldset><input type=radio name=r value=1><input type=radio name=r value=2 checked><input name=u><input type=password name=p></form>`,
			"", "/a", "r=2&u=USER&p=PASS"},
		{"select", "{}", `<form method=post action=/a><select name=s><option disabled>no<option value=2>two<option selected value=3>three</select><select name=t><option value="">-</select><input name=u><input type=password name=p></form>`,
			"", "/a", "s=3&t=&u=USER&p=PASS"},
		{"honeypot", "{}", `<form method=post action=/a><input name=user><div style="display: none"><input name=username></div><input type=password name=p></form>`,
			"", "/a", "user=USER&username=&p=PASS"},
		{"domain behind the user", "{}", `<form method=post action=/a><input name=username><input name=domain value=d><input type=password name=p></form>`,
			"", "/a", "username=USER&domain=d&p=PASS"},
		{"random names", "{}", `<form method=post action=/a><input type=text name=a9f3><input type=password name=b77e></form>`,
			"", "/a", "a9f3=USER&b77e=PASS"},
		{"in a table", "{}", `<table><form method=post action=/a><tr><td><input name=u></td></tr><tr><td><input type=password name=p></td></tr></form></table>`,
			"", "/a", "u=USER&p=PASS"},
		{"named fields among others", "{user: fUsername, password: fPassword}", `<form method=post action=/a><input name=search><input name=fUsername><input type=password name=fPassword><input type=password name=pin></form>`,
			"", "/a", "search=&fUsername=USER&fPassword=PASS&pin="},
		{"set and not sent", "{set: {remember: null, lang: en}}", `<form method=post action=/a><input type=checkbox name=remember checked><input name=u><input type=password name=p><input type=hidden name=lang value=bn></form>`,
			"", "/a", "u=USER&p=PASS&lang=en"},
		{"action of the button", "{}", `<form action=/no><input name=u><input type=password name=p><input type=submit formaction=/a formmethod=post></form>`,
			"", "/a", "u=USER&p=PASS"},
		{"action of the profile", "{action: /api/in}", `<form method=post action="javascript:go()"><input name=u><input type=password name=p></form>`,
			"", "/api/in", "u=USER&p=PASS"},
		{"latin-1", "{}", "<form method=post action=/a><input type=hidden name=h value='\xe9'><input name=u><input type=password name=p></form>",
			"text/html; charset=iso-8859-1", "/a", "h=%E9&u=USER&p=PASS"},
		{"registration beside it", "{}", `<form method=post action=/register><input name=u><input type=password name=p><input type=password name=p2></form><form method=post action=/a><input name=u><input type=password name=p></form>`,
			"", "/a", "u=USER&p=PASS"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := panelAt(t, profileOf(t, "{base: generic, verify: /x, signed_out: [{status: 401}], login: "+c.login+"}"), "http://127.0.0.1:8000", "https://panel.example.net")
			page := pageOf(c.page, c.contentType)
			f, action, err := p.theForm(page)
			if err != nil {
				t.Fatal(err)
			}
			f.set(f.user, "USER")
			f.set(f.password, "PASS")
			f.apply(p.profile.Login.Set)
			if body := string(f.encode(page)); action != c.action || body != c.body {
				t.Errorf("posts %s to %s\nwant  %s to %s", body, action, c.body, c.action)
			}
		})
	}
}

func pageOf(source, contentType string) *Answer {
	if contentType == "" {
		contentType = "text/html; charset=utf-8"
	}
	return &Answer{Status: 200, Header: http.Header{"Content-Type": {contentType}}, Target: "/in/login?x=1", Body: []byte(source)}
}

func TestForms_NotTheOne(t *testing.T) {
	const one = `<form method=post action=/a><input name=u><input type=password name=p></form>`
	cases := []struct{ name, page, want string }{
		{"none", `<p>Back soon</p>`, "0 login forms"},
		{"two", one + one, "2 login forms"},
		{"search only", `<form method=post><input name=q></form>`, "0 login forms"},
		{"confirm a password", `<form method=post><input type=password name=p></form>`, "0 login forms"},
		{"change a password", `<form method=post><input type=password name=old><input type=password name=p><input type=password name=p2></form>`, "0 login forms"},
		{"registration", `<form method=post><input name=u><input type=password name=p><input type=password name=p2></form>`, "0 login forms"},
		{"another host", strings.Replace(one, "/a", "https://evil.example/a", 1), "another host"},
		{"script", strings.Replace(one, "/a", "javascript:go()", 1), "computed by a script"},
		{"base of another host", `<base href="https://evil.example/">` + one, "base href"},
		{"GET", strings.Replace(one, "post", "get", 1), "into a URL"},
		{"captcha in the form", strings.Replace(one, "<input name=u>", "<input name=u><div class=g-recaptcha data-sitekey=k></div>", 1), "captcha"},
		{"captcha v3", `<script src="https://www.google.com/recaptcha/api.js?render=KEY"></script>` + one, "captcha"},
		{"in a drawing", `<svg>` + one + `</svg>`, "0 login forms"},
		{"too deep to be read", strings.Repeat("<div>", 600) + one, "0 login forms"},
		{"in a template", `<template>` + one + `</template>`, "0 login forms"},
	}
	p := panelAt(t, profileOf(t, "{base: generic, verify: /x, signed_out: [{status: 401}]}"), "http://127.0.0.1:8000", "https://panel.example.net")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := p.theForm(pageOf(c.page, ""))
			if err == nil || !strings.Contains(err.Error(), c.want) || outcomeOf(err).Verdict != FormChanged {
				t.Errorf("%v, want form-changed: %s", err, c.want)
			}
		})
	}
}

// TestS30_Encoding: in UTF-8 the bytes typed are the bytes sent, in other charsets what a browser would send.
func TestS30_Encoding(t *testing.T) {
	const password = "pä ss+%\x00\u20ac\r\n&="
	const source = `<form method=post action=/a><input name=u><input type=password name=p></form>`
	for contentType, want := range map[string]string{
		"text/html; charset=utf-8":        "u=x&p=p%C3%A4+ss%2B%25%00%E2%82%AC%0D%0A%26%3D",
		"text/html; charset=windows-1252": "u=x&p=p%E4+ss%2B%25%00%80%0D%0A%26%3D",
		"text/html; charset=iso-8859-2":   "u=x&p=p%E4+ss%2B%25%00%26%238364%3B%0D%0A%26%3D",
	} {
		page := pageOf(source, contentType)
		f := loginForms(page.document(), LoginForm{User: "auto", Password: "auto"})[0]
		f.set("u", "x")
		f.set("p", password)
		if got := string(f.encode(page)); got != want {
			t.Errorf("%s: %s\nwant %s", contentType, got, want)
		}
	}
	page := pageOf(source, "")
	f := loginForms(page.document(), LoginForm{User: "auto", Password: "auto"})[0]
	f.set("p", "\xff\xfe")
	if got := string(f.encode(page)); got != "u=&p=%FF%FE" {
		t.Errorf("bytes that are no UTF-8: %s", got)
	}
}

// TestS31_ManyForms: a page of 1 MiB is read in one pass, whatever it is made of.
func TestS31_ManyForms(t *testing.T) {
	p := panelAt(t, profileOf(t, "{base: generic, verify: /x, signed_out: [{form: true}]}"), "http://127.0.0.1:8000", "https://panel.example.net")
	for name, part := range map[string]string{
		"login forms":         `<form method=post><input name=u><input type=password name=p></form>`,
		"forms of other ends": `<form action=x><button name=a>`,
		"misplaced":           `<table><form id=f><tr><td><input name=u form=f></form></table>`,
		"fields":              `<input name=u>`,
		"one select":          `<select name=s><option>1`,
		"deep":                strings.Repeat(`<b>`, 400) + `<input name=u>` + strings.Repeat(`</b>`, 400),
	} {
		t.Run(name, func(t *testing.T) {
			page := pageOf(strings.Repeat(part, maxBody/len(part)), "")
			begin := time.Now()
			_, _, err := p.theForm(page)
			_, logout := p.logoutOn(t.Context(), page)
			p.profile.SignedOut(*page)
			if err == nil || logout {
				t.Errorf("%v, logout %v", err, logout)
			}
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// TestLogout_EndsInTime: links that have many readings cost time, and a logout has 5 s.
func TestLogout_EndsInTime(t *testing.T) {
	p := panelAt(t, profileOf(t, "{base: ispbills}"), "http://127.0.0.1:8000", "https://panel.example.net")
	const link = `<a href="/a%252e/;b/../index.php/x.php/c%255c/./public/index.php">`
	page := pageOf(strings.Repeat(link, maxBody/len(link)), "")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, ok := p.logoutOn(ctx, page); ok {
		t.Error("found a logout")
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

// TestSignedIn_UnreadablePage: of a page that cannot be read nobody knows whether a login form stands on it.
func TestSignedIn_UnreadablePage(t *testing.T) {
	p := profileOf(t, "{base: generic, verify: /x, signed_out: [{status: 401}]}")
	if page := pageOf(strings.Repeat("<div>", 400)+"in", ""); !p.signedInAnswer(page) {
		t.Error("a page that can be read is none")
	}
	if page := pageOf(strings.Repeat("<div>", 600)+"in", ""); p.signedInAnswer(page) {
		t.Error("a page that cannot be read proves a login")
	}
}
