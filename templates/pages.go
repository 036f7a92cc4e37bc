package templates

import "time"

// Page is one of the typed pages below. Each names its template, its heading and what is wrong on it.
type Page interface {
	file() string
	title() Message
	faults() []fault
}

// Login asks for the panel's user name and password.
type Login struct {
	Action    string  // where the form posts, return_to included
	UserLabel string  // what the panel calls the name; empty: "E-mail or username"
	Username  string  // kept after a failure, filled in after an expiry
	Error     Message // zero: none
	Notice    Message // zero: none
	ForgotURL string  // empty: no link
	Seconds   int     // > 0: the countdown of a wait
}

// Verify asks for the current code of the authenticator app.
type Verify struct {
	Action      string
	RecoveryURL string
	RestartURL  string
	Error       Message
	TriesLeft   int // > 0: said under the error
	Seconds     int
	Trust       Message // "Don't ask on this browser for 30 days"; zero: not offered
	Closed      bool    // no code can be entered: only the recovery link and the message are shown
}

// Recovery asks for one of the recovery codes.
type Recovery struct {
	Action     string
	VerifyURL  string // empty in a recovery-only challenge
	RestartURL string
	Error      Message
	TriesLeft  int
	Seconds    int
}

// TwoFactorOff is Settings → Two Factor while the second factor is off: QR code, setup key and the first code.
type TwoFactorOff struct {
	Action    string
	QR        string // inline SVG, drawn by us: shown as it is
	URI       string // otpauth://, for the button "Open in my app"
	Key       string // base32, in groups of four
	Account   string
	Error     Message
	Notice    Message
	Ticket    bool // a ticket field is shown
	TicketErr Message
	Forced    bool   // stage enrolling: the panel is reached only after this page
	BackURL   string // to the panel; empty when Forced
	LogoutURL string // shown when Forced
}

// RecoveryCodes shows a new set of recovery codes, once.
type RecoveryCodes struct {
	Codes       []string
	Account     string
	Made        time.Time
	Enabled     bool   // right after Enable: the success notice is shown
	ContinueURL string // "I have saved them"
}

// TwoFactorOn is Settings → Two Factor while the second factor is on.
type TwoFactorOn struct {
	Since       time.Time
	CodesLeft   int
	NewCodes    string // action of the form that makes a new set
	NewCodesErr Message
	Seconds     int
	DisableURL  string
	BackURL     string
	Notice      Message
	Account     string
	Sessions    []SessionRow
	Browsers    []BrowserRow
	Forget      string // action of the form behind **Forget**, field browser; empty: no button
	LogoutRest  string // action of the form behind **Log out the others**; empty: no button
}

// SessionRow is one place where the account is logged in.
type SessionRow struct {
	Current bool
	Since   time.Time
	Address string
	Browser string
}

// BrowserRow is one browser in which the account has entered a code.
type BrowserRow struct {
	ID           string
	Current      bool
	Name         string // empty: nothing is known of it
	Address      string // of the latest login
	Created      time.Time
	LastUsed     time.Time
	TrustedUntil time.Time // zero: it asks for a code
}

// Disable confirms turning the second factor off.
type Disable struct {
	Action   string
	BackURL  string // "Keep it on"
	Password bool   // a password is accepted beside a code
	Error    Message
	Seconds  int
}

// Offer asks accounts that policy will soon require to enrol, during the grace period.
type Offer struct {
	Action   string    // POST: "Not now"
	SetupURL string    // "Set up now"
	Deadline time.Time // zero: none
}

// Logout asks for confirmation.
type Logout struct {
	Action  string
	BackURL string
}

// Notice is a page with one sentence and one button: "You are logged in – Continue", "Two-factor authentication is off".
type Notice struct {
	Heading     Message
	Text        Message
	ContinueURL string
	More        Message // a second, quieter way on; zero: none
	MoreURL     string
}

// Error is every page that says that something did not work.
type Error struct {
	Heading Message
	What    Message // what happened
	Do      Message // what to do
	BackURL string  // empty: no button
	Button  Message
	Again   bool // a button that loads the page again; its address, which may hold a token, is not written down (S40)
}
