package panel

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLogin_RightPassword(t *testing.T) {
	f := newFake(t, nil)
	var observed []Verdict
	p := f.panel(t, fakeProfile+identityOfPage)
	p.opt.Observe = func(v Verdict, _ time.Duration) { observed = append(observed, v) }
	out := p.Login(t.Context(), rightAttempt())
	if out.Who != (Identity{ID: "17", Name: "admin@demo.isp", Role: "operator"}) || out.Landing != "/dashboard?first=1" {
		t.Errorf("who %+v, landing %q", out.Who, out.Landing)
	}
	if !slices.Equal(observed, []Verdict{OK}) {
		t.Errorf("observed %v", observed)
	}
	if life, _, err := p.Probe(t.Context(), Client{}, out.Jar); life != Alive {
		t.Errorf("the jar's session: %v %v", life, err)
	}
	want := []string{"GET /login", "POST /login", "GET /dashboard", "GET /dashboard", "GET /dashboard"}
	if got := f.lines(); !slices.Equal(got, want) {
		t.Errorf("requests %v, want %v", got, want)
	}
}

// TestReplay_SeesTheBrowser: the panel is told the same as at later requests (T8), and the form is sent as a browser would.
func TestReplay_SeesTheBrowser(t *testing.T) {
	f := newFake(t, nil)
	f.panel(t, fakeProfile).Login(t.Context(), rightAttempt())
	for i, r := range f.requests() {
		h := r.header
		if r.host != "panel.example.net" || h.Get("User-Agent") != "Browser/1" || h.Get("Accept-Language") != "bn" || h.Get("X-Forwarded-For") != "192.0.2.9" || h.Get("X-Forwarded-Proto") != "https" {
			t.Errorf("%s: host %s %v", r.line, r.host, h)
		}
		if got := h.Get("Referer"); got != "https://panel.example.net/login" {
			t.Errorf("%s: Referer %q", r.line, got)
		}
		if (i == 0) != (h.Get("Cookie") == "") && i < 3 {
			t.Errorf("%s: Cookie %q", r.line, h.Get("Cookie"))
		}
	}
	post := f.requests()[1]
	if !regexp.MustCompile(`^_token=token\d+&email=admin%40demo.isp&password=s3cret\+pass$`).MatchString(reorder(post.form)) {
		t.Errorf("posted %s", post.form)
	}
	if got := post.header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
		t.Errorf("Content-Type %s", got)
	}
}

// reorder: url.Values encodes by name.
func reorder(form string) string {
	parts := strings.Split(form, "&")
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

func TestLogin_PanelsLimiter(t *testing.T) {
	f := newFake(t, nil)
	p := f.panel(t, fakeProfile)
	in := rightAttempt()
	in.Password = "no"
	for range 5 {
		if out := p.Login(t.Context(), in); out.Verdict != BadCredentials {
			t.Fatalf("%+v", out)
		}
	}
	if out := p.Login(t.Context(), rightAttempt()); out.Verdict != Throttled || out.Wait != 37*time.Second {
		t.Errorf("%s %s %s", out.Verdict, out.Wait, out.Reason)
	}
}

// TestS16_NamesAreNotTried: a name that cannot be anybody's key never reaches the panel, whatever its collation makes of it.
func TestS16_NamesAreNotTried(t *testing.T) {
	f := newFake(t, nil)
	p := f.panel(t, fakeProfile)
	for _, name := range []string{"ádmin@demo.isp", "admin", "ad min@demo.isp", "admin@demo.isp\x00", "", "'--", "admin@demo.isp, b@demo.isp"} {
		in := rightAttempt()
		in.Username = name
		if out := p.Login(t.Context(), in); out.Verdict != BadCredentials {
			t.Errorf("%q: %s", name, out.Verdict)
		}
	}
	if got := f.lines(); len(got) != 0 {
		t.Errorf("the panel was asked: %v", got)
	}
}

// TestS16_ControlCharactersAreNotTried: not even where the panel itself says who somebody is.
func TestS16_ControlCharactersAreNotTried(t *testing.T) {
	f := newFake(t, nil)
	p := f.panel(t, fakeProfile+identityOfPage)
	for _, name := range []string{"admin@demo.isp\x00", "\x00admin@demo.isp", "admin@demo.isp\x00x", "ad\nmin@demo.isp", "admin\x1b@demo.isp", "admin\x7f@demo.isp", "admin\u0085@demo.isp", "admin\xff@demo.isp"} {
		in := rightAttempt()
		in.Username = name
		if out := p.Login(t.Context(), in); out.Verdict != BadCredentials {
			t.Errorf("%q: %s", name, out.Verdict)
		}
	}
	if got := f.lines(); len(got) != 0 {
		t.Errorf("the panel was asked: %v", got)
	}
}

// TestS16_IdentityIsThePanelsWord: with an identity, the typed spelling never becomes the name.
func TestS16_IdentityIsThePanelsWord(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == "POST" && r.URL.Path == "/login" { // a panel whose database thinks all spellings equal
			r.PostForm.Set("email", fakeUser)
		}
		return false
	})
	p := f.panel(t, fakeProfile+identityOfPage)
	for _, typed := range []string{"ADMIN@demo.isp", "admin ", "ádmin", "the-alias"} {
		in := rightAttempt()
		in.Username = typed
		if out := p.Login(t.Context(), in); out.Verdict != OK || out.Who.Name != fakeUser || out.Who.ID != "17" {
			t.Errorf("%q: %s %+v %s", typed, out.Verdict, out.Who, out.Reason)
		}
	}
}

func TestLogin_Landing(t *testing.T) {
	for location, want := range map[string]string{
		"/home?x=1":                   "/home?x=1",
		"https://panel.example.net/a": "/a",
		"https://evil.example/a":      "",
		"//evil.example/a":            "",
		"/login?next=/":               "",
		"/LOGIN/":                     "",
		"/logout":                     "/logout", // the rule is POST /logout
		"/two-factor-challenge":       "",
		"/a\\b":                       "",
		"/a/../b":                     "/a/../b", // web.ReturnTo refuses it when it is sent
		"":                            "",
	} {
		f := newFake(t, func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == "POST" {
				return plays("POST /login", 302, "", "Location", location, "Set-Cookie", "in=1")(w, r)
			}
			return strings.Contains(r.Header.Get("Cookie"), "in=1") && plays("GET /dashboard", 200, "hello")(w, r)
		})
		p := f.panel(t, fakeProfile+"outcome: {challenge: []}")
		if out := p.Login(t.Context(), rightAttempt()); out.Verdict != OK || out.Landing != want {
			t.Errorf("%q: %s, landing %q, want %q (%s)", location, out.Verdict, out.Landing, want, out.Reason)
		}
	}
}

func TestLogin_ChallengeLandsOnTheChallenge(t *testing.T) {
	f := newFake(t, plays("POST /login", 302, "", "Location", "/two-factor-challenge"))
	out := f.panel(t, fakeProfile).Login(t.Context(), rightAttempt())
	if out.Verdict != Challenge || out.Landing != "/two-factor-challenge" || out.Jar.Len() == 0 {
		t.Errorf("%+v", out)
	}
}

func TestLogin_JSON(t *testing.T) {
	body := ""
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.Method == "POST" && r.URL.Path == "/api/session":
			b := make([]byte, 200)
			n, _ := r.Body.Read(b)
			body = string(b[:n])
			return plays("POST *", 200, "{}", "Set-Cookie", "in=1; Path=/")(w, r)
		case r.URL.Path == "/login":
			return plays("GET /login", 200, `<meta name="csrf" content="t0k">`)(w, r)
		}
		return strings.Contains(r.Header.Get("Cookie"), "in=1") && plays("GET /dashboard", 200, "hello")(w, r)
	})
	p := f.panel(t, fakeProfile+`login: {as: json, user: name, password: secret, action: /api/session, take: {csrf: 'content="([^"]+)"'}}`)
	if out := p.Login(t.Context(), rightAttempt()); out.Verdict != OK || body != `{"csrf":"t0k","name":"admin@demo.isp","secret":"s3cret pass"}` {
		t.Errorf("%s %s posted %s", out.Verdict, out.Reason, body)
	}
}

// TestLogin_TextBehindTheRedirect: the message stands on the page that the panel points to, query included, and reading
// it changes nothing in the jar.
func TestLogin_TextBehindTheRedirect(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) bool {
		return plays("POST /login", 302, "", "Location", "/login?e=1")(w, r) || plays("GET /login?e=1", 200, "Too many attempts, wait 9 seconds", "Set-Cookie", "isp_session=fresh")(w, r)
	})
	if out := f.panel(t, fakeProfile).Login(t.Context(), rightAttempt()); out.Verdict != Throttled || out.Wait != 9*time.Second {
		t.Errorf("%s %s %s", out.Verdict, out.Reason, out.Wait)
	}
	f = newFake(t, func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == "POST" && plays("POST /login", 302, "", "Location", "/login", "Set-Cookie", "in=1")(w, r) ||
			strings.Contains(r.Header.Get("Cookie"), "in=1") && plays("GET /login", 200, "hello stranger", "Set-Cookie", "in=0")(w, r) ||
			strings.Contains(r.Header.Get("Cookie"), "in=1") && plays("GET /dashboard", 200, "hello")(w, r)
	})
	if out := f.panel(t, fakeProfile).Login(t.Context(), rightAttempt()); out.Verdict != OK {
		t.Errorf("%s %s", out.Verdict, out.Reason)
	}
}

// TestLogin_RepeatBeginsAnew: the repeat after a stale form shares no cookie with the first try.
func TestLogin_RepeatBeginsAnew(t *testing.T) {
	f := newFake(t, atFirst(1, plays("POST /login", 419, "")))
	if out := f.panel(t, fakeProfile).Login(t.Context(), rightAttempt()); out.Verdict != OK {
		t.Fatal(out.Reason)
	}
	if again := f.requests()[2]; again.line != "GET /login" || again.header.Get("Cookie") != "" {
		t.Errorf("%s with Cookie %q", again.line, again.header.Get("Cookie"))
	}
}

// TestLogin_RoleOnly: a role may be read where the identity is not; the name stays the typed one.
func TestLogin_RoleOnly(t *testing.T) {
	f := newFake(t, nil)
	out := f.panel(t, fakeProfile+"identity: {role: {css: .role}}").Login(t.Context(), rightAttempt())
	if out.Who != (Identity{Name: fakeUser, Role: "operator"}) {
		t.Errorf("%+v", out.Who)
	}
}

// TestS28_WrongAndUnknownAreAskedAlike: the panel gets the same requests for both, so that only it could tell them apart.
func TestS28_WrongAndUnknownAreAskedAlike(t *testing.T) {
	var asked [][]string
	var said []Outcome
	for _, name := range []string{fakeUser, "nobody@demo.isp"} {
		f := newFake(t, nil)
		in := rightAttempt()
		in.Username, in.Password = name, "wrong"
		said = append(said, f.panel(t, fakeProfile).Login(t.Context(), in))
		asked = append(asked, f.lines())
	}
	if !slices.Equal(asked[0], asked[1]) || said[0] != said[1] || said[0].Verdict != BadCredentials {
		t.Errorf("%v %+v\n%v %+v", asked[0], said[0], asked[1], said[1])
	}
}
