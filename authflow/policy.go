package authflow

import (
	"slices"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/account"
)

// Policy says who needs a second factor. No mode, role or grace ever skips an active one (S24): Policy is asked only about
// accounts that have none, and about the browsers that others trust.
type Policy struct {
	Mode           string   // observe | optional | required
	RequiredFor    []string // user names or roles; empty with mode required: everybody
	Administrators []string // always
	ReadsRole      bool     // the profile can read roles; an unreadable one then counts as required
	GraceUntil     time.Time
	Enrolment      string        // auto | open | ticket
	Trust          time.Duration // how long a browser may skip the code; 0: never
}

// Requires reports whether this person must enrol before reaching the panel.
func (p Policy) Requires(name, role string, now time.Time) bool {
	if p.administrator(name) {
		return true
	}
	return p.covers(name, role) && !p.inGrace(now)
}

// Reminds reports whether this person is asked to enrol while grace runs.
func (p Policy) Reminds(name, role string, now time.Time) bool {
	return !p.administrator(name) && p.covers(name, role) && p.inGrace(now)
}

// Observes reports whether this person would be asked to enrol, were the mode required instead of observe.
func (p Policy) Observes(name, role string) bool {
	if p.Mode != "observe" || p.administrator(name) {
		return false
	}
	p.Mode = "required"
	return p.covers(name, role)
}

// Offers reports whether this account may enrol at all: nobody new in observe mode, but administrators, emergency accounts and
// whoever was reset.
func (p Policy) Offers(acc account.Account) bool {
	return p.Mode != "observe" || acc.State == account.Reset || acc.Emergency() || p.administrator(acc.Name)
}

// Ticket reports whether enrolling this account needs an administrator's ticket: after a reset (S18) and for emergency accounts
// always.
func (p Policy) Ticket(acc account.Account, now time.Time) bool {
	if acc.State == account.Reset || acc.Emergency() {
		return true
	}
	switch p.Enrolment {
	case "open":
		return false
	case "ticket":
		return true
	default: // open while enrolling is a choice: a stolen password must not be enough to enrol where it no longer is one
		return p.Mode == "required" && !p.inGrace(now)
	}
}

// TrustOf is for how long this person may let a browser skip the code: administrators and emergency accounts never (S44).
func (p Policy) TrustOf(name, key string) time.Duration {
	if p.administrator(name) || account.InEmergency(key) {
		return 0
	}
	return p.Trust
}

// Trusts reports whether a browser that this person trusted until then may skip the code. What was granted for longer than is
// allowed now does not count.
func (p Policy) Trusts(name, key string, until, now time.Time) bool {
	left := until.Sub(now)
	return left > 0 && left <= p.TrustOf(name, key)
}

func (p Policy) covers(name, role string) bool {
	if p.Mode == "observe" {
		return false
	}
	if len(p.RequiredFor) == 0 {
		return p.Mode == "required"
	}
	if p.ReadsRole && role == "" {
		return true
	}
	return slices.ContainsFunc(p.RequiredFor, func(w string) bool { return strings.EqualFold(w, name) || role != "" && w == role })
}

func (p Policy) administrator(name string) bool {
	return slices.ContainsFunc(p.Administrators, func(a string) bool { return strings.EqualFold(a, name) })
}

func (p Policy) inGrace(now time.Time) bool { return now.Before(p.GraceUntil) }
