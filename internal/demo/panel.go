// Package demo is a small ISP billing panel to stand behind a gateway: customers, invoices, payments, live bandwidth,
// files, a customer portal and an API, with made-up data that lives in memory.
//
// At its login it behaves like Laravel 8 with Breeze: form tokens, cookies sealed anew in every answer, 302 to the
// Referer after a wrong password, a limiter, 419. It trusts any proxy in front of it, has only passwords, and imports
// nothing of this module: it knows as little of the gateway as a bought panel does.
//
//	request → route → session → form token → door (members, guests, anyone) → page
package demo

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Account is somebody who may log in to the panel. An account without a password cannot log in.
type Account struct {
	Email    string // compared without regard to case, as MySQL does
	Password string // compared byte for byte
	Name     string // default: the e-mail's local part
	Role     string // super_admin, operator …; default operator
}

// Options say how the panel presents itself. The zero value is a working panel with two accounts.
type Options struct {
	Accounts     []Account        // default admin@demo.isp and operator@demo.isp, password demo-password
	Product      string           // name in titles; default ISPBills
	Secure       bool             // cookies always Secure; otherwise only when the request came by https
	TwoFactorURL string           // target of the menu's Two Factor; default /admin/two-factor-authentication
	Now          func() time.Time // default time.Now
	Log          *slog.Logger     // default none; never sees a password
}

// Panel is the demo panel, an http.Handler. Make it with New; call Close to end its streams.
type Panel struct {
	options  Options
	now      func() time.Time
	log      *slog.Logger
	box      box
	staff    *staff
	sessions *sessions
	limiter  *limiter
	tokens   *tokens
	books    *books
	uploads  *uploads
	pages    map[string]*template.Template
	assets   fs.FS
	routes   []route
	done     chan struct{}
	closing  sync.Once
}

// New makes a panel with fresh keys and data: cookies of another Panel are worth nothing to it.
func New(options Options) *Panel {
	if options.Accounts == nil {
		options.Accounts = []Account{
			{Email: "admin@demo.isp", Password: "demo-password", Name: "Shahriar Kabir", Role: "super_admin"},
			{Email: "operator@demo.isp", Password: "demo-password", Name: "Nusrat Jahan", Role: "operator"},
		}
	}
	if options.Product == "" {
		options.Product = "ISPBills"
	}
	if options.TwoFactorURL == "" {
		options.TwoFactorURL = "/admin/two-factor-authentication"
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	assets, err := fs.Sub(assetFiles, "assets")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return &Panel{
		options: options, now: options.Now, log: options.Log,
		box:      newBox(),
		staff:    newStaff(options.Accounts),
		sessions: &sessions{now: options.Now, byID: map[string]*session{}},
		limiter:  &limiter{now: options.Now, tries: map[string]tries{}},
		tokens:   &tokens{now: options.Now, byText: map[string]apiToken{}},
		books:    newBooks(options.Now()),
		uploads:  &uploads{},
		pages:    parsePages(),
		assets:   assets,
		routes:   routeTable(),
		done:     make(chan struct{}),
	}
}

// Close ends running event streams and websockets. The handler goes on answering ordinary requests.
func (p *Panel) Close() { p.closing.Do(func() { close(p.done) }) }

// Sessions is the number of living sessions in which somebody of the staff is logged in; visitors are not counted.
func (p *Panel) Sessions() int { return p.sessions.loggedIn() }

// ExpireSessions ends every session, visitors' included, as a flushed session store does. Remember-me cookies outlive it.
func (p *Panel) ExpireSessions() { p.sessions.clear() }

func newBox() box {
	key := make([]byte, 32)
	rand.Read(key) // never fails, see crypto/rand
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a wrong key length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for a wrong block size
	}
	return box{aead}
}

// ServeHTTP answers one request.
func (p *Panel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{panel: p, w: w, r: r}
	route, found := p.find(v)
	switch {
	case !found:
		return // 404 or 405, already sent, and like Laravel's without a session
	case route.door == static || route.door == api:
		route.serve(v)
		return
	case r.UserAgent() == "" && route.door != machines:
		v.fail(http.StatusInternalServerError, "Server Error") // a quirk of the original: it indexes the header unasked
		return
	}
	v.openSession()
	if !v.readBody(route) || !v.tokenHolds(route) {
		return
	}
	if v.mayEnter(route.door) {
		route.serve(v)
	}
}
