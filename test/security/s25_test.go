package security

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/mission/office"
)

// digits writes a code in another script, by the code point of its zero.
func digits(code string, zero rune) string {
	return strings.Map(func(c rune) rune { return zero + c - '0' }, code)
}

// misspelt are right codes in ways that no app shows them.
var misspelt = map[string]func(code string) url.Values{
	"full width":          func(c string) url.Values { return url.Values{"code": {digits(c, '０')}} },
	"bengali":             func(c string) url.Values { return url.Values{"code": {digits(c, '০')}} },
	"arabic":              func(c string) url.Values { return url.Values{"code": {digits(c, '٠')}} },
	"mathematical":        func(c string) url.Values { return url.Values{"code": {digits(c, '𝟎')}} },
	"five digits":         func(c string) url.Values { return url.Values{"code": {c[:5]}} },
	"seven digits":        func(c string) url.Values { return url.Values{"code": {"0" + c}} },
	"eight digits":        func(c string) url.Values { return url.Values{"code": {c + "00"}} },
	"twice":               func(c string) url.Values { return url.Values{"code": {c + c}} },
	"an array":            func(c string) url.Values { return url.Values{"code[]": {c}} },
	"a named array":       func(c string) url.Values { return url.Values{"code[0]": {c}} },
	"doubled":             func(c string) url.Values { return url.Values{"code": {c, c}} },
	"doubled, one wrong":  func(c string) url.Values { return url.Values{"code": {"000000", c}} },
	"another field":       func(c string) url.Values { return url.Values{"Code": {c}, "otp": {c}, "token": {c}} },
	"signed":              func(c string) url.Values { return url.Values{"code": {"+" + c}} },
	"a decimal":           func(c string) url.Values { return url.Values{"code": {c + ".0"}} },
	"an exponent":         func(c string) url.Values { return url.Values{"code": {c + "e0"}} },
	"a tab":               func(c string) url.Values { return url.Values{"code": {"\t" + c}} },
	"a line feed":         func(c string) url.Values { return url.Values{"code": {c + "\n"}} },
	"a no-break space":    func(c string) url.Values { return url.Values{"code": {c[:3] + "\u00a0" + c[3:]}} },
	"a zero-width space":  func(c string) url.Values { return url.Values{"code": {c[:3] + "\u200b" + c[3:]}} },
	"an en dash":          func(c string) url.Values { return url.Values{"code": {c[:3] + "–" + c[3:]}} },
	"a NUL":               func(c string) url.Values { return url.Values{"code": {c + "\x00"}} },
	"broken UTF-8":        func(c string) url.Values { return url.Values{"code": {c + "\xff"}} },
	"JSON":                func(c string) url.Values { return url.Values{"code": {`"` + c + `"`}} },
	"an SQL wildcard":     func(c string) url.Values { return url.Values{"code": {c[:5] + "_"}} },
	"empty":               func(string) url.Values { return url.Values{"code": {""}} },
	"missing":             func(string) url.Values { return url.Values{} },
	"true":                func(string) url.Values { return url.Values{"code": {"true"}} },
	"very long":           func(c string) url.Values { return url.Values{"code": {strings.Repeat(c, 1000)}} },
	"long with spaces":    func(c string) url.Values { return url.Values{"code": {c + strings.Repeat(" ", 9000) + "1"}} },
	"hexadecimal":         func(c string) url.Values { return url.Values{"code": {"0x" + c}} },
	"comma":               func(c string) url.Values { return url.Values{"code": {c[:3] + "," + c[3:]}} },
	"a soft hyphen":       func(c string) url.Values { return url.Values{"code": {c[:3] + "\u00ad" + c[3:]}} },
	"right to left marks": func(c string) url.Values { return url.Values{"code": {"\u202e" + c}} },
}

// Only ASCII digits, with spaces and dashes, are a code; whatever else is refused, though the digits be right. The code
// itself is not spent by it.
func TestS25_OnlySixASCIIDigits(t *testing.T) {
	o := theOffice(t)
	var c *office.Clerk
	tries, code := 0, ""
	for name, form := range misspelt {
		if c == nil || tries == 4 { // the fifth wrong one ends a challenge
			if c != nil {
				wantStillGood(t, c, code)
			}
			c = o.Enrolled(t)
			c.LogOut()
			c.Challenge()
			tries, code = 0, c.Phone.Code(t)
		}
		tries++
		if page := c.PostForm(office.Verify, form(code)); page.Status != http.StatusUnauthorized || !strings.Contains(page.Text("main"), "That code was not accepted.") {
			t.Errorf("%s: %d %q %s", name, page.Status, page.Location(), page.Text("main"))
		}
	}
	wantStillGood(t, c, code)
}

func wantStillGood(t *testing.T, c *office.Clerk, code string) {
	t.Helper()
	if page := c.Code(" " + code[:3] + " - " + code[3:] + " "); page.Location() != "/dashboard" {
		t.Errorf("the same code with spaces and dashes: %d %q %s", page.Status, page.Location(), page.Text("main"))
	}
}

// What is no code costs a try all the same.
func TestS25_NoCodeCostsATry(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	c.LogOut()
	c.Challenge()
	for i, text := range []string{"", "abc", "1234567", "１２３４５６"} {
		page := c.Code(text).Want(http.StatusUnauthorized)
		if i == 2 && !strings.Contains(page.Text("main"), "2 tries left for this login.") || i == 3 && !strings.Contains(page.Text("main"), "1 try left for this login.") {
			t.Errorf("after %d: %s", i+1, page.Text("main"))
		}
	}
	over := c.PostForm(office.Verify, url.Values{"code[]": {"123456"}}).Want(http.StatusUnauthorized)
	if text := over.Text("main"); !strings.Contains(text, "Too many wrong codes. Log in again.") {
		t.Errorf("after five: %s", text)
	}
	c.WantOut()
	if page := c.Code(c.Phone.Code(t)); page.Location() != office.Login {
		t.Errorf("a right code after the end of the challenge: %d %q", page.Status, page.Location())
	}
}

// At enabling the same strictness holds.
func TestS25_AtEnabling(t *testing.T) {
	o := theOffice(t)
	c := o.Clerk(t)
	c.LogIn()
	c.Setup()
	code := c.Phone.Code(t)
	for _, name := range []string{"full width", "an array", "doubled", "seven digits"} {
		if page := c.PostForm(office.Enable, misspelt[name](code)); page.Status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, page.Status, page.Text("main"))
		}
	}
	c.PostForm(office.Enable, url.Values{"code": {code[:3] + "-" + code[3:]}}).Want(http.StatusOK)
}
