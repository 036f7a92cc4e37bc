// Package account keeps the gateway's record of each panel user in SQL: people, factors, recovery codes, browsers,
// budgets, revocations and the audit trail.
//
// It owns the rules of the second factor: which step a code matches, that a step is spent once, how many codes may be
// compared. Absence is never read as "no second factor" (S19). It knows nothing of HTTP, sessions in Redis or the panel.
package account

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// State of an account's second factor. The zero value is no state and denies.
type State string

const (
	None   State = "none"   // never enrolled
	Active State = "active" // a code is asked
	Reset  State = "reset"  // an administrator took the factor away: the next login enrols with a ticket
)

// Account is one panel user.
type Account struct {
	ID         string // ours; 32 hex digits
	Key        string // the panel's own word: "id:17", or "name:admin@demo.isp"; "emergency:noc" is none of the panel's
	Name       string // pinned at first sight; what Remote-User says
	State      State
	Generation int64     // sessions of an older one are dead
	Enabled    time.Time // since when the factor is active
	CodesLeft  int       // unused recovery codes
}

// Emergency is the realm of accounts for when the panel's login is out of order. No key of a panel begins so.
const Emergency = "emergency"

// InEmergency reports whether an account's key is of that realm.
func InEmergency(key string) bool { return strings.HasPrefix(key, Emergency+":") }

// Emergency reports whether the account is of that realm.
func (a Account) Emergency() bool { return InEmergency(a.Key) }

// Identity is what the panel said of the person whose password was right.
type Identity struct {
	Realm string // who else than the panel names the person; empty: the panel
	ID    string // immutable id, where the profile can read one
	Name  string // the panel's name for the person; without an identity the folded typed name
}

// Key is what the account is looked up under (design 4.4).
func (i Identity) Key() string {
	if i.Realm != "" {
		return i.Realm + ":" + i.ID
	}
	if i.ID != "" {
		return "id:" + i.ID
	}
	return "name:" + i.Name
}

// Pool is where wrong codes are counted.
type Pool string

// Unknown is the pool of every browser in which this account never entered a code.
const Unknown Pool = "unknown"

// Try is one use of a code.
type Try struct {
	Account   string
	Pool      Pool
	Challenge string // id of the challenge: the session's stable id. Confirmations inside a full session use the same.
	Code      string // as typed
	// Enable only: an administrator's ticket, consumed with the code; a wrong one is a refusal of its own.
	NeedTicket bool
	Ticket     string
}

// Result is what came of a Try. The zero value is a refusal.
type Result struct {
	OK        bool
	Step      int64         // the TOTP step that matched
	Left      int           // tries left in this challenge
	Wait      time.Duration // > 0: too early; not compared
	Over      bool          // the challenge is used up or was evicted: back to the password
	Closed    bool          // the pool's day or year is used up: recovery codes and other browsers remain
	CodesLeft int           // after a recovery code: how many remain
	Won       bool          // another try of this challenge was right: the same form, sent twice
	Notice    int           // > 0: this wrong code was the one of a number at which an administrator is told (Notices)
	BadTicket bool          // Enable: the ticket was missing, wrong or older than 72 h; the code was not looked at
}

// Errors that callers branch on. Everything else is the database's fault and means 503.
var (
	ErrNotFound    = errors.New("no such account")
	ErrTampered    = errors.New("account record does not verify") // S19: denied, audited, never "no second factor"
	ErrState       = errors.New("the account's second factor is not in the state for this")
	ErrMissing     = errors.New("no database: put its backup back (the first ispgate init made it)")
	ErrUnreachable = errors.New("the database cannot be reached")
	ErrUnfit       = errors.New("the database file cannot be used")
	ErrMoved       = errors.New("the database file is not the one that was opened")
	ErrForeign     = errors.New("the database belongs to another installation")
	ErrNewer       = errors.New("the database was written by a newer ispgate")
	ErrFingerprint = errors.New("what a user name means has changed")
	ErrExists      = errors.New("the database exists already")
)

// Conflict says that the panel's words for a person contradict what was pinned (design 4.4).
type Conflict struct{ Name, Pinned, Command string }

func (c *Conflict) Error() string {
	return fmt.Sprintf("identity conflict: %q is pinned to %q; settle it with: %s", c.Name, c.Pinned, c.Command)
}

// Event is one line of the audit trail.
type Event struct {
	Kind    string // login, login_failed, second_factor, enabled, disabled, recovery_used, logout, …
	Account string // id; empty: nobody known
	Name    string
	Address string
	Session string // stable id
	Request string
	Detail  string // a bounded word; never a secret
}
