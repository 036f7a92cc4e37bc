// Package session keeps gateway sessions in Redis: the cookie, the stages, expiry, rotation, revocation.
//
// It owns the record behind a token and the one function that raises a stage (Manager.Advance), which always rotates
// the token. It knows nothing of passwords, codes, pages or the panel: a parked jar is opaque bytes to it.
//
//	anonymous ──Advance──> password ──Advance──> full ──Advance──> full (confirmed again)
//	          ──Advance──> enrolling ─Advance──> full
//	          ──Advance──> full (no second factor)
package session

import (
	"errors"
	"time"
)

// Stage says how far a session has come. The zero value is the one that may do nothing.
type Stage uint8

const (
	Anonymous Stage = iota
	Password        // the password was right; a code is asked (a challenge)
	Enrolling       // the password was right; a second factor must be set up first
	Full            // may reach the panel
)

func (s Stage) String() string {
	switch s {
	case Password:
		return "password"
	case Enrolling:
		return "enrolling"
	case Full:
		return "full"
	default:
		return "anonymous"
	}
}

// ErrStore says that Redis did not give a usable answer: the session may well exist. Nobody is logged out for it.
var ErrStore = errors.New("session store unavailable")

// ErrForeign says that revocations can never be heard again from the database they came from: it was moved, emptied or
// exchanged. Until it is back nobody has a session (S19, S33). Options.Revoked returns it.
var ErrForeign = errors.New("revocations come from another database")

// ErrRevoked says that the account's sessions were ended while this one was being written.
var ErrRevoked = errors.New("session revoked")

// ErrRetired says that another request rotated or raised the session first: the browser already has a better cookie.
var ErrRetired = errors.New("session token was rotated meanwhile")

// ErrStage says that Advance was asked for a step that no flow has.
var ErrStage = errors.New("no such change of stage")

// Session is what one token stands for, as it was when it was loaded. The zero value is an anonymous visitor.
type Session struct {
	ID         string // stable: survives rotation; 32 hex digits
	Account    string // account id
	Person     string // the panel's own word for the person: the account's key
	Name       string // what the panel is told in Remote-User
	Role       string
	Generation int64 // of the account, when the session began
	Stage      Stage
	Created    time.Time
	End        time.Time // absolute
	CodeAt     time.Time // when this session last entered a code; zero: never
	Local      string    // names the line of a users file that the password was right for; empty: the panel's login was asked
	Browser    string    // id of the recognised browser in which the password was typed; empty: unknown
	Custody    string    // names the key that seals this session's panel cookies
	ReturnTo   string    // where the person wanted to go
	Seen       time.Time // last activity that was written
	Acted      time.Time // last activity of a person, not of a page by itself
	Retired    bool      // the token was rotated away at most 30 s ago: see below
	Note       Note

	token  token     // no secret: not stored
	until  time.Time // when the token dies, at the latest
	loaded Note      // as it was in Redis
	held   *held     // nil: it was not Recent that loaded it
}

// A session that is Retired was loaded by an old token. When the rotation raised no stage, it is the session of today,
// good for proxied requests, but not for our forms. When the stage was raised, it is an anonymous one of which only the
// ID is known, so that it may still be ended: "You are logged in – Continue". A revoked session is an anonymous one with an
// ID, too: whoever changes the account's factor revokes its own session for the moment between the change and the rotation,
// and a form that arrives then must be able to wait for the outcome (S32).

// Note is what a session remembers that may change without a rotation.
type Note struct {
	Pending      *Pending `json:"pending,omitempty"`
	Challenge    bool     `json:"challenge,omitempty"`     // the panel's own second step is still open: routes.challenge only
	As           string   `json:"as,omitempty"`            // whom the panel takes the person for since "log in as", by account key
	IdentityDue  string   `json:"due,omitempty"`           // the panel must be asked whose session this is: a LoginMark or SwitchMark
	Suspects     string   `json:"suspects,omitempty"`      // panel sessions that a login may have been in, one a line; they go with the mark
	RecoveryOnly bool     `json:"recovery_only,omitempty"` // the TOTP budget is empty
	Offered      bool     `json:"offered,omitempty"`       // the offer to enrol was shown
	Used         string   `json:"used,omitempty"`          // a notice for the next page of ours: "recovery"
}

// Pending is a secret that is shown but not yet confirmed. It belongs to one session (S26).
type Pending struct {
	Secret string    `json:"secret"` // hex
	Made   time.Time `json:"made"`
}

// Card is what lists show of a session.
type Card struct {
	ID        string    `json:"id"`
	Stage     Stage     `json:"stage"`
	Created   time.Time `json:"created"` // to the second
	Address   string    `json:"address"`
	UserAgent string    `json:"user_agent"`
	token     string    // names the current token in Redis, to see whether it still lives
}

// Revocation ends sessions everywhere: those of Account older than Generation, or the one whose stable id is Session.
type Revocation struct {
	Account    string
	Generation int64
	Session    string
}
