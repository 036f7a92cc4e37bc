package panel

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// scanner finds the names of fields in a stream of bytes.
type scanner interface {
	scan(b []byte, found func(name string))
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
	for len(b) > 0 {
		ends := "&;"
		if !s.value {
			ends = "&;="
		}
		i := bytes.IndexAny(b, ends)
		piece := b
		if i >= 0 {
			piece = b[:i]
		}
		if !s.value {
			s.add(piece)
		}
		if i < 0 {
			return
		}
		s.end(found)
		s.value = b[i] == '='
		b = b[i+1:]
	}
}

// add keeps a piece of a name, but for the blanks before it: PHP strips any number of them.
func (s *pairScanner) add(piece []byte) {
	for len(piece) > 0 && len(s.name) < maxFieldName {
		if len(s.name) > len("%20") {
			s.name = append(s.name, piece[:min(len(piece), maxFieldName-len(s.name))]...)
			return
		}
		s.name, piece = append(s.name, piece[0]), piece[1:]
		if blank := string(s.name); blank == "+" || blank == " " || blank == "%20" {
			s.name = s.name[:0]
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
	for len(b) > 0 {
		if s.cr && b[0] == '\n' && s.last == '\r' { // one end of a line, not two
			s.last, b = '\n', b[1:]
			continue
		}
		i := s.lineEnd(b)
		if i < 0 {
			s.keep(b)
			s.last = b[len(b)-1]
			return
		}
		s.last = b[i]
		if len(s.line) == 0 && !s.long && i <= maxPartHeader {
			s.end(b[:i], found)
		} else {
			s.keep(b[:i])
			s.end(s.line, found)
		}
		s.line, s.long, b = s.line[:0], false, b[i+1:]
	}
}

func (s *partScanner) lineEnd(b []byte) int {
	i := bytes.IndexByte(b, '\n')
	if !s.cr {
		return i
	}
	if i >= 0 {
		b = b[:i]
	}
	if at := bytes.IndexByte(b, '\r'); at >= 0 {
		return at
	}
	return i
}

func (s *partScanner) keep(piece []byte) {
	room := maxPartHeader - len(s.line)
	s.long = s.long || len(piece) > room
	s.line = append(s.line, piece[:min(len(piece), room)]...)
}

func (s *partScanner) end(line []byte, found func(string)) {
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 { // the end of the headers
		s.inside = false
		return
	}
	goesOn := s.inside && (strings.IndexByte(" \t\r\x0b\x0c", line[0]) >= 0 || bytes.IndexByte(line, ':') < 0)
	s.inside = goesOn || mayDispose(line[0]) && disposition.Match(line)
	if !s.inside {
		return
	}
	for _, m := range partName.FindAllSubmatch(line, -1) {
		name := string(m[1]) + string(m[2]) + string(m[3])
		found(name)
		found(strings.ReplaceAll(name, `\`, ""))
	}
	if s.long {
		s.unclear()
	}
}

// mayDispose: most lines are no header at all, and this is cheaper than to match each.
func mayDispose(first byte) bool {
	return strings.IndexByte("cC \t\r\x0b\x0c", first) >= 0
}

// jsonScanner reads the keys of JSON, at any depth: a string with a colon behind it.
type jsonScanner struct {
	text    []byte
	within  bool // a string
	escaped bool
	ended   bool // a string has ended; a colon would make it a key
}

func (s *jsonScanner) scan(b []byte, found func(string)) {
	for len(b) > 0 {
		switch c := b[0]; {
		case s.within:
			b = s.inside(b)
			continue
		case c == '"':
			s.within, s.ended, s.text = true, false, append(s.text[:0], c)
		case c == ':' && s.ended:
			var key string
			if json.Unmarshal(s.text, &key) == nil {
				found(key)
			}
			s.ended = false
		case s.ended && (c == ' ' || c == '\t' || c == '\r' || c == '\n'):
		default:
			s.ended = false
			i := bytes.IndexByte(b, '"')
			if i < 0 {
				return
			}
			b = b[i:]
			continue
		}
		b = b[1:]
	}
}

// inside reads on in a string and returns what comes after the bytes that it understood.
func (s *jsonScanner) inside(b []byte) []byte {
	n := 1
	switch {
	case s.escaped:
		s.escaped = false
	case b[0] == '\\':
		s.escaped = true
	case b[0] == '"':
		s.within, s.ended = false, true
	default:
		if n = bytes.IndexAny(b, `"\`); n < 0 {
			n = len(b)
		}
	}
	if room := 6*maxFieldName + 1 - len(s.text); room > 0 {
		s.text = append(s.text, b[:min(n, room)]...)
	}
	return b[n:]
}
