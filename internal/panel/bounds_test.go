package panel

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestBounds: what would keep the reader of a profile busy is a fault with its line, soon.
func TestBounds(t *testing.T) {
	const head = "base: laravel\nverify: /in\n"
	many := func(text string, n int) string { return strings.Repeat(text, n) }
	cases := []struct{ name, text, want string }{
		{"file", head + many("# a long story\n", 20000), `p.yaml:1: profile: is longer than`},
		{"aliases of aliases", head + "signed_in: [&r {status: &s [" + many("401,", 4000) + "]}]\nsigned_out: [" + many("*r,", 4000) + "]", `p.yaml:3: signed_out\[\d+\].status\[\d+\]: is one value too many`},
		{"keys", head + "login:\n  set:\n" + many("    k: v\n", 25000), `p.yaml:\d+: login.set: is one value too many`},
		{"rule", head + "routes: {deny: ['/" + many("{a}", 1000) + "']}", `p.yaml:3: routes.deny\[0\]: is longer than`},
		{"path", head + "home: /" + many("a/", 2000), `p.yaml:3: home: is longer than`},
		{"alternatives of a rule", head + "routes: {deny: ['/{" + many(",", 1000) + "}{" + many("a,", 200) + "}']}", `p.yaml:3: routes.deny\[0\]: has more than 256 alternatives`},
		{"alternatives of all rules", head + "routes: {deny: [" + many("'/{"+many("a,", 250)+"}', ", 100) + "]}", `p.yaml:3: routes.deny\[\d+\]: makes more than 4096 alternatives`},
		{"regular expression", head + "signed_out: [{body: '" + many("x", 5000) + "'}]", `p.yaml:3: signed_out\[0\].body: is longer than`},
		{"repetitions", head + "signed_out: [{body: '" + many("x{1000}", 500) + "'}]", `p.yaml:3: signed_out\[0\].body: is too large`},
		{"repetitions of all", head + "name: &b 'x{1000}'\nsigned_out: [" + many("{body: *b},", 9000) + "]", `p.yaml:3: signed_out\[\d+\].body: is too large`},
		{"cookies", head + "cookies: {drop: [" + many("a,", 200) + "]}", `p.yaml:3: cookies.drop: has more than 100 names`},
		{"selector", head + "identity: {kind: name, name: {css: '" + many(":not(", 3000) + "a" + many(")", 3000) + "'}}", `p.yaml:3: identity.name: css is longer than`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			begin := time.Now()
			_, err := Parse("p.yaml", []byte(c.text))
			took := time.Since(begin)
			var faults Faults
			if !errors.As(err, &faults) || !regexp.MustCompile(c.want).MatchString(err.Error()) {
				t.Errorf("faults: %.300v\nwant one like %s", err, c.want)
			}
			if len(faults) > 5 && c.name != "keys" || took > 10*time.Second {
				t.Errorf("%d faults after %s", len(faults), took)
			}
		})
	}
}

// TestBounds_Room: what people do write stays far below the bounds.
func TestBounds_Room(t *testing.T) {
	text := "base: laravel\nverify: /in\nusernames: {pattern: '^[\\p{L}0-9._-]{1,254}$'}\nsigned_out:\n" +
		strings.Repeat("  - {body: '(?i)please.{0,80}log in( again)?'}\n", 100) + "routes:\n  deny:\n" + strings.Repeat("  - /some/folder/{one,two,three}/of/the/panel/*\n", 500)
	if _, err := Parse("p.yaml", []byte(text)); err != nil {
		t.Error(err)
	}
}

// TestParse_Aliases: a base and keys that stand in an alias are read like any other.
func TestParse_Aliases(t *testing.T) {
	p, err := Parse("p.yaml", []byte("name: &l laravel\nbase: *l\nverify: /in\nhome: &h /home\nlogin: {page: *h}\n"))
	if err == nil || !strings.Contains(err.Error(), "home: is a login") {
		t.Errorf("an alias is not read: %v, %v", p, err)
	}
	p, err = Parse("p.yaml", []byte("name: &l laravel\nbase: *l\nverify: /in\n"))
	if err != nil || !p.MatchVisible("XSRF-TOKEN") {
		t.Errorf("base is an alias: %v", err)
	}
}

// TestParse_Documents: what stands behind a --- would be read by nobody.
func TestParse_Documents(t *testing.T) {
	_, err := Parse("p.yaml", []byte("base: laravel\nverify: /in\n---\nroutes: {deny: [/x]}\n"))
	var faults Faults
	if !errors.As(err, &faults) || faults[0].Line != 4 || !strings.Contains(err.Error(), "second document") {
		t.Errorf("a second document: %v", err)
	}
	if _, err := Parse("p.yaml", []byte("---\nbase: laravel\nverify: /in\n---\n# nothing\n")); err != nil {
		t.Errorf("nothing behind it: %v", err)
	}
}
