package panel

import "testing"

// TestS14_SessionInURL: PHP's own name, the names that the profile writes out, and those that this browser sends.
func TestS14_SessionInURL(t *testing.T) {
	p := profileOf(t, "{base: laravel, verify: /dashboard, cookies: {session: ['*_session', panel.sid], visible: [], drop: []}}")
	const held = "a=1; laravel_session=ig1.x; theme_session=y; visible=z"
	for _, c := range []struct{ name, target, cookies, found string }{
		{"no query", "/x/PHPSESSID=1", held, ""},
		{"empty query", "/x?", held, ""},
		{"PHP's own name", "/x?PHPSESSID=1", "", "PHPSESSID"},
		{"without a value", "/x?PHPSESSID", "", "PHPSESSID"},
		{"encoded", "/x?%50%48PSESSID=1", "", "PHPSESSID"},
		{"as an array", "/x?PHPSESSID[]=1", "", "PHPSESSID"},
		{"as an encoded array", "/x?PHPSESSID%5B%5D=1", "", "PHPSESSID"},
		{"after another, by &", "/x?a=b&PHPSESSID=1", "", "PHPSESSID"},
		{"after another, by ;", "/x?a=b;PHPSESSID=1", "", "PHPSESSID"},
		{"behind a blank", "/x?+PHPSESSID=1", "", "PHPSESSID"},
		{"in another case: PHP's names are exact", "/x?phpsessid=1", "", ""},
		{"as a value", "/x?q=PHPSESSID", held, ""},
		{"a name written out in the profile, folded", "/x?panel.sid=1", "", "panel_sid"},
		{"the same as PHP files it", "/x?panel_sid=1", "", "panel_sid"},
		{"a name of the pattern that this browser sends", "/x?laravel_session=1", held, "laravel_session"},
		{"an alias of it", "/x?laravel.session=1", held, "laravel_session"},
		{"a name of the pattern that it does not send", "/x?other_session=1", held, ""},
		{"a name of the pattern without any cookie", "/x?laravel_session=1", "", ""},
		{"a cookie that is no session", "/x?visible=1", held, ""},
		{"a parameter that only ends alike", "/x?no_laravel_session=1", held, ""},
		{"a broken escape before it", "/x?%zz&PHPSESSID=1", "", "PHPSESSID"},
		{"a broken escape within it", "/x?PHPSESSID%zz=1", "", ""},
	} {
		name, found := p.SessionInURL(c.target, []string{c.cookies})
		if name != c.found || found != (c.found != "") {
			t.Errorf("%s: %q, %t; want %q", c.name, name, found, c.found)
		}
	}
	if name, _ := p.SessionInURL("/x?b_session=1", []string{"a_session=1", "b_session=1"}); name != "b_session" {
		t.Errorf("the second Cookie header is not read: %q", name)
	}
}
