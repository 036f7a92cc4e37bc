package panel

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// jarOf sets Set-Cookie lines one after the other, as answers to a request for path.
func jarOf(t testing.TB, path string, set ...string) *Jar {
	t.Helper()
	j := &Jar{}
	for _, line := range set {
		c, ok := cookieOf(line)
		if !ok {
			t.Fatalf("%q is no cookie", line)
		}
		j.Set([]*http.Cookie{c}, path, noon)
	}
	return j
}

func sent(t testing.TB, j *Jar, target string) string {
	t.Helper()
	u, err := url.Parse("http://127.0.0.1:8000" + target)
	if err != nil {
		t.Fatal(err)
	}
	return j.Header(u)
}

func TestJar(t *testing.T) {
	cases := []struct {
		name, asked string
		set         []string
		target      string
		want        string
	}{
		{"one", "/login", []string{"a=1; Path=/"}, "/x", "a=1"},
		{"Secure and Domain do not matter", "/login", []string{"a=1; Path=/; Secure; Domain=panel.example.net"}, "/x", "a=1"},
		{"the last of a name wins", "/login", []string{"a=1; Path=/", "b=2; Path=/", "a=3; Path=/"}, "/x", "b=2; a=3"},
		{"another Path is another cookie", "/login", []string{"a=1; Path=/", "a=2; Path=/admin"}, "/admin/x", "a=2; a=1"},
		{"longer Paths first", "/login", []string{"a=1; Path=/", "b=2; Path=/a/b", "c=3; Path=/a"}, "/a/b/c", "b=2; c=3; a=1"},
		{"names differ in case", "/login", []string{"a=1; Path=/", "A=2; Path=/"}, "/", "a=1; A=2"},
		{"Path does not fit", "/login", []string{"a=1; Path=/admin"}, "/x", ""},
		{"Path is no mere prefix", "/login", []string{"a=1; Path=/ad"}, "/admin", ""},
		{"Path equals", "/login", []string{"a=1; Path=/admin"}, "/admin", "a=1"},
		{"Path with a slash behind", "/login", []string{"a=1; Path=/admin/"}, "/admin/x", "a=1"},
		{"Path with a slash behind, without", "/login", []string{"a=1; Path=/admin/"}, "/admin", ""},
		{"no Path: the directory", "/a/b/login", []string{"a=1"}, "/a/b/x", "a=1"},
		{"no Path: not its neighbour", "/a/b/login", []string{"a=1"}, "/a/c", ""},
		{"no Path at the top", "/login", []string{"a=1"}, "/x/y", "a=1"},
		{"relative Path counts as none", "/a/login", []string{"a=1; Path=b"}, "/a/x", "a=1"},
		{"deletion", "/login", []string{"a=1; Path=/", "a=; Path=/; Max-Age=0"}, "/", ""},
		{"deletion by date", "/login", []string{"a=1; Path=/", "a=x; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT"}, "/", ""},
		{"deletion at another Path", "/login", []string{"a=1; Path=/", "a=; Path=/x; Max-Age=0"}, "/", "a=1"},
		{"delete, then set", "/login", []string{"a=; Path=/; Max-Age=0", "a=2; Path=/"}, "/", "a=2"},
		{"set, delete, set", "/login", []string{"a=1; Path=/", "a=; Path=/; Max-Age=0", "a=2; Path=/"}, "/", "a=2"},
		{"Max-Age beats Expires", "/login", []string{"a=1; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:01 GMT"}, "/", "a=1"},
		{"bytes as they came", "/login", []string{`a="x y"; Path=/`, `b={"c":[1, 2]}; Path=/`, "c=\xe9\xff; Path=/"}, "/", "a=\"x y\"; b={\"c\":[1, 2]}; c=\xe9\xff"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			j := jarOf(t, c.asked, c.set...)
			if got := sent(t, j, c.target); got != c.want {
				t.Errorf("sends %q, want %q", got, c.want)
			}
			back, err := UnmarshalJar(j.Marshal())
			if err != nil || back.Len() != j.Len() {
				t.Fatalf("%v", err)
			}
			if got := sent(t, back, c.target); got != c.want {
				t.Errorf("after it was parked: sends %q, want %q", got, c.want)
			}
		})
	}
}

func TestJarClone(t *testing.T) {
	j := jarOf(t, "/", "a=1; Path=/")
	twin := j.Clone()
	c, _ := cookieOf("a=2; Path=/")
	d, _ := cookieOf("b=2; Path=/")
	twin.Set([]*http.Cookie{c, d}, "/", noon)
	if got := sent(t, j, "/"); got != "a=1" {
		t.Errorf("the clone's changes reach the jar: %q", got)
	}
	if got := sent(t, twin, "/"); got != "a=2; b=2" {
		t.Errorf("the clone holds %q", got)
	}
}

// TestJarKeepsBytes: JSON would replace what is not UTF-8, and PHP would then see another session.
func TestJarKeepsBytes(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for name, c := range map[string]*http.Cookie{
		"value": {Name: "a", Value: string(all), Path: "/"},
		"name":  {Name: "\xff\xe9", Value: "1", Path: "/"},
		"path":  {Name: "a", Value: "1", Path: "/\xe9/\u2028"},
		"empty": {Name: "", Value: "", Path: ""},
	} {
		c.MaxAge, c.Expires, c.SameSite, c.HttpOnly, c.Secure = 7200, noon, http.SameSiteLaxMode, true, true
		j := &Jar{cookies: []*http.Cookie{c}}
		before := *c
		back, err := UnmarshalJar(j.Marshal())
		if err != nil || back.Len() != 1 {
			t.Fatalf("%s: %v", name, err)
		}
		if got := back.Cookies()[0]; got.Name != before.Name || got.Value != before.Value || got.Path != before.Path || got.MaxAge != 7200 ||
			!got.Expires.Equal(noon) || got.SameSite != http.SameSiteLaxMode || !got.HttpOnly || !got.Secure {
			t.Errorf("%s: comes back as %+v", name, got)
		}
		if c.Name != before.Name || c.Value != before.Value || c.Path != before.Path {
			t.Errorf("%s: marshalling changed the jar itself: %+v", name, c)
		}
	}
}

func TestUnmarshalJarRefuses(t *testing.T) {
	for _, s := range []string{"", "x", "{}", `"x"`, "[1]", `[{"Name":"%","Value":"","Path":""}]`, `[{"Name":"YQ","Value":"=","Path":"Lw"}]`, `[null]`} {
		if j, err := UnmarshalJar([]byte(s)); err == nil {
			t.Errorf("%q is a jar of %d", s, j.Len())
		}
	}
}
