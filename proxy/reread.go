package proxy

import (
	"context"
	"net/http"
	"time"

	"github.com/ispgate/ispgate/internal/web"
)

// settled is how long a session must have changed nothing before it is asked at the second door whose it is: the answer to
// a form leads to a page whose message one more GET would eat (design 4.3).
const settled = 10 * time.Second

// someoneElse asks the panel, where that is due, whose session the browser's plain cookies are. In passthrough custody the
// second door sees neither forms nor answers, so this is what is left of S15 there: after ten minutes of activity, at the next
// page, another person's panel session ends both. A panel that does not answer changes nothing; one that ended its session says so itself.
func (p *Proxy) someoneElse(r *http.Request, v Verdict, method string) bool {
	s := v.Session
	if p.opt.Panel.Sealing() || !p.gate.Profile.Identity.Configured() || s.Local != "" || s.Note.Impersonates {
		return false
	}
	now := p.site.Now()
	if web.Of(r).Kind != web.Navigation || v.Route.Background {
		return false
	}
	if !web.Reads(method) {
		p.changed.Put(s.ID, now, now)
		return false
	}
	changed, _ := p.changed.Get(s.ID)
	if now.Sub(changed) < settled || !p.askAgain(s) {
		return false
	}
	t := &passing{Context: r.Context(), request: r, verdict: v, client: clientOf(r), seal: p.custody.Session(s.Custody), cookies: r.Header.Values("Cookie")}
	t.opened = p.custody.Open(t.seal, t.cookies)
	if !t.opened.Known {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), heldFor)
	defer cancel()
	_, err, _ := p.probes.Do("who "+s.ID+s.Note.IdentityDue, func() (any, error) {
		return p.probe(ctx, t, t.opened.Jar()) // this door's answers carry no cookies
	})
	return err != nil
}
