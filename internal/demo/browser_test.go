package demo

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a time that moves only when told.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// browser is a client with cookies that follows no redirect.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
	header http.Header // sent with every request
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	text string
}

func start(t *testing.T, options Options) (*Panel, *clock, *browser) {
	t.Helper()
	// Cookies expire by the client's clock too, so the fake one starts at the true time.
	c := &clock{at: time.Now()}
	options.Now = c.now
	panel := New(options)
	server := httptest.NewServer(panel)
	t.Cleanup(func() {
		panel.Close()
		server.Close()
	})
	return panel, c, another(t, server.URL)
}

func another(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(client.CloseIdleConnections)
	return &browser{t: t, base: base, client: client, header: http.Header{}}
}

func (b *browser) send(method, path, kind string, body io.Reader, headers ...string) answer {
	b.t.Helper()
	r, err := http.NewRequest(method, b.base+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header = b.header.Clone()
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header[http.CanonicalHeaderKey(headers[i])] = []string{headers[i+1]}
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{response, string(text)}
}

func (b *browser) get(path string, headers ...string) answer {
	b.t.Helper()
	return b.send("GET", path, "", nil, headers...)
}

// post sends a form with the token of the page it is on.
func (b *browser) post(path, page string, fields url.Values, headers ...string) answer {
	b.t.Helper()
	fields.Set("_token", b.token(page))
	return b.send("POST", path, "application/x-www-form-urlencoded", strings.NewReader(fields.Encode()), headers...)
}

var tokenField = regexp.MustCompile(`name="_token" value="([0-9a-f]{40})"`)

func (b *browser) token(page string) string {
	b.t.Helper()
	a := b.get(page)
	found := tokenField.FindStringSubmatch(a.text)
	if found == nil {
		b.t.Fatalf("GET %s: %s, no form token", page, a.Status)
	}
	return found[1]
}

func (b *browser) try(email, password string, headers ...string) answer {
	b.t.Helper()
	return b.post("/login", "/login", url.Values{"email": {email}, "password": {password}}, headers...)
}

func (b *browser) login(email string) {
	b.t.Helper()
	a := b.try(email, "demo-password")
	a.expect(b.t, http.StatusFound, b.base+"/dashboard")
}

func (b *browser) cookieValue(name string) string {
	at, err := url.Parse(b.base)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (a answer) expect(t *testing.T, status int, location string) {
	t.Helper()
	if a.StatusCode != status || a.Header.Get("Location") != location {
		t.Fatalf("%s %s: got %d, Location %q; want %d, %q", a.Request.Method, a.Request.URL, a.StatusCode, a.Header.Get("Location"), status, location)
	}
}

func (a answer) contains(t *testing.T, text string, times int) {
	t.Helper()
	if got := strings.Count(a.text, text); got != times {
		t.Fatalf("%s %s: %q occurs %d times, want %d in:\n%s", a.Request.Method, a.Request.URL, text, got, times, a.text)
	}
}
