package security

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/mission/office"
)

// byHand asks for /debug/headers as this clerk, with header lines that no client library would send, and returns what
// PHP made of them.
func byHand(t *testing.T, o *office.Office, c *office.Clerk, lines ...string) seen {
	t.Helper()
	answer := raw(t, o, "GET /debug/headers HTTP/1.1\r\nHost: panel.example.net\r\nUser-Agent: x\r\nAccept: application/json\r\nCookie: "+c.Cookies("/")+"\r\n"+
		strings.Join(append(lines, "", ""), "\r\n"))
	if answer == nil {
		t.Fatalf("%q: no answer", lines)
	}
	text, err := io.ReadAll(answer.Body)
	var s seen
	if err != nil || answer.StatusCode != http.StatusOK || json.Unmarshal(text, &s) != nil {
		t.Fatalf("%q: %d %v\n%s", lines, answer.StatusCode, err, text)
	}
	return s
}

// Names that PHP folds to a header which only we may set, or which overrides what we say.
func TestS01_FoldedHeadersNeverReachPHP(t *testing.T) {
	o := theOffice(t)
	c := o.Clerk(t)
	c.LogIn()
	var names []string
	for _, managed := range []string{"Remote-User", "Remote-Role", "X-Remote-User", "X-Auth-User", "X-Authenticated-User", "X-Forwarded-User", "X-Forwarded-Host", "X-Forwarded-Proto",
		"X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server", "Forwarded", "X-Real-IP", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "True-Client-IP", "Client-IP", "CF-Connecting-IP"} {
		for _, dash := range []string{"-", "_", ".", "~", "'", "!", "|"} {
			names = append(names, strings.ReplaceAll(managed, "-", dash), strings.ToUpper(strings.ReplaceAll(managed, "-", dash)), strings.ToLower(strings.ReplaceAll(managed, "-", dash)))
		}
	}
	names = append(names, "Remote-User_", "_Remote-User", "Remote__User", "REMOTE.USER", "Proxy", "PROXY", "X_REMOTE-USER", "Remote*User", "Remote#User", "Remote$User")
	before := metric(t, o.Gateway, "ispgate_removed_headers_total")
	for chunk := range slices.Chunk(names, 40) {
		var lines []string
		for _, name := range chunk {
			if !strings.EqualFold(name, "X-Forwarded-For") {
				lines = append(lines, name+": root", name+": root2")
			}
		}
		s := byHand(t, o, c, lines...)
		for name, value := range s.Headers {
			if strings.Contains(value, "root") {
				t.Errorf("PHP sees %s: %s", name, value)
			}
		}
		if user := s.Headers["HTTP_REMOTE_USER"]; user != c.Email {
			t.Errorf("PHP sees the user %q, want %q", user, c.Email)
		}
	}
	different := map[string]bool{} // the odd ones; net/http folds their case
	for _, name := range names {
		if strings.ContainsAny(name, "_.~'!|*#$") || strings.EqualFold(name, "Proxy") {
			different[strings.ToLower(name)] = true
		}
	}
	if after := metric(t, o.Gateway, "ispgate_removed_headers_total"); after < before+float64(len(different)) {
		t.Errorf("removed headers went from %v to %v for %d odd names", before, after, len(different))
	}
}

// A client's Connection header takes nothing away of what we set, nor the panel's session.
func TestS02_ConnectionTakesNothingAway(t *testing.T) {
	o := theOffice(t)
	c := o.Clerk(t)
	c.LogIn()
	for _, named := range []string{"remote-user", "Remote-User, close", "cookie", "Cookie, Remote-User, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Host", "keep-alive, remote-role"} {
		s := byHand(t, o, c, "Connection: "+named)
		if s.Headers["HTTP_REMOTE_USER"] != c.Email || s.Headers["HTTP_X_FORWARDED_PROTO"] != "https" || s.Headers["HTTP_X_FORWARDED_HOST"] != "panel.example.net" ||
			!strings.Contains(s.Cookie, "laravel_session=") || s.IP != "127.0.0.1" {
			t.Errorf("Connection: %s: PHP sees %v, cookie %q, address %s", named, s.Headers, s.Cookie, s.IP)
		}
	}
}

// Targets that are no path of ours, and hosts that are not ours.
func TestS05_TargetsAndHosts(t *testing.T) {
	o := theOffice(t)
	c := o.Clerk(t)
	c.LogIn()
	cookie := "Cookie: " + c.Cookies("/") + "\r\n"
	for _, test := range []struct {
		line, host string
		want       []int
	}{
		{"GET dashboard HTTP/1.1", "panel.example.net", []int{400}},
		{"GET * HTTP/1.1", "panel.example.net", []int{400}},
		{"OPTIONS * HTTP/1.1", "panel.example.net", []int{400}},
		{"GET http:dashboard HTTP/1.1", "panel.example.net", []int{400}},
		{"GET mailto:x@y HTTP/1.1", "panel.example.net", []int{400}},
		{"GET ftp://panel.example.net/dashboard HTTP/1.1", "panel.example.net", []int{400}},
		{"GET https://evil.example/dashboard HTTP/1.1", "panel.example.net", []int{400, 421}},
		{"GET https://evil.example/dashboard HTTP/1.1", "evil.example", []int{400, 421}},
		{"GET https://panel.example.net@evil.example/dashboard HTTP/1.1", "panel.example.net", []int{400, 421}},
		{"GET /dashboard HTTP/1.1", "evil.example", []int{421}},
		{"GET /dashboard HTTP/1.1", "", []int{400, 421}},
		{"GET /dashboard HTTP/1.0", "-", []int{400, 421}},
		{"GET /dashboard HTTP/1.1", "panel.example.net.evil.example", []int{421}},
		{"GET /dashboard HTTP/1.1", "panel.example.net:8443", []int{421}},
		{"GET /dashboard HTTP/1.1", "127.0.0.1", []int{421}},
		{"GET /dashboard HTTP/1.1", "panel.example.net, evil.example", []int{400, 421}},
		{"GET /dash\x01board HTTP/1.1", "panel.example.net", []int{400}},
		{"GET /dashboard#x HTTP/1.1", "panel.example.net", []int{400}},
		{"GET /dashboard HTTP/1.1", "PANEL.example.net:443", []int{200}},
		{"GET https://panel.example.net/dashboard HTTP/1.1", "panel.example.net", []int{200}},
	} {
		host := "Host: " + test.host + "\r\n"
		if test.host == "-" {
			host = ""
		}
		answer := raw(t, o, test.line+"\r\n"+host+"User-Agent: x\r\nAccept: text/html\r\n"+cookie+"\r\n")
		if answer == nil || !slices.Contains(test.want, answer.StatusCode) {
			t.Errorf("%q, Host %q: %s, want %v", test.line, test.host, statusOf(answer), test.want)
		}
	}
	// Only a trusted server in front may name another host, and only at the forward-auth addresses.
	for _, path := range []string{"/dashboard", "/ispgate/login", "/ispgate/auth/../login", "/ispgate/authx"} {
		answer := raw(t, o, "GET "+path+" HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: panel.example.net\r\nX-Original-URL: https://panel.example.net/\r\n"+cookie+"\r\n")
		if answer == nil || answer.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s under another host: %s", path, statusOf(answer))
		}
	}
}

func TestS06_Methods(t *testing.T) {
	o := theOffice(t)
	c := o.Clerk(t)
	c.LogIn()
	for _, path := range []string{"/dashboard", "/customer/portal", "/ispgate/login", "/ispgate/auth", "/ispgate/auth/redirect", "/login"} {
		for _, method := range []string{"TRACE", "TRACK", "PRI", "get", "post", "Get", "trace"} {
			answer := raw(t, o, fmt.Sprintf("%s %s HTTP/1.1\r\nHost: panel.example.net\r\nCookie: %s\r\n\r\n", method, path, c.Cookies("/")))
			if answer == nil || answer.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %s, want 405", method, path, statusOf(answer))
			}
		}
	}
	for _, target := range []string{"panel.example.net:443", "evil.example:80", "/dashboard"} {
		answer := raw(t, o, "CONNECT "+target+" HTTP/1.1\r\nHost: panel.example.net\r\nCookie: "+c.Cookies("/")+"\r\n\r\n")
		if answer == nil || answer.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("CONNECT %s: %s, want 405", target, statusOf(answer))
		}
	}
	if page := c.Get("/customer/portal"); page.Text("#visits") != "1" {
		t.Errorf("the panel was asked %s times", page.Text("#visits"))
	}
}

func statusOf(answer *http.Response) string {
	if answer == nil {
		return "no answer"
	}
	return answer.Status
}
