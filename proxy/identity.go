package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
)

const (
	identityEvery = 10 * time.Minute // of activity
	identityTime  = 5 * time.Second  // that an answer is held for it
	maxAsked      = 10000            // sessions remembered
)

var errUsurped = errors.New("the panel names another person inside this session")

// watched looks at a request for the panel's login fields (S15). It tells whether the request must not pass at all.
func (p *Proxy) watched(r *http.Request, t *passing) (refused bool) {
	if t.verdict.Session.Account == "" || t.verdict.Route.Kind == panel.Public { // the way out is watched as well
		return false
	}
	_, query, _ := strings.Cut(web.Of(r).Target, "?")
	t.watch = p.gate.Profile.Watch(query)
	return t.watch != nil && t.watch.Login()
}

// loginInside refuses a login of the panel's own inside a session.
func (p *Proxy) loginInside(w http.ResponseWriter, r *http.Request, t *passing) {
	p.opt.Audit(t.request, "login_inside_refused", t.verdict.Session, "")
	p.site.Fail(w, r, web.Forbidden(panel.ErrLoginInside))
}

// noticePassword makes the identity due after a request that carried the password field.
func (p *Proxy) noticePassword(res *http.Response, t *passing) {
	note := t.verdict.Session.Note
	if t.watch == nil || !t.watch.Password() || note.IdentityDue || !p.gate.Profile.Identity.Configured() {
		return
	}
	note.IdentityDue = true
	if err := p.gate.Sessions.SetNote(res.Request.Context(), t.verdict.Session, note); err != nil {
		p.site.Log.Error("identity not marked as due", "request", web.Of(res.Request).ID, "cause", err)
	}
}

// checkIdentity asks the panel whose session this is, where that is due and only while a page is held: never between a redirect
// and its target, since one more GET would eat Laravel's flash message (design 4.3). It returns the cookies of the probe.
func (p *Proxy) checkIdentity(res *http.Response, t *passing) ([]string, error) {
	if !p.identityDue(t) || !page(res) {
		return nil, nil
	}
	whole, err := holdWhole(res)
	if err != nil || !whole {
		return nil, err // too long to be held: the next page
	}
	s := t.verdict.Session
	ctx, cancel := context.WithTimeout(context.WithoutCancel(res.Request.Context()), identityTime)
	defer cancel()
	var cookies []string
	v, err, _ := p.probes.Do("who "+s.ID, func() (any, error) {
		jar := t.opened.Jar()
		jar.Take(res.Header, web.Of(res.Request).Target, p.site.Now())
		life, who, err := p.opt.Panel.Probe(ctx, t.client, jar)
		if err != nil {
			p.site.Log.Warn("the panel cannot be asked whose session this is", "request", web.Of(res.Request).ID, "cause", err)
		}
		if life == panel.Alive && !who.Is(s.Person) && !s.Note.Impersonates {
			p.usurped(ctx, t, jar)
			return life, errUsurped
		}
		if life == panel.Alive {
			h := http.Header{}
			p.custody.Renew(t.seal, h, jar, t.cookies)
			cookies = h.Values("Set-Cookie")
			p.identityKnown(ctx, t, who)
		}
		return life, nil
	})
	switch {
	case err != nil:
		return nil, err
	case v.(panel.Life) == panel.Dead:
		return nil, errExpired
	}
	return cookies, nil
}

func (p *Proxy) identityDue(t *passing) bool {
	s := t.verdict.Session
	if !p.gate.Profile.Identity.Configured() || !guarded(t) {
		return false
	}
	return s.Note.IdentityDue || p.site.Now().Sub(p.asked.last(s)) >= identityEvery
}

// identityKnown remembers that the panel was asked. In a session that used "log in as" it records who the panel takes it for.
func (p *Proxy) identityKnown(ctx context.Context, t *passing, who panel.Identity) {
	s := t.verdict.Session
	p.asked.put(s.ID, p.site.Now())
	if s.Note.Impersonates && !who.Is(s.Person) {
		p.opt.Audit(t.request, "impersonating", s, who.Name)
	}
	if !s.Note.IdentityDue {
		return
	}
	note := s.Note
	note.IdentityDue = false
	if err := p.gate.Sessions.SetNote(ctx, s, note); err != nil {
		p.site.Log.Warn("identity still marked as due", "cause", err)
	}
}

// page: the answer to a navigation that a person will see.
func page(res *http.Response) bool {
	mt, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return res.StatusCode == http.StatusOK && res.Request.Method == http.MethodGet && web.Of(res.Request).Kind == web.Navigation &&
		mt == "text/html" && res.Header.Get("Content-Disposition") == ""
}

// holdWhole keeps an answer back until all of it is here; false: it is longer than 256 KiB, and goes on where it was.
func holdWhole(res *http.Response) (bool, error) {
	if res.ContentLength > maxHeld {
		return false, nil
	}
	body := res.Body
	held, err := io.ReadAll(io.LimitReader(body, maxHeld+1))
	if err != nil {
		return false, err
	}
	res.Body = readCloser{io.MultiReader(bytes.NewReader(held), body), body}
	return len(held) <= maxHeld, nil
}

// inquiries remember when this node last heard from the panel whose session one is; at a login the panel says so.
type inquiries struct {
	mu sync.Mutex
	m  map[string]time.Time
}

func (a *inquiries) last(s session.Session) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if at := a.m[s.ID]; at.After(s.Created) {
		return at
	}
	return s.Created
}

func (a *inquiries) put(id string, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.m == nil || len(a.m) >= maxAsked {
		a.m = map[string]time.Time{}
	}
	a.m[id] = at
}
