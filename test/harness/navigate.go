package harness

import (
	"net/http"
	"net/url"
	"strings"
)

// open sends a navigation and, if the browser follows, the redirects after it.
func (b *Browser) open(request *http.Request) *Page {
	b.t.Helper()
	for range 11 {
		page, err := b.Send(request)
		if err != nil {
			b.t.Fatalf("%s %s: %v", request.Method, request.URL, err)
		}
		if !b.Follow || page.Location() == "" {
			if page.Location() == "" {
				b.page = page.URL
			}
			return page
		}
		request = b.redirected(request, page)
	}
	b.t.Fatalf("too many redirects, the last to %s", request.URL)
	return nil
}

// redirected makes the request that follows a redirect. All but 307 and 308 turn a POST into a GET.
func (b *Browser) redirected(request *http.Request, page *Page) *http.Request {
	b.t.Helper()
	target, err := request.URL.Parse(page.Location())
	if err != nil {
		b.t.Fatalf("redirect to %q: %v", page.Location(), err)
	}
	if page.Status == http.StatusTemporaryRedirect || page.Status == http.StatusPermanentRedirect {
		b.t.Fatalf("redirect %d to %s: a body is not sent again", page.Status, target)
	}
	next := b.navigate(http.MethodGet, target.String(), "", request.Header.Get("Sec-Fetch-Site"))
	if referer := request.Header.Get("Referer"); referer != "" {
		next.Header.Set("Referer", referer)
	}
	return next
}

func (b *Browser) navigate(method, target, body, site string) *http.Request {
	b.t.Helper()
	request := b.request(method, target, body)
	request.Header.Set("Accept", acceptDocument)
	request.Header.Set("Upgrade-Insecure-Requests", "1")
	request.Header.Set("Sec-Fetch-User", "?1")
	b.fetchMetadata(request, site, "navigate", "document")
	return request
}

func (b *Browser) request(method, target, body string) *http.Request {
	b.t.Helper()
	base := b.base
	if b.page != nil {
		base = b.page
	}
	address, err := base.Parse(target)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, target, err)
	}
	request, err := http.NewRequest(method, address.String(), strings.NewReader(body))
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, target, err)
	}
	request.Header.Set("User-Agent", b.UserAgent)
	request.Header.Set("Accept-Language", b.Language)
	return request
}

func (b *Browser) fetchMetadata(request *http.Request, site, mode, destination string) {
	request.Header.Set("Sec-Fetch-Site", site)
	request.Header.Set("Sec-Fetch-Mode", mode)
	request.Header.Set("Sec-Fetch-Dest", destination)
}

func (b *Browser) referer() string {
	page := b.page
	if page == nil {
		page = b.base.JoinPath("/")
	}
	return (&url.URL{Scheme: page.Scheme, Host: page.Host, Path: page.Path, RawPath: page.RawPath, RawQuery: page.RawQuery}).String()
}

// Through makes the browser reach its site by way of a server at address (host:port) that ends TLS before the gateway:
// plain http goes to the address, with the X-Forwarded-* that such a server sets.
func (b *Browser) Through(address, clientIP string) {
	b.Transport = &frontServer{next: b.Transport, address: address, clientIP: clientIP}
}

type frontServer struct {
	next              http.RoundTripper
	address, clientIP string
}

func (f *frontServer) RoundTrip(request *http.Request) (*http.Response, error) {
	forwarded := request.Clone(request.Context())
	forwarded.Host = request.URL.Host
	forwarded.URL.Scheme, forwarded.URL.Host = "http", f.address
	forwarded.Header.Set("X-Forwarded-For", f.clientIP)
	forwarded.Header.Set("X-Forwarded-Proto", request.URL.Scheme)
	forwarded.Header.Set("X-Forwarded-Host", request.URL.Host)
	return f.next.RoundTrip(forwarded)
}
