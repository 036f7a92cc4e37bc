package proxy

import (
	"net/http"
	"strings"
	"testing"
)

// phpKey is the $_SERVER key that PHP makes of a header: php-fpm and mod_php fold the dash, some servers every odd byte.
func phpKey(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}

// FuzzS01_Headers: what is left of a client's headers folds to none that only we may set.
func FuzzS01_Headers(f *testing.F) {
	for _, name := range []string{"Remote-User", "REMOTE_USER", "remote.user", "X-Forwarded-For", "X_FORWARDED_FOR", "Proxy", "Accept", "X-Csrf-Token", "Remote\x00User", "Rémote-User", "", "x--forwarded-for", "Auth-User", "AUTH.USER"} {
		f.Add(name)
	}
	m := newManaged(Identity{User: "Auth-User", Role: "Remote-Role"})
	names, families := Managed(Identity{User: "Auth-User", Role: "Remote-Role"})
	f.Fuzz(func(t *testing.T, name string) {
		h := http.Header{name: {"evil"}, http.CanonicalHeaderKey(name): {"evil"}}
		odd := m.strip(h)
		for left := range h {
			if !plainName(left) {
				t.Errorf("%q is left", left)
			}
			for _, n := range names {
				if phpKey(n) == phpKey(left) {
					t.Errorf("%q is left, and PHP reads it as %s", left, n)
				}
			}
			for _, n := range families {
				if strings.HasPrefix(phpKey(left), phpKey(n)) {
					t.Errorf("%q is left, and PHP reads it as one of %s", left, n)
				}
			}
		}
		if odd > 0 && plainName(name) && !strings.EqualFold(name, "Proxy") {
			t.Errorf("%q is counted as odd", name)
		}
	})
}
