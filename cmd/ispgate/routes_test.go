package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// contract is design 3.3: every URL under the prefix, what it answers to, and how it is counted.
var contract = map[string]struct{ methods, label string }{
	"login":                     {"GET, HEAD, POST", "login"},
	"verify":                    {"GET, HEAD, POST", "verify"},
	"recovery":                  {"GET, HEAD, POST", "recovery"},
	"two-factor":                {"GET, HEAD", "two-factor"},
	"two-factor/enable":         {"POST", "two-factor/enable"},
	"two-factor/disable":        {"GET, HEAD, POST", "two-factor/disable"},
	"two-factor/recovery-codes": {"POST", "two-factor/recovery-codes"},
	"two-factor/browsers":       {"POST", "two-factor/browsers"},
	"two-factor/sessions":       {"POST", "two-factor/sessions"},
	"logout":                    {"GET, HEAD, POST", "logout"},
	"auth":                      {"GET, HEAD", "auth"},
	"offer":                     {"GET, HEAD, POST", "offer"},
	"language":                  {"POST", "language"},
	"auth/redirect":             {"any", "auth/redirect"},
	"session":                   {"GET, HEAD", "session"},
	"static/":                   {"GET, HEAD", "static/"},
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"}

func TestTableIsTheContract(t *testing.T) {
	have := table(nil, nil, nil)
	for page := range have {
		if _, ok := contract[page]; !ok {
			t.Errorf("%q is not in the contract", page)
		}
	}
	for page := range contract {
		if _, ok := have[page]; !ok {
			t.Errorf("%q is missing", page)
		}
	}
}

// TestEveryRoute walks every URL with every method, as a stranger and from our own pages.
func TestEveryRoute(t *testing.T) {
	g := wholeGateway(t)
	for _, page := range slices.Sorted(maps.Keys(contract)) {
		want := contract[page]
		for _, method := range methods {
			before := g.routes(t)
			g.log.take(t)
			w := g.ask(method, "/ispgate/"+page, "", sameSite()...)
			name := method + " " + page
			if !ours(w.Header()) && !(page == "auth" && w.Body.Len() == 0) { // no browser sees that answer
				t.Errorf("%s: not our headers: %v", name, w.Header())
			}
			allowed := want.methods == "any" || slices.Contains(strings.Split(want.methods, ", "), method)
			if (w.Code == http.StatusMethodNotAllowed) == allowed {
				t.Errorf("%s: %d", name, w.Code)
			}
			if !allowed && w.Header().Get("Allow") != want.methods {
				t.Errorf("%s: Allow is %q, want %q", name, w.Header().Get("Allow"), want.methods)
			}
			if w.Code >= 500 || w.Code == 0 {
				t.Errorf("%s: %d", name, w.Code)
			}
			if w.Header().Get("Set-Cookie") != "" && page != "language" {
				t.Errorf("%s sets a cookie for a stranger: %q", name, w.Header().Get("Set-Cookie"))
			}
			after := g.routes(t)
			if after[want.label] != before[want.label]+1 {
				t.Errorf("%s: not counted as %q: %v", name, want.label, after)
			}
			if lines := g.log.take(t); w.Code >= 400 && w.Code != 401 && page != "auth" && (len(lines) != 1 || lines[0]["status"] != float64(w.Code) || lines[0]["request"] == "") {
				t.Errorf("%s: status %d is logged as %v", name, w.Code, lines)
			}
		}
	}
	var known []string
	for _, c := range contract {
		known = append(known, c.label)
	}
	for label := range g.routes(t) {
		if !slices.Contains(known, label) {
			t.Errorf("label %q", label)
		}
	}
}

// TestS39_EveryFormRefusesOtherSites: no page of ours takes a form from elsewhere, whatever it does.
func TestS39_EveryFormRefusesOtherSites(t *testing.T) {
	g := wholeGateway(t)
	for page, want := range contract {
		if !strings.Contains(want.methods, "POST") {
			continue
		}
		for name, header := range map[string][]string{
			"cross-site": crossSite(), "same-site": append([]string{"Sec-Fetch-Site", "same-site"}, form...), "nothing said": form,
			"foreign Origin": append([]string{"Origin", "https://evil.example"}, form...), "null Origin": append([]string{"Origin", "null"}, form...),
		} {
			g.log.take(t)
			w := g.ask("POST", "/ispgate/"+page, "username=x&password=canary&code=123456&lang=en", header...)
			lines := g.log.take(t)
			if w.Code != http.StatusForbidden || !ours(w.Header()) {
				t.Errorf("%s, %s: %d", page, name, w.Code)
			}
			if len(lines) != 1 || lines[0]["msg"] != "request refused" || lines[0]["address"] != "203.0.113.9" {
				t.Errorf("%s, %s: logged as %v", page, name, lines)
			}
		}
		if w := g.ask("POST", "/ispgate/"+page, "", append([]string{"Origin", "https://panel.example.net"}, form...)...); w.Code == http.StatusForbidden {
			t.Errorf("%s: our own form is refused", page)
		}
		for status, send := range map[int][]string{413: {strings.Repeat("x", 17<<10), form[1]}, 400: {"{}", "application/json"}} {
			if w := g.ask("POST", "/ispgate/"+page, send[0], "Sec-Fetch-Site", "same-origin", "Content-Type", send[1]); w.Code != status {
				t.Errorf("%s with %.10q: %d, want %d", page, send[0], w.Code, status)
			}
		}
	}
}

// TestS38_PagesAreDocuments: no page of ours can be a frame, an image or a script of another.
func TestS38_PagesAreDocuments(t *testing.T) {
	g := wholeGateway(t)
	open := []string{"static/", "session", "auth", "auth/redirect"}
	for page, want := range contract {
		for _, method := range []string{"GET", "POST"} {
			if want.methods != "any" && !strings.Contains(want.methods, method) {
				continue
			}
			w := g.ask(method, "/ispgate/"+page, "", sameSite("Sec-Fetch-Dest", "iframe", "Sec-Fetch-Mode", "navigate")...)
			if page != "auth" && page != "auth/redirect" && (w.Code == http.StatusForbidden) == slices.Contains(open, page) {
				t.Errorf("%s %s as a frame: %d", method, page, w.Code)
			}
			if w := g.ask(method, "/ispgate/"+page, "", sameSite("Service-Worker", "script")...); w.Code != http.StatusForbidden {
				t.Errorf("%s %s as a worker: %d", method, page, w.Code)
			}
		}
	}
}

func TestUnknownPages(t *testing.T) {
	g := wholeGateway(t)
	for _, target := range []string{"/ispgate/", "/ispgate/x", "/ispgate/login/", "/ispgate/LOGIN", "/ispgate/%6cogin", "/ispgate//login", "/ispgate/login;x", "/ispgate/./login", "/ispgate/static", "/ispgate/static/x.css", "/ispgate/static/../login", "/ispgate/metrics", "/ispgate/two-factor/"} {
		for _, method := range methods {
			w := g.ask(method, target, "", sameSite()...)
			if strings.HasPrefix(target, "/ispgate/static/") && method != "GET" && method != "HEAD" && w.Code == 405 {
				continue
			}
			if w.Code != http.StatusNotFound || !ours(w.Header()) {
				t.Errorf("%s %s: %d", method, target, w.Code)
			}
			if method == "HEAD" && w.Body.Len() > 0 {
				t.Errorf("HEAD %s has a body", target)
			}
		}
	}
	for label, n := range g.routes(t) {
		if label != "not_found" && label != "static/" {
			t.Errorf("%d requests for unknown pages are counted as %q", n, label)
		}
	}
}

// TestS41_LabelsAreBounded: nothing a visitor types becomes a label.
func TestS41_LabelsAreBounded(t *testing.T) {
	g := wholeGateway(t)
	for _, target := range []string{"/a", "/b", "/a/b?c", "/metrics", "/healthz", "/readyz", "/ISPGATE/login", "//ispgate/login", "/ispgate", "/login", "/ispgate/a", "/ispgate/b", "/ispgate/static/a"} {
		for _, method := range []string{"GET", "POST", "FOO", "TRACE", "get"} {
			w := g.ask(method, target, "")
			if w.Code < 300 {
				t.Errorf("%s %s as a stranger: %d", method, target, w.Code)
			}
		}
	}
	for label := range g.routes(t) {
		if !slices.Contains([]string{"panel", "not_found", "static/", "refused"}, label) {
			t.Errorf("label %q", label)
		}
	}
}

// TestReadingChangesNothing: HEAD is GET without a body, and neither leaves anything behind (S39).
func TestReadingChangesNothing(t *testing.T) {
	g := wholeGateway(t)
	for page, want := range contract {
		if !strings.Contains(want.methods, "HEAD") {
			continue
		}
		get, head := g.ask("GET", "/ispgate/"+page, ""), g.ask("HEAD", "/ispgate/"+page, "")
		if get.Code != head.Code || get.Header().Get("Location") != head.Header().Get("Location") || get.Header().Get("Content-Type") != head.Header().Get("Content-Type") {
			t.Errorf("%s: GET %d, HEAD %d", page, get.Code, head.Code)
		}
		if head.Header().Get("Set-Cookie") != "" || get.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s sets a cookie", page)
		}
	}
}

// TestS09_EveryEndpointWithAWayBack: whatever return_to says, nobody is sent off the origin or round in circles.
func TestS09_EveryEndpointWithAWayBack(t *testing.T) {
	g := wholeGateway(t)
	for page := range contract {
		for _, evil := range []string{"//evil.example", "/\\evil.example", "https://evil.example", "/x/../%5cevil", "%2f%2fevil.example", "/%09/evil.example", "javascript:alert(1)", "/ispgate/logout", "/%0d%0aX-Evil:1"} {
			for _, method := range []string{"GET", "POST"} {
				w := g.ask(method, "/ispgate/"+page+"?return_to="+strings.ReplaceAll(evil, "%", "%25"), "lang=en&back=/ispgate/login?return_to="+evil+"&return_to="+evil, sameSite()...)
				at := w.Header().Get("Location")
				if at != "" && (!strings.HasPrefix(at, "/ispgate/") || strings.Contains(at, "evil") || strings.Contains(at, "logout")) {
					t.Errorf("%s %s with %s: sent to %q", method, page, evil, at)
				}
			}
		}
	}
}
