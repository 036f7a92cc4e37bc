package proxy

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/recent"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
)

const (
	identityEvery = 10 * time.Minute // of activity
	identityLate  = 2 * identityEvery
	identityAgain = 15 * time.Second // after a panel that did not say
	maxAsked      = 10000            // sessions remembered
)

// settled is how long a navigation may be what the answer to a form leads to: its message would be eaten by one more GET (design
// 4.3).
const settled = 10 * time.Second

var (
	errUsurped = errors.New("the panel names another person inside this session")
	errUnsaid  = errors.New("the panel does not say whose session this is")

	errMeanwhile = errors.New("the session ended, or a password was sent inside it, since the request began")
	errUnmarked  = errors.New("the session may be somebody else's, and that cannot be written down")
)

// asking is when the panel must be asked whose session one is.
type asking uint8

const (
	askNot    asking = iota
	askLater         // while a page is held
	askBefore        // before anything else passes
)

// asking: a mark is asked about at once, everything else after a time. A page is waited for, to ask while it is held; but who never
// loads one would never be asked about (S15). So what follows a mark and is no navigation waits for the answer: it reads and
// writes the panel's session itself, and takes a flash message with it whether we ask or not. So does a navigation that is too late
// to be the target of a redirect, and everything when no page came for twice the time.
func (p *Proxy) asking(s session.Session, page bool) asking {
	now, last := p.site.Now(), p.asked.last(s)
	if mark := s.Note.IdentityDue; mark != "" {
		switch {
		case s.Note.Sent(now) && page:
			return askLater
		case s.Note.Sent(now): // whom the panel named last, says nothing
			return askBefore
		case last.mark == mark && last.life == panel.Alive: // the mark has not been taken back yet
			return askNot
		case !page || now.Sub(s.Note.Marked()) >= settled:
			return askBefore
		case last.mark == mark && now.Sub(last.asked) < identityAgain:
			return askNot
		}
		return askLater
	}
	switch unknown := now.Sub(last.known); {
	case unknown < identityEvery, last.mark == "" && now.Sub(last.asked) < identityAgain:
		return askNot
	case unknown >= identityLate:
		return askBefore
	}
	return askLater
}

// navigates: a GET that a person will see the answer of.
func navigates(r *http.Request, method string) bool {
	return method == http.MethodGet && web.Of(r).Kind == web.Navigation
}

// askFirst asks the panel whose session this is where that cannot wait for a page. "Log in as" is always asked before, so that who it
// leads to is told from who was there already. The error is why the request must not pass.
func (p *Proxy) askFirst(r *http.Request, t *passing) error {
	if !p.gate.Profile.Identity.Configured() || !guarded(t) {
		return nil
	}
	if t.verdict.Route.Kind != panel.Impersonate && p.asking(t.verdict.Session, navigates(r, r.Method)) != askBefore {
		return nil
	}
	jar, lost := t.opened.Jar(), len(t.probed)
	if err := p.who(r.Context(), t, jar); err != nil {
		return err
	}
	t.opened = t.opened.Renewed(jar, web.Of(r).Target, p.site.Now())
	t.early, t.probed = t.probed[lost:], t.probed[:lost:lost]
	return nil
}

// who asks the panel, once at a time for a session and a mark. A marked session passes only as somebody who is known (S15).
func (p *Proxy) who(ctx context.Context, t *passing, jar *panel.Jar) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), heldFor)
	defer cancel()
	s := t.verdict.Session
	last := p.asked.last(s)
	life := last.life
	if s.Note.IdentityDue == "" || last.mark != s.Note.IdentityDue || s.Note.Sent(p.site.Now()) || p.site.Now().Sub(last.asked) >= identityAgain {
		v, err, _ := p.probes.Do("who "+s.ID+s.Note.IdentityDue, func() (any, error) { return p.probe(ctx, t, jar) })
		if err != nil {
			return err
		}
		life = v.(panel.Life)
	}
	certain := s.Note.IdentityDue != "" || t.verdict.Route.Kind == panel.Impersonate
	switch {
	case life == panel.Dead, life == panel.Odd && certain:
		return errExpired
	case life == panel.Unknown && certain:
		return errUnsaid
	}
	return nil
}

// checkIdentity asks the panel whose session this is, where that is due and a page is held: never between a redirect and its target,
// since one more GET would eat Laravel's flash message (design 4.3).
func (p *Proxy) checkIdentity(res *http.Response, t *passing) error {
	if !p.gate.Profile.Identity.Configured() || !guarded(t) || p.asking(t.verdict.Session, true) == askNot || !page(res) || res.ContentLength > maxHeld {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(res.Request.Context()), heldFor)
	defer cancel()
	if _, whole := hold(ctx, res); !whole {
		return nil // too long or too slow to be held: the next page
	}
	s := t.verdict.Session
	v, err, _ := p.probes.Do("who "+s.ID+s.Note.IdentityDue, func() (any, error) {
		return p.probe(ctx, t, p.jarAfter(res, t))
	})
	if err == nil && v.(panel.Life) == panel.Dead {
		return errExpired
	}
	return err
}

// page: the answer to a navigation that a person will see.
func page(res *http.Response) bool {
	return res.StatusCode == http.StatusOK && navigates(res.Request, res.Request.Method) && mediaType(res) == "text/html" && res.Header.Get("Content-Disposition") == ""
}

// mediaType is the type of an answer in lower case, without parameters, however these are written.
func mediaType(res *http.Response) string {
	mt, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(mt))
}

// inquiries remember when this node last asked the panel whose session one is; at a login the panel says so.
type inquiries struct{ recent.Map[string, inquiry] }

type inquiry struct {
	asked, known time.Time  // known: when the panel named the person
	mark         string     // why it was asked
	life         panel.Life // what it said
}

func (a *inquiries) last(s session.Session) inquiry {
	i, _ := a.Get(s.ID)
	if s.Created.After(i.known) {
		i.known = s.Created
	}
	return i
}

func (a *inquiries) put(s session.Session, at time.Time, life panel.Life) {
	i := inquiry{asked: at, known: a.last(s).known, mark: s.Note.IdentityDue, life: life}
	if life == panel.Alive {
		i.known = at
	}
	a.Put(s.ID, i, at)
}
