package proxy

import (
	"context"
	"errors"
	"net/http"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/recent"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
)

// Options wire a Proxy.
type Options struct {
	Site     *web.Site
	Gate     *Gate
	Panel    *panel.Panel
	Headers  Identity
	Audit    func(r *http.Request, kind string, s session.Session, detail string)
	End      func(ctx context.Context, h http.Header, s session.Session) error // ends a session on every node
	Upstream func(seconds float64)                                             // observes the panel's answer times; may be nil
	Removed  func(n int)                                                       // counts request headers that were removed; may be nil
	Stopping <-chan struct{}                                                   // closed: event streams end now; may be nil
}

// Identity names the headers that tell the panel who is there.
type Identity struct{ User, Role string }

// Proxy serves everything that is not a page of ours.
type Proxy struct {
	opt       Options
	gate      *Gate
	site      *web.Site
	custody   *panel.Custody
	visitors  panel.Seal // of public routes
	forward   http.Handler
	managed   managed
	probes    singleflight.Group
	lives     recent.Map[string, lived]
	asked     inquiries                     // whose panel session one is
	changed   recent.Map[string, time.Time] // a session's last form at the second door
	strangers seldom
	spread    time.Duration // until every node knows of a mark
}

// New makes a Proxy.
func New(o Options) *Proxy {
	if o.Upstream == nil {
		o.Upstream = func(float64) {}
	}
	if o.Removed == nil {
		o.Removed = func(int) {}
	}
	o.Headers = Identity{http.CanonicalHeaderKey(o.Headers.User), http.CanonicalHeaderKey(o.Headers.Role)}
	p := &Proxy{opt: o, gate: o.Gate, site: o.Site, custody: o.Panel.Custody(), managed: newManaged(o.Headers), spread: session.RecentLife}
	p.visitors = p.custody.Public()
	p.lives.Life, p.asked.Most = lifeKnown, maxAsked
	p.forward = p.upstream()
	return p
}

// ServeHTTP is the first door: the proxied page.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := web.Of(r)
	q.Route = "panel"
	v := p.gate.Decide(r.Context(), r, Asked{Method: r.Method, Target: q.Target})
	if q.SecondName && v.Route.Kind != panel.Public {
		p.firstName(w, r)
		return
	}
	if v.Decision != Allow {
		p.refuse(w, r, v)
		return
	}
	if err := checkUpgrade(r, p.site.Origin()); err != nil {
		p.site.Fail(w, r, web.Forbidden(err))
		return
	}
	p.pass(w, r, v)
}

// refuse renders every verdict but Allow as a page (or JSON for scripts).
func (p *Proxy) refuse(w http.ResponseWriter, r *http.Request, v Verdict) {
	switch v.Decision {
	case NeedLogin, NeedStep:
		p.toLogin(w, r, v)
	case Unavailable:
		p.site.Fail(w, r, web.StoreDown(v.Cause))
	default:
		p.site.Fail(w, r, forbidden(v))
	}
}

func forbidden(v Verdict) error {
	if v.Malformed {
		return web.BadRequest(v.Cause)
	}
	return web.Forbidden(v.Cause)
}

// toLogin leads to the page of ours that comes first. Only a GET navigation is redirected: a form's content would be
// lost on the way without a word, and a script would read a login page as its answer.
func (p *Proxy) toLogin(w http.ResponseWriter, r *http.Request, v Verdict) {
	page := web.Of(r).Kind == web.Navigation
	switch {
	case page && web.Reads(r.Method), page && (v.Route.Kind == panel.LoginRoute || v.Route.Kind == panel.TwoFactorRoute):
		p.site.Redirect(w, http.StatusSeeOther, stepURL(v, web.Of(r).Target))
	default:
		p.site.Fail(w, r, web.NeedLogin(stepURL(v, p.site.Referer(r))))
	}
}

// stepURL is where a person goes who may not pass yet, and from there back to target; empty: to the panel's home.
func stepURL(v Verdict, target string) string {
	switch {
	case v.Decision == NeedStep:
		return web.URL(v.Step)
	case v.Route.Kind == panel.LoginRoute || v.Route.Kind == panel.Logout:
		return web.URL("login")
	default:
		return web.LoginURL(target)
	}
}

// firstName answers a protected target that was asked under a second name of the panel (design 3.2, hosts).
func (p *Proxy) firstName(w http.ResponseWriter, r *http.Request) {
	q := web.Of(r)
	if q.Kind == web.Navigation && web.Reads(r.Method) {
		p.site.Redirect(w, http.StatusPermanentRedirect, p.site.Origin()+q.Target)
		return
	}
	p.site.Fail(w, r, web.Misdirected(errors.New("protected target under a second host name")))
}
