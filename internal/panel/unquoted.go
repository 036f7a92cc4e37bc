package panel

import (
	"net/http"
	"strings"
)

// Unquoted is a library's message up to where it quotes: what follows came over a connection, and may be anybody's secret (S40).
func Unquoted(message string) string {
	before, _, quotes := strings.Cut(message, `"`)
	if quotes {
		before += "…"
	}
	return before
}

// unquoting is a transport whose errors do not quote what the panel said.
type unquoting struct{ http.RoundTripper }

func (t unquoting) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, unquoted{err}
	}
	return res, nil
}

type unquoted struct{ error }

func (u unquoted) Error() string { return Unquoted(u.error.Error()) }
func (u unquoted) Unwrap() error { return u.error }
