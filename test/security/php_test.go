package security

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// plainPanel is the profile of test/panels/plain.
const plainPanel = `{url: %s, profile: {base: generic, name: plain, verify: /dashboard,
  login: {page: /login, user: user_name, password: pass_word, anywhere: true},
  signed_out: [{location: '^/login([/?#]|$)'}], identity: {kind: id, id: {css: '#id'}, name: {css: '#name'}},
  cookies: {session: [panel_session]}, limiter: {tries: 500, window: 60s}, logout: GET /logout, routes: {public: [/open/*, 'POST /open/*']}}}`

// site is the plain panel behind one server that runs PHP, with a gateway before it.
type site struct {
	*office.Office
	behind string // the panel's own address
}

var phpSites struct {
	sync.Mutex
	open map[string]*site
}

// eachPHP runs a test for every way to run PHP.
func eachPHP(t *testing.T, test func(t *testing.T, s *site, b *harness.Browser)) {
	theOffice(t)
	for _, kind := range harness.PHPServers {
		t.Run(kind, func(t *testing.T) {
			s := phpSite(t, kind)
			b := s.Browser(t)
			page := b.PostForm(office.Login, url.Values{"username": {"clerk"}, "password": {harness.ForeignPassword}})
			if page.Location() != "/dashboard" || b.Get("/dashboard").Text("#name") != "clerk" {
				t.Fatalf("the login leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
			}
			test(t, s, b)
		})
	}
}

func phpSite(t *testing.T, kind string) *site {
	t.Helper()
	phpSites.Lock()
	defer phpSites.Unlock()
	if phpSites.open == nil {
		phpSites.open = map[string]*site{}
	}
	if s := phpSites.open[kind]; s != nil {
		return s
	}
	defer func() {
		if why := recover(); why != nil {
			t.Fatal(why)
		}
	}()
	behind := harness.PHPSite(shared.house, kind, filepath.Join(harness.Root(t), "test", "panels", "plain", "index.php"))
	s := &site{shared.office.Branch(shared.house, "panel", fmt.Sprintf(plainPanel, behind)), behind}
	phpSites.open[kind] = s
	return s
}

// told is what PHP says that it was sent.
type told struct {
	User, URI, Session string
	Server             map[string]any
	Cookies            map[string]any
}

// tell sends a request as bytes and returns the status and what PHP says of it; false if it was not PHP that answered.
func (s *site) tell(t *testing.T, method, target string, lines ...string) (int, told, bool) {
	t.Helper()
	answer := raw(t, s.Office, method+" "+target+" HTTP/1.1\r\nHost: panel.example.net\r\nUser-Agent: x\r\nAccept: application/json\r\n"+strings.Join(append(lines, "", ""), "\r\n"))
	if answer == nil {
		return 0, told{}, false
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var what told
	return answer.StatusCode, what, answer.StatusCode == http.StatusOK && json.Unmarshal(text, &what) == nil && what.URI != ""
}

// No server's PHP sees a header that only we may set, however it is spelt.
func TestS01_EveryPHPSeesOurHeadersAlone(t *testing.T) {
	eachPHP(t, func(t *testing.T, s *site, b *harness.Browser) {
		for _, managed := range []string{"Remote-User", "Remote-Role", "X-Remote-User", "X-Auth-User", "X-Forwarded-User", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "X-Original-URL", "X-HTTP-Method-Override", "Client-IP", "Proxy"} {
			lines := []string{"Cookie: " + b.Cookies("/")}
			for _, dash := range []string{"-", "_", ".", "~", "'", "!", "|", "+", "`"} {
				name := strings.ReplaceAll(managed, "-", dash)
				for _, n := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
					if !strings.EqualFold(n, "X-Forwarded-For") { // a trusted server in front may say that
						lines = append(lines, n+": root", n+": root")
					}
				}
			}
			status, what, ok := s.tell(t, "GET", "/dashboard", lines...)
			if !ok {
				t.Fatalf("%s: %d, not PHP's answer", managed, status)
			}
			for key, value := range what.Server {
				if key != "HTTP_COOKIE" && strings.Contains(fmt.Sprint(value), "root") && strings.HasPrefix(key, "HTTP_") {
					t.Errorf("%s: PHP sees %s: %v", managed, key, value)
				}
			}
			if what.Server["HTTP_REMOTE_USER"] != "clerk" || what.Server["HTTP_X_FORWARDED_PROTO"] != "https" || what.Server["HTTP_X_FORWARDED_HOST"] != "panel.example.net" {
				t.Errorf("%s: PHP sees %v", managed, what.Server)
			}
		}
	})
}

// What a logged-in browser asks for is what PHP is asked for, byte for byte, or the panel's own server refuses it.
func TestS04_EveryPHPIsAskedForTheSame(t *testing.T) {
	eachPHP(t, func(t *testing.T, s *site, b *harness.Browser) {
		arrived := 0
		targets := []string{"/", "/a?b", "/a?", "/a?b;c=d&e", "/a%2fb", "/a%2Fb|", "//a", "/a//b", "/a/../b", "/a/./b", "/a;b=c", "/%61", "/caf\xc3\xa9", "/caf%c3%a9", "/a?q=%zz&r=%", "/a?q=\xe9", "/a?x[]=1&x[y]=2", "/index.php/a", "/index.php?a",
			"/a%20b", "/a+b", "/a:b", "/a@b", "/a'b\"c", "/a{b}", "/a^b`c", "/a\\b", "/a%5cb", "/a?b?c", "/a?b=c+d%20e", "/~a/", "/a/", "/.well-known/x", "/open/../dashboard", "/open/%2e%2e/dashboard"}
		for _, target := range targets {
			status, what, ok := s.tell(t, "GET", target, "Cookie: "+b.Cookies("/"))
			switch {
			case !ok && status < 300:
				t.Errorf("%s: answered %d, but not by PHP", target, status)
			case ok:
				arrived++
				if uri := strings.ToValidUTF8(target, "\ufffd"); what.URI != uri || what.User != "clerk" {
					t.Errorf("%s: PHP is asked for %q as %q", target, what.URI, what.User)
				}
			}
			if status, what, _ := s.tell(t, "GET", target); what.User != "" || status == http.StatusOK && !strings.HasPrefix(target, "/open/") {
				t.Errorf("%s: nobody is answered %d as %q", target, status, what.User)
			}
		}
		if arrived < len(targets)-10 {
			t.Errorf("only %d of %d targets arrive", arrived, len(targets))
		}
	})
}

// A session that somebody brought from elsewhere is worth nothing, under no name that PHP reads as its own.
func TestS14_NoPHPTakesAForeignSession(t *testing.T) {
	eachPHP(t, func(t *testing.T, s *site, b *harness.Browser) {
		beside := harness.NewBrowser(t, s.behind)
		beside.PostForm("/login", url.Values{"user_name": {"boss"}, "pass_word": {harness.ForeignPassword}})
		if beside.Get("/dashboard").Text("#name") != "boss" {
			t.Fatal("the boss does not get in beside the gateway")
		}
		stolen, own := beside.Cookie("/", "panel_session"), b.Cookies("/")
		token := "__Host-ispgate=" + b.Cookie("/", "__Host-ispgate")
		for _, name := range []string{"panel_session", "panel.session", "panel session", "panel[session", " panel_session", "panel%5fsession", "panel_session[]", "panel_session[0]", "panel_session\x00", "\tpanel_session", "PANEL_SESSION"} {
			foreign := name + "=" + stolen
			for _, cookie := range []string{foreign + "; " + own, own + "; " + foreign, token + "; " + foreign, own + ";" + foreign, foreign} {
				for _, target := range []string{"/dashboard", "/open/page", "/dashboard?" + name + "=" + stolen} {
					_, what, ok := s.tell(t, "GET", strings.NewReplacer(" ", "%20", "\x00", "%00", "\t", "%09").Replace(target), "Cookie: "+cookie)
					if ok && (what.User == "boss" || what.Session == stolen || strings.Contains(fmt.Sprint(what.Cookies), stolen) && strings.HasPrefix(target, "/dashboard")) {
						t.Errorf("%q for %s: PHP sees %s's session, cookies %v", name, target, what.User, what.Cookies)
					}
				}
			}
		}
		if _, what, ok := s.tell(t, "GET", "/dashboard", "Cookie: "+own); !ok || what.User != "clerk" {
			t.Errorf("the own session is lost: %+v", what)
		}
	})
}

// Nobody becomes somebody else by a login inside a session, in any shape that PHP reads as both fields.
func TestS15_NoPHPTakesALoginInside(t *testing.T) {
	password := url.QueryEscape(harness.ForeignPassword)
	const form, parts = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
	part := func(head, value string) string {
		return "--x\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + value + "\r\n"
	}
	var shapes [][3]string // query, content type, body
	for _, name := range []string{"user_name", "user.name", "user+name", "user%20name", "user[name", "%75ser_name", "+user_name", "%20user_name", "user_name%00", "user%5fname", "user%5Bname"} {
		login := name + "=boss&pass_word=" + password
		shapes = append(shapes, [3]string{login}, [3]string{"", form, login}, [3]string{"", form + "; charset=utf-8", login}, [3]string{"", strings.ToUpper(form), login}, [3]string{"a=b&" + name + "=boss", form, "pass.word=" + password},
			[3]string{"", form, "user_name=clerk&" + login}, [3]string{"", form, strings.Repeat("a=b&", 400) + login}, [3]string{"x=1&&;&" + login})
	}
	for _, head := range []string{`name="user_name"`, `name=user_name`, `name='user_name'`, `name="user.name"`, `NAME="user_name"`, `name="x"; name="user_name"`, `name = "user_name"`, `name="user_name"; x="y"`, `name="user\_name"`} {
		shapes = append(shapes, [3]string{"", parts, part(head, "boss") + part(`name="pass_word"`, harness.ForeignPassword) + "--x--\r\n"},
			[3]string{"", strings.Replace(parts, "multipart/form-data", "Multipart/Form-Data", 1), part(head, "boss") + part(`name=pass.word`, harness.ForeignPassword) + "--x--\r\n"},
			[3]string{"pass_word=" + password, `multipart/form-data; boundary="x"`, "preamble\r\n" + part(head, "boss") + "--x--"})
	}
	eachPHP(t, func(t *testing.T, s *site, b *harness.Browser) {
		reached := 0
		for _, shape := range shapes {
			lines := []string{"Cookie: " + b.Cookies("/"), "Content-Type: " + shape[1], fmt.Sprint("Content-Length: ", len(shape[2])), "", shape[2]}
			if shape[1] == "" {
				lines = lines[:1]
			}
			for _, method := range []string{"POST", "GET"} {
				status, what, ok := s.tell(t, method, "/report?"+shape[0], lines...)
				if ok {
					reached++ // PHP, or we, do not read it as a login: then it must not have been one
				}
				if what.User == "boss" || status == http.StatusSeeOther || status == http.StatusFound {
					t.Errorf("%s %q: %d as %q", method, shape, status, what.User)
				}
			}
			if _, what, ok := s.tell(t, "GET", "/dashboard", "Cookie: "+b.Cookies("/")); !ok || what.User != "clerk" {
				t.Fatalf("after %q the panel knows %q", shape, what.User)
			}
		}
		if reached > len(shapes)*3/2 {
			t.Errorf("%d of %d requests were not cut off", reached, 2*len(shapes))
		}
	})
}
