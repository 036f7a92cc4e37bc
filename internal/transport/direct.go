// Package transport carries plain requests to one server on the goroutine that asks.
//
// net/http's Transport reads and writes each of its connections in goroutines of their own, which must be woken for every request and every
// answer: of a page that is passed on, that is a fifth of the work. A request without a body needs neither, since nothing is sent while
// the answer comes. Parsing and writing are net/http's here, too.
//
//	request ─> Direct ─┬─> idle or new conn: write, read the head ─> answer, whose body gives the conn back at its end
//	                   └─> Other: bodies, upgrades, https
package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/http/httpguts"
)

// MaxHead is how many bytes the head of an answer may have, those of interim answers before it included (RFC 9110 section 15.2).
const MaxHead = 1 << 20

var (
	errLongHead = fmt.Errorf("the head of the answer has more than %d bytes", MaxHead)
	errSwitched = errors.New("the server changes the protocol, which nobody asked for")
	errSilent   = errors.New("the connection ended before an answer came")
)

// Direct is an http.RoundTripper. Like net/http's it follows no redirect, repeats a request that a connection died under before anything
// came back (once, RFC 9110 section 9.2.2), and hangs up when the context of a request ends. It knows nothing of proxies, packed answers
// and httptrace. Its fields are not changed once it is used.
type Direct struct {
	Dial     func(context.Context) (net.Conn, error)
	Other    http.RoundTripper // for requests that are not plain
	HeadTime time.Duration     // to send a request and to read the head of its answer; 0: without end
	Idle     Idle
}

// RoundTrip implements http.RoundTripper.
func (d *Direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if !plain(r) {
		return d.Other.RoundTrip(r)
	}
	if err := sendable(r.Header); err != nil {
		return nil, err
	}
	head := heads.Get().(*bytes.Buffer)
	defer heads.Put(head)
	head.Reset()
	if err := r.Write(head); err != nil {
		return nil, err
	}
	if c := d.Idle.take(); c != nil {
		if res, err := c.exchange(r, head.Bytes(), d.HeadTime); !errors.Is(err, errSilent) {
			return res, err
		}
	}
	c, err := d.dial(r.Context())
	if err != nil {
		return nil, err
	}
	return c.exchange(r, head.Bytes(), d.HeadTime)
}

var heads = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// CloseIdleConnections closes what nobody uses now, also of Other.
func (d *Direct) CloseIdleConnections() {
	for c := d.Idle.last(); c != nil; c = d.Idle.last() {
		c.hangUp()
	}
	if other, ok := d.Other.(interface{ CloseIdleConnections() }); ok {
		other.CloseIdleConnections()
	}
}

func (d *Direct) dial(ctx context.Context) (*conn, error) {
	c, err := d.Dial(ctx)
	if err != nil {
		return nil, err
	}
	return newConn(c, &d.Idle), nil
}

// plain: nothing is sent after the head, and the connection stays with HTTP. Of https the library that decrypts may hold bytes that an idle
// connection should not have, and that nobody can look for.
func plain(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && (r.Body == nil || r.Body == http.NoBody) &&
		r.URL.Scheme == "http" && len(r.Header["Upgrade"]) == 0
}

// sendable refuses what would be another header, or none, on the wire.
func sendable(h http.Header) error {
	for name, values := range h {
		if !httpguts.ValidHeaderFieldName(name) {
			return errors.New("a header's name has bytes that none may have")
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return fmt.Errorf("the value of %s has bytes that none may have", name)
			}
		}
	}
	return nil
}
