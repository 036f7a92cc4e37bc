package session

import (
	"encoding/hex"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

// Whatever a session holds comes back as it was, to the millisecond.
func TestRecordKeepsEveryField(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Stands = func(string) bool { return true }
	m, id := New(o), strings.Repeat("0f", 16)
	at := w.clock().Add(123 * time.Millisecond)
	cases := map[string]func(*Session){
		"as it begins":                 func(*Session) {},
		"all there is":                 func(s *Session) { s.Local, s.Browser, s.CodeAt, s.ReturnTo, s.Role = "line", id, at, "/x", "r" },
		"named otherwise than its key": func(s *Session) { s.Person, s.Name = "id:7", "admin@demo.isp" },
		"named as its key":             func(s *Session) { s.Person, s.Name = "admin", "admin" },
		"a key without a name":         func(s *Session) { s.Person, s.Name = "id:7", "" },
		"an account of hex digits":     func(s *Session) { s.Account = id },
		"an account in capitals":       func(s *Session) { s.Account = strings.ToUpper(id) },
		"an odd number of digits":      func(s *Session) { s.Account = id[1:] },
		"a code at the very beginning": func(s *Session) { s.CodeAt = s.Created },
		"a code before the beginning":  func(s *Session) { s.CodeAt = s.Created.Add(-time.Second) },
		"a generation":                 func(s *Session) { s.Account, s.Generation, w.generations["a7"] = "a7", 7, 7 },
	}
	for label, change := range cases {
		t.Run(label, func(t *testing.T) {
			s := m.Begin("a1", "n", "", 0)
			s.Created, s.End = at, at.Add(time.Hour)
			change(&s)
			for _, stage := range []Stage{Password, Full} {
				next, c := w.advance(m, s, stage)
				got := w.load(m, c)
				next.until = next.until.Truncate(time.Millisecond)
				got.Seen, got.Acted = next.Seen, next.Acted
				if !sameMoments(&got, next) || !reflect.DeepEqual(got, next) {
					t.Errorf("stored\n%+v, loaded\n%+v", next, got)
				}
				s = next
			}
		})
	}
}

// sameMoments reports whether the times of both are equal, and gives got those of want, which may be written otherwise.
func sameMoments(got *Session, want Session) bool {
	for _, pair := range [][2]*time.Time{{&got.Created, &want.Created}, {&got.End, &want.End}, {&got.CodeAt, &want.CodeAt}, {&got.until, &want.until}} {
		if !pair[0].Equal(*pair[1]) {
			return false
		}
		*pair[0] = *pair[1]
	}
	return true
}

// Ids are half as long in Redis as in hex.
func TestRecordIsSmall(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	id := hex.EncodeToString([]byte("0123456789abcdef"))
	s := m.Begin(id, "admin@demo.isp", "owner", 0)
	s.Person, s.Browser = s.Name, id
	s, err := m.Advance(t.Context(), http.Header{}, s, Full, tester)
	if err != nil {
		t.Fatal(err)
	}
	if n := w.client.StrLen(t.Context(), keysOf(s.token).record).Val(); n > 156 {
		t.Errorf("the record has %d bytes", n)
	}
}
