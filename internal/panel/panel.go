// Package panel knows the application behind the gateway: what its login form looks like, whether a password was right,
// whose session it is, which of its addresses are what, and how its cookies are kept.
//
// It owns profiles (YAML), the canonical reading of a request target, form discovery, the panel login and its verdict,
// and custody of the panel's cookies. It knows nothing of our pages, stages, Redis or SQL.
//
//	Login:   control? ─> form ─> fill in ─> POST ─> verdict (design 4.2) ─> jar of the new panel session
//	Custody: jar ─park─> opaque bytes ─hand over─> sealed cookies in the browser ─open─> upstream, ─seal─> back
package panel

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
)

// Verdict is what a panel login came out as. The zero value refuses.
type Verdict uint8

const (
	Unavailable    Verdict = iota // transport error, timeout, 5xx: says nothing about the password
	OK                            // the panel let this person in
	BadCredentials                // it did not
	Throttled                     // its own limiter answers
	Challenge                     // the password was right; the panel wants its own second step
	FormChanged                   // the panel does not behave as the profile says
)

func (v Verdict) String() string {
	return [...]string{"unavailable", "ok", "bad-credentials", "throttled", "challenge", "form-changed"}[v]
}

// Life is what a probe found out about a panel session. The zero value is "not known".
type Life uint8

const (
	Unknown Life = iota // the panel did not answer
	Alive
	Dead
	Odd // the panel answered as the profile does not foresee
)

// Client is the browser on whose behalf the panel is asked. The panel sees the same user agent, language, encoding and address
// at the login and later: some end a session where one of them changes (T8).
type Client struct {
	UserAgent string
	Language  string // Accept-Language
	Encoding  string // Accept-Encoding; gzip is all that is passed on
	Addr      netip.Addr
}

// ClientOf is the browser behind a request, at the address that is believed of it.
func ClientOf(r *http.Request, addr netip.Addr) Client {
	return Client{UserAgent: r.UserAgent(), Language: r.Header.Get("Accept-Language"), Encoding: strings.Join(r.Header.Values("Accept-Encoding"), ","), Addr: addr}
}

// Attempt is one password to be checked. Password bytes go to the panel exactly as typed (S30).
type Attempt struct {
	Client
	Username string
	Password string
}

// Identity is what the panel says of the person behind a session.
type Identity struct {
	ID   string // empty where the profile reads none
	Name string // the panel's name; without identity the folded typed name
	Role string
}

// Key is the panel's own word for the person, as accounts are looked up by it (design 4.4).
func (i Identity) Key() string {
	if i.ID != "" {
		return "id:" + i.ID
	}
	return "name:" + i.Name
}

// Is reports whether the panel still names the person of an account key. Profiles without an identity name nobody.
func (i Identity) Is(key string) bool { return i == (Identity{}) || i.Key() == key }

// Outcome is a verdict with its evidence.
type Outcome struct {
	Verdict Verdict
	Reason  string        // for the log: which rule or which step decided; never a secret
	Wait    time.Duration // Throttled: the panel's own seconds, 0 when it does not say
	Who     Identity      // OK
	Jar     *Jar          // OK, Challenge: the cookies of the new panel session; nil with Local
	Landing string        // where the panel's own login answer pointed: a path of the panel's host, else empty
	Local   string        // OK: which line of a users file the password was right for; empty: the panel's own login said so
	Realm   string        // OK: who else than the panel names the person; empty: the panel, or the file in its place
}

// Mode says how panel cookies are given to the browser.
type Mode uint8

const (
	Sealed      Mode = iota // encrypted for one gateway session
	Passthrough             // as the panel made them (auth_request)
)

// Options wire a Panel.
type Options struct {
	URL        *url.URL // where the panel listens
	Public     *url.URL // the origin browsers see
	Profile    *Profile
	CAFile     string
	ServerName string
	Timeout    time.Duration // of proxied requests; a login step has its own 60 s
	Ring       *keyring.Ring
	Mode       Mode
	Observe    func(Verdict, time.Duration) // may be nil
	Dropped    func()                       // counts panel cookies that were not passed on; may be nil
	Waiting    func(context.Context) func() // called before a request of our own; what it returns, when the answer is there, and it may take its time; may be nil
	Log        *slog.Logger
	Now        func() time.Time
}
