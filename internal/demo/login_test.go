package demo

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const refused = "These credentials do not match our records."

func TestLoginLeadsToDashboardWithIdentity(t *testing.T) {
	panel, _, b := start(t, Options{})
	b.login("admin@demo.isp")
	for _, page := range []string{"/dashboard", "/admin/profile", "/admin/customers", "/admin/bandwidth", "/admin/change-password"} {
		a := b.get(page)
		a.expect(t, http.StatusOK, "")
		a.contains(t, `<meta name="user-id" content="7">`, 1)
		a.contains(t, `<meta name="user-email" content="admin@demo.isp">`, 1)
		a.contains(t, `<meta name="user-role" content="super_admin">`, 1)
	}
	if panel.Sessions() != 1 {
		t.Fatalf("Sessions() = %d, want 1", panel.Sessions())
	}
}

func TestEmailComparesAsMySQLDoesAndPasswordByBytes(t *testing.T) {
	for _, test := range []struct {
		name, email, password string
		in                    bool
	}{
		{"as written", "admin@demo.isp", "demo-password", true},
		{"upper case", "ADMIN@Demo.ISP", "demo-password", true},
		{"trailing spaces", "admin@demo.isp  ", "demo-password", true},
		{"password with a space", "admin@demo.isp", "demo-password ", false},
		{"password in capitals", "admin@demo.isp", "Demo-Password", false},
		{"unknown", "nobody@demo.isp", "demo-password", false},
		{"without a password", "accounts@demo.isp", "demo-password", false},
		{"empty password", "accounts@demo.isp", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, b := start(t, Options{})
			b.try(test.email, test.password)
			if in := b.get("/dashboard").StatusCode == http.StatusOK; in != test.in {
				t.Fatalf("logged in = %v, want %v", in, test.in)
			}
		})
	}
}

func TestEveryAnswerReissuesBothCookies(t *testing.T) {
	_, _, b := start(t, Options{})
	seen := map[string]bool{}
	for _, path := range []string{"/login", "/login", "/dashboard", "/customer", "/forgot-password"} {
		a := b.get(path)
		got := map[string]*http.Cookie{}
		for _, c := range a.Cookies() {
			got[c.Name] = c
			if seen[c.Value] {
				t.Fatalf("GET %s repeats the value of %s", path, c.Name)
			}
			seen[c.Value] = true
		}
		if len(got) != 2 || got["XSRF-TOKEN"] == nil || got["ispbills_session"] == nil {
			t.Fatalf("GET %s: cookies %v", path, a.Cookies())
		}
		if got["XSRF-TOKEN"].HttpOnly || !got["ispbills_session"].HttpOnly || got["ispbills_session"].Secure {
			t.Fatalf("GET %s: attributes %v", path, a.Cookies())
		}
	}
}

func TestCookiesAreSecureOverHTTPSOrWhenTold(t *testing.T) {
	_, _, plain := start(t, Options{})
	_, _, told := start(t, Options{Secure: true})
	for name, a := range map[string]answer{"by proto": plain.get("/login", "X-Forwarded-Proto", "https"), "by option": told.get("/login")} {
		for _, c := range a.Cookies() {
			if !c.Secure {
				t.Errorf("%s: %s is not Secure", name, c.Name)
			}
		}
	}
}

func TestLoginChangesSessionID(t *testing.T) {
	panel, _, b := start(t, Options{})
	b.get("/login")
	before, err := url.QueryUnescape(b.cookieValue("ispbills_session"))
	if err != nil {
		t.Fatal(err)
	}
	b.login("admin@demo.isp")
	id, ok := panel.box.open("ispbills_session", before)
	if !ok {
		t.Fatal("the session cookie does not open")
	}
	if panel.sessions.byID[id] != nil {
		t.Fatal("the id from before the login still lives")
	}
	thief := another(t, b.base)
	thief.header.Set("Cookie", "ispbills_session="+url.QueryEscape(before))
	thief.get("/dashboard").expect(t, http.StatusFound, b.base+"/login")
}

func TestWrongPasswordGoesToReferer(t *testing.T) {
	_, _, b := start(t, Options{})
	a := b.try("admin@demo.isp", "wrong", "Referer", "http://elsewhere.example/form")
	a.expect(t, http.StatusFound, "http://elsewhere.example/form")
	a = b.try("admin@demo.isp", "wrong")
	a.expect(t, http.StatusFound, b.base+"/login")
	a = b.get("/login")
	a.contains(t, refused, 1)
	a.contains(t, `value="admin@demo.isp"`, 1)
	b.get("/login").contains(t, refused, 0)
}

func TestAnyRequestUsesTheFlashUp(t *testing.T) {
	_, _, b := start(t, Options{})
	b.try("admin@demo.isp", "wrong")
	b.get("/dashboard")
	b.get("/login").contains(t, refused, 0)
}

func TestLimiter(t *testing.T) {
	_, clock, b := start(t, Options{})
	wait := "Too many login attempts. Please try again in 60 seconds."
	for range 5 {
		b.try("admin@demo.isp", "wrong", "X-Forwarded-For", "192.0.2.1")
		b.get("/login").contains(t, refused, 1)
	}
	a := b.try("ADMIN@demo.isp", "demo-password", "X-Forwarded-For", "203.0.113.9, 192.0.2.1")
	a.expect(t, http.StatusFound, b.base+"/login")
	b.get("/login").contains(t, wait, 1)
	b.try("operator@demo.isp", "wrong", "X-Forwarded-For", "192.0.2.1")
	b.get("/login").contains(t, refused, 1)
	b.try("admin@demo.isp", "wrong", "X-Forwarded-For", "192.0.2.2")
	b.get("/login").contains(t, refused, 1)
	clock.pass(59 * time.Second)
	b.try("admin@demo.isp", "wrong", "X-Forwarded-For", "192.0.2.1")
	b.get("/login").contains(t, "Please try again in 1 seconds.", 1)
	clock.pass(time.Second)
	for range 2 { // the count begins anew
		b.try("admin@demo.isp", "wrong", "X-Forwarded-For", "192.0.2.1")
		b.get("/login").contains(t, refused, 1)
	}
	b.try("admin@demo.isp", "demo-password", "X-Forwarded-For", "192.0.2.1").expect(t, http.StatusFound, b.base+"/dashboard")
}

func TestRightPasswordClearsTheLimiter(t *testing.T) {
	_, _, b := start(t, Options{})
	for range 4 {
		b.try("admin@demo.isp", "wrong")
	}
	b.login("admin@demo.isp")
	other := another(t, b.base)
	other.try("admin@demo.isp", "wrong")
	other.get("/login").contains(t, refused, 1)
	other.login("admin@demo.isp")
}

func TestWrongTokenIs419(t *testing.T) {
	panel, _, b := start(t, Options{})
	form := url.Values{"_token": {"x"}, "email": {"admin@demo.isp"}, "password": {"demo-password"}}.Encode()
	kind := "application/x-www-form-urlencoded"
	a := b.send("POST", "/login", kind, strings.NewReader(form))
	a.expect(t, 419, "")
	a.contains(t, "Page Expired", 2)
	a = b.send("POST", "/login", kind, strings.NewReader(form), "X-Requested-With", "XMLHttpRequest")
	a.expect(t, 419, "")
	a.contains(t, `"CSRF token mismatch."`, 1)

	b.login("admin@demo.isp")
	token := b.token("/dashboard")
	panel.ExpireSessions()
	form = url.Values{"_token": {token}}.Encode()
	b.send("POST", "/logout", kind, strings.NewReader(form)).expect(t, 419, "")
}

func TestTokenInHeaders(t *testing.T) {
	_, _, b := start(t, Options{})
	b.login("admin@demo.isp")
	b.get("/dashboard")
	a := b.send("POST", "/admin/customers/1001", "application/json",
		strings.NewReader(`{"name":"A","mobile":"01712345678","address":"","package":"Gamer","status":"active"}`),
		"X-XSRF-TOKEN", b.cookieValue("XSRF-TOKEN"), "Accept", "application/json")
	a.expect(t, http.StatusOK, "")
	a.contains(t, `"package":"Gamer"`, 1)
	b.send("POST", "/admin/customers/1001", "application/json", strings.NewReader(`{}`),
		"X-XSRF-TOKEN", b.cookieValue("ispbills_session"), "Accept", "application/json").expect(t, 419, "")
}

func TestAnonymous(t *testing.T) {
	_, _, b := start(t, Options{})
	for _, path := range []string{"/", "/dashboard", "/admin/customers", "/admin/customers/1001", "/admin/change-password",
		"/files/download?bytes=1", "/admin/bandwidth/stream", "/admin/socket", "/index.php/dashboard/"} {
		b.get(path).expect(t, http.StatusFound, b.base+"/login")
	}
	b.get("/dashboard", "X-Forwarded-Proto", "https", "Host", "panel.example.net").expect(t, http.StatusFound, "https://panel.example.net/login")
	for _, headers := range [][]string{{"X-Requested-With", "XMLHttpRequest"}, {"Accept", "application/json"}} {
		a := b.get("/admin/customers/data", headers...)
		a.expect(t, http.StatusUnauthorized, "")
		a.contains(t, `{"message":"Unauthenticated."}`, 1)
	}
}

func TestLoginReturnsWhereTheVisitorWantedToGo(t *testing.T) {
	_, _, b := start(t, Options{})
	b.get("/admin/invoices?page=2")
	b.try("admin@demo.isp", "demo-password").expect(t, http.StatusFound, b.base+"/admin/invoices?page=2")
}

func TestLoggedInVisitorsOfLogin(t *testing.T) {
	_, _, b := start(t, Options{})
	b.login("admin@demo.isp")
	b.get("/login").expect(t, http.StatusFound, b.base+"/dashboard")
	b.get("/").expect(t, http.StatusFound, b.base+"/dashboard")
}

func TestLogout(t *testing.T) {
	panel, _, b := start(t, Options{})
	b.login("admin@demo.isp")
	b.get("/logout").expect(t, http.StatusMethodNotAllowed, "")
	b.get("/dashboard").expect(t, http.StatusOK, "")
	b.post("/logout", "/dashboard", url.Values{}).expect(t, http.StatusFound, b.base+"/")
	b.get("/dashboard").expect(t, http.StatusFound, b.base+"/login")
	if panel.Sessions() != 0 {
		t.Fatalf("Sessions() = %d, want 0", panel.Sessions())
	}
}

func TestNoUserAgentIs500(t *testing.T) {
	_, _, b := start(t, Options{})
	b.get("/login", "User-Agent", "").expect(t, http.StatusInternalServerError, "")
	b.get("/login").expect(t, http.StatusOK, "")
}

func TestSessionsEndAfterTwoHoursIdle(t *testing.T) {
	panel, clock, b := start(t, Options{})
	b.login("admin@demo.isp")
	for range 3 {
		clock.pass(119 * time.Minute)
		b.get("/dashboard").expect(t, http.StatusOK, "")
	}
	clock.pass(120 * time.Minute)
	if panel.Sessions() != 0 {
		t.Fatalf("Sessions() = %d, want 0", panel.Sessions())
	}
	b.get("/dashboard").expect(t, http.StatusFound, b.base+"/login")
}

func TestExpireSessions(t *testing.T) {
	panel, _, b := start(t, Options{})
	b.login("admin@demo.isp")
	panel.ExpireSessions()
	b.get("/dashboard").expect(t, http.StatusFound, b.base+"/login")
}

func TestRememberMe(t *testing.T) {
	panel, _, b := start(t, Options{})
	name := "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d" // seen on every Laravel site
	b.login("operator@demo.isp")
	if b.cookieValue(name) != "" {
		t.Fatal("remembered without being asked")
	}
	b.post("/logout", "/dashboard", url.Values{})
	b.post("/login", "/login", url.Values{"email": {"operator@demo.isp"}, "password": {"demo-password"}, "remember": {"on"}})
	old := b.cookieValue(name)
	if old == "" {
		t.Fatal("no remember cookie")
	}
	panel.ExpireSessions()
	b.get("/dashboard").contains(t, `content="operator@demo.isp"`, 1)
	b.post("/logout", "/dashboard", url.Values{})
	if b.cookieValue(name) != "" {
		t.Fatal("logout left the remember cookie")
	}
	thief := another(t, b.base)
	thief.header.Set("Cookie", name+"="+old)
	thief.get("/dashboard").expect(t, http.StatusFound, b.base+"/login")
}

func TestLoginAs(t *testing.T) {
	_, _, b := start(t, Options{})
	b.login("admin@demo.isp")
	b.post("/admin/login-as/12", "/admin/operators", url.Values{}).expect(t, http.StatusFound, b.base+"/dashboard")
	a := b.get("/dashboard")
	a.contains(t, `<meta name="user-id" content="12">`, 1)
	a.contains(t, "Back to my account", 1)
	if b.cookieValue(rememberCookie()) == "" {
		t.Fatal("no remember cookie for the other account")
	}
	b.post("/admin/login-as/7", "/dashboard", url.Values{}).expect(t, http.StatusForbidden, "")
	b.get("/admin/operators").expect(t, http.StatusForbidden, "")
	b.post("/admin/back-to-my-account", "/dashboard", url.Values{}).expect(t, http.StatusFound, b.base+"/dashboard")
	b.get("/dashboard").contains(t, `<meta name="user-id" content="7">`, 1)
}
