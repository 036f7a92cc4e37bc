package fake

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Panel is a running panel.
type Panel struct {
	URL string // http://127.0.0.1:port

	mu       sync.Mutex
	b        Behaviour
	sessions map[string]*session
	count    int
	throttle bool
	seen     []Seen
	t        testing.TB
}

// Seen is a request as the panel got it.
type Seen struct {
	Method, Target, Host string
	Header               http.Header
	Form                 url.Values
	User                 string // who the panel took it for
}

type session struct {
	user, token, says string
	pending           string // has shown a right password, and owes a code
	names             [2]string
	bound             string
	fresh, forced     bool
}

// Start starts a panel on loopback; it ends with the test.
func Start(t testing.TB, b Behaviour) *Panel {
	t.Helper()
	p := &Panel{t: t, b: b, sessions: map[string]*session{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Be changes how the panel behaves from now on.
func (p *Panel) Be(change func(*Behaviour)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.b)
}

// Throttle makes the panel's own limiter answer every login.
func (p *Panel) Throttle(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.throttle = on
}

// KillSessions ends every session, anonymous ones included.
func (p *Panel) KillSessions() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.sessions)
}

// SignedIn counts the sessions that are somebody's.
func (p *Panel) SignedIn() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, s := range p.sessions {
		if s.user != "" {
			n++
		}
	}
	return n
}

// Seen are the requests since the last call.
func (p *Panel) Seen() []Seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	p.seen = nil
	return seen
}

// visit is one request.
type visit struct {
	*Panel
	w    http.ResponseWriter
	r    *http.Request
	form url.Values
	id   string
	s    *session
	over bool // the session's cookie is not to be sent
}

// ServeHTTP implements http.Handler.
func (p *Panel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := &visit{Panel: p, w: w, r: r, form: formOf(r)}
	v.open()
	p.seen = append(p.seen, Seen{r.Method, r.RequestURI, r.Host, r.Header.Clone(), v.form, v.user()})
	if own, err := url.Parse(p.b.Origin); p.b.Hosted && (err != nil || r.Host != own.Host) {
		http.Error(w, "no such site", http.StatusMisdirectedRequest)
		return
	}
	v.route()
}

func formOf(r *http.Request) url.Values {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return url.Values{}
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		form, fields := url.Values{}, map[string]string{}
		if json.Unmarshal(body, &fields) == nil {
			for name, value := range fields {
				form.Set(name, value)
			}
		}
		return form
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return url.Values{}
	}
	return form
}

// at reports whether the request is for a path of the panel, with at least these parameters.
func (v *visit) at(target string) bool {
	if target == "" {
		return false
	}
	want, err := url.Parse(target)
	if err != nil || v.r.URL.Path != v.b.Base+want.Path {
		return false
	}
	got := v.r.URL.Query()
	for name, values := range want.Query() {
		if got.Get(name) != values[0] {
			return false
		}
	}
	return true
}

func (v *visit) takes(method string) bool {
	return v.r.Method == method || method == http.MethodGet && v.r.Method == http.MethodHead
}

func (v *visit) script() bool {
	return v.r.Header.Get("Sec-Fetch-Mode") == "cors" || v.r.Header.Get("X-Requested-With") != ""
}

func (v *visit) secure() bool { return v.b.Proto && v.r.Header.Get("X-Forwarded-Proto") == "https" }

func (v *visit) origin() string {
	switch {
	case v.b.Origin != "":
		return v.b.Origin
	case v.secure():
		return "https://" + v.r.Host
	}
	return "http://" + v.r.Host
}

// filled puts the request's words into a text.
func (v *visit) filled(text string) string {
	return strings.NewReplacer("{base}", v.b.Base, "{origin}", v.origin(), "{path}", v.r.URL.Path, "{referer}", v.r.Referer(), "{session}", v.id).Replace(text)
}

// reply answers as a Reply says.
func (v *visit) reply(r Reply) {
	switch {
	case r.Form:
		v.loginPage(r.Status, r.Says)
	case r.To != "":
		v.s.says = r.Says
		v.send(r.Status, v.filled(r.To), "", "")
	default:
		v.send(r.Status, "", r.Type, v.filled(r.Says))
	}
}

// send is the one way out: cookies first.
func (v *visit) send(status int, location, kind, body string) {
	v.issue()
	h := v.w.Header()
	if location != "" {
		h.Set("Location", location)
	}
	if kind == "" {
		kind = "text/html; charset=utf-8"
	}
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store")
	if status == 0 {
		status = http.StatusOK
	}
	out := io.Writer(v.w)
	if v.b.Packed && strings.Contains(v.r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(v.w)
		defer z.Close()
		out = z
	}
	v.w.WriteHeader(status)
	fmt.Fprint(out, body)
}

// sleep lets others go on meanwhile.
func (v *visit) sleep(d time.Duration) {
	if d > 0 {
		v.mu.Unlock()
		time.Sleep(d)
		v.mu.Lock()
	}
}
