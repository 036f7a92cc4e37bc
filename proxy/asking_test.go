package proxy

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/session"
)

// shifting is a panel that takes a login anywhere by the field password, and by links and forms of its public pages; who is there
// is *who. It counts how often it was asked, and what it did for 18.
type shifting struct {
	who          string
	asked, acted int
}

func (s *shifting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch path := r.URL.Path; {
	case path == "/dashboard":
		s.asked++
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<meta name="id" content="%s"><b id="name">x@demo.isp</b>`, s.who)
		return
	case strings.Contains(string(body)+r.URL.RawQuery, "password=boss"):
		s.who = "18"
	case path == "/pay/reset" && r.Method == "POST", path == "/pay/link":
		s.who = "18"
		http.SetCookie(w, &http.Cookie{Name: "laravel_session", Value: "another", Path: "/"})
		w.Header().Set("Location", "/page")
		w.WriteHeader(http.StatusFound)
		return
	case strings.HasPrefix(path, "/pay/"):
		http.SetCookie(w, &http.Cookie{Name: "laravel_session", Value: "renewed", Path: "/"}) // as Laravel does with every answer
	case strings.HasPrefix(path, "/login-as/"):
		if who := strings.TrimPrefix(path, "/login-as/"); who != "nobody" {
			s.who = who
		}
		w.Header().Set("Location", "/page")
		w.WriteHeader(http.StatusFound)
		return
	case s.who == "18":
		s.acted++
	}
	if r.URL.Path == "/moved" || r.Method == "POST" {
		w.Header().Set("Location", "/page")
		w.WriteHeader(http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<p>a page with the flash message")
}

// shifted is a house before such a panel, and a browser in it.
func shifted(t *testing.T) (*house, *shifting, func(how, target, body string) *httptest.ResponseRecorder) {
	t.Helper()
	panel := &shifting{who: "17"}
	h := builtWith(t, namingProfile, panel.ServeHTTP)
	h.desk.session.Created, h.desk.keeps = h.now(), true
	cookie := h.sealedCookie("laravel_session=1")
	return h, panel, func(how, target, body string) *httptest.ResponseRecorder {
		t.Helper()
		method, mode, _ := strings.Cut(how, " ")
		return ask(h.proxied(), method, target, body, "Cookie", cookie, "Accept", "text/html", "Sec-Fetch-Mode", mode, "Content-Type", "application/x-www-form-urlencoded")
	}
}

// TestS15_NobodyActsAsAnother: however somebody else was logged in inside the session, whatever comes next finds it out before the
// panel does anything for them.
func TestS15_NobodyActsAsAnother(t *testing.T) {
	for name, login := range map[string][3]string{
		"a page's query":          {"GET navigate", "/page?password=boss", ""},
		"a script's form":         {"POST cors", "/page", "password=boss"},
		"a public query":          {"GET cors", "/pay/1?password=boss", ""},
		"a public form":           {"POST navigate", "/pay/1", "x=1&password=boss"},
		"a public form without":   {"POST cors", "/pay/reset", "token=1"},
		"a public link":           {"GET navigate", "/pay/link", ""},
		"beside log in as":        {"POST navigate", "/login-as/3", "password=boss"},
		"an address of two kinds": {"POST navigate", "/login-as/../pay", "password=boss"},
	} {
		for _, next := range []string{"GET cors", "POST cors", "POST navigate", "HEAD navigate", "GET late"} {
			h, panel, do := shifted(t)
			do(login[0], login[1], login[2])
			target := "/page"
			if next == "GET late" {
				h.skipped += settled
				next, target = "GET navigate", "/moved"
			}
			panel.who = "18"
			if w := do(next, target, "a=b"); w.Code < 300 || w.Code == http.StatusFound || panel.acted > 0 || h.desk.ended != 1 || !slices.Contains(h.audited, "identity_changed") {
				t.Errorf("%s, then %s: %d, %d things done, ended %d, audited %v", name, next, w.Code, panel.acted, h.desk.ended, h.audited)
			}
		}
	}
}

// TestS15_FlashMessagesAreLeft: nothing is asked between a form with a password and the page that tells how it went, nor for
// public pages whose cookie is renewed; what asked before something else passed costs one question.
func TestS15_FlashMessagesAreLeft(t *testing.T) {
	h, panel, do := shifted(t)
	want := func(what string, asked int, w *httptest.ResponseRecorder) {
		t.Helper()
		if panel.asked != asked || w.Code >= 400 {
			t.Errorf("%s: %d, the panel was asked %d times, want %d", what, w.Code, panel.asked, asked)
		}
	}
	want("the form", 0, do("POST navigate", "/page", "password=new"))
	want("on the way", 0, do("GET navigate", "/moved", ""))
	want("a public page", 0, do("GET navigate", "/pay/1", ""))
	want("the message", 1, do("GET navigate", "/page", ""))
	want("known", 1, do("GET cors", "/page", ""))
	want("a script's form", 1, do("POST cors", "/page", "password=new"))
	want("a script", 2, do("GET cors", "/page", ""))
	want("a script, known", 2, do("POST cors", "/page", "a=b"))
	for range 3 {
		want("public pages", 2, do("GET cors", "/pay/1", ""))
	}
	want("a page after them", 2, do("GET navigate", "/page", ""))
	h.skipped += identityEvery + time.Second
	want("a script after ten minutes", 2, do("GET cors", "/page", ""))
	h.skipped += identityEvery
	want("a script after twenty", 3, do("GET cors", "/page", ""))
	h.skipped += identityLate
	want("a form after twenty", 4, do("POST navigate", "/page", "a=b"))
	want("its page", 4, do("GET navigate", "/page", ""))
	if h.desk.ended != 0 {
		t.Errorf("ended %d times", h.desk.ended)
	}
}

// TestS14_LogInAsAdmitsOne: whom it led to, no more; where it led nowhere, nobody.
func TestS14_LogInAsAdmitsOne(t *testing.T) {
	h, panel, do := shifted(t)
	pass := func(what string, w *httptest.ResponseRecorder) {
		t.Helper()
		if w.Code >= 400 || h.desk.ended != 0 {
			t.Fatalf("%s: %d, ended %d", what, w.Code, h.desk.ended)
		}
	}
	pass("as 19", do("POST navigate", "/login-as/19", ""))
	pass("its page", do("GET navigate", "/page", ""))
	if as := h.desk.session.Note; as.As != "id:19" || as.IdentityDue != "" || !slices.Contains(h.audited, "impersonating") {
		t.Errorf("noted %+v, audited %v", as, h.audited)
	}
	pass("a password of one's own", do("POST navigate", "/page", "password=new"))
	pass("still 19", do("POST cors", "/page", "a=b"))
	pass("back", do("POST navigate", "/login-as/17", ""))
	pass("its script", do("GET cors", "/page", ""))
	if as := h.desk.session.Note; as != (session.Note{}) {
		t.Errorf("noted %+v", as)
	}
	pass("nowhere", do("POST navigate", "/login-as/nobody", ""))
	pass("its page", do("GET navigate", "/page", ""))
	if as := h.desk.session.Note; as != (session.Note{}) {
		t.Errorf("noted %+v", as)
	}
	panel.who = "19"
	do("POST navigate", "/page", "password=boss")
	if w := do("GET cors", "/page", ""); w.Code != http.StatusUnauthorized || h.desk.ended != 1 {
		t.Errorf("19 once more, by a login: %d, ended %d", w.Code, h.desk.ended)
	}
}

// TestS14_LogInAsExplainsNoLogin: who was there already is found out before it, and an address that may be something else lets nobody in.
func TestS14_LogInAsExplainsNoLogin(t *testing.T) {
	h, panel, do := shifted(t)
	panel.who = "18" // without a sign that we know of
	if w := do("POST navigate", "/login-as/18", ""); w.Code < 400 || h.desk.ended != 1 {
		t.Errorf("%d, ended %d", w.Code, h.desk.ended)
	}
	for _, target := range []string{"/login-as/../login-as/18", "/login-as//18", "/login-as/%31%38"} {
		h, _, do := shifted(t)
		do("POST navigate", target, "")
		if h.desk.session.Note.IdentityDue != "" {
			t.Errorf("%s is taken for it: %+v", target, h.desk.session.Note)
		}
	}
}

// TestS15_WhoIsNotNamedWaits: after a login inside a panel that does not say whose session it is gets nothing to do.
func TestS15_WhoIsNotNamedWaits(t *testing.T) {
	status := http.StatusOK
	h := builtWith(t, namingProfile, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/dashboard" {
			w.WriteHeader(status)
		}
	})
	h.desk.session.Note.IdentityDue = session.LoginMark(h.now())
	for s, want := range map[int]int{http.StatusOK: http.StatusUnauthorized, http.StatusBadGateway: http.StatusBadGateway} {
		status = s
		for range 2 {
			if w := ask(h.proxied(), "POST", "/page", "", "Cookie", h.sealedCookie("laravel_session=1"), "Sec-Fetch-Mode", "cors"); w.Code != want {
				t.Errorf("verify answers %d, a script is answered %d, want %d", s, w.Code, want)
			}
		}
		h.skipped += identityAgain
	}
}

// TestAskedBefore_CookiesGoOn: a panel may renew an id with every answer: the request that waited goes with the new one, and the
// browser keeps the last.
func TestAskedBefore_CookiesGoOn(t *testing.T) {
	var with []string
	h := builtWith(t, namingProfile, func(w http.ResponseWriter, r *http.Request) {
		with = append(with, r.URL.Path+" "+r.Header.Get("Cookie"))
		w.Header().Set("Set-Cookie", fmt.Sprintf("laravel_session=%d; Path=/", len(with)+1))
		if r.URL.Path == "/dashboard" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<meta name="id" content="17"><b id="name">x@demo.isp</b>`)
		}
	})
	h.desk.session.Note.IdentityDue = session.LoginMark(h.now())
	w := ask(h.proxied(), "POST", "/page", "", "Cookie", h.sealedCookie("laravel_session=1"), "Sec-Fetch-Mode", "cors")
	if got := strings.Join(with, ", "); got != "/dashboard laravel_session=1, /page laravel_session=2" {
		t.Errorf("asked: %s", got)
	}
	set := w.Header().Values("Set-Cookie")
	newest, _, _ := strings.Cut(set[len(set)-1], ";")
	if got := h.custody.Open(h.custody.Session("custody-1"), []string{newest}).Header(); got != "laravel_session=3" {
		t.Errorf("the browser is left with %q of %q", got, set)
	}
}

// TestS15_TwoPanelSessions: who keeps a panel session of the own beside the one that somebody else was logged in to shows the first
// when the panel is asked, and would act in the second.
func TestS15_TwoPanelSessions(t *testing.T) {
	for name, login := range map[string][2]string{"a page": {"/page", "password=boss"}, "a public page": {"/pay/1", "password=boss"}, "a public form without": {"/pay/reset", "a=b"}} {
		acted := 0
		h := builtWith(t, namingProfile, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			who := "17"
			if c, err := r.Cookie("laravel_session"); err != nil || c.Value != "own" {
				who = "18"
			}
			switch {
			case r.URL.Path == "/dashboard":
				fmt.Fprintf(w, `<meta name="id" content="%s"><b id="name">x@demo.isp</b>`, who)
			case r.URL.Path == login[0] && r.Method == "POST" && r.Header.Get("Cookie") == "":
				http.SetCookie(w, &http.Cookie{Name: "laravel_session", Value: "another", Path: "/"})
			case who == "18":
				acted++
			}
		})
		h.desk.session.Created, h.desk.keeps = h.now(), true
		own := h.sealedCookie("laravel_session=own")
		do := func(method, target, body, mode, cookie string) *httptest.ResponseRecorder {
			return ask(h.proxied(), method, target, body, "Cookie", cookie, "Accept", "text/html", "Sec-Fetch-Mode", mode, "Content-Type", "application/x-www-form-urlencoded")
		}
		set := do("POST", login[0], login[1], "cors", "").Header()["Set-Cookie"]
		if len(set) == 0 {
			t.Fatalf("%s: there is no second panel session", name)
		}
		second, _, _ := strings.Cut(set[len(set)-1], ";")
		do("GET", "/page", "", "navigate", own)
		if h.desk.ended != 1 {
			t.Errorf("%s: ended %d", name, h.desk.ended)
		}
		h.desk.ended = 0
		if w := do("POST", "/page", "", "cors", second); h.desk.session.Note.IdentityDue == "" || w.Code < 400 || acted > 0 {
			t.Errorf("%s: %d, noted %+v, %d things done", name, w.Code, h.desk.session.Note, acted)
		}
	}
}
