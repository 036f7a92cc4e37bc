package panel

import (
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
)

// Why a request is cut off.
var (
	ErrLoginInside   = errors.New("a login of the panel's own inside a session")          // both fields of it, where the panel takes a login on any URL (S15)
	ErrSessionInBody = errors.New("a session id in the body")                             // which PHP may believe, as one in the URL (S14)
	ErrMethodInBody  = errors.New("a public request that changes its method by its body") // `_method` (S4)
)

// Watched is what is known of a request before its body comes.
type Watched struct {
	Target  string
	Types   []string // its Content-Type headers
	Cookies []string // its Cookie headers
	Client  netip.Addr
	Inside  bool // a gateway session
	Public  bool // on a public route
	Body    bool // there may be one
}

// Watch looks at the names of one request's fields, wherever a panel may read them. The login's are looked for in the query, and in
// a body that is urlencoded, multipart or JSON, whatever its content type says: panels disagree about it. Session ids and `_method`
// are looked for where the content type leads PHP and its frameworks to: a file that somebody uploads may speak of them. Names are
// folded as PHP folds them; nothing is parsed more strictly than the most tolerant server does.
type Watch struct {
	user, password string       // folded; empty: not looked for
	cut            bool         // both fields end the request
	ids            sessionNames // not looked for in queries: the gate refuses those
	method         bool         // `_method` ends the request
	first          [256]bool    // bytes that a name which is looked for may begin with
	hasUser        atomic.Bool  // these are read while another goroutine sends the body
	hasPassword    atomic.Bool
	hasID          atomic.Bool
	hasMethod      atomic.Bool
	failed         atomic.Pointer[error] // of Seen

	Seen func() error // is called before the piece with the first password field is passed on; an error ends the request

	seen     bool
	body     io.Reader
	scanners []scanning
}

// scanning is a scanner and what is done with the names that it finds.
type scanning struct {
	scanner
	found func(name string)
}

// Watch begins to look at a request; nil: there is nothing to look for.
func (p *Profile) Watch(r Watched) *Watch {
	w := &Watch{}
	if user, password := p.fieldNames(); r.Inside && password != "" && (p.Login.Anywhere || p.Identity.Configured()) {
		w.user, w.password = foldedField(user), foldedField(password)
		w.cut = p.Login.Anywhere && (!r.Public || !p.Identity.Configured()) // elsewhere the identity is asked for
		_, query, _ := strings.Cut(r.Target, "?")
		(&pairScanner{}).all(query, w.login)
	}
	switch {
	case r.Body:
		w.ids, w.method = p.sessionNames(r.Cookies, nil), r.Public && !p.opensAnyMethod(r.Target, r.Client)
		w.begins(append([]string{w.user, w.password, "phpsessid", "_method"}, slices.Concat(w.ids.written, w.ids.held)...))
		w.scanners = w.scanning(strings.ToLower(strings.Join(r.Types, ",")))
	case w.password == "":
		return nil
	}
	return w
}

// opensAnyMethod: where all that `_method` can say is public as well, it changes nothing.
func (p *Profile) opensAnyMethod(target string, client netip.Addr) bool {
	return !slices.ContainsFunc([]string{"PUT", "PATCH", "DELETE"}, func(method string) bool {
		return p.MatchFrom(method, target, client).Kind != Public
	})
}

// fieldNames are the names that the login's fields have: written out, or as the form was last seen.
func (p *Profile) fieldNames() (user, password string) {
	user, password = p.Login.User, p.Login.Password
	if seen := p.fields.Load(); seen != nil && password == "auto" {
		return seen[0], seen[1]
	}
	if password == "auto" {
		return "", ""
	}
	return user, password
}

// foldedField is the one spelling of a login field: with its index where it has one (session[email]), as PHP folds it: what follows an
// index and is not another one is dropped.
func foldedField(name string) string {
	array, rest, ok := strings.Cut(name, "[")
	folded := strings.Map(nameByte, name)
	if ok && strings.Contains(rest, "]") {
		folded = strings.Map(nameByte, array)
	}
	for ok {
		var index string
		if index, rest, ok = strings.Cut(rest, "]"); ok {
			folded += "[" + strings.Map(lowered, index) + "]"
			rest, ok = strings.CutPrefix(rest, "[")
		}
	}
	return folded
}

// scanning is what reads a body of these content types, joined and in lower case. Without one, some servers read a form.
func (w *Watch) scanning(types string) []scanning {
	form, parts, json := types == "" || strings.Contains(types, "urlencoded"), strings.Contains(types, "multipart"), strings.Contains(types, "json")
	var out []scanning
	add := func(s scanner, said bool, typed func(string)) {
		if !said && w.password == "" {
			return
		}
		out = append(out, scanning{s, func(name string) {
			if name == "" || !w.first[name[0]] {
				return
			}
			if w.password != "" {
				w.login(name)
			}
			if said {
				typed(name)
			}
		}})
	}
	add(&pairScanner{}, form, w.typed)
	add(&partScanner{}, parts, w.typed)
	add(&jsonScanner{}, json, w.overrides) // no server takes a session id from there
	return out
}

// begins: most names in a file are told apart from those that are looked for by their first byte, unless that is encoded or stripped.
func (w *Watch) begins(wanted []string) {
	for c := range w.first {
		w.first[c] = c <= ' ' || c == 0x7f || strings.IndexByte("%+._[", byte(c)) >= 0
	}
	for _, name := range wanted {
		if name != "" {
			w.first[strings.ToLower(name)[0]], w.first[strings.ToUpper(name)[0]] = true, true
		}
	}
}

// login notes a field of the login.
func (w *Watch) login(name string) {
	for _, n := range names(name) {
		w.loginField(n)
	}
	for _, d := range decodings(name) {
		d, _, _ = strings.Cut(d, "\x00")
		w.loginField(foldedField(strings.TrimLeft(d, " ")))
	}
}

func (w *Watch) loginField(name string) {
	if name == w.user {
		w.hasUser.Store(true)
	}
	if name == w.password {
		w.hasPassword.Store(true)
	}
}

// typed notes what only counts in a body of its type.
func (w *Watch) typed(name string) {
	if _, found := w.ids.find(name); found {
		w.hasID.Store(true)
	}
	w.overrides(name)
}

func (w *Watch) overrides(name string) {
	if w.method && slices.ContainsFunc(names(name), func(n string) bool { return overriding[n] }) {
		w.hasMethod.Store(true)
	}
}

// Password reports whether the password field was seen so far.
func (w *Watch) Password() bool { return w.hasPassword.Load() }

// Refused is why the request must not pass, as far as it was seen; nil: it may.
func (w *Watch) Refused() error {
	if failed := w.failed.Load(); failed != nil {
		return *failed
	}
	switch {
	case w.cut && w.hasUser.Load() && w.hasPassword.Load():
		return ErrLoginInside
	case w.hasID.Load():
		return ErrSessionInBody
	case w.method && w.hasMethod.Load():
		return ErrMethodInBody
	}
	return nil
}

// Reader is body as it streams. It ends with an error before the piece that must not pass: the panel has half a request.
func (w *Watch) Reader(body io.Reader) io.Reader {
	w.body = body
	return w
}

// Read implements io.Reader.
func (w *Watch) Read(b []byte) (int, error) {
	n, err := w.body.Read(b)
	for _, s := range w.scanners {
		s.scan(b[:n], s.found)
	}
	if refused := w.Refused(); refused != nil {
		return 0, refused
	}
	if w.Seen != nil && !w.seen && w.Password() {
		w.seen = true
		if failed := w.Seen(); failed != nil {
			w.failed.Store(&failed)
			return 0, failed
		}
	}
	return n, err
}
