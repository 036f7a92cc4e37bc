package panel

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// inside is a request with a body inside a session; its type says nothing.
func inside(query string) Watched {
	return Watched{Target: "/x?" + query, Types: []string{"text/plain"}, Inside: true, Body: true}
}

const anywhereProfile = `
base: generic
login: {page: '/index.php?route=/', user: pma_username, password: pma_password, anywhere: true}
verify: '/index.php?route=/preferences/manage'
signed_out: [{form: true}]
`

// TestS15_LoginAnywhere: both fields of a login, in whatever spelling PHP would read them, end the request before the second
// one has left; what merely speaks of them passes byte for byte.
func TestS15_LoginAnywhere(t *testing.T) {
	p := profileOf(t, anywhereProfile)
	part := func(name string) string {
		return "--x\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\nvalue\r\n"
	}
	for name, c := range map[string]struct {
		query, body string
		cut         bool
	}{
		"urlencoded":               {"", "pma_username=a&x=1&pma_password=b", true},
		"in the query":             {"pma_username=a&pma_password=b", "", true},
		"one here, one there":      {"pma_username=a", "token=1&pma_password=b", true},
		"percent-encoded names":    {"", "%70ma_username=a&pma%5Fpassword=b", true},
		"PHP's folding":            {"", "pma.username=a&pma+password=b", true},
		"an unclosed bracket":      {"", "pma[username=a&pma[password=b", true},
		"arrays":                   {"", "pma_username[]=a&pma_password[0]=b", true},
		"a NUL":                    {"", "pma_username%00x=a&pma_password=b", true},
		"blanks before":            {"", "%20pma_username=a&++pma_password=b", true},
		"semicolons":               {"", "pma_username=a;pma_password=b", true},
		"password first":           {"", "pma_password=b&pma_username=a", true},
		"multipart":                {"", part(`"pma_username"`) + part(`"pma_password"`) + "--x--", true},
		"multipart, no quotes":     {"", part("pma_username") + part("pma_password"), true},
		"multipart, other quotes":  {"", part("'pma_username'") + part("'pma_password'"), true},
		"multipart, escaped":       {"", part(`"pma\_username"`) + part(`"pma_password"`), true},
		"multipart, a folded line": {"", "--x\r\ncontent-disposition: form-data;\r\n name=\"pma_username\"\r\n\r\na\r\n" + part("pma_password"), true},
		"multipart, only LF":       {"", strings.ReplaceAll(part("pma_username")+part("pma_password"), "\r", ""), true},
		"many blanks before":       {"", strings.Repeat("+", 600) + "pma_username=a&" + strings.Repeat("%20", 600) + "pma_password=b", true},
		"a NUL and much behind":    {"", "pma_username%00" + strings.Repeat("a", 600) + "=a&pma_password=b", true},
		"multipart, VT":            {"", "--x\r\nContent-Disposition: form-data;\x0bname=\"pma_username\"\r\n\r\na\r\n" + part("\x0b\"pma_password\""), true},
		"multipart, bare CR":       {"", "--x\r\nContent-Disposition: form-data;\rname=\"pma_username\"\r\n\r\na\r\n" + part("pma_password"), true},
		"multipart, folded by FF":  {"", "--x\r\nContent-Disposition: form-data;\r\n\x0cname=\"pma_username\"\r\n\r\na\r\n" + part("pma_password"), true},
		"multipart, folded by CR":  {"", "--x\r\nContent-Disposition: form-data; x=\r\n\r;name=\"pma_username\"\r\n\r\na\r\n" + part("pma_password"), true},
		"multipart, no colon":      {"", "--x\r\nContent-Disposition: form-data;\r\nname=\"pma_username\"\r\n\r\na\r\n" + part("pma_password"), true},
		"multipart, a long line":   {"", "--x\r\nContent-Disposition: form-data; x=\"" + strings.Repeat("a", 2500) + "\"; name=\"pma_username\"\r\n\r\na\r\n" + part("pma_password"), true},
		"multipart, a longer one":  {"", "--x\r\nContent-Disposition: form-data; x=\"" + strings.Repeat("a", 20000) + "\"; name=\"pma_username\"\r\n\r\na\r\n" + part("pma_password"), true},
		"multipart, a blank":       {"", part("pma username") + part("pma.password"), true},
		"JSON":                     {"", `{"pma_username":"a","deep":{"pma_password" : "b"}}`, true},
		"JSON with escapes":        {"", `{"pm\u0061_username":"a","pma_password":"b"}`, true},
		"only the name":            {"", "pma_username=a&x=pma_password", false},
		"only the password":        {"", "pma_password=a", false},
		"they are spoken of":       {"", "sql=SELECT+pma_username,+pma_password+FROM+x", false},
		"JSON values":              {"", `{"q":"pma_username","r":["pma_password"]}`, false},
		"other fields":             {"a=1", "new_pma_username=a&pma_password_again=b", false},
		"a file that shows a form": {"", part(`"f"; filename="x.html"`) + `<input name="pma_username"><input name="pma_password">` + "\r\n--x--", false},
	} {
		for how, reader := range map[string]func(io.Reader) io.Reader{"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader} {
			w := p.Watch(inside(c.query))
			var sent []byte
			var err error
			if err = w.Refused(); err == nil {
				sent, err = io.ReadAll(w.Reader(reader(strings.NewReader(c.body))))
			}
			if errors.Is(err, ErrLoginInside) != c.cut {
				t.Errorf("%s, %s: %v", name, how, err)
			}
			if c.cut && strings.Contains(string(sent), "=a") && strings.Contains(string(sent), "=b") || !c.cut && string(sent) != c.body {
				t.Errorf("%s, %s: the panel got %q", name, how, sent)
			}
		}
	}
}

// TestS15_PasswordFieldIsNoticed: elsewhere such a request passes, and makes the identity due.
func TestS15_PasswordFieldIsNoticed(t *testing.T) {
	p := profileOf(t, "{base: laravel, verify: /dashboard, identity: {kind: email, name: {css: b}}, login: {page: /login, user: 'session[email]', password: 'session[password]'}}")
	for body, want := range map[string]bool{"session[password]=x&session[email]=y": true, "session%5Bpassword%5D=x": true, "session[email]=y": false, "password=x": false} {
		w := p.Watch(inside(""))
		if _, err := io.ReadAll(w.Reader(strings.NewReader(body))); err != nil || w.Password() != want {
			t.Errorf("%s: %v, noticed %t, want %t", body, err, w.Password(), want)
		}
	}
	if profileOf(t, "{base: laravel, verify: /dashboard, login: {page: /login, user: u, password: p}}").Watch(Watched{Target: "/x?p=x", Inside: true}) != nil {
		t.Error("watched although nothing depends on it")
	}
	auto := profileOf(t, "{base: laravel, verify: /dashboard, identity: {kind: email, name: {css: b}}}")
	if auto.Watch(Watched{Target: "/x?password=x", Inside: true}) != nil {
		t.Error("fields whose names nobody knows are watched")
	}
	auto.learn(&form{user: "mail", password: "pw"}, "/login")
	if w := auto.Watch(inside("pw=x")); w == nil || !w.Password() {
		t.Error("the names of the form are not learned")
	}
}

// FuzzWatch: whatever streams by, it passes byte for byte or not at all.
func FuzzWatch(f *testing.F) {
	f.Add("", "pma_username=a&pma_password=b")
	f.Add("a=1", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb")
	f.Add("", `{"a":{"b":"c"}}`)
	p, err := Parse("p.yaml", []byte(anywhereProfile))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		w := p.Watch(inside(query))
		if w.Refused() != nil {
			return
		}
		out, err := io.ReadAll(w.Reader(iotest.HalfReader(strings.NewReader(body))))
		if err == nil && string(out) != body || !strings.HasPrefix(body, string(out)) {
			t.Errorf("%q became %q (%v)", body, out, err)
		}
	})
}
