package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/ispgate/ispgate/proxy"
)

// answered is what a browser does next with an answer: status, place and names of cookies.
func (b *hand) answered() string {
	var names []string
	for _, c := range b.latest.Result().Cookies() {
		names = append(names, fmt.Sprint(c.Name, c.MaxAge < 0))
	}
	slices.Sort(names)
	return fmt.Sprint(b.latest.Code, " ", b.latest.Header().Get("Location"), " ", names)
}

// TestS03_OurPagesBelieveNoStranger: no header by which proxies speak changes what a page of ours answers, or the address that
// is written down, unless a trusted proxy says it.
func TestS03_OurPagesBelieveNoStranger(t *testing.T) {
	g := wholeGateway(t)
	names, _ := proxy.Managed(proxy.Identity{User: "Remote-User", Role: "Remote-Role"})
	var lies []string
	for _, name := range names {
		lies = append(lies, http.CanonicalHeaderKey(name), "")
	}
	wrong := url.Values{"username": {"admin@demo.isp"}, "password": {"wrong"}, "code": {"000000"}, "lang": {"en"}}
	for _, value := range []string{"127.0.0.1", "evil.example", "http", "/ispgate/logout", "POST", "https://panel.example.net/customer", "admin@demo.isp"} {
		for i := 1; i < len(lies); i += 2 {
			lies[i] = value
		}
		for _, page := range []string{"login", "verify", "recovery", "two-factor", "two-factor/enable", "two-factor/disable", "logout", "language", "session", "auth", "auth/redirect", "offer", "nothing"} {
			for _, method := range []string{"GET", "POST"} {
				if page == "login" && method == "POST" && value != "127.0.0.1" {
					continue // passwords are limited
				}
				plain, lying := newHand(g), newHand(g)
				plain.send(method, "/ispgate/"+page, wrong)
				lying.send(method, "/ispgate/"+page, wrong, lies...)
				if plain.answered() != lying.answered() {
					t.Errorf("%s %s with %q: %s, without: %s", method, page, value, lying.answered(), plain.answered())
				}
			}
		}
	}
	written := 0
	for _, line := range g.log.take(t) {
		if address, said := line["address"]; said {
			if written++; address != "198.51.0.1" {
				t.Errorf("written down is %v, in %v", address, line)
			}
		}
	}
	if written == 0 {
		t.Error("no address was written down")
	}
}
