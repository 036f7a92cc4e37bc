package authflow

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/throttle"
	"github.com/ispgate/ispgate/internal/web"
)

// deviceLife is how long a browser keeps its token; each login there begins it anew.
const deviceLife = 365 * 24 * time.Hour

// deviceCookie names the cookie by which a browser is recognised (design 3.4).
func (f *Flow) deviceCookie() string {
	if f.Site.Secure() {
		return "__Host-ispgate-device"
	}
	return "ispgate-device"
}

// deviceToken is what the browser holds; more than one is none.
func (f *Flow) deviceToken(r *http.Request) string {
	held := r.CookiesNamed(f.deviceCookie())
	if len(held) != 1 {
		return ""
	}
	return held[0].Value
}

func (f *Flow) setDevice(h http.Header, token string) {
	if token == "" {
		return
	}
	c := http.Cookie{Name: f.deviceCookie(), Value: token, Path: "/", MaxAge: int(deviceLife / time.Second), Secure: f.Site.Secure(), HttpOnly: true,
		SameSite: http.SameSiteLaxMode}
	h.Add("Set-Cookie", c.String())
}

// passwordTry is what a password about to be sent counts as. The device token is looked at before the password here, and for
// nothing but the counter: a browser in which the name's account is recognised has one that strangers cannot use up (S29).
func (f *Flow) passwordTry(r *http.Request, name string) (throttle.Try, error) {
	try := throttle.Try{Name: strings.ToLower(strings.TrimSpace(name)), Addr: f.Site.Identifying(r)}
	if folded, err := f.Profile.Spelling(name); err == nil {
		try.Name = folded
	}
	var err error
	if try.Account, err = f.Accounts.Whose(r.Context(), strings.TrimSpace(name), try.Name); err == nil {
		var b account.Browser
		b, err = f.Accounts.Recognise(r.Context(), try.Account, f.deviceToken(r))
		try.Browser = b.ID
	}
	switch {
	case errors.Is(err, account.ErrTampered): // of which nobody is told before the password
		return try, nil
	case err != nil:
		f.Count.StoreError("sql")
	}
	return try, err
}

// recognise finds the browser that a right password was typed in, whose pool then counts its wrong codes. One that is trusted
// skips the code (S44): true.
func (f *Flow) recognise(r *http.Request, s *session.Session) (trusted bool, err error) {
	b, err := f.Accounts.Recognise(r.Context(), s.Account, f.deviceToken(r))
	s.Browser = b.ID
	return f.Policy.Trusts(s.Name, s.Person, b.TrustedUntil, f.Now()), err
}

// entered writes down that a code was entered in this browser, and returns the token for it; trust lets it skip the code from
// now on. Without SQL the login stands, and the browser stays a stranger.
func (f *Flow) entered(r *http.Request, s *session.Session, trust time.Duration) (token string) {
	id, token, err := f.Accounts.AddBrowser(context.WithoutCancel(r.Context()), s.Account, f.deviceToken(r), sight(r), trust)
	if err != nil {
		f.Log.Warn("browser not recognised", "request", web.Of(r).ID(), "cause", err)
		return ""
	}
	s.Browser = id
	return token
}

// skipped writes down that a trusted browser was not asked for a code.
func (f *Flow) skipped(w http.ResponseWriter, r *http.Request, s session.Session) {
	f.Count.SecondFactor("trusted", "ok")
	f.setDevice(w.Header(), f.deviceToken(r)) // for another year
	if err := f.Accounts.SeeBrowser(context.WithoutCancel(r.Context()), s.Browser, sight(r)); err != nil {
		f.Log.Warn("login of a trusted browser not written down", "request", web.Of(r).ID(), "cause", err)
	}
}

func sight(r *http.Request) account.Sight {
	return account.Sight{Address: web.Of(r).Client.String(), UserAgent: r.UserAgent()}
}

// trust is for how long the browser of a code may skip the next ones, as its form asks.
func (f *Flow) trust(r *http.Request, s session.Session, method string) time.Duration {
	if method != "totp" || web.Field(r, "trust_device") == "" {
		return 0
	}
	return f.Policy.TrustOf(s.Name, s.Person)
}
