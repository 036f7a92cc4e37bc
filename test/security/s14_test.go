package security

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// seen is what the panel says that it was sent (/debug/headers).
type seen struct {
	IP      string
	URI     string
	Headers map[string]string
	Cookies []string
	Cookie  string
}

func panelSees(t *testing.T, page *harness.Page) seen {
	t.Helper()
	var s seen
	if err := json.Unmarshal([]byte(page.Want(http.StatusOK).Body), &s); err != nil {
		t.Fatalf("/debug/headers: %v\n%s", err, page.Body)
	}
	return s
}

// foreignSession logs the panel's administrator in at the panel itself, beside the gateway.
func foreignSession(t *testing.T, o *office.Office) (session, remember string) {
	t.Helper()
	b := harness.NewBrowser(t, o.Panel.URL)
	b.Submit(b.Get("/login").Form("form"), "email", harness.LaravelAdmin, "password", harness.LaravelPassword, "remember", "on")
	if email := b.Get("/dashboard").Text("#email"); email != harness.LaravelAdmin {
		t.Fatalf("beside the gateway the panel knows %q", email)
	}
	for pair := range strings.SplitSeq(b.Cookies("/"), "; ") {
		if strings.HasPrefix(pair, "remember_web_") {
			remember = pair
		}
	}
	if remember == "" {
		t.Fatal("the panel did not remember its user")
	}
	return b.Cookie("/", "laravel_session"), remember
}

// A panel session other than the one that was handed over is refused, however it is brought in.
func TestS14_ForeignPanelSessions(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	c.WantPanel()
	other := o.Enrolled(t)
	other.WantPanel()
	session, remember := foreignSession(t, o)
	token := "__Host-ispgate=" + c.Cookie("/", "__Host-ispgate")
	own := "laravel_session=" + c.Cookie("/", "laravel_session")
	for name, foreign := range map[string]string{
		"a session in clear":           "laravel_session=" + session,
		"a session with a dot":         "laravel.session=" + session,
		"a session with a space":       "laravel session=" + session,
		"a session with a bracket":     "laravel[session=" + session,
		"a session in capitals":        "LARAVEL_SESSION=" + session,
		"an encoded name":              "laravel%5Fsession=" + session,
		"another clerk's sealed one":   "laravel_session=" + other.Cookie("/", "laravel_session"),
		"remembered":                   remember,
		"remembered with a dot":        strings.Replace(remember, "_web_", ".web.", 1),
		"PHP's own name":               "PHPSESSID=" + session,
		"a mark without a seal":        "laravel_session=ig1.",
		"a broken seal":                own[:len(own)-4] + "AAAA",
		"a sealed value, another name": "remember_web_x=" + strings.TrimPrefix(own, "laravel_session="),
		"a chunk":                      "laravel_session=ig1.ABCDEFGH.0.2.AAAA; laravel_session.ig1=" + session,
	} {
		for _, order := range [][]string{{token, foreign}, {token, own, foreign}, {foreign, own, token}} {
			page := send(t, o.Browser(t), withCookies(request(t, "GET", "/dashboard", ""), order...))
			if email := page.Text("#email"); email != "" && email != c.Email {
				t.Errorf("%s: the dashboard is %q's", name, email)
			}
			debug := send(t, o.Browser(t), withCookies(request(t, "GET", "/debug/headers", ""), order...))
			if debug.Status == http.StatusOK && strings.Contains(panelSees(t, debug).Cookie, strings.SplitN(foreign, "=", 2)[1]) {
				t.Errorf("%s: the panel was sent it: %s", name, panelSees(t, debug).Cookie)
			}
		}
		portal := send(t, o.Browser(t), withCookies(request(t, "GET", "/customer/portal", ""), foreign))
		if user := portal.Text("#panel-user"); user != "none" {
			t.Errorf("%s: a public page is panel user %q's", name, user)
		}
	}
}

// Credentials in headers and session ids in the address do not reach protected pages.
func TestS14_CredentialsBesideTheCookie(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	for _, credentials := range []string{"Basic YWRtaW46YWRtaW4=", "Bearer 0123456789", "Digest username=admin"} {
		debug := panelSees(t, send(t, c.Browser, request(t, "GET", "/debug/headers", "", "Authorization", credentials, "Proxy-Authorization", credentials)))
		for name, value := range debug.Headers {
			if value == credentials {
				t.Errorf("the panel was sent %s: %s", name, value)
			}
		}
	}
	for _, query := range []string{"PHPSESSID=x", "laravel_session=x", "PHPSESSID[]=x", "laravel.session=x", "a=1&PHPSESSID=x", "a=1;PHPSESSID=x", "%50HPSESSID=x"} {
		for _, path := range []string{"/dashboard?", "/customer/portal?"} {
			if page := send(t, c.Browser, request(t, "GET", path+query, "")); page.Status != http.StatusBadRequest {
				t.Errorf("%s%s answers %d, want 400", path, query, page.Status)
			}
		}
	}
}

// "Log in as" works only in a session that entered a code.
func TestS14_LogInAs(t *testing.T) {
	o := theOffice(t).Branch(t)
	admin := o.ClerkNamed(t, harness.LaravelAdmin)
	admin.LogIn()
	token := func() string { return admin.Get("/profile").Find("meta[name=csrf-token]").AttrOr("content", "") }
	for _, path := range []string{"/admin/login-as/2", "/admin/login-as/2/", "/ADMIN/login-as/2", "/admin/./login-as/2", "/index.php/admin/login-as/2", "/admin/login%2Das/2"} {
		if page := send(t, admin.Browser, request(t, "POST", path, url.Values{"_token": {token()}}.Encode())); page.Status != http.StatusForbidden {
			t.Errorf("POST %s without a code answers %d, want 403", path, page.Status)
		}
	}
	admin.WantPanel()
	admin.Enable()
	if page := admin.PostForm("/admin/login-as/2", url.Values{"_token": {token()}}); page.Status != http.StatusFound {
		t.Fatalf("log in as, after a code, answers %d", page.Status)
	}
	if email, _ := admin.InPanel(); email != harness.LaravelOperator {
		t.Errorf("the dashboard is %q's, want the operator's", email)
	}
	if strings.Contains(admin.Cookies("/"), "remember_web") {
		t.Error("the browser got the panel's remember-me cookie")
	}
	debug := panelSees(t, admin.Fetch("GET", "/debug/headers", "", ""))
	if user := debug.Headers["HTTP_REMOTE_USER"]; user != harness.LaravelAdmin {
		t.Errorf("Remote-User is %q, want who is really there", user)
	}
}
