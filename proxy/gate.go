// Package proxy decides whether a request may pass to the panel, and passes it on.
//
// It owns the gate's verdict and its two renderings (the proxied page, the auth_request answer), the rewriting of
// requests and answers, and the watch for panel sessions that ended. It can load, touch and note a gateway
// session, never raise one; it does not know the pages of the login.
//
//	request ─> Gate.Decide ─> Verdict ─┬─> upstream ─> panel ─> answer (seal, expiry) ─> browser
//	                                   └─> 204 | 401 | 403 | 503 (auth_request)
package proxy

import (
	"context"
	"errors"
	"net/http"

	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
)

// Decision is what the gate says of a request. The zero value refuses.
type Decision uint8

const (
	Forbidden   Decision = iota
	Allow                // may pass
	NeedLogin            // nobody is logged in, or the target is a login
	NeedStep             // somebody is on the way: a page of ours comes first
	Unavailable          // it cannot be told: closed
)

func (d Decision) String() string {
	return [...]string{"forbidden", "allow", "need-login", "need-step", "unavailable"}[d]
}

// Verdict is a decision with everything that rendering it needs.
type Verdict struct {
	Decision  Decision
	Route     panel.Route
	Session   session.Session // stage full, or the zero session
	Step      string          // NeedStep: the page of ours that comes first
	Malformed bool            // Forbidden, and no browser of ours sends such a thing
	Cause     error
}

// Sessions is all that the gate may do with sessions: load, touch, note. It can never raise one.
type Sessions interface {
	Recent(ctx context.Context, r *http.Request) (session.Session, error) // may be 800 ms old
	Load(ctx context.Context, r *http.Request) (session.Session, error)
	Alive(ctx context.Context, s session.Session) (bool, error)
	Touch(ctx context.Context, s session.Session, acted bool) error
	SetNote(ctx context.Context, s session.Session, n session.Note) error
}

// Gate turns requests into verdicts.
type Gate struct {
	Profile  *panel.Profile
	Sessions Sessions
	StepPage func(session.Stage) string // which page of ours a stage leads to
	Count    func(Verdict)
}

// Asked is the request that is decided on.
type Asked struct {
	Method, Target string
	Front          bool // a server in front asks for a request that it has itself
}

// Decide is the one place that says whether a request may pass for whoever sent r.
func (g *Gate) Decide(ctx context.Context, r *http.Request, a Asked) Verdict {
	v := g.decide(ctx, r, a)
	g.Count(v)
	return v
}

func (g *Gate) decide(ctx context.Context, r *http.Request, a Asked) Verdict {
	route := g.Profile.MatchFrom(a.Method, a.Target, web.Of(r).Client)
	if v, refused := g.refuse(r, a, route); refused {
		return v
	}
	s, err := g.Sessions.Recent(ctx, r)
	if err != nil {
		return Verdict{Decision: Unavailable, Route: route, Cause: err}
	}
	switch {
	case s.Stage == session.Full && s.Note.Challenge:
		return settling(s, route, a)
	case s.Stage == session.Full:
		return loggedIn(s, route)
	case route.Kind == panel.Public:
		return Verdict{Decision: Allow, Route: route} // a stage below full is a visitor here (S12)
	case s.Stage == session.Anonymous:
		return Verdict{Decision: NeedLogin, Route: route}
	default:
		return Verdict{Decision: NeedStep, Route: route, Step: g.StepPage(s.Stage)}
	}
}

// refuse is what no session changes.
func (g *Gate) refuse(r *http.Request, a Asked, route panel.Route) (Verdict, bool) {
	if name, found := g.Profile.SessionInURL(a.Target, r.Header.Values("Cookie")); found {
		return Verdict{Route: route, Malformed: true, Cause: errors.New("session id in the URL: " + name)}, true
	}
	switch {
	case route.Kind == panel.Deny:
		return Verdict{Route: route, Cause: errors.New("denied by rule " + route.Name)}, true
	case a.Front && (route.Kind == panel.LoginRoute || route.Kind == panel.Logout): // S37: it forgot to hand them over
		return Verdict{Route: route, Cause: errors.New("login and logout belong to the gateway")}, true
	case route.Kind == panel.LoginRoute:
		return Verdict{Decision: NeedLogin, Route: route}, true
	}
	return Verdict{}, false
}

// settling is what somebody may reach whose panel still asks for its own second step: that, and the way out. What the panel's
// answer to it is worth, the login page finds out (design 4.2, step 7). These two open something here, and so not in one reading
// of several.
func settling(s session.Session, route panel.Route, a Asked) Verdict {
	switch {
	case !a.Front && route.Plain && (route.Kind == panel.ChallengeRoute || route.Kind == panel.Logout):
		return Verdict{Decision: Allow, Route: route, Session: s}
	case route.Kind == panel.Public:
		return Verdict{Decision: Allow, Route: route}
	}
	return Verdict{Decision: NeedLogin, Route: route}
}

// loggedIn is what a logged-in person may reach.
func loggedIn(s session.Session, route panel.Route) Verdict {
	switch {
	case route.Kind == panel.TwoFactorRoute:
		return Verdict{Decision: NeedStep, Route: route, Session: s, Step: "two-factor"}
	case route.Kind == panel.Impersonate && s.CodeAt.IsZero(): // S14
		return Verdict{Route: route, Cause: errors.New("log in as: only in a session that entered a code")}
	}
	return Verdict{Decision: Allow, Route: route, Session: s}
}
