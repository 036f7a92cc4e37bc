package panel

import (
	"bytes"
	"net/url"

	"golang.org/x/text/encoding"
)

// encodeFields is application/x-www-form-urlencoded in a charset; what the charset lacks becomes a character reference, as
// browsers do it. charset.DetermineEncoding calls what it is unsure of windows-1252: plain ASCII is the same in both.
func encodeFields(fields []field, enc encoding.Encoding, name string) []byte {
	text := func(s string) string {
		if name == "utf-8" || enc == nil {
			return s
		}
		if out, err := encoding.HTMLEscapeUnsupported(enc.NewEncoder()).String(s); err == nil {
			return out
		}
		return s
	}
	var b bytes.Buffer
	for i, f := range fields {
		if i > 0 {
			b.WriteByte('&')
		}
		value := f.value
		if f.name == "_charset_" {
			value = name
		}
		b.WriteString(url.QueryEscape(text(f.name)))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(text(value)))
	}
	return b.Bytes()
}
