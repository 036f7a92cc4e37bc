package proxy

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/recent"
)

// managed knows the header names that only we may set towards the panel, folded.
type managed struct {
	names  map[string]bool
	judged *recent.Map[string, judgement] // names as they come: the same few with every request
}

// judgement is what becomes of a header by its name.
type judgement struct{ odd, removed bool }

const judgedName = 128 // bytes of a name whose judgement is remembered

// forwarding and override names of S3 and others that a client may not say, folded; whole families of them are in managedPrefixes (design 3.5) and managedSuffixes.
var overriding = []string{
	"x-original-url", "x-original-uri", "x-original-method", "x-original-host", "x-rewrite-url", "x-override-url", "x-http-method", "x-http-destinationurl",
	"x-host", "x-url-scheme", "x-scheme", "x-real-port", "x-arr-ssl", "front-end-https", "cf-visitor", "cf-connecting-ipv6", "cf-pseudo-ipv4", "x-proxyuser-ip",
	"x-originating-ip", "x-envoy-external-address", "x-envoy-original-path", "x-envoy-original-host", "x-appengine-user-ip", "cdn-src-ip", "x-sendfile-type", "proxy", "x-webauth-user",
	"cookie2", // RFC 2965: read by some as Cookie is, and opened by nobody here (S14)
}

var managedPrefixes = []string{"remote-", "x-remote-", "x-auth-", "x-authenticated-", "x-forwarded", "forwarded", "x-accel-"}

// managedSuffixes: each product that stands before others has its own word before them (True-Client-IP, WL-Proxy-Client-IP).
var managedSuffixes = []string{"client-ip", "clientip", "socketip", "connecting-ip", "real-ip", "remote-addr", "forwarded-for", "method-override", "host-override"}

// wellKnown are names of managedPrefixes and managedSuffixes that servers and applications are known to believe, for those who cannot strip by prefix.
var wellKnown = []string{
	"remote-user", "remote-role", "remote-groups", "remote-name", "remote-email", "remote-addr", "remote-host",
	"x-remote-user", "x-remote-role", "x-remote-groups", "x-remote-name", "x-remote-email", "x-remote-addr", "x-remote-ip",
	"x-auth-user", "x-auth-username", "x-auth-role", "x-auth-email", "x-auth-groups", "x-auth-request-user", "x-auth-request-email",
	"x-auth-request-groups", "x-auth-request-preferred-username", "x-authenticated-user", "x-authenticated-userid", "x-authenticated-email",
	"x-forwarded-user", "x-forwarded-email", "x-forwarded-groups", "x-forwarded-preferred-username", "x-forwarded-method", "x-forwarded-uri",
	"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-path", "x-forwarded-server", "x-forwarded-scheme", "x-forwarded-protocol",
	"x-forwarded-ssl", "x-forwarded-by", "x-forwarded", "forwarded", "forwarded-for", "x-accel-redirect", "x-accel-mapping",
	"client-ip", "x-client-ip", "x-real-ip", "true-client-ip", "x-true-client-ip", "x-cluster-client-ip", "proxy-client-ip", "wl-proxy-client-ip", "fastly-client-ip",
	"cf-connecting-ip", "x-azure-clientip", "x-azure-socketip", "ali-cdn-real-ip", "x-appengine-remote-addr", "x-original-forwarded-for",
	"x-http-method-override", "x-method-override", "x-http-host-override",
}

// Managed lists the header names that no client may say to the application, in lower case and sorted, and the beginnings of
// whole families of them: for a server in front that passes requests on itself. names has the well-known members of the families,
// for servers that cannot strip by beginnings.
func Managed(id Identity) (names, families []string) {
	names = slices.Concat(overriding, wellKnown, []string{fold(id.User), fold(id.Role)})
	slices.Sort(names)
	return slices.Compact(names), slices.Clone(managedPrefixes)
}

func newManaged(id Identity) managed {
	m := managed{names: map[string]bool{fold(id.User): true, fold(id.Role): true}, judged: &recent.Map[string, judgement]{}}
	for _, n := range overriding {
		m.names[n] = true
	}
	return m
}

// fold is what PHP does to a header's name, as far as telling two names apart goes: `-`, `_`, `.` become one (S1).
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		default:
			return '-'
		}
	}, name)
}

// strip removes what a client may not say to the panel and returns how many headers had a name that no honest client
// sends: odd bytes, or Proxy. A proxy's own X-Forwarded-For is none of those.
func (m managed) strip(h http.Header) int {
	odd := 0
	for name := range h {
		j := m.judge(name)
		if j.odd {
			odd++
		}
		if j.removed {
			delete(h, name)
		}
	}
	return odd
}

func (m managed) judge(name string) judgement {
	if j, known := m.judged.Get(name); known {
		return j
	}
	j := judgement{odd: !plainName(name) || name == "Proxy"}
	j.removed = j.odd || m.has(fold(name))
	if len(name) <= judgedName {
		m.judged.Put(strings.Clone(name), j, time.Time{})
	}
	return j
}

func (m managed) has(folded string) bool {
	if m.names[folded] {
		return true
	}
	return slices.ContainsFunc(managedPrefixes, func(p string) bool { return strings.HasPrefix(folded, p) }) ||
		slices.ContainsFunc(managedSuffixes, func(s string) bool { return strings.HasSuffix(folded, s) })
}

// plainName: other bytes are folded to `_` by PHP and may collide with any header (S1).
func plainName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return name != ""
}
