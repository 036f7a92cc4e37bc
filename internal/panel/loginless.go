package panel

import (
	"regexp"

	"gopkg.in/yaml.v3"
)

// Reader reads profiles. The zero Reader reads those of panels that log people in.
type Reader struct {
	// Loginless is for an application whose passwords are checked elsewhere. It is never asked who anybody is: nothing that the
	// profile says of a login counts, and nothing of it need be there. Routes, cookies, forward, home and limiter count as ever.
	Loginless bool
}

// FromNode is Reader.FromNode for a panel that logs people in.
func FromNode(file string, node *yaml.Node) (*Profile, error) { return Reader{}.FromNode(file, node) }

// Loginless reports whether the application is never asked about passwords and sessions.
func (p *Profile) Loginless() bool { return p.Login.As == "none" }

// anyName: who exists is said elsewhere, once, so that a name and an e-mail address cannot be two accounts of one person.
var anyName = regexp.MustCompile(`.`)

// dropLogin forgets what a profile says of the panel's login and of the session behind it.
func (p *Profile) dropLogin() {
	p.Login = LoginForm{User: "auto", Password: "auto", As: "none"}
	p.Verify, p.Logout, p.Identity = "", "none", IdentityRule{}
	p.signedOut, p.signedIn, p.outcome = nil, nil, outcomeRules{}
	p.Usernames.Pattern = anyName
}
