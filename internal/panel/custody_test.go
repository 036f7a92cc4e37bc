package panel

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
)

// keeper is custody of a panel whose cookies are laravel_session, XSRF-TOKEN (visible) and remember_web_* (dropped).
func keeper(t testing.TB, public string, mode Mode, cookies string) (*Custody, *int) {
	t.Helper()
	ring, err := keyring.New()
	if err != nil {
		t.Fatal(err)
	}
	inner, _ := url.Parse("http://127.0.0.1:8000")
	pub, _ := url.Parse(public)
	if cookies == "" {
		cookies = "{session: ['*_session', PHPSESSID], visible: [XSRF-TOKEN], drop: ['remember_web_*']}"
	}
	dropped := new(int)
	p, err := New(Options{URL: inner, Public: pub, Profile: profileOf(t, "{base: laravel, verify: /dashboard, cookies: "+cookies+"}"), Ring: ring, Mode: mode,
		Dropped: func() { *dropped++ }, Now: func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	return p.Custody(), dropped
}

const here = "https://panel.example.net"

// closed is what Close makes of Set-Cookie lines, for a browser that holds the cookies of request.
func closed(c *Custody, seal Seal, request string, set ...string) []string {
	h := http.Header{"Set-Cookie": set}
	c.Close(seal, h, "/", []string{request})
	return h.Values("Set-Cookie")
}

// held is the Cookie header of a browser that was given these Set-Cookie lines, deletions left out.
func held(set []string) string {
	var out []string
	for _, line := range set {
		pair, _, _ := strings.Cut(line, ";")
		if !strings.Contains(line, "Max-Age=0") {
			out = append(out, pair)
		}
	}
	return strings.Join(out, "; ")
}

func cookieName(line string) string { name, _, _ := strings.Cut(line, "="); return name }

func TestSealedCookiesComeBack(t *testing.T) {
	for name, value := range map[string]string{
		"plain": "eyJpdiI6IkE9PSJ9", "empty": "", "Laravel's": "eyJpdiI6%3D%3D", "quotes": `"a b"`, "JSON": `{"a":[1,"x y"],"b":{}}`, "spaces within": "a  b c", "equal signs": "a=b==", "commas": "a,b\\c",
		"high bytes": "\xe9\xff\xc3\xa9", "looks sealed": "ig1.AAAA", "looks like a chunk": "ig1.AAAAAAAA.0.2.AAAA", "long": strings.Repeat("x", 2000),
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := keeper(t, here, Sealed, "")
			for _, seal := range []Seal{c.Session("one"), c.Public()} {
				set := closed(c, seal, "", "laravel_session="+value+"; Path=/")
				if len(set) != 1 || !strings.HasPrefix(set[0], "laravel_session=ig1.") || value != "" && strings.Contains(set[0], value) {
					t.Fatalf("%q", set)
				}
				got := c.Open(seal, []string{held(set)})
				if len(got.Pairs) != 1 || got.Pairs[0] != (Pair{"laravel_session", value}) || !got.Session || got.Header() != "laravel_session="+value {
					t.Errorf("came back as %q", got.Pairs)
				}
			}
		})
	}
}

// TestS14_CookiesOfOthersAreRefused: a sealed cookie opens for its own session, purpose and name only; an open one never.
func TestS14_CookiesOfOthersAreRefused(t *testing.T) {
	c, _ := keeper(t, here, Sealed, "")
	other, _ := keeper(t, here, Sealed, "")
	one, two, public := c.Session("one"), c.Session("two"), c.Public()
	mine := held(closed(c, one, "", "laravel_session=mine"))
	_, value, _ := strings.Cut(mine, "=")
	theirs := held(closed(c, two, "", "laravel_session=theirs"))
	visitors := held(closed(c, public, "", "laravel_session=visitor"))
	_, odd, _ := strings.Cut(held(closed(c, one, "", "cart=odd")), "=")
	cases := []struct {
		name    string
		custody *Custody
		seal    Seal
		header  string
		want    string
	}{
		{"its own", c, one, mine, "laravel_session=mine"},
		{"another session's", c, one, theirs, ""},
		{"a visitor's at a session", c, one, visitors, ""},
		{"a session's at a public route", c, public, mine, ""},
		{"a visitor's at a public route", c, public, visitors, "laravel_session=visitor"},
		{"of another key file", other, other.Session("one"), mine, ""},
		{"an empty session id is no session", c, c.Session(""), mine, ""},
		{"in clear", c, one, "laravel_session=stolen", ""},
		{"in clear at a public route", c, public, "laravel_session=stolen", ""},
		{"under another name", c, one, "cart=" + value, ""},
		{"under the visible name", c, one, "XSRF-TOKEN=" + value, ""},
		{"two values swapped", c, one, "cart=" + value + "; laravel_session=" + odd, ""},
		{"own beside stolen", c, one, "laravel_session=stolen; " + mine + "; " + theirs, "laravel_session=mine"},
		{"mark without content", c, one, "laravel_session=ig1.", ""},
		{"mark at a visible name", c, one, "XSRF-TOKEN=ig1.x", ""},
		{"mark at a public route", c, public, "cart=ig1.x", ""},
		{"cut", c, one, mine[:len(mine)-1], ""},
		{"a byte more", c, one, mine + "A", ""},
		{"mark in capitals", c, one, strings.Replace(mine, "ig1.", "IG1.", 1), ""},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			if got := k.custody.Open(k.seal, []string{k.header}); got.Header() != k.want || got.Session != (k.want != "") {
				t.Errorf("the panel gets %q, session %t; want %q", got.Header(), got.Session, k.want)
			}
		})
	}
}

func TestChunks(t *testing.T) {
	for _, n := range []int{2700, 2790, 2800, 2815, 2830, 3799, 3800, 4096, 8000, 20000, 40000} {
		c, dropped := keeper(t, here, Sealed, "")
		seal := c.Session("one")
		value := strings.Repeat("0123456789", n/10+1)[:n]
		set := closed(c, seal, "", "laravel_session="+value+"; Path=/; SameSite=lax")
		for _, line := range set {
			pair, rest, _ := strings.Cut(line, "; ")
			if len(pair) >= 3800 || rest != "Path=/; SameSite=lax; HttpOnly; Secure" {
				t.Errorf("%d bytes: a part of %d bytes with %q", n, len(pair), rest)
			}
		}
		if got := c.Open(seal, []string{held(set)}); len(got.Pairs) != 1 || got.Pairs[0] != (Pair{"laravel_session", value}) || *dropped != 0 {
			t.Errorf("%d bytes in %d parts do not come back: %d pairs", n, len(set), len(got.Pairs))
		}
		parts := strings.Split(held(set), "; ")
		slices.Reverse(parts)
		if got := c.Open(seal, parts); len(got.Pairs) != 1 || got.Pairs[0].Value != value { // in any order, in headers of their own
			t.Errorf("%d bytes: order of the headers counts", n)
		}
		for name, part := range map[string]string{"missing": "", "foreign": "laravel_session.ig1=ig1.ABCDEFGH.1.2.AAAA", "open": "laravel_session.ig1=AAAA"} {
			if len(set) < 2 {
				break
			}
			bad := append([]string{held(set[:1]), part}, strings.Split(held(set[2:]), "; ")...)
			if got := c.Open(seal, bad); len(got.Pairs) != 0 {
				t.Errorf("%d bytes, second part %s: opened as %d bytes", n, name, len(got.Pairs[0].Value))
			}
		}
	}
}

func TestChunksReorderedOrMixedAreRefused(t *testing.T) {
	c, _ := keeper(t, here, Sealed, "")
	seal := c.Session("one")
	value := strings.Repeat("x", 9000)
	a, b := closed(c, seal, "", "laravel_session="+value), closed(c, seal, "", "laravel_session="+value)
	if len(a) < 4 || len(a) != len(b) {
		t.Fatalf("%d and %d parts", len(a), len(b))
	}
	as := func(name, line string) string {
		_, v, _ := strings.Cut(held([]string{line}), "=")
		return name + "=" + v
	}
	for name, header := range map[string]string{
		"second and third exchanged": strings.Join([]string{held(a[:1]), as("laravel_session.ig1", a[2]), as("laravel_session.ig2", a[1]), held(a[3:])}, "; "),
		"second of another value":    strings.Join([]string{held(a[:1]), held(b[1:2]), held(a[2:])}, "; "),
		"first of another value":     held(b[:1]) + "; " + held(a[1:]),
		"without the first":          held(a[1:]),
		"first at the second's name": as("laravel_session", a[1]) + "; " + held(a[1:]),
		"count cut":                  strings.Replace(held(a[:2]), ".0.4.", ".0.2.", 1),
	} {
		if got := c.Open(seal, []string{header}); len(got.Pairs) != 0 {
			t.Errorf("%s: opened", name)
		}
	}
	if got := c.Open(seal, []string{held(b[1:2]) + "; " + held(a) + "; " + held(b[2:])}); len(got.Pairs) != 1 || got.Pairs[0].Value != value {
		t.Error("old parts beside the whole set spoil it")
	}
}

// TestTooLongIsCounted: a value that no browser would keep is not passed on, and somebody can see it.
func TestTooLongIsCounted(t *testing.T) {
	for _, line := range []string{"laravel_session=" + strings.Repeat("x", 60000), strings.Repeat("n", 3900) + "=x"} {
		c, dropped := keeper(t, here, Sealed, "")
		if set := closed(c, c.Session("one"), "", line); len(set) != 0 || *dropped != 1 {
			t.Errorf("%.20s…: %d lines, %d counted", line, len(set), *dropped)
		}
	}
}

func TestLeftoversAreDeleted(t *testing.T) {
	c, _ := keeper(t, here, Sealed, "")
	seal := c.Session("one")
	old := closed(c, seal, "", "laravel_session="+strings.Repeat("x", 9000)+"; Path=/admin")
	for name, k := range map[string]struct {
		set  string
		want []string
	}{
		"shorter":       {"laravel_session=" + strings.Repeat("x", 4000) + "; Path=/admin", []string{"laravel_session.ig2", "laravel_session.ig3"}},
		"in one":        {"laravel_session=x; Path=/admin", []string{"laravel_session.ig1", "laravel_session.ig2", "laravel_session.ig3"}},
		"deleted":       {"laravel_session=; Max-Age=0; Path=/admin", []string{"laravel_session.ig1", "laravel_session.ig2", "laravel_session.ig3"}},
		"as long":       {"laravel_session=" + strings.Repeat("y", 9000) + "; Path=/admin", nil},
		"another one's": {"PHPSESSID=x; Path=/admin", nil},
	} {
		var gone []string
		for _, line := range closed(c, seal, held(old), k.set) {
			if strings.Contains(line, "Max-Age=0") && cookieName(line) != "laravel_session" {
				path := "Path=/admin;"
				if strings.HasPrefix(line, "__Host-ispgate-at-") { // the copy for our own pages
					path = "Path=/"
				} else {
					gone = append(gone, cookieName(line))
				}
				if !strings.Contains(line, path) || strings.HasPrefix(line, "__Host-") && !strings.Contains(line, "Secure") {
					t.Errorf("%s: %q is deleted at another Path", name, line)
				}
			}
		}
		if !slices.Equal(gone, k.want) {
			t.Errorf("%s: deleted %q, want %q", name, gone, k.want)
		}
	}
}

func FuzzUnseal(f *testing.F) {
	c, _ := keeper(f, here, Sealed, "")
	seal := c.Session("one")
	f.Add(held(closed(c, c.Session("two"), "", "laravel_session=x")))
	other, _ := keeper(f, here, Sealed, "")
	f.Add(held(closed(other, other.Public(), "", "laravel_session="+strings.Repeat("x", 9000))))
	for _, s := range []string{"laravel_session=ig1.AAAAAAAA.0.2.AA; laravel_session.ig1=ig1.AAAAAAAA.1.2.AA", "laravel[session=1", "laravel.session=1;;=;a", "XSRF-TOKEN=x", "a=ig1.a.0.16.b", "x.ig1=1", "__Host-ispgate=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		for _, seal := range []Seal{seal, c.Public()} {
			got := c.Open(seal, []string{header})
			if got.Session {
				t.Errorf("%.80q: a session out of nothing: %.80q", header, got.Pairs)
			}
			for _, p := range got.Pairs {
				folded := strings.ToLower(FoldCookieName(p.Name))
				if strings.HasPrefix(p.Value, sealMark) || Own(p.Name) || strings.HasSuffix(folded, "_session") || folded == "phpsessid" || strings.HasPrefix(folded, "remember_web_") {
					t.Errorf("%.80q passes as %.80q", header, p)
				}
				if !seal.public && folded != "xsrf-token" {
					t.Errorf("%.80q: %.80q is not visible, yet it passes", header, p)
				}
			}
		}
	})
}
