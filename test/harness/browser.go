package harness

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// Chromium is the User-Agent that a Browser sends unless told otherwise.
const Chromium = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"

const acceptDocument = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

// Browser sends what Chromium would send, keeps cookies, and by default does not follow redirects, so that a test sees
// them. It is one tab: Tab gives another with the same cookies. Send may be used by many goroutines, the rest by one.
type Browser struct {
	Follow    bool        // follow redirects, at most 10
	UserAgent string      // empty sends none
	Language  string      // Accept-Language
	Header    http.Header // added to, or instead of, what every request carries
	Jar       http.CookieJar
	Transport http.RoundTripper

	t    testing.TB
	base *url.URL // the origin that the browser sees
	page *url.URL // where it is; nil = a new tab
}

// NewBrowser returns a browser without cookies for the site at base (scheme://host[:port]). Any certificate is believed.
func NewBrowser(t testing.TB, base string) *Browser {
	t.Helper()
	origin, err := url.Parse(base)
	if err != nil {
		t.Fatalf("new browser: %v", err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatalf("new browser: %v", err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	return &Browser{UserAgent: Chromium, Language: "en-US,en;q=0.9", Header: http.Header{}, Jar: jar, Transport: transport, t: t, base: origin}
}

// Tab returns a new tab of the same browser.
func (b *Browser) Tab() *Browser {
	tab := *b
	tab.Header, tab.page = b.Header.Clone(), nil
	return &tab
}

// Get opens a page as if its address had been typed. The target is a path, or an absolute URL.
func (b *Browser) Get(target string) *Page {
	b.t.Helper()
	return b.open(b.navigate(http.MethodGet, target, "", "none"))
}

// Click opens a page by a link on the current page.
func (b *Browser) Click(target string) *Page {
	b.t.Helper()
	request := b.navigate(http.MethodGet, target, "", "same-origin")
	request.Header.Set("Referer", b.referer())
	return b.open(request)
}

// PostForm sends a form of the current page; without a current page, one of base's front page.
func (b *Browser) PostForm(target string, values url.Values) *Page {
	b.t.Helper()
	return b.open(b.FormRequest(target, values))
}

// FormRequest makes the request of PostForm, to be changed before Send.
func (b *Browser) FormRequest(target string, values url.Values) *http.Request {
	b.t.Helper()
	request := b.navigate(http.MethodPost, target, values.Encode(), "same-origin")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", b.base.Scheme+"://"+b.base.Host)
	request.Header.Set("Referer", b.referer())
	return request
}

// Fetch sends what fetch() in a script of the current page would send. A body goes out as the content type says.
func (b *Browser) Fetch(method, target, contentType, body string) *Page {
	b.t.Helper()
	request := b.request(method, target, body)
	request.Header.Set("Accept", "application/json, text/plain, */*")
	request.Header.Set("Referer", b.referer())
	b.fetchMetadata(request, "same-origin", "cors", "empty")
	if method != http.MethodGet && method != http.MethodHead {
		request.Header.Set("Origin", b.base.Scheme+"://"+b.base.Host)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	page, err := b.Send(request)
	if err != nil {
		b.t.Fatalf("fetch %s: %v", target, err)
	}
	return page
}

// Cookie returns the value of the cookie that would go to a path; empty if there is none.
func (b *Browser) Cookie(path, name string) string {
	for _, cookie := range b.Jar.Cookies(b.base.JoinPath(path)) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

// Cookies returns the names and values that would go to a path, as one Cookie header.
func (b *Browser) Cookies(path string) string {
	var pairs []string
	for _, cookie := range b.Jar.Cookies(b.base.JoinPath(path)) {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	return strings.Join(pairs, "; ")
}

// Send sends a request with the browser's cookies and keeps those of the answer. It follows nothing.
func (b *Browser) Send(request *http.Request) (*Page, error) {
	for _, cookie := range b.Jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
	for name, values := range b.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	answer, err := b.Transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	b.Jar.SetCookies(request.URL, answer.Cookies())
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	return &Page{t: b.t, Status: answer.StatusCode, Header: answer.Header, Body: string(body), URL: request.URL}, nil
}
