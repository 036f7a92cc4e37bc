package panel

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// panelAt is a panel that is not asked anything.
func panelAt(t testing.TB, p *Profile, inner, public string) *Panel {
	t.Helper()
	u, err := url.Parse(inner)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	out, err := New(Options{URL: u, Public: pub, Profile: p, Timeout: 10 * time.Second, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.transport.CloseIdleConnections(); out.replay.CloseIdleConnections() })
	return out
}

func TestLocation(t *testing.T) {
	p := panelAt(t, profileOf(t, "{base: laravel, verify: /dashboard}"), "http://127.0.0.1:8000", "https://panel.example.net")
	cases := []struct{ asked, header, want string }{
		{"/x", "/login", "/login"},
		{"/x", "https://panel.example.net/login?a=b", "/login?a=b"},
		{"/x", "http://panel.example.net/login", "/login"},
		{"/x", "HTTP://Panel.Example.Net:8443/login", "/login"},
		{"/x", "http://127.0.0.1:8000/login", "/login"},
		{"/x", "//panel.example.net/login", "/login"},
		{"/x", "https://panel.example.net", "/"},
		{"/x", "https://panel.example.net?x", "/?x"},
		{"/x", "https://evil.example/login", "https://evil.example/login"},
		{"/x", `https:\\evil.example/login`, `https:\\evil.example/login`},
		{"/x", "//evil.example/login", "//evil.example/login"},
		{"/x", "https://panel.example.net@evil.example/login", "https://panel.example.net@evil.example/login"},
		{"/x", "javascript:alert(1)", "javascript:alert(1)"},
		{"/zabbix/a.php?q=1", "index.php?x=1", "/zabbix/index.php?x=1"},
		{"/pma/index.php", "./index.php?route=/", "/pma/index.php?route=/"},
		{"/a/b/c", "../login", "/a/login"},
		{"/a/b?x=1", "?y=2", "/a/b?y=2"},
		{"/a/b?x=1", "#top", "/a/b?x=1#top"},
		{"/a", "", ""},
		{"/a", " /login ", "/login"},
	}
	for _, c := range cases {
		if got := p.Location(c.asked, c.header); got != c.want {
			t.Errorf("Location(%q, %q) = %q, want %q", c.asked, c.header, got, c.want)
		}
	}
}

// TestLocation_SharedProfile: two gateways before one panel, under two names, do not take each other's names for theirs.
func TestLocation_SharedProfile(t *testing.T) {
	profile := profileOf(t, "{base: laravel, verify: /dashboard}")
	a := panelAt(t, profile, "http://127.0.0.1:8000", "https://a.example")
	b := panelAt(t, profile, "http://127.0.0.1:8000", "https://b.example")
	if got := a.Location("/", "https://a.example/x"); got != "/x" {
		t.Errorf("a: %s", got)
	}
	if got := b.Location("/", "https://a.example/x"); got != "https://a.example/x" {
		t.Errorf("b: %s", got)
	}
	for _, own := range []string{"https://a.example/login", "https://b.example/login"} {
		if !profile.SignedOut(Answer{Status: 302, Header: http.Header{"Location": {own}}}) {
			t.Errorf("%s is not seen", own)
		}
	}
}

func TestResponseRules(t *testing.T) {
	html := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	with := func(k, v string) http.Header { h := html.Clone(); h.Add(k, v); return h }
	loginPage := []byte(`<form method=post><input name=email type=email><input name=password type=password></form>`)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte("<p>You are not logged in</p>"))
	z.Close()
	cases := []struct {
		name, rule string
		answer     Answer
		want       bool
	}{
		{"status", "{status: 401}", Answer{Status: 401}, true},
		{"other status", "{status: 401}", Answer{Status: 200}, false},
		{"one of two", "{status: [401, 419]}", Answer{Status: 419}, true},
		{"location", "{location: '^/login'}", Answer{Status: 302, Header: with("Location", "https://panel.example.net/login")}, true},
		{"location of another host", "{location: '^/login'}", Answer{Status: 302, Header: with("Location", "https://evil.example/login")}, false},
		{"no location", "{location: '^/login'}", Answer{Status: 302, Header: html}, false},
		{"all tests must hold", "{status: 200, location: '^/login'}", Answer{Status: 302, Header: with("Location", "/login")}, false},
		{"body", "{body: 'not logged in'}", Answer{Status: 200, Header: html, Body: []byte("<p>You are not logged in</p>")}, true},
		{"body in gzip", "{body: 'not logged in'}", Answer{Status: 200, Header: with("Content-Encoding", "gzip"), Body: packed.Bytes()}, true},
		{"body in another charset", "{body: 'périmée'}", Answer{Status: 200, Header: http.Header{"Content-Type": {"text/html; charset=iso-8859-1"}}, Body: []byte("session p\xe9rim\xe9e")}, true},
		{"body in JSON", "{body: 'redirect_flag'}", Answer{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"redirect_flag":1}`)}, true},
		{"body of a download", "{body: 'not logged in'}", Answer{Status: 200, Header: http.Header{"Content-Type": {"text/csv"}}, Body: []byte("not logged in")}, false},
		{"body not held", "{body: 'not logged in'}", Answer{Status: 200, Header: html}, false},
		{"body behind 256 KiB", "{body: 'not logged in'}", Answer{Status: 200, Header: html, Body: []byte(strings.Repeat("x", MaxText) + "not logged in")}, false},
		{"cookie", "{cookie: 'otp_*'}", Answer{Status: 302, Header: with("Set-Cookie", "otp_pending=1; Path=/")}, true},
		{"cookie deleted", "{cookie: 'otp_*'}", Answer{Status: 302, Header: with("Set-Cookie", "otp_pending=1; Max-Age=0")}, false},
		{"cookie expired", "{cookie: 'otp_*'}", Answer{Status: 302, Header: with("Set-Cookie", "otp_pending=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT"), now: time.Now()}, false},
		{"form", "{form: true}", Answer{Status: 200, Header: html, Body: loginPage}, true},
		{"no form", "{form: true}", Answer{Status: 200, Header: html, Body: []byte("<form><input name=q></form>")}, false},
		{"ajax", "{status: 401, ajax: true}", Answer{Status: 401, Ajax: true}, true},
		{"no ajax", "{status: 401, ajax: true}", Answer{Status: 401}, false},
		{"not ajax", "{status: 401, ajax: false}", Answer{Status: 401, Ajax: true}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := profileOf(t, "{base: generic, verify: /x, signed_out: [{status: 599}, "+c.rule+"]}")
			panelAt(t, p, "http://127.0.0.1:8000", "https://panel.example.net")
			if got := p.SignedOut(c.answer); got != c.want {
				t.Errorf("%s on %+v: %t", c.rule, c.answer, got)
			}
			if want := strings.Contains(c.rule, "body") || strings.Contains(c.rule, "form"); p.NeedsBody() != want {
				t.Errorf("NeedsBody = %t", p.NeedsBody())
			}
		})
	}
}

// TestResponseRules_SubmittedValues: a name that quotes the panel's own words must not decide (design 4.1).
func TestResponseRules_SubmittedValues(t *testing.T) {
	p := profileOf(t, "{base: generic, verify: /x, signed_out: [{body: 'Too many tries'}]}")
	a := Answer{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("<input value='Too many tries'>")}
	if !p.SignedOut(a) {
		t.Fatal("the rule does not match at all")
	}
	a.submitted = []string{"Too many tries"}
	if p.SignedOut(a) {
		t.Error("an echoed value decided")
	}
}

func TestPanelAnswer(t *testing.T) {
	p := panelAt(t, profileOf(t, "{base: laravel, verify: /dashboard}"), "http://127.0.0.1:8000", "https://panel.example.net")
	rec := httptest.NewRecorder()
	rec.Header().Set("Location", "index.php")
	rec.WriteHeader(302)
	resp := rec.Result()
	resp.Request = httptest.NewRequest("GET", "/zabbix/a.php?x=1", nil)
	if a := p.Answer(resp, nil, true); a.Location != "/zabbix/index.php" || a.Target != "/zabbix/a.php?x=1" || !a.Ajax {
		t.Errorf("%+v", a)
	}
}

func TestForward(t *testing.T) {
	cases := []struct{ name, forward, host, proto, xff string }{
		{"keep", "{}", "panel.example.net", "https", "192.0.2.9"},
		{"panel", "{host: panel}", "127.0.0.1:8000", "https", "192.0.2.9"},
		{"literal", "{host: inner.example, proto: http}", "inner.example", "http", "192.0.2.9"},
		{"no address", "{client_ip: false}", "panel.example.net", "https", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := panelAt(t, profileOf(t, "{base: laravel, verify: /dashboard, forward: "+c.forward+"}"), "http://127.0.0.1:8000", "https://panel.example.net")
			out := httptest.NewRequest("GET", "http://evil.example/x", nil)
			out.Header.Set("X-Forwarded-For", "10.0.0.1, 10.0.0.2")
			p.Forward(out, Client{Addr: addr("::ffff:192.0.2.9")})
			h := out.Header
			if out.Host != c.host || out.URL.Host != "127.0.0.1:8000" || h.Get("X-Forwarded-Proto") != c.proto || h.Get("X-Forwarded-Host") != "panel.example.net" || strings.Join(h.Values("X-Forwarded-For"), "|") != c.xff {
				t.Errorf("Host %q URL %v %v", out.Host, out.URL, h)
			}
		})
	}
}
