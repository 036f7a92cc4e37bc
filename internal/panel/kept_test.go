package panel

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestKeptCookies: a session cookie whose Path is not "/" comes with a copy that our own pages are sent, too (WordPress).
func TestKeptCookies(t *testing.T) {
	c, _ := keeper(t, here, Sealed, "{session: ['wordpress_*', PHPSESSID]}")
	seal := c.Session("one")
	h := http.Header{"Set-Cookie": {"wordpress_x=a; path=/wp-admin; HttpOnly", "wordpress_x=b; path=/wp-content/plugins; HttpOnly", "wordpress_logged_in_x=c; path=/; HttpOnly", "PHPSESSID=d"}}
	c.Close(seal, h, "/forum/index.php", nil)
	var everywhere, inAdmin []string
	for _, line := range h.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(line, ";")
		switch {
		case strings.Contains(line, "path=/;"), strings.Contains(line, "Path=/;") || strings.HasSuffix(line, "Path=/"):
			everywhere = append(everywhere, pair)
		case strings.Contains(line, "path=/wp-admin"):
			inAdmin = append(inAdmin, pair)
		}
		if strings.HasPrefix(line, "__Host-") && (!strings.Contains(line, "Path=/") || !strings.Contains(line, "Secure") || !strings.Contains(line, "HttpOnly")) {
			t.Errorf("browsers refuse %q, or scripts read it", line)
		}
	}
	if len(everywhere) != 4 || len(inAdmin) != 1 {
		t.Fatalf("everywhere %q, in /wp-admin %q", everywhere, inAdmin)
	}
	ours := c.Open(seal, everywhere)
	if got := ours.Header(); got != "wordpress_logged_in_x=c" {
		t.Errorf("the panel gets %q", got)
	}
	for path, want := range map[string]string{"/wp-admin/profile.php": "wordpress_x=a; wordpress_logged_in_x=c", "/wp-content/plugins/x": "wordpress_x=b; wordpress_logged_in_x=c", "/forum/": "PHPSESSID=d; wordpress_logged_in_x=c", "/": "wordpress_logged_in_x=c"} {
		if got := ours.Jar().Header(&url.URL{Path: path}); got != want {
			t.Errorf("our own request for %s carries %q, want %q", path, got, want)
		}
	}
	admin := c.Open(seal, append(inAdmin, everywhere...))
	if got := admin.Header(); got != "wordpress_x=a; wordpress_logged_in_x=c" {
		t.Errorf("the panel gets %q", got)
	}
	if got := admin.Jar().Header(&url.URL{Path: "/wp-admin/"}); got != "wordpress_x=a; wordpress_logged_in_x=c" {
		t.Errorf("twice: %q", got)
	}
	if other := c.Open(c.Session("two"), everywhere); other.Known || other.Jar().Len() != 0 {
		t.Error("another session opens the copies (S14)")
	}
	if visitor := c.Open(c.Public(), everywhere); visitor.Known {
		t.Error("a visitor has a session")
	}
	gone := http.Header{}
	c.Forget(seal, gone, []string{strings.Join(everywhere, "; ")})
	text := strings.Join(gone.Values("Set-Cookie"), "\n")
	for _, want := range []string{"wordpress_x=; Path=/wp-admin;", "wordpress_x=; Path=/wp-content/plugins;", "PHPSESSID=; Path=/forum;", "wordpress_logged_in_x=; Path=/;", "__Host-ispgate-at-"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not deleted:\n%s", want, text)
		}
	}
	lines := closed(c, seal, "", "wordpress_x=deleted; path=/wp-admin; Max-Age=0")
	if len(lines) != 2 || !slices.ContainsFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "__Host-ispgate-at-") && strings.Contains(l, "Max-Age=0")
	}) {
		t.Errorf("the panel's deletion leaves the copy: %q", lines)
	}
}

// TestKeptCookiesAreNotMade: neither for visitors nor for cookies that carry no login.
func TestKeptCookiesAreNotMade(t *testing.T) {
	c, _ := keeper(t, here, Sealed, "{session: [PHPSESSID]}")
	if lines := closed(c, c.Public(), "", "PHPSESSID=1; path=/shop"); len(lines) != 1 {
		t.Errorf("for a visitor: %q", lines)
	}
	if lines := closed(c, c.Session("one"), "", "cart=1; path=/shop"); len(lines) != 1 {
		t.Errorf("for another cookie: %q", lines)
	}
}

// TestForgetDeletesLongKeptCookies: a copy in several parts tells its cookie's Path as well.
func TestForgetDeletesLongKeptCookies(t *testing.T) {
	c, _ := keeper(t, here, Sealed, "{session: [PHPSESSID]}")
	h := http.Header{}
	c.Forget(c.Session("one"), h, []string{held(closed(c, c.Session("one"), "", "PHPSESSID="+strings.Repeat("x", 9000)+"; path=/shop"))})
	if text := strings.Join(h.Values("Set-Cookie"), "\n"); !strings.Contains(text, "PHPSESSID=; Path=/shop;") {
		t.Errorf("left at its Path:\n%s", text)
	}
}
