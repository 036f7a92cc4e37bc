package panel

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// odd is a panel that no profile knows, with one oddity at a time.
type odd struct {
	login   string                                            // the path of its login page
	form    string                                            // what stands there
	landing string                                            // where a login leads to
	right   func(name, password string) bool                  // nil: oddName and oddPassword
	give    func(w http.ResponseWriter, sid string)           // the cookies of a login; nil: sid
	whose   func(r *http.Request) string                      // the session of a request; nil: sid
	page    func(typed string, r *http.Request) string        // what a guarded page shows
	wrong   func(name, password string) string                // what follows a wrong password
	before  func(w http.ResponseWriter, r *http.Request) bool // true: answered
	leaves  bool                                              // a request that shows no session, but cookies, ends all

	mu       sync.Mutex
	sessions map[string]string // sid → typed name
	made     int
}

const (
	oddName     = "operator"
	oddPassword = `Pa$$ <w&"'é> 0rd`
	oddForm     = `<form method=post action=/in><input name=user><input type=password name=pw></form>`
)

func (o *odd) start(t *testing.T) string {
	t.Helper()
	o.sessions = map[string]string{}
	if o.login == "" {
		o.login = "/login"
	}
	if o.form == "" {
		o.form = oddForm
	}
	if o.landing == "" {
		o.landing = "/home"
	}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	return server.URL
}

func (o *odd) open() (live, made int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.sessions), o.made
}

func (o *odd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if o.before != nil && o.before(w, r) {
		return
	}
	sid := o.sid(r)
	typed, in := o.sessions[sid]
	if o.leaves && !in && len(r.Cookies()) > 0 {
		clear(o.sessions)
	}
	switch line := r.Method + " " + r.URL.Path; {
	case line == "GET "+o.login:
		fmt.Fprint(w, o.form)
	case line == "POST /in":
		o.enter(w, r)
	case !in:
		http.Redirect(w, r, o.login, http.StatusFound)
	case line == "POST /logout":
		delete(o.sessions, sid)
		http.Redirect(w, r, o.login, http.StatusFound)
	case line == "GET /home" || line == "GET /account":
		shown := ""
		if o.page != nil {
			shown = o.page(typed, r)
		}
		fmt.Fprint(w, shown, `<a href="/account">account</a><form method=post action=/logout><button>x</button></form>`)
	default:
		http.NotFound(w, r)
	}
}

func (o *odd) sid(r *http.Request) string {
	if o.whose != nil {
		return o.whose(r)
	}
	return cookieValue(r, "sid")
}

func cookieValue(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (o *odd) enter(w http.ResponseWriter, r *http.Request) {
	name, password := r.PostFormValue("user"), r.PostFormValue("pw")
	right := name == oddName && password == oddPassword
	if o.right != nil {
		right = o.right(name, password)
	}
	if !right {
		said := "No."
		if o.wrong != nil {
			said = o.wrong(name, password)
		}
		fmt.Fprint(w, `<p class=error>`, said, `</p>`, o.form)
		return
	}
	o.made++
	sid := fmt.Sprint("s", o.made)
	o.sessions[sid] = name
	if o.give != nil {
		o.give(w, sid)
	} else {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: sid, Path: "/", HttpOnly: true})
	}
	http.Redirect(w, r, o.landing, http.StatusFound)
}

// looked surveys an odd panel and tells everything that somebody may come to see of it.
func looked(t *testing.T, ctx context.Context, address, password string) (found *Proposal, told string, err error) {
	t.Helper()
	generic, err := Load("generic")
	if err != nil {
		t.Fatal(err)
	}
	inner, _ := url.Parse(address)
	public, _ := url.Parse("https://panel.example.net")
	var lines []string
	ask := Ask{Client: Client{UserAgent: "Mozilla/5.0 check", Language: "en"}, Username: oddName, Password: password, Wrong: true}
	found, err = Survey(ctx, Options{URL: inner, Public: public, Profile: generic, Timeout: 30 * time.Second, Now: time.Now}, ask, func(line string) { lines = append(lines, line) })
	if found != nil {
		lines = append(append(lines, found.Missing...), found.YAML())
	}
	if err != nil {
		lines = append(lines, err.Error())
	}
	return found, strings.Join(lines, "\n"), err
}
