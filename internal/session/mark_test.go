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

// TestS15_MarksOfRequestsUnderWay: a password that is still on its way keeps its mark, whatever other requests and probes do.
func TestS15_MarksOfRequestsUnderWay(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000)
	one, two, plain := SentMark(at), SentMark(at), LoginMark(at)
	under := func(mark string) bool { return (Note{IdentityDue: mark}).Sent(at.Add(time.Second)) }
	both := settled("", two, one)
	for name, c := range map[string]struct {
		got  string
		sent bool
	}{
		"one":                       {settled("", one, ""), true},
		"both":                      {both, true},
		"one of both answered":      {settled("", Answered(one, at), both), true},
		"both answered":             {settled("", Answered(two, at), settled("", Answered(one, at), both)), false},
		"one of one answered":       {settled("", Answered(one, at), one), false},
		"another login":             {settled("", plain, one), true},
		"log in as":                 {settled("", SwitchMark(at), one), true},
		"a probe that saw another":  {settled(plain, "", one), true},
		"a mark before it":          {settled(plain, one, plain), true},
		"another login, much later": {settled("", LoginMark(at.Add(sentFor)), one), false},
	} {
		if under(c.got) != c.sent || c.got == "" {
			t.Errorf("%s: %q, under way %v", name, c.got, under(c.got))
		}
	}
	if (Note{IdentityDue: one}).Sent(at.Add(sentFor)) || (Note{IdentityDue: plain}).Sent(at) || !(Note{IdentityDue: both}).Marked().Equal(at) {
		t.Error("the time of a mark")
	}
	many := one
	for range 2 * sentMost {
		many = settled("", SentMark(at), many)
	}
	if !under(settled("", Answered(one, at), many)) || len(many) > 400 || !under(settled("", Answered(two, at), many)) {
		t.Errorf("many: %q", many)
	}
}
