package panel

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// aliases are names that PHP files under laravel_session.
var aliases = []string{"laravel.session", "laravel session", "laravel[session", "laravel_session", "laravel.session[x]", "laravel_session[]"}

// TestS14_PHPAliases: an alias of a session cookie never passes in clear, whatever globs the profile makes visible.
func TestS14_PHPAliases(t *testing.T) {
	for _, visible := range []string{"[XSRF-TOKEN]", "['*']", "['laravel*']", "['laravel_*']"} {
		c, _ := keeper(t, here, Sealed, "{session: [laravel_session], visible: "+visible+", drop: []}")
		for _, alias := range aliases {
			for _, seal := range []Seal{c.Session("one"), c.Public()} {
				if got := c.Open(seal, []string{alias + "=stolen", "Laravel_Session=stolen"}); len(got.Pairs) != 0 {
					t.Errorf("visible %s: %q passes as %q", visible, alias, got.Header())
				}
				if set := closed(c, seal, "", alias+"=x; Path=/"); len(set) != 1 || !strings.Contains(set[0], "=ig1.") {
					t.Errorf("visible %s: the panel's %q leaves as %q", visible, alias, set)
				}
			}
		}
	}
}

// TestS14_OddSpellings: a session cookie of somebody else's is passed under no name that any server might read as one, nor within
// another's value.
func TestS14_OddSpellings(t *testing.T) {
	c, _ := keeper(t, here, Sealed, "{session: ['*_session', PHPSESSID], visible: [theme], drop: ['remember_web_*']}")
	for _, odd := range []string{
		"PHPSES%53ID=s", "PHPSES%2553ID=s", "+PHPSESSID=s", "%20PHPSESSID=s", "%09PHPSESSID=s", "PHPSESSID%00x=s", "x=1, PHPSESSID=s", "x=1,PHPSESSID=s", "x=,PHPSESSID=s", "x, PHPSESSID=s",
		"x=1 PHPSESSID=s", "x=1\tPHPSESSID=s", "x=1\xa0PHPSESSID=s", "\xa0PHPSESSID=s", "PHPSESSID\xa0=s", "\xc2\x85PHPSESSID=s", "\u2003PHPSESSID=s", "\x1cPHPSESSID=s", `"PHPSESSID"=s`, "$PHPSESSID=s", "'PHPSESSID'=s",
		"x=\"a; PHPSESSID=s", "x=1, laravel%5Fsession=s", "x=1, remember_web_1=s", "x=1, __Host-ispgate=s", "remember%5Fweb_1=s", "__Host%2Dispgate=s", "theme=1, PHPSESSID=s", "theme=1, a=b, +PHPSESSID=s",
	} {
		for who, seal := range map[string]Seal{"a visitor": c.Public(), "a session": c.Session("one")} {
			if got := c.Open(seal, []string{odd + "; theme=dark"}).Header(); strings.Contains(got, "=s") || !strings.Contains(got, "theme=dark") {
				t.Errorf("%s sends %q: the panel gets %q", who, odd, got)
			}
		}
	}
	for _, plain := range []string{"cart=1,2,3", `cart={"a": 1, "b": "x=y"}`, "cart=a=b, c=d", "cart=PHPSESSID", "cart=PHPSESSID=1", "cart=x, PHPSESSID", "my cart=1", "c%61rt=1"} {
		if got := c.Open(c.Public(), []string{plain}).Header(); got != plain {
			t.Errorf("a visitor sends %q: the panel gets %q", plain, got)
		}
	}
}

// TestS14_FoldingIsPHPs asks PHP itself under which key it files a cookie.
func TestS14_FoldingIsPHPs(t *testing.T) {
	php := harness.Need(t, "php", "php-cli")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.php"), []byte(`<?php echo json_encode(array_map('strval', array_keys($_COOKIE)));`), 0o600); err != nil {
		t.Fatal(err)
	}
	base := "127.0.0.1:" + strconv.Itoa(harness.FreePort(t))
	harness.StartServer(t, "php", syscall.SIGTERM, func() *exec.Cmd { return exec.Command(php, "-S", base, "-t", dir) }, func() bool {
		res, err := http.Get("http://" + base)
		return err == nil && res.Body.Close() == nil
	})
	for _, name := range append(slices.Clone(aliases), "a", "A", "a.b.c", "a b", "a[b]", "a[b][c", "a[", "a]", "a]b", "a].b", "a-b", "a_b", "a[b.c]d", "a[b c", "__Host-ispgate", "__Host.x", "a..b", "x.ig1", "[a]", "a%5Fb", "a+b", "a[]b", "a.b[c", "é", "a:b/c", "laravel[session.x", "laravel%5fsession") {
		req, _ := http.NewRequest("GET", "http://"+base, nil)
		req.Header["Cookie"] = []string{name + "=1"}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		err = json.NewDecoder(res.Body).Decode(&keys)
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if len(keys) > 0 && keys[0] != FoldCookieName(name) {
			t.Errorf("%q: PHP files it under %q, we under %q", name, keys[0], FoldCookieName(name))
		}
	}
}

// TestOwnNamesNeverPass: the panel can neither see, set nor clear the gateway's cookies (design 3.4).
func TestOwnNamesNeverPass(t *testing.T) {
	own := []string{"__Host-ispgate", "__Host-ispgate-device", "__Host-ispgate-basic", "ispgate", "ispgate-device", "ispgate-language", "__host-ISPGATE", "ISPGATE", "ispgate.ig1"}
	for _, mode := range []Mode{Sealed, Passthrough} {
		c, dropped := keeper(t, here, mode, "{session: ['*_session'], visible: ['*'], drop: []}")
		for _, name := range own {
			for _, seal := range []Seal{c.Session("one"), c.Public()} {
				*dropped = 0
				if got := c.Open(seal, []string{name + "=x; ok=1"}); got.Header() != "ok=1" {
					t.Errorf("mode %d: the panel sees %q", mode, got.Header())
				}
				for _, line := range []string{name + "=x; Path=/", name + "=; Max-Age=0; Path=/", " " + name + " =x"} {
					if set := closed(c, seal, "", line); len(set) != 0 {
						t.Errorf("mode %d: the panel sets %q", mode, set)
					}
				}
				if *dropped != 3 {
					t.Errorf("%d of 3 are counted", *dropped)
				}
			}
		}
		for _, line := range []string{"", "x", "=x", "=__Host-ispgate=x", ";", "; Path=/"} {
			if set := closed(c, c.Session("one"), "", line); len(set) != 0 {
				t.Errorf("%q leaves as %q", line, set)
			}
		}
	}
}

func FuzzFoldCookieName(f *testing.F) {
	for _, s := range append(slices.Clone(aliases), "", " ", "[", "]", "[[", "a[b[c", "..", "\xff.", "é.x") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		folded := FoldCookieName(name)
		if strings.ContainsAny(folded, ". ") {
			t.Errorf("%q folds to %q", name, folded)
		}
		if spaced := FoldCookieName("  " + name); spaced != folded {
			t.Errorf("%q: leading blanks count: %q and %q", name, spaced, folded)
		}
		if dotted := FoldCookieName(strings.ReplaceAll(name, "_", ".")); !strings.HasPrefix(name, "_") && dotted != folded {
			t.Errorf("%q: its dotted twin folds to %q, not %q", name, dotted, folded)
		}
	})
}
