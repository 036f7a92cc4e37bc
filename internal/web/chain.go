package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/ispgate/ispgate/templates"
)

const maxTarget = 8 << 10 // bytes; what common servers take, and what rules are matched against in about a millisecond

// Chain is what every request on the public listener passes before anyone decides on it.
func (s *Site) Chain(next http.Handler) http.Handler {
	patience := s.Patience.orUsual()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{Context: r.Context(), request: Request{Start: s.Now(), Kind: kindOf(r), Route: "refused", pause: patience.Pause}}
		q, rec := &v.request, &v.answer
		q.body = patience.await(w, r)
		*rec = recorder{ResponseWriter: w, body: q.body, pause: patience.Pause}
		q.Peer, q.Client, q.Trusted = s.Trusted.Client(r)
		s.noticeForwarder(r, q)
		r = r.WithContext(v)
		defer s.finish(rec, r)
		if q.body != nil {
			r.Body = q.body
			defer s.atStop(q.body.stopping)()
		}
		lastOfItsConnection(rec, r)
		if fault := s.screen(r, q); fault != nil {
			s.Fail(rec, r, fault)
			return
		}
		next.ServeHTTP(rec, r)
	})
}

// lastOfItsConnection closes the connection after a request in chunks: who sends a Content-Length beside them may mean another
// end of it, and then what follows is nobody's request (RFC 9112 section 6.1). net/http removes that length before anybody sees it (S10).
func lastOfItsConnection(w http.ResponseWriter, r *http.Request) {
	if len(r.TransferEncoding) > 0 {
		w.Header().Set("Connection", "close")
	}
}

// screen refuses what no handler should ever see.
func (s *Site) screen(r *http.Request, q *Request) *Fault {
	if !PassableMethod(r.Method) {
		return &Fault{Status: http.StatusMethodNotAllowed, Heading: templates.Say(templates.ErrMethod), What: templates.Say(templates.ErrMethodWhat)}
	}
	target, err := rawTarget(r)
	if err != nil {
		return BadRequest(err)
	}
	q.Target = target
	if !s.knows(r, q) {
		return Misdirected(errors.New("host is not ours"))
	}
	if r.Header.Get("Service-Worker") != "" && !s.ServiceWorker { // a worker at / would own our password page
		return Forbidden(errors.New("service worker script"))
	}
	return nil
}

// PassableMethod is S6: methods that reflect, tunnel or start another protocol never get further.
func PassableMethod(m string) bool {
	switch m {
	case "", http.MethodConnect, http.MethodTrace, "TRACK", "PRI":
		return false
	}
	return strings.ToUpper(m) == m
}

// rawTarget is the request target as it came in, path and query. Go overwrites r.Host from an absolute-form target, so
// that form's host is checked like any other (S5).
func rawTarget(r *http.Request) (string, error) {
	target := r.RequestURI
	if len(target) > maxTarget {
		return "", errors.New("target is too long")
	}
	if !strings.HasPrefix(target, "/") {
		u, err := url.Parse(target)
		if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
			return "", errors.New("target is neither a path nor an absolute http URL")
		}
		_, rest, _ := strings.Cut(target, "://")
		slash := strings.IndexAny(rest, "/?#")
		if slash < 0 || rest[slash] != '/' {
			return "", errors.New("absolute target without a path")
		}
		target = rest[slash:]
	}
	for i := range len(target) {
		if target[i] <= ' ' || target[i] == 0x7f || target[i] == '#' {
			return "", errors.New("target has bytes that no target may have")
		}
	}
	return target, nil
}

// knows checks the Host. The forward-auth addresses are asked by the server in front, under its own name for us (S37).
func (s *Site) knows(r *http.Request, q *Request) bool {
	host := canonicalHost(r.Host, s.Public.Scheme)
	if host != "" && host == s.host() {
		return true
	}
	for _, h := range s.Hosts {
		if host != "" && host == canonicalHost(h, s.Public.Scheme) {
			q.SecondName = true
			return true
		}
	}
	path, _, _ := strings.Cut(q.Target, "?")
	asks := q.Trusted && (path == Prefix+"auth" || path == Prefix+"auth/redirect")
	q.FrontAsks = asks && !s.named(host)
	return asks
}

// named: a browser may reach us under this name, by whatever port.
func (s *Site) named(host string) bool {
	asked, _ := cutPort(host)
	same := func(h string) bool {
		name, _ := cutPort(h)
		return strings.EqualFold(name, asked)
	}
	return same(s.Public.Host) || slices.ContainsFunc(s.Hosts, same)
}

// finish turns a panic into our page, and counts and logs the request.
func (s *Site) finish(rec *recorder, r *http.Request) {
	p, begun := recover(), false
	if p != nil && p != http.ErrAbortHandler {
		s.Log.Error("panic", "request", Of(r).ID(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if begun = rec.status != 0; !begun {
			s.Fail(rec, r, Internal(fmt.Errorf("panic: %v", p)))
		}
	}
	rec.end()
	took := s.Now().Sub(Of(r).Start)
	if s.Observe != nil {
		s.Observe(Of(r).Route, took)
	}
	if s.Access != nil {
		s.Access(r, cmp.Or(rec.status, http.StatusOK), took)
	}
	if p != nil && (p == http.ErrAbortHandler || begun) {
		panic(http.ErrAbortHandler) // net/http closes the connection; a cut answer must not look complete
	}
}
