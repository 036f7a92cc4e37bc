package session

import (
	"testing"
	"time"
)

// TestS15_LogInAsExplainsNoLogin: its mark never replaces that of a login in between, and is replaced by one.
func TestS15_LogInAsExplainsNoLogin(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	at := time.UnixMilli(1764000000123)
	by, as := LoginMark(at), SwitchMark(at)
	for _, n := range []Note{{IdentityDue: by}, {IdentityDue: as}} {
		if got := n.Marked(); !got.Equal(at) {
			t.Errorf("%q was set at %s, want %s", n.IdentityDue, got, at)
		}
	}
	w.setNote(m, s, Note{IdentityDue: by})
	w.setNote(m, s, Note{IdentityDue: as}) // of a request that was under way
	if got := w.load(m, c).Note.IdentityDue; got != by {
		t.Errorf("%q replaced %q", got, by)
	}
	w.setNote(m, w.load(m, c), Note{})
	w.setNote(m, w.load(m, c), Note{IdentityDue: as})
	w.setNote(m, s, Note{IdentityDue: by})
	if got := w.load(m, c).Note.IdentityDue; got != by {
		t.Errorf("the mark is %q, want %q", got, by)
	}
	for _, broken := range []string{"", "first", "l", ".x", "l!.x"} {
		if got := (Note{IdentityDue: broken}).Marked(); !got.IsZero() {
			t.Errorf("%q was set at %s", broken, got)
		}
	}
}

// TestS14_Admits: the session's own person, whom "log in as" led to, and whomever it leads to now.
func TestS14_Admits(t *testing.T) {
	for _, c := range []struct {
		name, as, due, who string
		want               bool
	}{
		{"oneself", "", "", "id:1", true},
		{"somebody else", "", "", "id:2", false},
		{"after a login", "", LoginMark(time.Now()), "id:2", false},
		{"just switched", "", SwitchMark(time.Now()), "id:2", true},
		{"switched", "id:2", "", "id:2", true},
		{"switched, somebody else", "id:2", "", "id:3", false},
		{"switched, then a login", "id:2", LoginMark(time.Now()), "id:3", false},
		{"switched, oneself", "id:2", "", "id:1", true},
	} {
		s := Session{Person: "id:1", Note: Note{As: c.as, IdentityDue: c.due}}
		if got := s.Admits(func(key string) bool { return key == c.who }); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}

// TestS15_SuspectsGoWithTheMark: none is lost to a race, and none outlives the mark.
func TestS15_SuspectsGoWithTheMark(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	at := time.Now()
	want := func(suspects string) {
		t.Helper()
		if got := w.load(m, c).Note.Suspects; got != suspects {
			t.Errorf("suspects %q, want %q", got, suspects)
		}
	}
	w.setNote(m, s, Note{IdentityDue: LoginMark(at), Suspects: "\na"})
	probing := w.load(m, c)
	w.setNote(m, s, Note{IdentityDue: LoginMark(at), Suspects: "\nb"})
	want("a\nb")
	w.setNote(m, probing, Note{}) // it knew of the first alone
	want("a\nb")
	w.setNote(m, w.load(m, c), Note{})
	want("")
	for i := range MaxSuspects + 3 {
		now := w.load(m, c)
		now.Note.IdentityDue, now.Note.Suspects = LoginMark(at), now.Note.Suspects+"\n"+string(rune('a'+i))
		w.setNote(m, now, now.Note)
	}
	want("a\nb\nc\nd\ne\nf\ng\n" + Overrun)
}
