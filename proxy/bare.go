package proxy

import (
	"fmt"
	"net/http"
)

// bare is the transport without what would pass the panel's word on unseen.
type bare struct{ http.RoundTripper }

// RoundTrip calls the transport in the context that ReverseProxy was called with, without the httptrace hook that it adds: that would
// pass the panel's 1xx answers on, Set-Cookie included, and clear the headers of the final one (S8). Trailers stay behind, announced or
// not: they come when nobody looks any more, and a proxy may drop them (RFC 9110 section 6.5.1).
func (b bare) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r.WithContext(passingOf(r).Context))
	if err != nil {
		return nil, err
	}
	if res.StatusCode < 200 && res.StatusCode != http.StatusSwitchingProtocols {
		_ = res.Body.Close() // nothing is wanted of it
		return nil, fmt.Errorf("the panel answers with status %03d", res.StatusCode)
	}
	own := *res // the body writes its trailers into the transport's
	own.Request, own.Trailer = r, nil
	return &own, nil
}
