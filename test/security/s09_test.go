package security

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// elsewhere are targets that some browser, server or library reads as another site, as another path, or as two headers.
var elsewhere = []string{
	"https://evil.example/", "http://evil.example", "//evil.example", "//evil.example/%2e%2e", "///evil.example", "////evil.example",
	`/\evil.example`, `\\evil.example`, `\/evil.example`, `/\/evil.example`, "/%5cevil.example", "/%5Cevil.example", "/%255cevil.example",
	"/%2fevil.example", "/%2Fevil.example", "/%252fevil.example", "/%252Fevil.example", "/x//evil.example", "/x/..//evil.example", `/x/../\evil.example`,
	"/./evil", "/../evil", "/x/../y", "/%2e%2e/evil", "/%2e/evil", "/x/%2e%2e/y", "/%252e%252e/evil", "/..%2f..%2fevil", "/.%2e/x",
	"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "evil.example", "evil", "@evil.example", "?x", "#x", "", " ", ".",
	"/\tevil", "/ evil", "/\x00evil", "/x\r\nSet-Cookie: a=b", "/x\nX-Header: a", "/x\rX: a", "/\x7f", "/\u00a0x", "/évil", "/\u2028", "/％2f", "/%0d%0aSet-Cookie:a=b/..//",
	`/"x`, "/<script>", "/x>y", "/`x`", `/x"onclick=`, "/\u202e",
	"/ispgate", "/ispgate/", "/ispgate/login", "/ISPGATE/login", "/ispgate/logout", "/ispgate/two-factor", "/%69spgate/login", "/%2569spgate/login", "/Ispgate/verify",
	"/ispgate%2flogin", "/%2fispgate/login", "/ispgate?x", "/ispgate#x",
	"/%", "/%zz", "/%2", "https:/evil.example", "https:evil.example", "http:///evil.example", "//panel.example.net@evil.example/", "https://panel.example.net/dashboard",
	"https://panel.example.net.evil.example/", "//evil.example:443/", "//[::1]/", "/" + strings.Repeat("a", 5000),
}

// inside are targets of this site, to be kept byte for byte.
var inside = []string{
	"/", "/dashboard", "/profile?tab=1&x=%2F%2Fevil.example", "/a%20b", "/x?y=https://evil.example/", "/x?u=//evil", "/customers/1;v=2", "/a,b'c(d)*!$&=+@:", "/x?a=%0d%0a",
	"/ispgates", "/ispgate.html", "/x?", "/x#frag", "/~user/", "/a/b/", "/x?../y",
}

// offSite says why a Location would leave the site, split the header, or come back to our own pages.
func offSite(location string) string {
	for i := range len(location) {
		if c := location[i]; c <= ' ' || c > '~' || strings.IndexByte("\\\"<>`", c) >= 0 {
			return "a byte that browsers read differently"
		}
	}
	path, _, _ := strings.Cut(location, "?")
	path, _, _ = strings.Cut(path, "#")
	once, err := url.PathUnescape(path)
	if err != nil {
		return "percent signs that are none"
	}
	twice, err := url.PathUnescape(once)
	if err != nil {
		twice = once
	}
	for _, p := range []string{path, once, twice} {
		switch {
		case !strings.HasPrefix(p, "/"):
			return "no path"
		case strings.Contains(p, "//"), strings.ContainsAny(p, "\\\r\n\x00"):
			return "another host"
		case strings.Contains(p+"/", "/../"), strings.Contains(p+"/", "/./"):
			return "dot segments"
		case strings.HasPrefix(strings.ToLower(p)+"/", "/ispgate/"):
			return "our own pages"
		}
	}
	u, err := url.Parse(location)
	if err != nil || u.Host != "" || u.Scheme != "" {
		return "a whole address"
	}
	return ""
}

func back(target string) string { return office.Login + "?return_to=" + url.QueryEscape(target) }

// Every endpoint that takes a return_to, or makes one of what was asked for.
func TestS09_ReturnToStaysOnTheSite(t *testing.T) {
	o := theOffice(t)
	c := o.Clerk(t)
	c.LogIn()
	stranger := o.Browser(t)
	for name, ask := range map[string]func(target string) string{
		"a login": func(target string) string {
			form := c.PostForm(back(target), url.Values{"username": {c.Email}, "password": {harness.LaravelPassword}})
			if form.Location() == "" {
				t.Fatalf("the login with return_to %q answers %d", target, form.Status)
			}
			return form.Location()
		},
		"the login page of who is logged in": func(target string) string { return c.Get(back(target)).Location() },
		"the password page's form": func(target string) string {
			action := stranger.Get(back(target)).Want(http.StatusOK).Find("main form").AttrOr("action", "")
			return query(t, action, "return_to", "/dashboard")
		},
		"the password page's form after a fault": func(target string) string {
			page := stranger.PostForm(back(target), url.Values{"username": {"x"}, "password": {""}}).Want(http.StatusUnauthorized)
			return query(t, page.Find("main form").AttrOr("action", ""), "return_to", "/dashboard")
		},
		"the way back of the language": func(target string) string {
			page := stranger.PostForm("/ispgate/language", url.Values{"lang": {"en"}, "back": {back(target)}})
			return query(t, page.Location(), "return_to", "/dashboard")
		},
		"the offer": func(target string) string {
			return c.PostForm("/ispgate/offer?return_to="+url.QueryEscape(target), url.Values{}).Location()
		},
	} {
		for _, target := range elsewhere {
			if got := ask(target); offSite(got) != "" {
				t.Errorf("%s, return_to %q leads to %q: %s", name, target, got, offSite(got))
			}
		}
		for _, target := range inside {
			if got := ask(target); got != target && (target != "/" || got != "/dashboard") {
				t.Errorf("%s, return_to %q leads to %q", name, target, got)
			}
		}
	}
}

// A whole address given as the way back of the language never leads off our own pages.
func TestS09_LanguageGoesBackToOurOwnPages(t *testing.T) {
	o := theOffice(t)
	b := o.Browser(t)
	for _, target := range append(elsewhere, "/ispgate/verify", "/ispgate/auth", "/ispgate/static/x") {
		location := b.PostForm("/ispgate/language", url.Values{"lang": {"en"}, "back": {target}}).Location()
		path, _, _ := strings.Cut(location, "?")
		if !strings.HasPrefix(path, "/ispgate/") || strings.Contains(path, "auth") || strings.Contains(path, "static") || offSite("/x"+path) != "" {
			t.Errorf("back %q leads to %q", target, location)
		}
	}
}

// query returns one parameter of an address; none: where a login without return_to leads.
func query(t *testing.T, address, name, none string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Errorf("%q is no address", address)
		return address
	}
	if u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, "/ispgate/") {
		t.Errorf("%q is not our page", address)
	}
	if !u.Query().Has(name) {
		return none
	}
	return u.Query().Get(name)
}

// The same through the second factor: the target waits in the session.
func TestS09_ReturnToThroughTheCode(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	for _, test := range []struct{ target, want string }{{"/profile?a=1", "/profile?a=1"}, {`/x/../\evil.example`, "/dashboard"}, {"//evil.example", "/dashboard"}} {
		e := c.Elsewhere()
		if page := e.PostForm(back(test.target), url.Values{"username": {c.Email}, "password": {harness.LaravelPassword}}); page.Location() != office.Verify {
			t.Fatalf("return_to %q: %d %q", test.target, page.Status, page.Location())
		}
		code := c.Codes[0]
		c.Codes = c.Codes[1:]
		page := e.Recover(code).Want(http.StatusOK)
		if got := page.Find("a.primary").AttrOr("href", ""); got != test.want {
			t.Errorf("return_to %q leads to %q", test.target, got)
		}
	}
}

// What was asked for becomes the return_to: protected targets, and those that a server in front tells of.
func TestS09_WhatWasAskedFor(t *testing.T) {
	o := theOffice(t)
	for _, target := range []string{"//evil.example/", "/%5cevil.example", "/x/..//evil.example", "/%2f%2fevil.example", "/x/../../evil", `/%09/evil`, "/ok?x=1"} {
		answer := raw(t, o, "GET "+target+" HTTP/1.1\r\nHost: panel.example.net\r\nAccept: text/html\r\nUser-Agent: x\r\n\r\n")
		if answer == nil {
			t.Fatalf("%s: no answer", target)
		}
		wantLoginWithSafeReturn(t, target, answer.Header.Get("Location"))
		front := o.Browser(t)
		page := send(t, front, request(t, "GET", "/ispgate/auth/redirect", "", "X-Original-Method", "GET", "X-Original-URL", office.Origin+target))
		if page.Status != http.StatusFound {
			t.Errorf("auth/redirect for %q answers %d", target, page.Status)
		}
		wantLoginWithSafeReturn(t, target, page.Location())
	}
}

func wantLoginWithSafeReturn(t *testing.T, asked, location string) {
	t.Helper()
	if path, _, _ := strings.Cut(location, "?"); path != office.Login {
		t.Errorf("%q leads to %q, want our login", asked, location)
		return
	}
	if target := query(t, location, "return_to", "/"); offSite(target) != "" {
		t.Errorf("%q becomes return_to %q: %s", asked, target, offSite(target))
	}
}
