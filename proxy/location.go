package proxy

import (
	"net/http"
	"regexp"
	"strings"
)

// refreshTo finds the URL in a Refresh header as browsers do: 0;url=/x, 0, "/x", 0;/x (HTML section 4.2.5.3).
var refreshTo = regexp.MustCompile(`(?i)^\s*[0-9.]*[\s;,]+(?:url\s*=\s*)?["']?([^"']+)`)

// rewriteLocations sends whoever follows a header to the panel's own host, under whatever name and scheme the panel believes in, to
// ours (T9).
func (p *Proxy) rewriteLocations(h http.Header, target string) {
	for _, name := range []string{"Location", "Content-Location", "Refresh"} {
		for i, value := range h[name] {
			from, to := 0, len(value)
			if name == "Refresh" {
				found := refreshTo.FindStringSubmatchIndex(value)
				if found == nil {
					continue
				}
				from, to = found[2], found[3]
			}
			h[name][i] = value[:from] + p.ours(target, value[from:to]) + value[to:]
		}
	}
}

// ours is a URL of the panel's own host on our origin; any other stays as it is.
func (p *Proxy) ours(target, at string) string {
	if !strings.Contains(at, "//") {
		return at
	}
	if own := p.opt.Panel.Location(target, at); strings.HasPrefix(own, "/") && (own != at || !strings.HasPrefix(at, "//")) {
		return p.site.Origin() + own
	}
	return at
}
