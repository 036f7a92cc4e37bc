package panel

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"sync/atomic"
)

// ErrLoginInside says that a request carries both fields of the panel's login (login.anywhere): whoever sends it inside a
// session may become somebody else there (S15).
var ErrLoginInside = errors.New("a login of the panel's own inside a session")

// Watch looks for the panel's login fields in one request, wherever a panel may read them: in the query, and in a body that is
// urlencoded, multipart or JSON. What the content type says is not asked: panels disagree about it. Names are folded as PHP
// folds them; nothing is parsed more strictly than the most tolerant server does.
type Watch struct {
	user, password string      // folded
	hasUser        atomic.Bool // read while another goroutine sends the body
	hasPassword    atomic.Bool
	cut            bool // login.anywhere: both fields end the request
	body           io.Reader
	scanners       []scanner
}

// scanner finds the names of fields in a stream of bytes.
type scanner interface {
	scan(b []byte, found func(name string))
}

// Watch begins to look at a request with this raw query; nil: nothing depends on it, or the names of the login fields are not
// known.
func (p *Profile) Watch(query string) *Watch {
	user, password := p.fieldNames()
	if password == "" || !p.Login.Anywhere && !p.Identity.Configured() {
		return nil
	}
	w := &Watch{user: foldedField(user), password: foldedField(password), cut: p.Login.Anywhere}
	(&pairScanner{}).all(query, w.found)
	return w
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

// foldedField is the one spelling of a login field: with its index where it has one (session[email]), as PHP folds it.
func foldedField(name string) string {
	if array, index, ok := strings.Cut(name, "["); ok && strings.Contains(index, "]") {
		return strings.Map(nameByte, array) + "[" + strings.Map(lowered, index)
	}
	return strings.Map(nameByte, name)
}

func (w *Watch) found(name string) {
	all := names(name)
	for _, d := range decodings(name) {
		d, _, _ = strings.Cut(d, "\x00")
		all = append(all, foldedField(strings.TrimLeft(d, " ")))
	}
	for _, n := range all {
		if n == w.user {
			w.hasUser.Store(true)
		}
		if n == w.password {
			w.hasPassword.Store(true)
		}
	}
}

// Password reports whether the password field was seen so far.
func (w *Watch) Password() bool { return w.hasPassword.Load() }

// Login reports whether what was seen so far is a login where none may be.
func (w *Watch) Login() bool { return w.cut && w.hasUser.Load() && w.hasPassword.Load() }

// Body is body as it streams. Where both fields have come by, it ends with ErrLoginInside before the panel has the second.
func (w *Watch) Body(body io.Reader) io.Reader {
	w.body = body
	unclear := func() { w.hasUser.Store(true); w.hasPassword.Store(true) }
	w.scanners = []scanner{&pairScanner{}, &partScanner{unclear: unclear}, &partScanner{cr: true, unclear: unclear}, &jsonScanner{}}
	return w
}

// Read implements io.Reader.
func (w *Watch) Read(b []byte) (int, error) {
	n, err := w.body.Read(b)
	for _, s := range w.scanners {
		s.scan(b[:n], w.found)
	}
	if w.Login() {
		return 0, ErrLoginInside
	}
	return n, err
}

const (
	maxFieldName  = 512      // bytes, as written; of a longer one the beginning is looked at, since PHP cuts at NUL
	maxPartHeader = 16 << 10 // bytes of a header of one part; a longer one cannot be judged, and is refused
)

// pairScanner reads name=value&…, as PHP does, and at `;` too, as others do.
type pairScanner struct {
	name  []byte
	value bool // behind the =
}

func (s *pairScanner) scan(b []byte, found func(string)) {
	for _, c := range b {
		switch {
		case c == '&' || c == ';':
			s.end(found)
		case s.value:
		case c == '=':
			s.end(found)
			s.value = true
		case len(s.name) < maxFieldName:
			s.name = append(s.name, c)
			if blank := string(s.name); blank == "+" || blank == " " || blank == "%20" { // PHP strips any number of them
				s.name = s.name[:0]
			}
		}
	}
}

func (s *pairScanner) end(found func(string)) {
	if len(s.name) > 0 {
		found(string(s.name))
	}
	s.name, s.value = s.name[:0], false
}

// all reads a whole text; the last name may have neither = nor & behind it.
func (s *pairScanner) all(text string, found func(string)) {
	s.scan([]byte(text), found)
	s.end(found)
}

// partScanner reads the Content-Disposition headers of multipart bodies as PHP's rfc1867.c does: white space is what C calls so,
// and a line that begins with it, or has no colon, goes on with the header before. Lines end at LF or, for others, at CR too.
type partScanner struct {
	cr      bool // lines end at CR as well
	unclear func()
	last    byte
	line    []byte
	long    bool // more of this line came than is kept
	inside  bool // of a Content-Disposition header
}

const space = `[ \t\r\n\x0b\x0c]`

var (
	disposition = regexp.MustCompile(`(?i)^` + space + `*content-disposition` + space + `*:`)
	partName    = regexp.MustCompile(`(?i)(?:^|[;,]|` + space + `)name\*?\d*\*?` + space + `*=` + space + `*(?:"((?:[^"\\]|\\.)*)"?|'((?:[^'\\]|\\.)*)'?|([^; \t\r\n\x0b\x0c]*))`)
)

func (s *partScanner) scan(b []byte, found func(string)) {
	for _, c := range b {
		pair := s.cr && c == '\n' && s.last == '\r' // one end of a line, not two
		s.last = c
		switch {
		case pair:
		case c == '\n' || s.cr && c == '\r':
			s.end(found)
		case len(s.line) < maxPartHeader:
			s.line = append(s.line, c)
		default:
			s.long = true
		}
	}
}

func (s *partScanner) end(found func(string)) {
	line := bytes.TrimSuffix(s.line, []byte("\r"))
	if len(line) == 0 { // the end of the headers
		s.inside, s.line = false, s.line[:0]
		return
	}
	goesOn := s.inside && (strings.IndexByte(" \t\r\x0b\x0c", line[0]) >= 0 || bytes.IndexByte(line, ':') < 0)
	s.inside = goesOn || disposition.Match(line)
	if s.inside {
		for _, m := range partName.FindAllSubmatch(line, -1) {
			name := string(m[1]) + string(m[2]) + string(m[3])
			found(name)
			found(strings.ReplaceAll(name, `\`, ""))
		}
		if s.long {
			s.unclear()
		}
	}
	s.line, s.long = s.line[:0], false
}

// jsonScanner reads the keys of JSON, at any depth: a string with a colon behind it.
type jsonScanner struct {
	text    []byte
	within  bool // a string
	escaped bool
	ended   bool // a string has ended; a colon would make it a key
}

func (s *jsonScanner) scan(b []byte, found func(string)) {
	for _, c := range b {
		switch {
		case s.within:
			s.inside(c)
		case c == '"':
			s.within, s.ended, s.text = true, false, append(s.text[:0], c)
		case c == ':' && s.ended:
			var key string
			if json.Unmarshal(s.text, &key) == nil {
				found(key)
			}
			s.ended = false
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			s.ended = false
		}
	}
}

func (s *jsonScanner) inside(c byte) {
	if len(s.text) <= 6*maxFieldName {
		s.text = append(s.text, c)
	}
	switch {
	case s.escaped:
		s.escaped = false
	case c == '\\':
		s.escaped = true
	case c == '"':
		s.within, s.ended = false, true
	}
}
