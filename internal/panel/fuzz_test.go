package panel

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzForms: whatever a page is made of, finding its login form ends, and a form that was found sends what was typed.
func FuzzForms(f *testing.F) {
	for _, page := range []string{
		`<form method=post action=/login><input type=hidden name=_token value=x><input name=email><input type=password name=password><button name=b value=1>In</button></form>`,
		`<form id=a></form><input form=a name=u><input form=a type=password name=p><input form=a type=image name=go>`,
		`<table><form method=post><tr><td><input name=u><td><input type=password name=p></form></table>`,
		`<base href="//x/"><form action="?a&amp;b"><select name=s><option disabled>1<option>2</select><input type=password name=p><textarea name=u>`,
		`<meta charset=big5><form><input type=text name="\xa4\xa4"><input type=password name=p>`,
		`<meta http-equiv=refresh content="0;url=//elsewhere">`,
	} {
		f.Add(page, "text/html")
	}
	profile, err := Parse("p.yaml", []byte("{base: laravel, verify: /dashboard}"))
	if err != nil {
		f.Fatal(err)
	}
	inner, _ := url.Parse("http://127.0.0.1:1")
	public, _ := url.Parse("https://panel.example.net")
	p, err := New(Options{URL: inner, Public: public, Profile: profile, Now: time.Now})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, page, contentType string) {
		a := &Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(page), Target: "/login", hosts: p.hosts}
		_, _ = onward(a)
		found, action, err := p.theForm(a)
		if err != nil {
			return
		}
		if !panelTarget(action) {
			t.Fatalf("the form goes to %q", action)
		}
		found.set(found.user, "typed-name")
		found.set(found.password, "typed-password")
		if sent := string(found.encode(a)); !strings.Contains(sent, "typed-password") {
			t.Fatalf("sends %q", sent)
		}
	})
}

// FuzzProfile: a profile that is taken never opens what proves a login nor takes it in by a rule, and every target has a meaning.
func FuzzProfile(f *testing.F) {
	files, _ := filepath.Glob("profiles/*.yaml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "/login?a=b")
	}
	f.Add("base: laravel\nverify: /in\nroutes: {public: ['/a/{b,c}*', {rule: 'POST /x?y=*', from: [::/0]}], deny: ['*']}", "//a/%2e./b;c")
	f.Fuzz(func(t *testing.T, text, target string) {
		p, err := Parse("p.yaml", []byte(text))
		if err != nil || p.Complete() != nil {
			return
		}
		narrowed := slices.ContainsFunc(p.Rules(), func(r RuleText) bool { return len(r.From) > 0 })
		if kind := p.Match("GET", p.Verify).Kind; kind != Protected && !narrowed {
			t.Fatalf("GET %s, which proves a login, is %s", p.Verify, kind)
		}
		for _, method := range []string{"GET", "POST"} {
			_ = p.MatchFrom(method, target, noAddr)
			if kind := p.Match(method, p.Verify).Kind; kind == Public {
				t.Fatalf("%s %s, which proves a login, is open", method, p.Verify)
			}
			if kind := p.Match(method, p.Login.Page).Kind; p.Login.Page != "" && kind == Public {
				t.Fatalf("%s %s, the login, is open", method, p.Login.Page)
			}
		}
	})
}

// FuzzS04_Target: what a public rule opens is plain, and every plain reading of a denied path stays denied however it is wrapped.
func FuzzS04_Target(f *testing.F) {
	for _, s := range []string{"/customer/x", "/%6cogin", "//login", "/a/../login", "/x?do=login", "/customer/%2e%2e/x", "/login;x", "\x00", "/index.php/login"} {
		f.Add(s)
	}
	p := profileOf(f, mappedRoutes)
	f.Fuzz(func(t *testing.T, target string) {
		if p.Match("GET", target).Kind == Public {
			path, _, _ := strings.Cut(target, "?")
			if strings.ContainsAny(path, "%;\\#\x00 ") || strings.Contains(path, "//") || strings.Contains(path, "/.") {
				t.Errorf("public: %q", target)
			}
		}
		path, query, _ := strings.Cut(target, "?")
		if strings.HasPrefix(path, "/") && !strings.ContainsAny(path, "#;\x00%\\") && p.Match("GET", target).Kind == LoginRoute {
			for _, wrapped := range []string{path + "/", "/" + path, "/index.php" + path, strings.ToUpper(path), path + ";x", "/x/.." + path, "/index.php" + path[1:], "/x/../index.php" + path[1:] + ";x"} {
				if got := p.Match("GET", wrapped+"?"+query).Kind; got != LoginRoute && got != Deny {
					t.Errorf("%q is a login, %q is %s", path, wrapped, got)
				}
			}
		}
	})
}
