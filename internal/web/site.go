// Package web is what every request passes and every error page: the chain, the client's address, return-to, headers.
//
// It owns the reading of a request before anyone decides on it (who asks, for which target, as what kind of request)
// and the one way to redirect, to show a page of ours and to fail. It knows nothing of sessions or the panel.
//
//	request ─> id ─> method ─> target ─> host ─> worker ─> (our pages | the panel)
package web

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ispgate/ispgate/templates"
)

// Prefix is where our own pages live; everything else belongs to the panel.
const Prefix = "/ispgate/"

// Site is the public face: one origin, its pages and who is trusted before it.
type Site struct {
	Public        *url.URL // the only source of absolute URLs (S11)
	Hosts         []string // second names of the panel
	Trusted       Trusted
	NoProxy       bool // trusted_proxies: [none]: there is none that was forgotten
	ServiceWorker bool // forward.service_worker
	Patience      Patience
	Slots         *Slots                              // of forms of ours; nil: any number at a time
	AtStop        func(f func()) (forget func() bool) // calls f when serving is to end; may be nil
	Pages         *templates.Set
	Observe       func(route string, took time.Duration) // may be nil
	Access        func(r *http.Request, status int, took time.Duration)
	Log           *slog.Logger
	Now           func() time.Time

	forwarder atomic.Pointer[netip.Addr] // see UntrustedForwarder
	naming    sync.Once
	origin    string // Public in its one spelling
}

// Secure reports whether browsers reach us over https.
func (s *Site) Secure() bool { return s.Public.Scheme == "https" }

// Origin is the origin browsers see, without a trailing slash.
func (s *Site) Origin() string {
	s.naming.Do(func() { s.origin = OriginOf(s.Public) })
	return s.origin
}

// atStop is AtStop; what it returns takes the call back.
func (s *Site) atStop(f func()) (forget func()) {
	if s.AtStop == nil {
		return func() {}
	}
	undo := s.AtStop(f)
	return func() { undo() }
}

// host is that of Origin.
func (s *Site) host() string {
	_, host, _ := strings.Cut(s.Origin(), "://")
	return host
}

// OriginOf is an address's origin in its one spelling: lower case, no default port.
func OriginOf(u *url.URL) string {
	scheme := strings.ToLower(u.Scheme)
	return scheme + "://" + canonicalHost(u.Host, scheme)
}

// URL is the address of one of our pages: a path, for same-origin use.
func URL(page string) string { return Prefix + page }

// LoginURL leads to the password page and from there back to target.
func LoginURL(target string) string {
	if _, ok := ReturnTo(target); !ok || target == "/" {
		return URL("login")
	}
	return URL("login") + "?return_to=" + url.QueryEscape(target)
}

// canonicalHost lower-cases a host, cuts the scheme's default port and the dot that ends a full name.
func canonicalHost(host, scheme string) string {
	name, port := cutPort(strings.ToLower(host))
	if scheme == "http" && port == ":80" || scheme == "https" && port == ":443" {
		port = ""
	}
	return strings.TrimSuffix(name, ".") + port
}

// cutPort takes the port, with its colon, off a host.
func cutPort(host string) (name, port string) {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[:i], host[i:]
	}
	return host, ""
}
