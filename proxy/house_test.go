package proxy

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// desk stands for the session store: whoever asks has its session.
type desk struct {
	mu      sync.Mutex
	session session.Session
	err     error
	loads   int
	touched int
	acted   bool
	ended   int
	last    session.Session // that was ended
	noted   []session.Note
	keeps   bool // notes are the session's from then on

	unwritable bool // notes are not
	alive      bool
}

func (d *desk) Recent(context.Context, *http.Request) (session.Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.loads++
	return d.session, d.err
}

func (d *desk) Load(ctx context.Context, r *http.Request) (session.Session, error) {
	return d.Recent(ctx, r)
}

func (d *desk) Alive(context.Context, session.Session) (bool, error) { return d.alive, d.err }

func (d *desk) Touch(_ context.Context, _ session.Session, acted bool) error {
	d.touched++
	d.acted = acted
	return d.err
}

func (d *desk) SetNote(_ context.Context, _ session.Session, n session.Note) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unwritable {
		return session.ErrStore
	}
	d.noted = append(d.noted, n)
	if d.keeps {
		d.session.Note = n
	}
	return d.err
}

// End stands for the ending on every node; a nil header has no cookie to clear.
func (d *desk) End(_ context.Context, h http.Header, s session.Session) error {
	d.ended++
	d.last = s
	if h != nil {
		h.Add("Set-Cookie", "__Host-ispgate=; Max-Age=0")
	}
	return d.err
}

// full is a session that may reach the panel and has entered a code.
func full() session.Session {
	return session.Session{ID: "id-1", Account: "7", Person: "id:17", Name: "admin@demo.isp", Role: "admin", Stage: session.Full, Custody: "custody-1", CodeAt: time.Now()}
}

const houseProfile = `
base: laravel
verify: /dashboard
signed_out: [{location: '^/login([/?#]|$)'}, {status: [401, 419]}]
cookies: {session: ['*_session', PHPSESSID], visible: [XSRF-TOKEN], drop: ['remember_web_*']}
routes:
  logout: [POST /logout]
  two_factor: [/settings/2fa]
  impersonate: ['POST /login-as/*']
  background: [/poll]
  deny: [/api/auth/login]
  public: ['/pay/*', 'POST /pay/*', '/hook']
`

// house is a proxy before a real panel, at https://panel.example.net, that believes 10.0.0.0/8.
type house struct {
	*Proxy
	desk    *desk
	log     *bytes.Buffer
	panel   *panel.Panel
	seen    chan *http.Request // what the panel was asked
	counted []Verdict
	removed int
	audited []string
	skipped time.Duration // how far the clock was moved
}

// built makes a house whose panel answers with answer.
func built(t testing.TB, answer http.HandlerFunc) *house {
	t.Helper()
	return builtWith(t, houseProfile, answer)
}

// builtWith is built with another profile.
func builtWith(t testing.TB, text string, answer http.HandlerFunc) *house {
	t.Helper()
	return builtIn(t, panel.Sealed, text, answer)
}

// builtIn is builtWith in one of the modes of custody.
func builtIn(t testing.TB, mode panel.Mode, text string, answer http.HandlerFunc) *house {
	t.Helper()
	seen := make(chan *http.Request, 600)
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case seen <- r.Clone(context.Background()):
		default:
		}
		answer(w, r)
	}))
	t.Cleanup(back.Close)
	h := builtBefore(t, mode, text, back.URL)
	h.seen = seen
	return h
}

// builtBefore makes a house before a panel that runs already.
func builtBefore(t testing.TB, mode panel.Mode, text, back string) *house {
	t.Helper()
	h := &house{desk: &desk{session: full(), alive: true}, log: &bytes.Buffer{}}
	inner, _ := url.Parse(back)
	public, _ := url.Parse("https://panel.example.net")
	profile, err := panel.Parse("house.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.New()
	if err != nil {
		t.Fatal(err)
	}
	if h.panel, err = panel.New(panel.Options{URL: inner, Public: public, Profile: profile, Timeout: 10 * time.Second, Ring: ring, Mode: mode, Now: func() time.Time { return h.now() }}); err != nil {
		t.Fatal(err)
	}
	pages, err := templates.New(templates.Look{Product: "ISPBills", Prefix: web.Prefix})
	if err != nil {
		t.Fatal(err)
	}
	site := &web.Site{Public: public, Hosts: []string{"old.example.net"}, Trusted: web.Trusted{netip.MustParsePrefix("10.0.0.0/8")}, Pages: pages, Log: slog.New(slog.NewJSONHandler(h.log, nil)), Now: h.now}
	gate := &Gate{Profile: profile, Sessions: h.desk, StepPage: func(s session.Stage) string { return "step-" + s.String() }, Count: func(v Verdict) { h.counted = append(h.counted, v) }}
	h.Proxy = New(Options{Site: site, Gate: gate, Panel: h.panel, Headers: Identity{User: "Remote-User", Role: "Remote-Role"},
		Audit: func(_ *http.Request, kind string, _ session.Session, _ string) { h.audited = append(h.audited, kind) }, End: h.desk.End, Removed: func(n int) { h.removed += n }})
	h.spread = 0 // one node
	return h
}

// sealedCookie is a Cookie header of a browser that was handed this panel cookie by the house's own session.
func (h *house) sealedCookie(set ...string) string {
	answer := http.Header{"Set-Cookie": set}
	h.custody.Close(h.custody.Session(h.desk.session.Custody), answer, "/", nil)
	var out []string
	for _, line := range answer.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(line, ";")
		out = append(out, pair)
	}
	return strings.Join(out, "; ")
}

func (h *house) now() time.Time { return time.Now().Add(h.skipped) }

// handler is the chain before a handler of the house.
func (h *house) handler(serve web.Handler) http.Handler { return h.site.Chain(h.site.Serve(serve)) }

func (h *house) proxied() http.Handler { return h.site.Chain(h.Proxy) }

// ask sends a request with a raw target through the chain. header alternates; "Host" and "Peer" are not headers.
func ask(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.RequestURI, r.Host = target, "panel.example.net"
	for i := 0; i+1 < len(header); i += 2 {
		switch header[i] {
		case "Host":
			r.Host = header[i+1]
		case "Peer":
			r.RemoteAddr = header[i+1]
		default:
			r.Header[header[i]] = append(r.Header[header[i]], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// last is the panel's latest request; nil: it was not asked.
func (h *house) last() *http.Request {
	var r *http.Request
	for {
		select {
		case r = <-h.seen:
		default:
			return r
		}
	}
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }
