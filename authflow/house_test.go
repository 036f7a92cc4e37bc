package authflow

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/demo"
	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/throttle"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
	"github.com/ispgate/ispgate/test/harness"
)

const houseProfile = `
base: laravel
login: {page: /login, user: email, password: password}
verify: /admin/change-password
identity: {page: "", kind: id, id: {css: 'meta[name="user-id"]', attr: content}, name: {css: 'meta[name="user-email"]', attr: content}, role: {css: 'meta[name="user-role"]', attr: content}}
home: /dashboard
cookies: {session: [ispbills_session], visible: [XSRF-TOKEN], drop: ['remember_web_*']}
routes: {logout: [POST /logout]}
`

const (
	operator = "operator@demo.isp"
	password = "demo-password"
)

// house is the pages of ours before the demo panel, with a real Redis, a database in memory and a clock that tests move.
type house struct {
	*Flow
	t       testing.TB
	url     string
	panel   *demo.Panel
	redis   *redis.Client
	before  atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool] // answers in the panel's place where it returns true
	renewal atomic.Pointer[func() error]                                      // runs once, before a session's token is rotated
	log     *record
	counted *tally
	skipped atomic.Int64 // how far the clock was moved
}

// clock is what the gateway takes for now.
func (h *house) clock() time.Time { return time.Now().Add(time.Duration(h.skipped.Load())) }

func (h *house) wait(d time.Duration) { h.skipped.Add(int64(d)) }

// record is a log that a test can read while a server writes it.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *record) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *record) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// tally counts what the flow counts.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *tally) add(words ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[strings.Join(words, " ")]++
}

func (c *tally) of(words ...string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[strings.Join(words, " ")]
}

// open opens a house; tries is what the panel's own limiter allows.
func open(t testing.TB, policy Policy, tries int) *house {
	t.Helper()
	h := &house{t: t, panel: demo.New(demo.Options{}), log: &record{}, counted: &tally{n: map[string]int{}}}
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if do := h.before.Load(); do == nil || !(*do)(w, r) {
			h.panel.ServeHTTP(w, r)
		}
	}))
	front := httptest.NewUnstartedServer(nil)
	h.url = "http://" + front.Listener.Addr().String()
	inner, _ := url.Parse(back.URL)
	public, _ := url.Parse(h.url)
	h.Flow = New(h.options(inner, public, policy, tries))
	front.Config.Handler = h.routes()
	front.Start()
	t.Cleanup(func() { front.Close(); h.panel.Close(); back.Close() })
	return h
}

func (h *house) options(inner, public *url.URL, policy Policy, tries int) Options {
	h.t.Helper()
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ring, err := keyring.New()
	h.must(err)
	profile, err := panel.Parse("house.yaml", []byte(houseProfile))
	h.must(err)
	pan, err := panel.New(panel.Options{URL: inner, Public: public, Profile: profile, Timeout: 10 * time.Second, Ring: ring, Log: log, Now: time.Now})
	h.must(err)
	accounts, err := account.Open(h.t.Context(), account.Options{URL: "sqlite::memory:", Ring: ring, Panel: "default", Fingerprint: "house", Skew: 1, Log: log, Now: h.clock})
	h.must(err)
	h.t.Cleanup(func() { _ = accounts.Close() })
	pages, err := templates.New(templates.Look{Product: "ISPBills", Issuer: "ISPBills", Prefix: web.Prefix})
	h.must(err)
	client := redis.NewClient(&redis.Options{Addr: harness.Redis(h.t).Addr, ContextTimeoutEnabled: true})
	h.t.Cleanup(func() { _ = client.Close() })
	h.redis = client
	sessions := session.New(session.Options{Redis: client, Ring: ring, Installation: accounts.Installation(), Idle: 30 * time.Minute, Absolute: 12 * time.Hour,
		Generation: func(ctx context.Context, id string) (int64, error) {
			if do := h.renewal.Swap(nil); do != nil {
				if err := (*do)(); err != nil {
					return 0, err
				}
			}
			return accounts.Generation(ctx, id)
		},
		Revoked: func(ctx context.Context, after int64) (all []session.Revocation, last int64, err error) {
			rows, last, err := accounts.Revoked(ctx, after)
			for _, row := range rows {
				all = append(all, session.Revocation(row))
			}
			return all, last, err
		}, Log: log, Now: h.clock})
	return Options{
		Site: &web.Site{Public: public, Pages: pages, Log: log, Now: h.clock}, Sessions: sessions, Accounts: accounts, Panel: pan, Profile: profile, Policy: policy, Issuer: "ISPBills",
		Throttle: throttle.New(throttle.Options{Redis: client, Installation: accounts.Installation(), Tries: tries, Window: time.Minute}),
		End:      sessions.End, Log: log, Now: h.clock,
		Count: Count{Login: func(result string) { h.counted.add("login", result) },
			SecondFactor: func(method, result string) { h.counted.add(method, result) },
			Notice:       func(failures int) { h.counted.add("guessing", strconv.Itoa(failures)) },
			StoreError:   func(store string) { h.counted.add("store", store) }},
	}
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) routes() http.Handler {
	f, s := h.Flow, h.Site
	pages := map[string]web.Handler{
		"GET login": f.LoginPage, "POST login": f.Login, "GET verify": f.VerifyPage, "POST verify": f.Verify, "GET recovery": f.RecoveryPage, "POST recovery": f.Recovery,
		"GET two-factor": f.TwoFactorPage, "POST two-factor/enable": f.Enable, "GET two-factor/disable": f.DisablePage, "POST two-factor/disable": f.Disable,
		"POST two-factor/recovery-codes": f.RecoveryCodes, "POST two-factor/browsers": f.ForgetBrowser, "POST two-factor/sessions": f.LogOutOthers, "GET logout": f.LogoutPage, "POST logout": f.Logout, "GET offer": f.OfferPage, "POST offer": f.Offer, "GET session": f.Session,
	}
	return s.Chain(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := pages[r.Method+" "+strings.TrimPrefix(r.URL.Path, web.Prefix)]
		switch {
		case page == nil:
			page = func(http.ResponseWriter, *http.Request) error { return web.NotFound() }
		case r.Method == http.MethodPost:
			page = s.Form(page)
		}
		s.Serve(page).ServeHTTP(w, r)
	}))
}

// instead puts something in the panel's place until it is called with nil.
func (h *house) instead(do func(w http.ResponseWriter, r *http.Request) bool) {
	if do == nil {
		h.before.Store(nil)
		return
	}
	h.before.Store(&do)
}

// dead is a panel that closes every connection.
func dead(w http.ResponseWriter, _ *http.Request) bool {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = c.Close()
	}
	return true
}

// person is somebody at a browser, with a phone whose clock is the house's.
type person struct {
	*harness.Browser
	h      *house
	name   string
	secret string
	codes  []string
	last   int64 // step of the latest code
}

func (h *house) person(name string) *person {
	return &person{Browser: harness.NewBrowser(h.t, h.url), h: h, name: name}
}

// elsewhere is the same person at another browser.
func (p *person) elsewhere() *person {
	other := *p
	other.Browser = harness.NewBrowser(p.h.t, p.h.url)
	return &other
}

func (p *person) login(target string) *harness.Page {
	p.h.t.Helper()
	return p.PostForm(web.LoginURL(target), url.Values{"username": {p.name}, "password": {password}})
}

func (p *person) post(page, field, value string) *harness.Page {
	p.h.t.Helper()
	return p.PostForm(web.URL(page), url.Values{field: {value}})
}

// code is a code of the phone that was not used before.
func (p *person) code() string {
	p.h.t.Helper()
	step := p.h.clock().Unix() / 30
	if step <= p.last {
		p.h.wait(time.Duration(p.last+1-step) * 30 * time.Second)
		step = p.last + 1
	}
	p.last = step
	return harness.OATH(p.h.t, p.secret, time.Unix(step*30, 0))
}

// wrong is a code of a year ago.
func (p *person) wrong() string {
	p.h.t.Helper()
	return harness.OATH(p.h.t, p.secret, p.h.clock().Add(-8760*time.Hour))
}

// enrolled logs somebody in and enables the second factor.
func (h *house) enrolled(name string) *person {
	h.t.Helper()
	p := h.person(name)
	p.want(p.login(""), http.StatusSeeOther, "/dashboard")
	p.setup()
	p.keep(p.post("two-factor/enable", "code", p.code()))
	return p
}

func (p *person) setup() *harness.Page {
	p.h.t.Helper()
	page := p.Get(web.URL("two-factor")).Want(http.StatusOK)
	uri, err := url.Parse(page.Find(`a[href^="otpauth://"]`).AttrOr("href", ""))
	if p.secret = uri.Query().Get("secret"); err != nil || p.secret == "" {
		p.h.t.Fatalf("no secret on the page: %s", page.Text("main"))
	}
	return page
}

func (p *person) keep(page *harness.Page) {
	p.h.t.Helper()
	page.Want(http.StatusOK)
	p.codes = nil
	for _, n := range page.Find("#codes code").Nodes {
		p.codes = append(p.codes, n.FirstChild.Data)
	}
	if len(p.codes) != 10 {
		p.h.t.Fatalf("%d recovery codes: %s", len(p.codes), page.Text("main"))
	}
}

// want fails unless the answer is this redirect.
func (p *person) want(page *harness.Page, status int, location string) {
	p.h.t.Helper()
	if page.Status != status || page.Location() != location {
		p.h.t.Fatalf("%s: %d to %q, want %d to %q\n%s", page.URL.Path, page.Status, page.Location(), status, location, page.Text("main"))
	}
}

// stage is how far the browser's session has come.
func (p *person) stage() session.Stage { return p.session().Stage }

func (p *person) session() session.Session {
	p.h.t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", p.Cookies("/"))
	s, err := p.h.Sessions.Load(p.h.t.Context(), r)
	p.h.must(err)
	return s
}

// action is where the form of a page goes.
func action(page *harness.Page) string { return page.Find("main form").First().AttrOr("action", "") }
