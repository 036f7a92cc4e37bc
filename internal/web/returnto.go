package web

import (
	"net/http"
	"net/url"
	"strings"
)

const maxReturnTo = 2048 // bytes; longer targets go to the panel's home instead

// ReturnTo checks a target that somebody wants to be sent to after a login: a path of this origin that no browser and no
// panel reads as anything else (S9). It returns "/" and false for everything it refuses.
func ReturnTo(target string) (string, bool) {
	if len(target) == 0 || len(target) > maxReturnTo || target[0] != '/' {
		return "/", false
	}
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c > '~' || strings.IndexByte("\\\"<>`", c) >= 0 {
			return "/", false
		}
	}
	path, _, _ := strings.Cut(target, "?")
	path, _, _ = strings.Cut(path, "#")
	for reading := range 3 { // as written, decoded once, decoded twice
		if !plainPath(path) {
			return "/", false
		}
		decoded, err := url.PathUnescape(path)
		if err != nil && reading == 0 {
			return "/", false
		}
		if err == nil { // `/50%25` decodes once and no further
			path = decoded
		}
	}
	return target, true
}

// plainPath refuses what a browser or a server could read as another host, another path or our own prefix.
func plainPath(path string) bool {
	if strings.Contains(path, "//") || strings.ContainsAny(path, "\\\x00\r\n\t") {
		return false
	}
	for _, segment := range strings.Split(path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	own := strings.TrimSuffix(Prefix, "/")
	lower := strings.ToLower(path)
	return lower != own && !strings.HasPrefix(lower, Prefix)
}

// Redirect is the one function that sends a browser somewhere else. Location is set as given: http.Redirect would clean
// the path, and `/x/../\evil` becomes off-site by that.
func (s *Site) Redirect(w http.ResponseWriter, status int, location string) {
	s.secure(w.Header())
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}

// Referer is the page of ours or the panel's that a form or a script was sent from, as a return-to; empty: none.
func (s *Site) Referer(r *http.Request) string {
	rest, ok := strings.CutPrefix(r.Referer(), s.Origin())
	if target, safe := ReturnTo(rest); ok && safe {
		return target
	}
	return ""
}
