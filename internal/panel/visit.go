package panel

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/PuerkitoBio/goquery"
)

const (
	maxBody      = 1 << 20 // bytes of an answer, packed and unpacked (S31)
	maxRedirects = 5
)

var errTooLong = errors.New("the panel's answer is over 1 MiB")

// visit is one browser of ours at the panel: a jar of its own, nothing shared (S31).
type visit struct {
	panel  *Panel
	client Client
	jar    *Jar
}

// message is a request of a visit.
type message struct {
	method, target string
	body           []byte
	contentType    string
	header         http.Header // more
	submitted      []string    // values that are taken out of the answer's text before rules look at it
}

func (p *Panel) visit(c Client, jar *Jar) *visit {
	if c.UserAgent == "" {
		c.UserAgent = "Mozilla/5.0 (compatible; ispgate)" // ISPBills answers 500 without one
	}
	if c.Language == "" {
		c.Language = "en"
	}
	return &visit{panel: p, client: c, jar: jar}
}

// get asks for a target without following redirects, past every cache.
func (v *visit) get(ctx context.Context, target string) (*Answer, error) {
	return v.send(ctx, message{method: http.MethodGet, target: target, header: http.Header{"Cache-Control": {"no-cache"}, "Pragma": {"no-cache"}}})
}

// open asks for a target and follows redirects on the panel's own host, at most five (T11). Where it ends is the answer,
// even if that is another redirect.
func (v *visit) open(ctx context.Context, target string) (*Answer, error) {
	for range maxRedirects {
		a, err := v.get(ctx, target)
		if err != nil {
			return nil, err
		}
		next, ok := onward(a)
		if !ok {
			return a, nil
		}
		target = next
	}
	return v.get(ctx, target)
}

// onward is where an answer sends a browser on the panel's own host: by a redirect or, on a page without a form, by
// <meta http-equiv=refresh> within seconds (T13). One to the page itself or after a longer while is for somebody who watches it.
func onward(a *Answer) (string, bool) {
	next := a.Location
	if !redirects(a.Status) {
		next = ""
		if a.Status == http.StatusOK && a.isHTML() && a.document().Find("form").Length() == 0 {
			next = refreshed(a)
		}
	}
	next, _, _ = strings.Cut(next, "#")
	return next, panelTarget(next) && (next != a.Target || redirects(a.Status))
}

var refreshURL = regexp.MustCompile(`(?i)^\s*0*[0-9]?(?:\.[0-9.]*)?\s*[;,]\s*(?:url\s*=\s*)?["']?([^"']+)`)

func refreshed(a *Answer) string {
	var target string
	a.document().Find("meta[http-equiv]").Each(func(_ int, m *goquery.Selection) {
		if found := refreshURL.FindStringSubmatch(m.AttrOr("content", "")); found != nil && strings.EqualFold(m.AttrOr("http-equiv", ""), "refresh") {
			target = a.resolve(strings.TrimSpace(found[1]))
		}
	})
	return target
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// send makes one request; its answer's cookies go into the jar. An answer from 500 on, and one that is too long, is an error.
func (v *visit) send(ctx context.Context, m message) (*Answer, error) {
	req, err := v.request(ctx, m)
	if err != nil {
		return nil, err
	}
	resp, body, err := v.panel.ask(req)
	if resp == nil {
		return nil, fmt.Errorf("%s %s: %w", m.method, pathOf(m.target), err)
	}
	v.jar.Set(cookiesOf(resp.Header), pathOf(m.target), v.panel.opt.Now()) // a browser takes them whatever comes behind
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s %s: read answer: %w", m.method, pathOf(m.target), unquoted{err})
	case resp.StatusCode >= http.StatusInternalServerError:
		return nil, fmt.Errorf("%s %s: the panel answered %d", m.method, pathOf(m.target), resp.StatusCode)
	}
	a := v.panel.Answer(resp, body, false)
	a.Target, a.submitted = m.target, m.submitted
	return &a, nil
}

// ask makes one request of our own; without an answer resp is nil, with half of one err says what is wrong with it.
func (p *Panel) ask(req *http.Request) (resp *http.Response, body []byte, err error) {
	defer p.opt.Waiting(req.Context())()
	if resp, err = (unquoting{p.replay}).RoundTrip(req); err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err = unpacked(resp)
	return resp, body, err
}

// unpacked reads an answer and takes its packing off, at most 1 MiB of either.
func unpacked(resp *http.Response) ([]byte, error) {
	body, err := limited(resp.Body)
	if err != nil || !strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") || len(body) == 0 {
		return body, err
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp.Header.Del("Content-Encoding")
	return limited(z)
}

func limited(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = errTooLong
	}
	return body, err
}

func (v *visit) request(ctx context.Context, m message) (*http.Request, error) {
	u, err := v.panel.targetURL(m.target)
	if err != nil {
		return nil, err
	}
	req := (&http.Request{Method: m.method, URL: u, Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if m.body != nil {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(m.body)), int64(len(m.body))
		req.Header.Set("Content-Type", m.contentType)
		req.Header.Set("Origin", v.panel.origin()) // as browsers do; some panels refuse a form without
	}
	h := req.Header
	h.Set("User-Agent", v.client.UserAgent)
	h.Set("Accept-Language", v.client.Language)
	h.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	h.Set("Referer", v.panel.origin()+v.panel.profile.Login.Page) // Laravel goes back to it, Django compares it
	for k, values := range m.header {
		h[k] = values
	}
	if cookies := v.jar.Header(jarURL(m.target)); cookies != "" {
		h.Set("Cookie", cookies)
	}
	if v.jar.authorization != "" {
		h.Set("Authorization", v.jar.authorization)
	}
	v.panel.Forward(req, v.client)
	return req, nil
}

// jarURL is a target as the jar looks at it: its path, byte for byte.
func jarURL(target string) *url.URL {
	path := pathOf(target)
	return &url.URL{Path: percentDecoded(path), RawPath: path}
}

// pathOf cuts the query, which may carry a token, from what is logged.
func pathOf(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return path
}

// cookiesOf reads Set-Cookie headers without judging their bytes: panels set cookies that net/http would drop.
func cookiesOf(h http.Header) []*http.Cookie {
	var out []*http.Cookie
	for _, line := range h.Values("Set-Cookie") {
		if c, ok := cookieOf(line); ok {
			out = append(out, c)
		}
	}
	return out
}

func cookieOf(line string) (*http.Cookie, bool) {
	sc, ok := parseSetCookie(line)
	if !ok {
		return nil, false
	}
	attributes := sc
	attributes.name, attributes.value = "x", "y"
	c, err := http.ParseSetCookie(attributes.String())
	if err != nil {
		return nil, false
	}
	c.Name, c.Value, c.Raw = sc.name, sc.value, ""
	return c, true
}
