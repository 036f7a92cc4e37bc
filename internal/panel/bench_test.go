package panel

import (
	"net/http"
	"strings"
	"testing"
)

// BenchmarkCustody is what a page of a panel costs that sets its two cookies anew: open both, seal both.
func BenchmarkCustody(b *testing.B) {
	c, _ := keeper(b, here, Sealed, "")
	seal := c.Session("a custody id")
	set := []string{"laravel_session=" + strings.Repeat("a", 300) + "; Max-Age=7200; path=/; httponly; samesite=lax", "panel_token=" + strings.Repeat("b", 200) + "; path=/"}
	request := []string{held(closed(c, seal, "", set...))}
	b.ReportAllocs()
	for b.Loop() {
		if !c.Open(seal, request).Session {
			b.Fatal("the session's cookie does not open")
		}
		c.Close(seal, http.Header{"Set-Cookie": set}, "/dashboard", request)
	}
}

// BenchmarkForms is the search for the login form in a page of 60 KiB with a menu, two other forms and a table.
func BenchmarkForms(b *testing.B) {
	const login = `<form method=post action=/login><input type=hidden name=_token value=x><input name=email><input type=password name=password><button>Log in</button></form>`
	page := "<!doctype html><title>Panel</title>" + strings.Repeat(`<li><a href="/page/1">One</a>`, 500) + `<form action=/search><input name=q></form>` + login +
		`<form method=post action=/language><select name=l><option>en<option>bn</select></form><table>` + strings.Repeat(`<tr><td class="x y">Customer<td>5 Mbit/s`, 1000) + "</table>"
	p := panelAt(b, profileOf(b, "{base: generic, verify: /x, signed_out: [{form: true}]}"), "http://127.0.0.1:8000", here)
	b.ReportAllocs()
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		if _, _, err := p.theForm(pageOf(page, "")); err != nil {
			b.Fatal(err)
		}
	}
}
