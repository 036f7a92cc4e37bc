package web

import (
	"errors"
	"maps"
	"net/http"
)

const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// protection is what every answer of ours carries (S38). same-origin and not no-referrer: browsers would send `Origin: null` with
// our own forms. Never changed: answers share its values.
var protection = http.Header{
	"Cache-Control":                {"no-store"},
	"Content-Security-Policy":      {policy},
	"Referrer-Policy":              {"same-origin"},
	"X-Content-Type-Options":       {"nosniff"},
	"X-Frame-Options":              {"DENY"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Permissions-Policy":           {"camera=(), microphone=(), geolocation=()"},
}

var overTLS = []string{"max-age=31536000"}

func (s *Site) secure(h http.Header) {
	maps.Copy(h, protection)
	if s.Secure() {
		h["Strict-Transport-Security"] = overTLS
	}
}

// document refuses to be an image, a frame or a script of another page (design 3.3).
func document(r *http.Request) error {
	for _, dest := range r.Header.Values("Sec-Fetch-Dest") {
		if dest != "" && dest != "document" {
			return errors.New("asked for as " + dest)
		}
	}
	return nil
}

// sameOrigin is S39: a POST must come from our own page. http.CrossOriginProtection is the first half; it passes a
// request that says nothing about where it comes from, so the second half wants to be told.
func (s *Site) sameOrigin(r *http.Request) error {
	switch site := r.Header.Values("Sec-Fetch-Site"); {
	case len(site) > 1:
		return errors.New("more than one Sec-Fetch-Site")
	case len(site) == 1 && site[0] != "":
		return http.NewCrossOriginProtection().Check(r)
	}
	if o := r.Header.Values("Origin"); len(o) != 1 || o[0] != s.Origin() {
		return errors.New("neither Sec-Fetch-Site nor our Origin")
	}
	return nil
}
