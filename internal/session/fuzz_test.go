package session

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// FuzzCookie: a Cookie header gives a token only if it has our name once, with a value that we made.
func FuzzCookie(f *testing.F) {
	w := newWorld(f)
	m := w.node()
	name := m.CookieName()
	_, good := w.login(m, "a1", Full)
	r := request()
	r.Header["Cookie"] = []string{name + "=" + good.Value}
	genuine, ok := m.cookie.read(r)
	if !ok {
		f.Fatal("a genuine cookie is not read")
	}
	const blank = `[\s\v\x{85}\p{Z}]*`
	ours := regexp.MustCompile(`(^|;)` + blank + name + blank + `(=|$)`)
	for _, line := range []string{"", name, name + "=", "%", "a=b; %", "%; %", "%;" + name, "% ", `"%"`, name + " =x; %", strings.ToUpper(name) + "=x; %", "\t%\t", "%\n%"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r := &http.Request{Header: http.Header{"Cookie": strings.Split(strings.ReplaceAll(line, "%", name+"="+good.Value), "\n")}}
		token, ok := m.cookie.read(r)
		if !ok {
			if token.secret != nil {
				t.Errorf("%q is no cookie of ours, yet it gives a token", line)
			}
			return
		}
		if token.digest() != genuine.digest() || token.tag != genuine.tag {
			t.Errorf("%q opens another session", line)
		}
		if n := len(ours.FindAllString(strings.Join(r.Header["Cookie"], ";"), -1)); n != 1 {
			t.Errorf("%q has our cookie %d times", line, n)
		}
	})
}
