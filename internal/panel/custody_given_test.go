package panel

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestAttributes(t *testing.T) {
	cases := []struct{ name, public, set, want string }{
		{"Domain off", here, "laravel_session=x; Domain=.example.net; Path=/a", "Path=/a; HttpOnly; Secure"},
		{"Domain in any spelling", here, "laravel_session=x;DOMAIN = evil.example;path=/;domain", "path=/; HttpOnly; Secure"},
		{"kept as they came", here, "laravel_session=x; expires=Mon, 23-Nov-2026 14:00:00 GMT; Max-Age=7200; path=/; samesite=lax", "expires=Mon, 23-Nov-2026 14:00:00 GMT; Max-Age=7200; path=/; samesite=lax; HttpOnly; Secure"},
		{"no Path", here, "laravel_session=x", "HttpOnly; Secure"},
		{"not twice", here, "laravel_session=x; secure; HTTPONLY; Path=/", "Path=/; HttpOnly; Secure"},
		{"unknown ones kept", here, "laravel_session=x; Partitioned; Priority=High", "Partitioned; Priority=High; HttpOnly; Secure"},
		{"plain http", "http://127.0.0.1:8080", "laravel_session=x; Path=/", "Path=/; HttpOnly"},
		{"not a session cookie", here, "cart=x; Path=/; Domain=x", "Path=/; HttpOnly; Secure"},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			c, _ := keeper(t, k.public, Sealed, "")
			set := closed(c, c.Session("one"), "", k.set)
			if want := 1 + strings.Count(k.set, "Path=/a"); len(set) != want { // one more where our pages would not be sent it
				t.Fatalf("%q", set)
			}
			if _, attrs, _ := strings.Cut(set[0], "; "); attrs != k.want {
				t.Errorf("%q, want %q", attrs, k.want)
			}
		})
	}
}

// TestS14_SetCookie2 (RFC 2965): some clients keep what is in it as they keep a cookie.
func TestS14_SetCookie2(t *testing.T) {
	for name, mode := range map[string]Mode{"sealed": Sealed, "passthrough": Passthrough} {
		for beside, set := range map[string][]string{"alone": nil, "beside a cookie": {"laravel_session=1; Path=/"}} {
			t.Run(name+" "+beside, func(t *testing.T) {
				c, dropped := keeper(t, here, mode, "")
				for _, seal := range []Seal{c.Session("one"), c.Public()} {
					h := http.Header{"Set-Cookie2": {"laravel_session=1; Version=1"}}
					if set != nil {
						h["Set-Cookie"] = set
					}
					c.Close(seal, h, "/", nil)
					if h["Set-Cookie2"] != nil || len(h["Set-Cookie"]) != len(set) {
						t.Errorf("the browser gets %q", h)
					}
				}
				if *dropped != 2 {
					t.Errorf("%d counted, want 2", *dropped)
				}
			})
		}
	}
}

func TestVisibleAndPublicCookies(t *testing.T) {
	c, dropped := keeper(t, here, Sealed, "")
	one, public := c.Session("one"), c.Public()
	json := `XSRF-TOKEN={"a": "b c"}`
	for _, k := range []struct {
		name string
		seal Seal
		set  string
		want string // empty: sealed
	}{
		{"visible", one, json + "; Path=/; Domain=x; Secure", json + "; Path=/; Secure"},
		{"visible in another case", one, "xsrf-token=1", "xsrf-token=1; Secure"},
		{"visible, deleted", one, "XSRF-TOKEN=; Path=/; Max-Age=0", "XSRF-TOKEN=; Path=/; Max-Age=0; Secure"},
		{"any other", one, "cart=1; Path=/", ""},
		{"a visitor's", public, "cart=1; Path=/; Domain=x", "cart=1; Path=/; Secure"},
		{"a visitor's, deleted", public, "cart=; Path=/; Max-Age=0", "cart=; Path=/; Max-Age=0; Secure"},
		{"a visitor's session", public, "laravel_session=1; Path=/", ""},
	} {
		set := closed(c, k.seal, "", k.set)
		if len(set) != 1 || k.want != "" && set[0] != k.want || (k.want == "") != strings.Contains(set[0], "=ig1.") {
			t.Errorf("%s: %q, want %q", k.name, set, k.want)
		}
	}
	if got := c.Open(one, []string{json + "; cart=1"}).Header(); got != json {
		t.Errorf("a session sends %q", got)
	}
	if got := c.Open(public, []string{`cart="a b"; x; y=; laravel_session=1; ` + json}).Header(); got != `cart="a b"; x=; y=; `+json {
		t.Errorf("a visitor sends %q", got)
	}
	for _, seal := range []Seal{one, public} {
		*dropped = 0
		if set := closed(c, seal, "", "remember_web_59ba=1; Path=/", "Remember.Web.x=1"); len(set) != 0 || *dropped != 2 {
			t.Errorf("drop: %q leave, %d counted", set, *dropped)
		}
		if got := c.Open(seal, []string{"remember_web_59ba=1; remember.web.x=1; REMEMBER_WEB_y=ig1.x"}).Header(); got != "" {
			t.Errorf("drop: the panel gets %q", got)
		}
	}
}

// TestNotSecureOverHTTP: on a loopback without https nothing is made Secure that was not.
func TestNotSecureOverHTTP(t *testing.T) {
	c, _ := keeper(t, "http://127.0.0.1:8080", Sealed, "")
	for _, set := range [][]string{closed(c, c.Session("one"), "", "XSRF-TOKEN=1; Path=/", "laravel_session=1; Path=/"), closed(c, c.Public(), "", "cart=1; Path=/", "laravel_session=1; Path=/")} {
		for _, line := range set {
			if strings.Contains(line, "Secure") {
				t.Errorf("%q", line)
			}
		}
	}
	h := http.Header{}
	c.Forget(c.Session("one"), h, []string{"laravel_session=1; __Secure-x_session=1"})
	if got := h.Values("Set-Cookie"); len(got) != 2 || strings.Contains(got[0], "Secure") || !strings.HasSuffix(got[1], "; Secure") {
		t.Errorf("deleted by %q", got)
	}
}

func TestDeletionsPass(t *testing.T) {
	c, _ := keeper(t, here, Sealed, "")
	for _, line := range []string{"laravel_session=; Max-Age=0; path=/", "laravel_session=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/", "laravel_session=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; path=/", "laravel_session=x; Max-Age=-1"} {
		if set := closed(c, c.Session("one"), "", line); len(set) != 1 || set[0] != line+"; HttpOnly; Secure" {
			t.Errorf("%q leaves as %q", line, set)
		}
	}
	if set := closed(c, c.Session("one"), "", "laravel_session=x; expires=Mon, 23-Nov-2026 12:00:01 GMT"); len(set) != 1 || !strings.Contains(set[0], "=ig1.") {
		t.Errorf("a cookie of one more second: %q", set)
	}
}

func TestPassthrough(t *testing.T) {
	c, dropped := keeper(t, here, Passthrough, "")
	seal := c.Session("one")
	if set := closed(c, seal, "", "laravel_session=x; Path=/; Domain=x", "remember_web_x=1"); len(set) != 1 || set[0] != "laravel_session=x; Path=/; Secure" || *dropped != 1 {
		t.Errorf("%q", set)
	}
	if got := c.Open(seal, []string{"laravel_session=x; remember_web_x=1; a=ig1.b"}); got.Header() != "laravel_session=x; a=ig1.b" || !got.Session {
		t.Errorf("%q", got.Header())
	}
	if got := c.Open(c.Public(), []string{"laravel_session=x; a=1"}); got.Header() != "a=1" {
		t.Errorf("a visitor sends %q", got.Header())
	}
}

func TestHandOver(t *testing.T) {
	c, _ := keeper(t, here, Sealed, "")
	seal := c.Session("one")
	jar := &Jar{}
	for _, line := range []string{"laravel_session=new; Path=/; HttpOnly; SameSite=Lax; Max-Age=7200", "XSRF-TOKEN=tok; Path=/", `odd={"a b"}; Path=/admin`, "remember_web_x=1; Path=/"} {
		ck, ok := cookieOf(line)
		if !ok {
			t.Fatal(line)
		}
		jar.Set([]*http.Cookie{ck}, "/login", c.now())
	}
	before := held(closed(c, c.Session("old"), "", "laravel_session="+strings.Repeat("x", 9000), "old_session=1", "cart=1"))
	before += "; PHPSESSID=stolen; laravel.session=stolen; remember_web_x=1; theme=dark; __Host-ispgate=mine"
	h := http.Header{}
	h.Add("Set-Cookie", "__Host-ispgate=ours")
	c.HandOver(seal, h, jar, []string{before})
	given, gone := []string{}, []string{}
	for _, line := range h.Values("Set-Cookie")[1:] {
		if strings.Contains(line, "Max-Age=0") {
			gone = append(gone, cookieName(line))
		} else {
			given = append(given, line)
		}
	}
	if h.Values("Set-Cookie")[0] != "__Host-ispgate=ours" {
		t.Error("our own cookie is lost")
	}
	if got := c.Open(seal, []string{held(given)}).Header(); got != `laravel_session=new; XSRF-TOKEN=tok` && got != `laravel_session=new; XSRF-TOKEN=tok; odd={"a b"}` {
		t.Errorf("the panel will get %q", got)
	} else if !strings.Contains(got, "odd=") {
		t.Error("odd={\"a b\"} is lost")
	}
	if !strings.Contains(given[0], "Path=/; Max-Age=7200; HttpOnly; SameSite=Lax") && !strings.Contains(given[0], "Max-Age=7200") {
		t.Errorf("attributes are lost: %q", given[0])
	}
	slices.Sort(gone)
	want := []string{"PHPSESSID", "cart", "laravel.session", "laravel_session.ig1", "laravel_session.ig2", "laravel_session.ig3", "old_session", "remember_web_x"}
	if !slices.Equal(gone, want) {
		t.Errorf("deleted %q, want %q", gone, want)
	}
}

// TestRenew: after a request of ours the browser gets what the panel set anew and nothing else: the other cookies keep the
// Path and the end that the browser knows, and none of them is deleted.
func TestRenew(t *testing.T) {
	c, _ := keeper(t, here, Sealed, "")
	seal := c.Session("one")
	before := held(closed(c, seal, "", "laravel_session=old; Path=/", "cart=1; Path=/shop; Max-Age=60", "gone=1; Path=/")) + "; theme=dark; remember_web_x=1; PHPSESSID=plain"
	jar := c.Open(seal, []string{before}).Jar()
	h := http.Header{"Set-Cookie": {"__Host-ispgate=ours"}}
	if c.Renew(seal, h, jar, []string{before}); len(h.Values("Set-Cookie")) != 1 {
		t.Errorf("nothing is new, and yet the browser gets %q", h.Values("Set-Cookie"))
	}
	for _, line := range []string{"laravel_session=new; Path=/; Max-Age=7200", "gone=; Path=/; Max-Age=0", "remember_web_x=2; Path=/"} {
		ck, ok := cookieOf(line)
		if !ok {
			t.Fatal(line)
		}
		jar.Set([]*http.Cookie{ck}, "/dashboard", c.now())
	}
	c.Renew(seal, h, jar, []string{before})
	lines := h.Values("Set-Cookie")[1:]
	if len(lines) != 2 || cookieName(lines[0]) != "laravel_session" || !strings.Contains(lines[0], "Max-Age=7200") || cookieName(lines[1]) != "gone" || !strings.Contains(lines[1], "Max-Age=0") {
		t.Fatalf("the browser gets %q, want the new session and one deletion", lines)
	}
	if got := c.Open(seal, []string{held(lines[:1])}).Header(); got != "laravel_session=new" {
		t.Errorf("the panel will get %q", got)
	}
}

// TestRenewAfterParking: a jar that was parked and claimed has nothing new; only a hand-over gives all of it.
func TestRenewAfterParking(t *testing.T) {
	c, _ := keeper(t, here, Sealed, "")
	jar, err := UnmarshalJar(jarOf(t, "/login", "laravel_session=1; Path=/", "cart=2; Path=/").Marshal())
	if err != nil {
		t.Fatal(err)
	}
	renewed, given := http.Header{}, http.Header{}
	c.Renew(c.Session("one"), renewed, jar, nil)
	c.HandOver(c.Session("one"), given, jar, nil)
	if len(renewed) != 0 || len(given.Values("Set-Cookie")) != 2 {
		t.Errorf("renewed %q, handed over %q", renewed, given)
	}
}

func TestForget(t *testing.T) {
	c, _ := keeper(t, here, Sealed, "")
	before := held(closed(c, c.Session("x"), "", "cart=1", "__Host-x_session=1")) + "; laravel_session=1; XSRF-TOKEN=1; XSRF-TOKEN=2; theme=dark; ispgate=1"
	h := http.Header{}
	c.Forget(c.Session("x"), h, []string{before})
	var gone []string
	for _, line := range h.Values("Set-Cookie") {
		gone = append(gone, cookieName(line))
		if !strings.Contains(line, "Path=/;") || !strings.Contains(line, "Max-Age=0") {
			t.Errorf("%q deletes nothing", line)
		}
		if !strings.HasSuffix(line, "; Secure") { // RFC 6265bis section 4.1.3, and T9
			t.Errorf("%q is not Secure", line)
		}
	}
	if want := []string{"cart", "__Host-x_session", "laravel_session", "XSRF-TOKEN"}; !slices.Equal(gone, want) {
		t.Errorf("deleted %q, want %q", gone, want)
	}
}

// TestScriptsCookiesAreNamedOnce: an operator learns which cookie of the panel's scripts to list; visitors cannot fill the log.
func TestScriptsCookiesAreNamedOnce(t *testing.T) {
	c, dropped := keeper(t, here, Sealed, "")
	var log strings.Builder
	c.told.log = slog.New(slog.NewTextHandler(&log, nil))
	for range 3 {
		if got := c.Open(c.Session("one"), []string{"theme=dark; XSRF-TOKEN=x"}).Header(); got != "XSRF-TOKEN=x" {
			t.Fatalf("the panel gets %q", got)
		}
	}
	if n := strings.Count(log.String(), "cookie=theme"); n != 1 || *dropped != 3 || strings.Contains(log.String(), "dark") {
		t.Errorf("named %d times, counted %d: %s", n, *dropped, log.String())
	}
	for n := range 3 * maxTold {
		c.Open(c.Session("one"), []string{fmt.Sprintf("junk%d=1", n)})
	}
	if n := strings.Count(log.String(), "\n"); n > maxTold {
		t.Errorf("%d lines", n)
	}
	c.Open(c.Public(), []string{"theme=dark"})
	if *dropped != 3+3*maxTold {
		t.Error("a visitor's own cookies are counted")
	}
}
