package proxy

import (
	"context"
	"crypto/rand"
	"errors"
	"mime"
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
	identityAgain = 15 * time.Second // after a panel that did not say
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
	if t.watch == nil || !t.watch.Password() || !p.gate.Profile.Identity.Configured() {
		return
	}
	note.IdentityDue = rand.Text() // also where one stands: a probe that began before takes only that back
	if err := p.gate.Sessions.SetNote(res.Request.Context(), t.verdict.Session, note); err != nil {
		p.site.Log.Error("identity not marked as due", "request", web.Of(res.Request).ID(), "cause", err)
	}
}

// checkIdentity asks the panel whose session this is, where that is due and only while a page is held: never between a redirect
// and its target, since one more GET would eat Laravel's flash message (design 4.3).
func (p *Proxy) checkIdentity(res *http.Response, t *passing) error {
	if !p.identityDue(t) || !page(res) || res.ContentLength > maxHeld {
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

func (p *Proxy) identityDue(t *passing) bool {
	return p.gate.Profile.Identity.Configured() && guarded(t) && p.askAgain(t.verdict.Session)
}

// askAgain: a mark is asked about at once, everything else after a time.
func (p *Proxy) askAgain(s session.Session) bool {
	now, last := p.site.Now(), p.asked.last(s)
	if last.mark == s.Note.IdentityDue && now.Sub(last.asked) < identityAgain {
		return false
	}
	return s.Note.IdentityDue != "" || now.Sub(last.known) >= identityEvery
}

// identityKnown takes back the mark that this request came with; one that another request has set meanwhile stays (S15). In a
// session that used "log in as" it records who the panel takes it for.
func (p *Proxy) identityKnown(ctx context.Context, t *passing, who panel.Identity) {
	s := t.verdict.Session
	if s.Note.Impersonates && !who.Is(s.Person) {
		p.opt.Audit(t.request, "impersonating", s, who.Name)
	}
	if s.Note.IdentityDue == "" {
		return
	}
	note := s.Note
	note.IdentityDue = ""
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

// inquiries remember when this node last asked the panel whose session one is; at a login the panel says so.
type inquiries struct{ recent.Map[string, inquiry] }

type inquiry struct {
	asked, known time.Time // known: when the panel answered
	mark         string    // why it was asked
}

func (a *inquiries) last(s session.Session) inquiry {
	i, _ := a.Get(s.ID)
	if s.Created.After(i.known) {
		i.known = s.Created
	}
	return i
}

func (a *inquiries) put(s session.Session, at time.Time, known bool) {
	i := inquiry{asked: at, known: a.last(s).known, mark: s.Note.IdentityDue}
	if known {
		i.known = at
	}
	a.Put(s.ID, i, at)
}
