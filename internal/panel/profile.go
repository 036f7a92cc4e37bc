package panel

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"github.com/ispgate/ispgate/internal/recent"
)

// Profile describes one kind of panel (design 4.1). It does not change once it is loaded, and is safe for concurrent use.
type Profile struct {
	Name      string
	Login     LoginForm
	Verify    string // path?query of a page that only a logged-in user gets
	Identity  IdentityRule
	Usernames Usernames
	Limiter   Limiter
	Logout    string // auto | none | "METHOD /path"
	Home      string // where a person lands without a return_to; may be empty
	Cookies   Cookies
	Forward   Forward

	signedOut, signedIn []answerRule
	outcome             outcomeRules
	routes              [kinds][]requestRule
	folders             folders // of the public ones
	reset, background   []requestRule
	forms               []requestRule               // login.page and login.action
	tested              map[string]bool             // parameters that some rule looks at
	learned             atomic.Pointer[requestRule] // what the form was last seen to post to
	sourced             bool                        // some rule asks where the client is
	matched             recent.Map[question, Route]
	names               recent.Map[string, cookieKind]
	fields              atomic.Pointer[[2]string] // what the user and the password field were last called
	hosts               atomic.Pointer[[]string]  // names of the panel, lower case, without ports
}

// LoginForm is the panel's login.
type LoginForm struct {
	Page           string             // path?query of the page with the form
	User, Password string             // field names, or auto
	Set            map[string]*string // field → value; nil: not sent
	Take           map[string]*regexp.Regexp
	As             string // form | json | basic | none: a Reader said so
	Action         string // path?query that is posted to; empty: what the form says
	Anywhere       bool   // the panel takes a login on any URL
}

// IdentityRule says where the panel names the person behind a session.
type IdentityRule struct {
	Page string // empty: verify
	Kind string // id | email | name: what an account's key is made of
	ID   Selector
	Name Selector
	Role Selector
}

// Configured reports whether the panel is asked who somebody is.
func (i IdentityRule) Configured() bool { return i.ID.set() || i.Name.set() }

// Usernames says which typed names are taken where the panel does not name the person itself.
type Usernames struct {
	Fold    bool
	Pattern *regexp.Regexp // over the whole folded name
}

// Limiter is the panel's own: Tries wrong passwords per account in a Window.
type Limiter struct {
	Tries  int
	Window time.Duration
}

// Cookies are globs over the panel's cookie names.
type Cookies struct {
	Session []string // carry the login
	Visible []string // may be read by the panel's scripts
	Drop    []string // never reach a browser (T5)
}

// Forward says what the panel is told about the request.
type Forward struct {
	Host          string // keep (the public host) | panel (the host of panel.url) | a literal host
	Proto         string // keep (the scheme of public_url) | https | http
	ClientIP      bool   // X-Forwarded-For
	Authorization bool
	ServiceWorker bool
}

type outcomeRules struct{ stale, failed, throttled, challenge, ok []answerRule }

// Complete says in a plain sentence what a built-in profile still lacks for the panel at hand, or what it asks for that
// this version does not do.
func (p *Profile) Complete() error {
	switch {
	case p.Loginless():
	case p.Verify == "":
		return fmt.Errorf("profile %s does not say which page only a logged-in user gets; write, for example, profile: {base: %s, verify: /dashboard}", p.Name, p.Name)
	case len(p.signedOut) == 0:
		return fmt.Errorf("profile %s does not say how a page looks to somebody who is not logged in; write signed_out, for example [{location: '^/login'}]", p.Name)
	}
	return nil
}

// clone is a copy that may be changed; what was learned stays behind.
func (p *Profile) clone() *Profile {
	return &Profile{Name: p.Name, Login: p.Login, Verify: p.Verify, Identity: p.Identity, Usernames: p.Usernames, Limiter: p.Limiter, Logout: p.Logout,
		Home: p.Home, Cookies: p.Cookies, Forward: p.Forward, signedOut: p.signedOut, signedIn: p.signedIn, outcome: p.outcome, routes: p.routes, folders: p.folders,
		reset: p.reset, background: p.background, forms: p.forms, tested: p.tested, sourced: p.sourced}
}

// ReadsRole reports whether this profile can tell roles.
func (p *Profile) ReadsRole() bool { return p.Identity.Role.set() }

// Fingerprint is what a name means to this profile; where it changes, accounts may change hands (design 3.1).
func (p *Profile) Fingerprint() string {
	kind := "none"
	if p.Identity.Configured() {
		kind = p.Identity.Kind
	}
	return fmt.Sprintf("identity=%s fold=%t", kind, p.Usernames.Fold)
}

var errName = errors.New("is not a user name of this panel")

// Fold is Spelling for names that the pattern takes; any other is an error.
func (p *Profile) Fold(typed string) (string, error) {
	name, err := p.Spelling(typed)
	if err != nil || p.Usernames.Pattern == nil || !p.Usernames.Pattern.MatchString(name) {
		return "", errName
	}
	return name, nil
}

// Spelling is the one spelling of a typed name: blanks around it cut, PRECIS UsernameCaseMapped (RFC 8265 section 3.3) or, without
// fold, UsernameCasePreserved, NFC either way. Blanks inside and control characters are errors.
func (p *Profile) Spelling(typed string) (string, error) {
	rules := precis.UsernameCasePreserved
	if p.Usernames.Fold {
		rules = precis.UsernameCaseMapped
	}
	name, err := rules.String(strings.TrimSpace(typed)) // refuses control characters (RFC 8264 section 4.2.3)
	if err != nil || len(name) > 254 {
		return "", errName
	}
	return norm.NFC.String(name), nil
}

// typeable reports whether a keyboard could have written a name: a NUL ends it for some servers and not for others (S16).
func typeable(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

// SignedOut reports whether an answer of the panel is what somebody gets who is not logged in. Make the answer with
// Panel.Answer; one without a Location has that of its header.
func (p *Profile) SignedOut(a Answer) bool {
	if a.Location == "" {
		var own []string
		if hosts := p.hosts.Load(); hosts != nil {
			own = *hosts
		}
		a.Location = location(own, cmp.Or(a.Target, "/"), a.Header.Get("Location"))
	}
	return p.anyOf(p.signedOut, &a)
}

// NeedsBody reports whether SignedOut looks at the text of pages, so that an answer must be held.
func (p *Profile) NeedsBody() bool { return testsText(p.signedOut) }

// signedInAnswer reports whether an answer is what only a logged-in user gets. A rule that looks neither at text nor at a
// redirect also wants html or JSON without a login form.
func (p *Profile) signedInAnswer(a *Answer) bool {
	for i := range p.signedIn {
		r := &p.signedIn[i]
		if p.holds(r, a) && (r.body != nil || r.location != nil || a.isText() && a.readable() && !p.showsLogin(a)) {
			return true
		}
	}
	return false
}
