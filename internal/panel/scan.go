package panel

import (
	"bytes"
	"encoding/json"
	"strings"
)

// scanner finds the names of fields in a stream of bytes.
type scanner interface {
	scan(b []byte, found func(name string))
}

const maxFieldName = 512 // bytes, as written; of a longer one the beginning is looked at, since PHP cuts at NUL

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

// partScanner finds the names in the Content-Disposition headers of multipart bodies. Servers do not agree where such a header begins and
// ends: PHP's rfc1867.c goes on with a line that has no colon, ends lines at NUL, and cuts those that fill its buffer, so that a header
// may begin far within one. So everything between two delimiters counts as a name, from where a header may begin to the next empty
// line: rather too much is found than too little.
type partScanner struct {
	line    int  // bytes since the last LF
	text    bool // one of them is no white space
	ends    int  // 0: a line has just begun; 1: a CR is all that it has; 2: it has more
	matched int  // bytes of disposition
	inside  bool // of a header
	name    []byte
	cut     []byte // a name that ended at a NUL: for PHP it goes on in the next line
	nul     bool   // there was one in this line
}

const (
	disposition = "content-disposition"
	cutLine     = 4 << 10 // bytes of a line behind which PHP may begin another: its buffer has at least 5 KiB
)

func (s *partScanner) scan(b []byte, found func(string)) {
	for len(b) > 0 {
		if n := s.idle(b); n > 0 {
			s.line, s.ends, b = s.line+n, 2, b[n:]
			continue
		}
		if s.inside {
			s.read(b[0], found)
		} else {
			s.look(b[0])
		}
		s.step(b[0])
		b = b[1:]
	}
}

// idle is how many bytes come in which no header can begin: the rest of a line, most of a file.
func (s *partScanner) idle(b []byte) int {
	if s.inside || s.matched > 0 || !s.text || s.line >= cutLine {
		return 0
	}
	b = b[:min(len(b), cutLine-s.line)]
	for _, end := range "\n\r" {
		if i := bytes.IndexByte(b, byte(end)); i >= 0 {
			b = b[:i]
		}
	}
	return len(b)
}

// look waits for the name of the header, at the beginning of a line or far within one.
func (s *partScanner) look(c byte) {
	lower := c | 0x20
	if lower != disposition[s.matched] {
		s.matched = 0 // its first letter comes once, so that no other beginning is missed
	}
	if lower == disposition[s.matched] && (s.matched > 0 || !s.text || s.line >= cutLine) {
		s.matched++
	}
	if s.matched == len(disposition) {
		s.inside, s.matched = true, 0
	}
}

// read reports a name at each delimiter. A line's end may be none: then the name goes on.
func (s *partScanner) read(c byte, found func(string)) {
	switch {
	case c == '\n' && s.ends < 2: // an empty line
		s.inside = false
	case c == '\n' && s.nul:
		s.report(found)
		s.name, s.nul = append(s.name[:0], s.cut...), false
		return
	case c == '\n' || c == '\r':
		s.report(found)
		return
	case c == ' ' && len(s.name) == 0:
		return
	case c == 0 && !s.nul:
		s.nul, s.cut = true, append(s.cut[:0], s.name...)
	case c < ' ' || strings.IndexByte(`="';,`, c) >= 0:
	default:
		s.add(c, found)
		return
	}
	s.report(found)
	s.name = s.name[:0]
}

// add keeps a byte of a name. The beginning of a long one is told once: what follows a blank or an index may count for nothing.
func (s *partScanner) add(c byte, found func(string)) {
	if len(s.name) == maxFieldName {
		s.report(found)
	}
	if len(s.name) <= maxFieldName {
		s.name = append(s.name, c)
	}
}

// report tells a name, and what is one where no quotes stand around it or a backslash says nothing.
func (s *partScanner) report(found func(string)) {
	if len(s.name) == 0 || len(s.name) > maxFieldName { // its beginning has been told
		return
	}
	name := string(s.name)
	found(name)
	for _, word := range strings.Fields(name) {
		if word != name {
			found(word)
		}
	}
	if plain := strings.ReplaceAll(name, `\`, ""); plain != name {
		found(plain)
	}
}

// step knows where in a line the next byte is. PHP's lines end at LF, others' at CR as well; one CR before an LF belongs to the end.
func (s *partScanner) step(c byte) {
	s.line++
	switch {
	case c == '\n':
		s.line, s.text, s.ends = 0, false, 0
	case c == '\r':
		s.text, s.ends = false, min(s.ends+1, 2)
	case c > ' ':
		s.text, s.ends = true, 2
	default:
		s.ends = 2
	}
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
