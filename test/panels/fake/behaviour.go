// Package fake is a panel of any shape: a plain http.Handler that plays what other software does at its login and later.
// It knows nothing of the gateway.
//
//	behaviour.go  what a panel may do      panel.go  the handler, sessions, what was seen    login.go  the login
//	pages.go  what is behind it            cookies.go  the cookies                           software.go  panels that exist
package fake

import "time"

// The accounts of every panel.
const (
	User     = "clerk"
	Other    = "operator"
	Password = "Secret-pass word 1"
	Code     = "471100" // of the panel's own second step
)

// Behaviour is how one panel behaves. Paths begin with "/" and do not have Base in front. In texts {base}, {origin} (where
// the panel believes to be), {path} (what was asked for), {referer} and {session} stand for what they say.
type Behaviour struct {
	Base   string // before every path
	Origin string // absolute addresses begin with it; empty: http:// and the request's Host
	Proto  bool   // believes X-Forwarded-Proto
	Hosted bool   // answers 421 under another host than Origin's

	// The login page.
	Page   string   // path?query
	Hops   []string // come before it: each sets a cookie, and is the redirect's target of the one before (T11)
	Front  string   // path that leads to the login page by <meta refresh> (T13)
	Mixed  bool     // it is the home page as well
	Latin  bool     // its charset is windows-1252
	Markup string   // the page; {action} {user} {password} {token} {csrf} {says} {extra} in it; empty: a plain form
	Extra  string   // inside the form
	Around string   // before the form

	// What it posts.
	Action      string            // the form's, as written
	Post        string            // path?query that takes it; empty: Page
	Name, Pass  string            // fields
	Brackets    string            // the fields are posted as name[field]
	Random      bool              // fields have names of this view only
	Token       string            // field; empty: none
	TokenCookie string            // what the token must equal, instead of the session's (Django)
	Held        bool              // a cookie of the login page must come back (WordPress)
	Referer     bool              // every POST's Origin, and over https its Referer, must be of the panel's own origin (Django, SvelteKit)
	Wants       map[string]string // must be posted as well
	Never       []string          // must not be posted
	JSON, Basic bool              // instead of a form
	Anywhere    bool              // a login is taken on any path
	Sleep       time.Duration     // before a login is answered

	// Its answers.
	Right, Wrong, Throttled, Stale Reply
	Stranger, Script               Reply  // to a page and a script of somebody who is not logged in
	StaleFirst                     bool   // a wrong token is answered before it is looked who is there
	Challenge                      string // path of the panel's own second step; empty: none
	Forced                         string // path that a right password leads to first, until it is posted to (T17)

	// Sessions.
	Cookie  string   // name
	Cookies []Cookie // further ones, all needed
	Path    string   // of the session cookie; empty: Base + "/"
	Domain  string   // attribute of every cookie
	Suffix  string   // of every cookie's name over https (phpMyAdmin)
	Early   []string // Set-Cookie lines before the login's own
	Late    []string // and behind them
	NoPath  bool     // the session's cookie has no Path
	Renews  bool     // the cookie's value is new with every answer
	Racy    bool     // the first page after the login changes the id and forgets the old one (T18)
	Bound   []string // headers that must stay the same from the login on

	// Behind the login.
	Home   string // where Right leads by default
	Logout string // "GET /path" or "POST /path"; takes the session's token
	Free   bool   // or none (Grafana)
	Packed bool   // gzip where the browser offers it
	Whole  bool   // its forms and redirects have whole addresses, {origin} included
	Me     string // path that says who is there, as JSON
	Open   string // a path for everybody
	API    string // path that gives a token for a name and a password (T14)
}

// Reply is one kind of answer.
type Reply struct {
	Status int    // 0: 200
	To     string // Location
	Says   string // the body; with Form or To, a text on the login page
	Type   string // of the body; empty: text/html
	Form   bool   // the login page
}

// Cookie is one that a login sets and that every page below its Path must get back.
type Cookie struct {
	Name, Path string
	Script     bool // not HttpOnly
}
