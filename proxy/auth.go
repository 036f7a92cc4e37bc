package proxy

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ispgate/ispgate/internal/web"
)

var unstored = []string{"no-store"} // never changed: answers share it

var errStranger = errors.New("it is not in trusted_proxies: nothing can pass through it")

// Auth is the second door: the answer to an auth_request subrequest. A status and headers for the server that asks: never a
// redirect, a body or a cookie that is set (S37).
func (p *Proxy) Auth(w http.ResponseWriter, r *http.Request) error {
	w.Header()["Cache-Control"] = unstored
	v, o, err := p.question(r)
	if err != nil {
		w.WriteHeader(http.StatusForbidden)
		return nil
	}
	switch v.Decision {
	case Allow:
		p.allowed(w, r, v, o)
	case NeedLogin, NeedStep:
		w.WriteHeader(http.StatusUnauthorized)
	case Unavailable:
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		w.WriteHeader(http.StatusForbidden)
	}
	return nil
}

// allowed tells the server in front that a request may pass, whose it is, and which cookies are the application's (S45). The
// cookies are told only where no browser can have asked: a page's script would read those that are kept from scripts.
func (p *Proxy) allowed(w http.ResponseWriter, r *http.Request, v Verdict, o original) {
	h := w.Header()
	if web.Of(r).FrontAsks {
		h["Cookie"] = []string{p.custody.Strip(r.Header["Cookie"])}
	}
	if web.Of(r).FrontAsks || v.Session.Account != "" {
		p.identify(h, v.Session, web.Of(r).FrontAsks)
	}
	p.touch(r, v, o.method)
	w.WriteHeader(http.StatusNoContent)
}

// AuthRedirect is what the server in front shows after a 401 of Auth: the same verdict, rendered for a browser. Caddy and
// Traefik, which pass any answer on, ask here in the first place.
func (p *Proxy) AuthRedirect(w http.ResponseWriter, r *http.Request) error {
	v, o, err := p.question(r)
	if err != nil {
		return web.Forbidden(err)
	}
	switch v.Decision {
	case Allow:
		p.allowed(w, r, v, o)
		return nil
	case NeedLogin, NeedStep:
		page := stepURL(v, o.target)
		if web.Of(r).Kind == web.Navigation && o.method == http.MethodGet {
			p.site.Redirect(w, http.StatusFound, page)
			return nil
		}
		return web.NeedLogin(page)
	case Unavailable:
		return web.StoreDown(v.Cause)
	default:
		return forbidden(v)
	}
}

// question decides on the request that a server in front tells us about.
func (p *Proxy) question(r *http.Request) (Verdict, original, error) {
	o, err := original{}, errStranger
	if web.Of(r).Trusted {
		o, err = originalOf(r, p.site.Origin())
	}
	if err != nil {
		if p.strangers.due(p.site.Now()) {
			p.site.Log.Warn("the question of a server in front is refused", "request", web.Of(r).ID(), "peer", web.Of(r).Peer.String(), "cause", err)
		}
		return Verdict{}, original{}, err
	}
	if err := checkWebsocket(r, p.site.Origin()); err != nil {
		return Verdict{Cause: err}, o, nil
	}
	v := p.gate.Decide(r.Context(), r, Asked{Method: o.method, Target: o.target, Front: true})
	if v.Decision == Allow && v.Session.Account != "" {
		switch err := p.reread(r, v, o.method); {
		case errors.Is(err, errUsurped):
			v = Verdict{Decision: NeedLogin, Route: v.Route}
		case errors.Is(err, errUnsaid), err != nil && v.Session.Note.IdentityDue != "":
			v = Verdict{Decision: Unavailable, Route: v.Route, Cause: err}
		}
	}
	return v, o, nil
}

// seldom lets one line a minute through: whoever is not trusted could fill the log (S37).
type seldom struct{ last atomic.Int64 }

func (s *seldom) due(now time.Time) bool {
	last := s.last.Load()
	return now.UnixNano()-last >= int64(time.Minute) && s.last.CompareAndSwap(last, now.UnixNano())
}

// original is the request that a server in front tells us about.
type original struct{ method, target string }

// originalOf reads X-Original-Method and -URL (nginx) or X-Forwarded-Method, -Proto, -Host and -Uri (Caddy, Traefik).
// Missing, doubled or mixed headers deny: whoever guesses which of two is meant guesses wrong one day (S37).
func originalOf(r *http.Request, origin string) (original, error) {
	h := r.Header // names as net/http spells them
	if method, ok := only(h["X-Original-Method"]); ok {
		full, ok := only(h["X-Original-Url"])
		if !ok || len(h["X-Forwarded-Uri"]) > 0 {
			return original{}, errors.New("X-Original-URL is missing, doubled or beside X-Forwarded-Uri")
		}
		rest, ok := cutOrigin(full, origin)
		return original{method, rest}, checkOriginal(ok, method)
	}
	method, ok1 := only(h["X-Forwarded-Method"])
	proto, ok2 := only(h["X-Forwarded-Proto"])
	host, ok3 := only(h["X-Forwarded-Host"])
	uri, ok4 := only(h["X-Forwarded-Uri"])
	mixed := len(h["X-Original-Url"])+len(h["X-Original-Method"]) > 0
	if !ok1 || !ok2 || !ok3 || !ok4 || mixed || strings.ContainsAny(host, "/?#\\@") || !strings.HasPrefix(uri, "/") {
		return original{}, errors.New("original method or URL is missing or doubled")
	}
	rest, ok := cutOrigin(proto+"://"+host+uri, origin)
	return original{method, rest}, checkOriginal(ok, method)
}

// only is the value of a header that was sent once and says something.
func only(values []string) (string, bool) {
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}

func checkOriginal(onOrigin bool, method string) error {
	switch {
	case !onOrigin:
		return errors.New("original URL is not on public_url")
	case !web.PassableMethod(method) || strings.ContainsAny(method, " \t"):
		return errors.New("original method is none")
	}
	return nil
}

// cutOrigin takes our own origin, default port and case aside, from an absolute URL and keeps the rest byte for byte.
func cutOrigin(full, origin string) (string, bool) {
	_, rest, ok := strings.Cut(full, "://")
	slash := strings.IndexAny(rest, "/?#\\")
	if !ok || slash < 0 || rest[slash] != '/' {
		return "", false
	}
	if asked := full[:len(full)-len(rest)+slash]; asked != origin { // or the same in another spelling
		u, err := url.Parse(asked)
		if err != nil || u.User != nil || web.OriginOf(u) != origin {
			return "", false
		}
	}
	for i := slash; i < len(rest); i++ {
		if rest[i] <= ' ' || rest[i] == 0x7f {
			return "", false
		}
	}
	return rest[slash:], true
}
