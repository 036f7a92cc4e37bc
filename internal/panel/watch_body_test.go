package panel

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

const formType, partsType, jsonType = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"

func onePart(head, value string) string {
	return "--x\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + value + "\r\n--x--\r\n"
}

// TestS14_SessionInTheBody: an id that PHP may take from a form, before it has left; what a file says of one passes.
func TestS14_SessionInTheBody(t *testing.T) {
	p := profileOf(t, "{base: laravel, verify: /dashboard, cookies: {session: ['*_session', panel.sid], visible: [], drop: []}}")
	big := strings.Repeat("x", 2<<20) + "\r\n"
	for _, c := range []struct {
		name, types, body string
		cut               bool
	}{
		{"a form", formType, "PHPSESSID=1", true},
		{"a form, another spelling of its type", "Application/X-WWW-Form-URLencoded; charset=utf-8", "a=b&PHPSESSID=1", true},
		{"no type", "", "PHPSESSID=1", true},
		{"encoded", formType, "a=b&%50HPSESSID=1", true},
		{"an array", formType, "PHPSESSID%5B%5D=1", true},
		{"behind blanks", formType, "+%20PHPSESSID=1", true},
		{"a NUL", formType, "PHPSESSID%00x=1", true},
		{"at a ;", formType, "a;PHPSESSID=1", true},
		{"a name written out, folded", formType, "panel_sid=1", true},
		{"a name that the browser holds", formType, "laravel.session=1", true},
		{"another name of the pattern", formType, "other_session=1", false},
		{"spoken of", formType, "q=PHPSESSID&r=PHPSESSID", false},
		{"parts", partsType, onePart(`name="PHPSESSID"`, "1"), true},
		{"parts, no quotes", partsType, onePart(`name=PHPSESSID`, "1"), true},
		{"parts, behind a big file", partsType, onePart(`name="f"; filename="x"`, big) + onePart(`name="PHPSESSID"`, "1"), true},
		{"parts, a file of another name", partsType, onePart(`name="f"; filename="PHPSESSID.txt"`, "x"), false},
		{"parts, behind the end of PHP's buffer", partsType, "--x\r\n" + strings.Repeat("A", 5120) + "Content-Disposition: form-data; name=PHPSESSID\r\n\r\n1\r\n--x--", true},
		{"parts, over two lines", partsType, onePart("name=\"PHP\nSESSID\"", "1"), true},
		{"parts, over two lines, others behind it", partsType, onePart("name=PHP\nSESSID\nX-Y: z", "1"), true},
		{"parts, a keyword over two lines", partsType, onePart("na\nme=PHPSESSID", "1"), true},
		{"parts, behind a NUL", partsType, onePart("\n; name=\"PHPSESSID\"\x00:", "1"), true},
		{"parts, an empty line that PHP takes for none", partsType, onePart("\r\r\n; name=PHPSESSID", "1"), true},
		{"parts, behind the end of PHP's buffer and a CR", partsType, "--x\r\n" + strings.Repeat("A", 5110) + "\r" + strings.Repeat("B", 9) + "Content-Disposition: form-data; name=PHPSESSID\r\n\r\n1\r\n--x--", true},
		{"parts, more behind it", partsType, onePart("name=PHPSESSID "+strings.Repeat("a", 600), "1"), true},
		{"parts, NUL and a line", partsType, onePart("name=\x00junk\nPHPSESSID", "1"), true},
		{"parts, NUL and a line within", partsType, onePart("name=PHP\x00junk\x00\nSESSID", "1"), true},
		{"parts, within another parameter's quotes", partsType, onePart(`x="a name="; name="PHPSESSID"`, "1"), true},
		{"parts, within single quotes", partsType, onePart(`x='a name="'; name="PHPSESSID"`, "1"), true},
		{"parts, spoken of in a line of a file", partsType, onePart(`name="f"; filename="x"`, "x = 'content-disposition'; PHPSESSID"), false},
		{"parts, a file that shows an address", partsType, onePart(`name="f"; filename="x"`, "http://x/?a=b&PHPSESSID=1&c=d"), false},
		{"JSON", jsonType, `{"PHPSESSID":"1"}`, false},
		{"a file alone", "text/csv", "a;PHPSESSID=1;b", false},
		{"two types", partsType + ", " + formType, "PHPSESSID=1", true},
	} {
		for how, reader := range map[string]func(io.Reader) io.Reader{"at once": func(r io.Reader) io.Reader { return r }, "half by half": iotest.HalfReader} {
			w := p.Watch(Watched{Target: "/x", Types: typed(c.types), Cookies: []string{"laravel_session=ig1.x"}, Body: true})
			sent, err := io.ReadAll(w.Reader(reader(strings.NewReader(c.body))))
			if errors.Is(err, ErrSessionInBody) != c.cut || !c.cut && (err != nil || string(sent) != c.body) {
				t.Errorf("%s, %s: %v, %d of %d bytes were sent", c.name, how, err, len(sent), len(c.body))
			}
		}
	}
	if p.Watch(Watched{Target: "/x?a=b", Public: true}) != nil {
		t.Error("a request without a body is watched")
	}
}

func typed(types string) []string {
	if types == "" {
		return nil
	}
	return strings.Split(types, ", ")
}

// TestS04_MethodInTheBody: what a public rule opens for POST is no PUT by `_method`, unless that is public as well.
func TestS04_MethodInTheBody(t *testing.T) {
	p := profileOf(t, "{base: laravel, verify: /dashboard, routes: {public: ['POST /pay/*', 'POST /own/*', 'PUT /own/*', 'PATCH /own/*', 'DELETE /own/*']}}")
	for _, c := range []struct {
		name, target, types, body string
		protected, cut            bool
	}{
		{"a form", "/pay/1", formType, "_method=DELETE&a=1", false, true},
		{"folded", "/pay/1", formType, "a=1&%20.method[]=DELETE", false, true},
		{"parts", "/pay/1", partsType, onePart(`name="_method"`, "DELETE"), false, true},
		{"JSON", "/pay/1", "application/vnd.api+json", `{"a":1, "_m\u0065thod" : "DELETE"}`, false, true},
		{"a value", "/pay/1", jsonType, `{"payment_method":"_method"}`, false, false},
		{"another field", "/pay/1", formType, "payment_method=card", false, false},
		{"a file that speaks of it", "/pay/1", partsType, onePart(`name="f"; filename="x"`, `{"_method":"x"}&_method=1`), false, false},
		{"every method is public", "/own/1", formType, "_method=DELETE", false, false},
		{"not public", "/page", formType, "_method=DELETE", true, false},
	} {
		w := p.Watch(Watched{Target: c.target, Types: typed(c.types), Public: !c.protected, Body: true})
		sent, err := io.ReadAll(w.Reader(strings.NewReader(c.body)))
		if errors.Is(err, ErrMethodInBody) != c.cut || !c.cut && (err != nil || string(sent) != c.body) {
			t.Errorf("%s: %v, sent %q", c.name, err, sent)
		}
	}
}

// TestS15_PublicRoutesAreWatched: a login there is no way round: the identity is asked for, or it is cut off where none is read.
func TestS15_PublicRoutesAreWatched(t *testing.T) {
	public := Watched{Target: "/pay/1", Inside: true, Public: true, Body: true}
	reads := profileOf(t, anywhereProfile+"identity: {kind: name, name: {css: b}}\n")
	w := reads.Watch(public)
	marked := 0
	w.Seen = func() error { marked++; return nil }
	if _, err := io.ReadAll(w.Reader(iotest.OneByteReader(strings.NewReader("pma_username=a&pma_password=b&x=1")))); err != nil || !w.Password() || marked != 1 {
		t.Errorf("with an identity: %v, noticed %t, marked %d times", err, w.Password(), marked)
	}
	w = reads.Watch(public)
	w.Seen = func() error { return io.ErrClosedPipe }
	if sent, err := io.ReadAll(w.Reader(strings.NewReader("pma_password=b"))); !errors.Is(err, io.ErrClosedPipe) || len(sent) > 0 {
		t.Errorf("sent %q although it could not be marked: %v", sent, err)
	}
	if _, err := io.ReadAll(profileOf(t, anywhereProfile).Watch(public).Reader(strings.NewReader("pma_username=a&pma_password=b"))); !errors.Is(err, ErrLoginInside) {
		t.Errorf("without one: %v", err)
	}
	public.Inside = false
	if _, err := io.ReadAll(profileOf(t, anywhereProfile).Watch(public).Reader(strings.NewReader("pma_username=a&pma_password=b"))); err != nil {
		t.Errorf("a visitor: %v", err)
	}
}

// BenchmarkWatch is what looking at a body costs, per byte.
func BenchmarkWatch(b *testing.B) {
	p := profileOf(b, anywhereProfile)
	text := []byte(strings.Repeat("a line of text, 2026;x;y\r\n", 1<<15))
	for name, r := range map[string]Watched{"a file": {Types: []string{partsType}, Body: true}, "a form": {Types: []string{formType}, Body: true}, "everything": {Inside: true, Body: true, Types: []string{partsType + formType + jsonType}}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := io.Copy(io.Discard, struct{ io.Reader }{p.Watch(r).Reader(strings.NewReader(string(text)))}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
