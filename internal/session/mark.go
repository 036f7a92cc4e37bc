package session

import (
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Why the panel must be asked whose session one is.
const (
	login    = "l" // a request may have been a login of somebody else's
	switched = "s" // "log in as" was used
	sent     = "p" // requests with a password are under way

	sentFor  = 2 * time.Minute // without an answer
	sentMost = 8               // are told apart
	sentMore = "*"             // there were more: the mark stands for its time
)

// LoginMark is an IdentityDue after a request that may have been a login inside the session (S15). Each is another one, so that
// only who saw a mark takes it back.
func LoginMark(at time.Time) string { return mark(login, at) }

// SwitchMark is an IdentityDue after "log in as" (S14): whom the panel names next is whom the person looks at it as.
func SwitchMark(at time.Time) string { return mark(switched, at) }

// SentMark is an IdentityDue before a request that carries a password: until its answer is there, whom the panel names says nothing.
func SentMark(at time.Time) string { return mark(sent, at) }

// Answered is the LoginMark that follows the SentMark of the same request.
func Answered(mark string, at time.Time) string {
	if _, name, found := strings.Cut(mark, "."); found {
		return named(login, at, name)
	}
	return LoginMark(at)
}

func mark(why string, at time.Time) string { return named(why, at, rand.Text()) }

func named(why string, at time.Time, names ...string) string {
	return why + strconv.FormatInt(at.UnixMilli(), 36) + "." + strings.Join(names, ".")
}

// Sent reports whether a request with a password may be under way.
func (n Note) Sent(now time.Time) bool {
	return strings.HasPrefix(n.IdentityDue, sent) && now.Sub(n.Marked()) < sentFor
}

// underWay is what becomes of a SentMark when another request marks the session: one more is under way, or one less.
func underWay(want, stored string) string {
	at := Note{IdentityDue: want}.Marked()
	old := Note{IdentityDue: stored}
	if !old.Sent(at) {
		return want
	}
	_, name, _ := strings.Cut(want, ".")
	names := strings.Split(stored, ".")[1:]
	if strings.HasPrefix(want, sent) {
		if names = append(names, name); len(names) > sentMost {
			names = append(names[:sentMost-1], sentMore)
		}
		return named(sent, at, names...)
	}
	if names = slices.DeleteFunc(names, func(n string) bool { return n == name }); len(names) == 0 {
		return want
	}
	return named(sent, old.Marked(), names...)
}

// Marked is when IdentityDue was set; the zero time where it does not say.
func (n Note) Marked() time.Time {
	when, _, found := strings.Cut(n.IdentityDue, ".")
	if !found || when == "" {
		return time.Time{}
	}
	at, err := strconv.ParseInt(when[1:], 36, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(at)
}

// Switched reports whether "log in as" was used and the panel has not been asked since who that is.
func (n Note) Switched() bool { return strings.HasPrefix(n.IdentityDue, switched) }

// Unswitched forgets "log in as". A login inside stays due: another panel session may live beside the one that ended (S15).
func (n Note) Unswitched() Note {
	n.As = ""
	if n.Switched() {
		n.IdentityDue = ""
	}
	return n
}

// Admits reports whether the panel may name somebody inside the session: the session's own person, whom "log in as" led to, or
// whomever it leads to now. is tells whether the panel's word is that of an account key.
func (s Session) Admits(is func(key string) bool) bool {
	return is(s.Person) || s.Note.As != "" && is(s.Note.As) || s.Note.Switched()
}

// MaxSuspects bounds Suspects; Overrun in it says that there were more, of which nobody can be asked.
const (
	MaxSuspects = 8
	Overrun     = "*"
)

// suspects are those of all requests that marked the session, whatever the others knew; none once they are known.
func suspects(known bool, base, want, stored string) string {
	switch {
	case known:
		return ""
	case want == base:
		return stored
	}
	var all []string
	for _, one := range append(strings.Fields(stored), strings.Fields(want)...) {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	if len(all) > MaxSuspects {
		all = append(all[:MaxSuspects-1], Overrun)
	}
	return strings.Join(all, "\n")
}
