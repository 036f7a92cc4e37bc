package panel

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Answer makes what response rules look at of an answer to a page or script. body is nil where it was not held.
func (p *Panel) Answer(resp *http.Response, body []byte, ajax bool) Answer {
	asked := "/"
	if resp.Request != nil {
		asked = resp.Request.URL.RequestURI()
	}
	return Answer{
		Status: resp.StatusCode, Header: resp.Header, Location: p.Location(asked, resp.Header.Get("Location")),
		Target: asked, Body: body, Ajax: ajax, now: p.opt.Now(), hosts: p.hosts,
	}
}

// Location is a Location header as a path?query of the panel's own host, whatever name, scheme or port of it the panel
// wrote (T9), resolved against the target that was asked for. A URL of another host stays as it is.
func (p *Panel) Location(asked, header string) string { return location(p.hosts, asked, header) }

func location(own []string, asked, header string) string {
	header = strings.TrimSpace(header)
	if header == "" {
		return ""
	}
	if host, rest, ok := splitOrigin(header); ok {
		if !slices.Contains(own, portless(host)) {
			return header
		}
		if !strings.HasPrefix(rest, "/") {
			rest = "/" + rest
		}
		return rest
	}
	return resolve(asked, header)
}

// splitOrigin cuts http://host or //host from a URL; browsers take `\` for `/` and ignore the case of the scheme.
func splitOrigin(u string) (host, rest string, ok bool) {
	plain := strings.ReplaceAll(u, `\`, "/")
	for _, prefix := range []string{"http://", "https://", "//"} {
		if len(plain) >= len(prefix) && strings.EqualFold(plain[:len(prefix)], prefix) {
			u = u[len(prefix):]
			if i := strings.IndexAny(u, `/?#\`); i >= 0 {
				return u[:i], u[i:], true
			}
			return u, "", true
		}
	}
	if i := strings.IndexAny(u, ":/?#"); i > 0 && u[i] == ':' {
		return "", u, true // another scheme
	}
	return "", "", false
}

// standAt adds names under which the panel knows itself. Several gateways may share a profile.
func (p *Profile) standAt(hosts []string) {
	for {
		old, all := p.hosts.Load(), slices.Clone(hosts)
		if old != nil {
			all = append(all, *old...)
		}
		slices.Sort(all)
		all = slices.Compact(all)
		if p.hosts.CompareAndSwap(old, &all) {
			return
		}
	}
}

// portless is the name only, in lower case: a panel behind a gateway often adds its own port.
func portless(host string) string { return strings.ToLower((&url.URL{Host: host}).Hostname()) }

// resolve is RFC 3986 section 5.3 for references without a host, keeping every byte of theirs.
func resolve(asked, ref string) string {
	base, _, _ := strings.Cut(asked, "?")
	switch ref[0] {
	case '/':
		return ref
	case '?':
		return base + ref
	case '#':
		return asked + ref
	}
	rel, tail := ref, ""
	if i := strings.IndexAny(ref, "?#"); i >= 0 {
		rel, tail = ref[:i], ref[i:]
	}
	joined := base[:strings.LastIndexByte(base, '/')+1] + rel
	if strings.Contains(joined, "/.") {
		slash := strings.HasSuffix(joined, "/") || strings.HasSuffix(joined, "/.") || strings.HasSuffix(joined, "/..")
		if joined = path.Clean("/" + joined); slash && joined != "/" {
			joined += "/"
		}
	}
	return joined + tail
}
