package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// Trusted are the proxies whose forwarding headers are believed. The zero value believes nobody.
type Trusted []netip.Prefix

// Contains reports whether addr is one of them.
func (t Trusted) Contains(addr netip.Addr) bool {
	addr = addr.Unmap()
	for _, p := range t {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// Client finds who is connected and on whose behalf: the rightmost hop of X-Forwarded-For that is not itself a trusted
// proxy, and only if the peer is one (S3). A hop that does not parse ends the walk. A Unix socket's peer is this machine.
func (t Trusted) Client(r *http.Request) (peer, client netip.Addr, trusted bool) {
	peer = hop(r.RemoteAddr)
	if !peer.IsValid() {
		peer = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	client = peer
	if !t.Contains(peer) {
		return peer, client, false
	}
	for rest, more := strings.Join(r.Header["X-Forwarded-For"], ","), true; more; {
		var last string
		if i := strings.LastIndexByte(rest, ','); i >= 0 {
			rest, last = rest[:i], rest[i+1:]
		} else {
			rest, last, more = "", rest, false
		}
		h := hop(strings.TrimSpace(last))
		if !h.IsValid() {
			break
		}
		client = h
		if !t.Contains(h) {
			break
		}
	}
	return peer, client, true
}

// hop reads an address with or without a port; zones are dropped.
func hop(s string) netip.Addr {
	if strings.Count(s, ":") == 1 || strings.Contains(s, "]:") {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}
		}
		return ap.Addr().Unmap().WithZone("")
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// Identifying is the client's address where it tells one person from another: loopback and proxies stand for everybody
// (S29). The zero address identifies nobody.
func (s *Site) Identifying(r *http.Request) netip.Addr {
	c := Of(r).Client
	if c.IsLoopback() || s.Trusted.Contains(c) {
		return netip.Addr{}
	}
	return c
}

// noticeForwarder says once that a server on this machine or network forwards requests and is not believed: all its users
// would share its address, and one of them could use up the password tries of all (S29). The peer may as well be a stranger's browser
// or a plain TCP forwarder, behind which strangers write the headers: the cure names no address.
func (s *Site) noticeForwarder(r *http.Request, q *Request) {
	if s.NoProxy || q.Trusted || s.forwarder.Load() != nil || !q.Peer.IsLoopback() && !q.Peer.IsPrivate() || !forwarded(r.Header) {
		return
	}
	if peer := q.Peer; s.forwarder.CompareAndSwap(nil, &peer) {
		s.Log.Warn("forwarded headers arrive from an address that is not in trusted_proxies: all users of a proxy there share it", "peer", peer.String(),
			"cure", "name it in trusted_proxies if it is a proxy of yours that sets these headers itself; trusted_proxies: [none] if there is no proxy")
	}
}

func forwarded(h http.Header) bool {
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "X-Original-Url", "X-Forwarded-Uri"} {
		if len(h[name]) > 0 {
			return true
		}
	}
	return false
}

// UntrustedForwarder is the server on this machine or network whose forwarded headers were not believed; the zero address:
// there was none since the start.
func (s *Site) UntrustedForwarder() netip.Addr {
	if peer := s.forwarder.Load(); peer != nil {
		return *peer
	}
	return netip.Addr{}
}
