package panel

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// fake plays Laravel at its login: a token, cookies issued anew with every answer, 302 to the Referer after a wrong
// password with the message on the next page, a limiter, 419, 302 /login for strangers. before may play anything else.
type fake struct {
	*httptest.Server
	mu        sync.Mutex
	sessions  map[string]*fakeSession
	next      int
	wrong     int
	seen      []seenRequest
	before    func(w http.ResponseWriter, r *http.Request) bool // true: answered
	dashboard string
}

type fakeSession struct{ user, flash, token string }

type seenRequest struct {
	line   string
	header http.Header
	host   string
	form   string
}

const fakeUser, fakePassword = "admin@demo.isp", "s3cret pass"

const logoutForm = `<form method="POST" action="/logout"><input type="hidden" name="_token" value="%s"><button>Log out</button></form>`

func newFake(t testing.TB, before func(w http.ResponseWriter, r *http.Request) bool) *fake {
	t.Helper()
	f := &fake{sessions: map[string]*fakeSession{}, before: before, dashboard: `<b id="me" data-id="17">Admin@demo.isp</b><i class="role">operator</i>`}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = r.ParseForm()
	f.seen = append(f.seen, seenRequest{r.Method + " " + r.RequestURI, r.Header.Clone(), r.Host, r.PostForm.Encode()})
	if f.before != nil && f.before(w, r) {
		return
	}
	s := f.session(w, r)
	switch r.Method + " " + r.URL.Path {
	case "GET /login":
		f.loginPage(w, r, s)
	case "POST /login":
		f.login(w, r, s)
	case "GET /dashboard":
		f.guarded(w, r, s, f.dashboard+fmt.Sprintf(logoutForm, s.token))
	case "GET /me":
		f.guarded(w, r, s, "")
	case "POST /logout":
		if r.PostForm.Get("_token") != s.token {
			w.WriteHeader(419)
			return
		}
		s.user = ""
		http.Redirect(w, r, "/", http.StatusFound)
	default:
		http.NotFound(w, r)
	}
}

// session opens the request's session or begins one; the cookies are new in every answer.
func (f *fake) session(w http.ResponseWriter, r *http.Request) *fakeSession {
	id := ""
	if c, err := r.Cookie("isp_session"); err == nil {
		id, _, _ = strings.Cut(c.Value, ".")
	}
	s := f.sessions[id]
	if s == nil {
		f.next++
		id = fmt.Sprint("s", f.next)
		s = &fakeSession{token: fmt.Sprint("token", f.next)}
		f.sessions[id] = s
	}
	f.issue(w, id)
	return s
}

func (f *fake) issue(w http.ResponseWriter, id string) {
	f.next++
	http.SetCookie(w, &http.Cookie{Name: "XSRF-TOKEN", Value: fmt.Sprint("x", f.next), Path: "/", Secure: true})
	http.SetCookie(w, &http.Cookie{Name: "isp_session", Value: fmt.Sprint(id, ".", f.next), Path: "/", HttpOnly: true, Secure: true})
}

func (f *fake) loginPage(w http.ResponseWriter, r *http.Request, s *fakeSession) {
	if s.user != "" {
		http.Redirect(w, r, "/dashboard", http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	fmt.Fprintf(w, `<title>Log in</title><p>%s</p><form method="POST" action="http://%s/login"><input type="hidden" name="_token" value="%s">`+
		`<input type="email" name="email"><input type="password" name="password"><input type="checkbox" name="remember"><button>Log in</button></form>`,
		html.EscapeString(s.flash), r.Host, s.token)
	s.flash = ""
}

func (f *fake) login(w http.ResponseWriter, r *http.Request, s *fakeSession) {
	switch {
	case r.PostForm.Get("_token") != s.token:
		w.WriteHeader(419)
		return
	case f.wrong >= 5:
		s.flash = "Too many login attempts. Please try again in 37 seconds."
	case r.PostForm.Get("email") == fakeUser && r.PostForm.Get("password") == fakePassword:
		f.next++
		id := fmt.Sprint("s", f.next)
		f.sessions[id] = &fakeSession{user: fakeUser, token: fmt.Sprint("token", f.next)}
		f.issue(w, id)
		http.SetCookie(w, &http.Cookie{Name: "remember_web_x", Value: "1", Path: "/"})
		w.Header().Set("Location", "http://"+r.Host+"/dashboard?first=1")
		w.WriteHeader(http.StatusFound)
		return
	default:
		f.wrong++
		s.flash = "These credentials do not match our records."
	}
	w.Header().Set("Location", r.Referer())
	w.WriteHeader(http.StatusFound)
}

func (f *fake) guarded(w http.ResponseWriter, r *http.Request, s *fakeSession, page string) {
	if s.user == "" {
		w.Header().Set("Location", "http://"+r.Host+"/login")
		w.WriteHeader(http.StatusFound)
		return
	}
	if page == "" {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"user":{"id":17,"emails":["Admin@demo.isp"]},"role":"operator"}`)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	fmt.Fprint(w, page)
}

// lines are the requests so far; forget empties them.
func (f *fake) lines() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, s := range f.seen {
		out = append(out, s.line)
	}
	return out
}

func (f *fake) requests() []seenRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]seenRequest(nil), f.seen...)
}

func (f *fake) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = nil
}

// plays answers one request line (or every line that begins so, ending in *) with a status, headers and html.
func plays(line string, status int, body string, header ...string) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !glob(line, r.Method+" "+r.RequestURI) {
			return false
		}
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		for i := 0; i+1 < len(header); i += 2 {
			if header[i] == "Content-Type" {
				w.Header().Del("Content-Type")
			}
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
		return true
	}
}

// atFirst plays only the first n times.
func atFirst(n int, play func(w http.ResponseWriter, r *http.Request) bool) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if n == 0 || !play(w, r) {
			return false
		}
		n--
		return true
	}
}
