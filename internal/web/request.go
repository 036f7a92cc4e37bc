package web

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Kind says what a browser will do with the answer. The zero value is the one that gets no redirect.
type Kind uint8

const (
	Script     Kind = iota // XHR, fetch, images, anything that is not shown as a page
	Navigation             // the answer becomes the page
)

// Request is what the chain found out about a request. Handlers read it with Of.
type Request struct {
	Client     netip.Addr // the rightmost hop that is not a trusted proxy (S3)
	Peer       netip.Addr // who is connected to us
	Trusted    bool       // Peer is a trusted proxy
	Target     string     // raw request target, path?query, byte for byte (S4)
	Kind       Kind
	SecondName bool // asked under one of `hosts`, not under public_url
	FrontAsks  bool // a trusted server in front asks, under its own name for us: no browser can send such a Host
	Start      time.Time
	Route      string // bounded label for metrics; set by whoever serves

	name  sync.Once
	id    string
	body  *inbound // nil: none was announced
	pause time.Duration
}

// PassOn lets the body take as long as it goes on: it is on its way to the panel.
func (q *Request) PassOn() {
	if q.body != nil {
		q.body.pause.CompareAndSwap(0, int64(q.pause))
	}
}

// Spoilt reports whether the browser broke its body off, or was silent for too long.
func (q *Request) Spoilt() bool { return q.body != nil && q.body.spoilt.Load() }

// ID names the request in logs, on pages and in the audit.
func (q *Request) ID() string {
	q.name.Do(func() { q.id = rand.Text()[:16] })
	return q.id
}

// visit is one request on its way through the chain: what is known about it, where handlers look for it, and its answer.
type visit struct {
	context.Context
	request Request
	answer  recorder
}

func (v *visit) Value(key any) any {
	if key == (requestKey{}) {
		return &v.request
	}
	return v.Context.Value(key)
}

type requestKey struct{}

// Of returns what the chain found out about r; never nil.
func Of(r *http.Request) *Request {
	if q, ok := r.Context().Value(requestKey{}).(*Request); ok {
		return q
	}
	return &Request{}
}

// kindOf tells navigations from the rest: Sec-Fetch-Mode first, then Accept (design 2, path a).
func kindOf(r *http.Request) Kind {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		if mode == "navigate" {
			return Navigation
		}
		return Script
	}
	if r.Header.Get("X-Requested-With") != "" || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return Script
	}
	return Navigation
}

// Reads reports whether the method asks without changing.
func Reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }
