package panel

import (
	"slices"
	"strings"
	"testing"
)

// TestS45_Strip: a server in front passes on what the application's cookies are, byte for byte, and none of ours in any spelling.
func TestS45_Strip(t *testing.T) {
	c, _ := keeper(t, here, Passthrough, "")
	for _, test := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"only ours", "__Host-ispgate=a; __Host-ispgate-device=b", ""},
		{"among others", `a=1; __Host-ispgate=x; laravel_session=y; b="c d"`, `a=1; laravel_session=y; b="c d"`},
		{"every double", strings.Repeat("__Host-ispgate=x; ", 30) + "a=1", "a=1"},
		{"without the prefix", "ispgate=x;ispgate-device=y;a=1", "a=1"},
		{"as PHP folds names", "..Host-ispgate=1; [_Host-ispgate=2; __HOST-ISPGATE=3; a=1", "a=1"},
		{"remember me is dropped", "remember_web_x=1; a=1", "a=1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := c.Strip([]string{test.in}); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
	if got := c.Strip([]string{"a=1; ispgate=x", "__Host-ispgate=y; b=2"}); got != "a=1; b=2" {
		t.Errorf("two headers: %q", got)
	}
}

// TestHandOver_Paths: a server that chooses by paths leaves whole paths to the gateway, each once.
func TestHandOver_Paths(t *testing.T) {
	p, err := Parse("front.yaml", []byte(`
base: wordpress
verify: /home
outcome: {challenge: [{location: '^/step/'}]}
routes:
  logout: ['GET /wp-login.php?action=logout', 'POST /bye']
  challenge: ['/step/*']
  impersonate: ['POST /{as,like}/*']
  deny: [/xmlrpc.php]
  two_factor: [/settings]
  public: [/open/*]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/wp-login.php", "/bye", "/step/*", "/as/*", "/like/*"}
	if got := p.HandOver(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestPassthroughKeepsCopies: a session cookie of another Path comes plain, and as a sealed copy that our own pages can ask with.
func TestPassthroughKeepsCopies(t *testing.T) {
	c, _ := keeper(t, here, Passthrough, "")
	seal := c.Session("one")
	set := closed(c, seal, "", "laravel_session=x; Path=/admin")
	if len(set) != 2 || set[0] != "laravel_session=x; Path=/admin" && !strings.HasPrefix(set[0], "laravel_session=x; Path=/admin;") ||
		!strings.Contains(set[1], "HttpOnly") || !strings.Contains(set[1], "Secure") || strings.Contains(set[1], "=x") {
		t.Fatalf("%q", set)
	}
	if opened := c.Open(seal, []string{held(set[1:])}); !opened.Known || opened.Session || opened.Header() != "" || len(opened.Jar().Cookies()) != 1 {
		t.Errorf("%+v", opened)
	}
}
