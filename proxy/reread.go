package proxy

import (
	"net/http"

	"github.com/ispgate/ispgate/internal/web"
)

// reread asks the panel, where that is due, whose session the browser's plain cookies are. In passthrough custody the second door
// sees neither forms nor answers, so this is what is left of S15 there: after ten minutes of activity, at the next page, another
// person's panel session ends both; after twenty at whatever is asked for. The error is why the request must not pass. A panel
// that does not answer changes nothing; one that ended its session says so itself.
func (p *Proxy) reread(r *http.Request, v Verdict, method string) error {
	s := v.Session
	if p.opt.Panel.Sealing() || !p.gate.Profile.Identity.Configured() || s.Local != "" {
		return nil
	}
	now, navigation := p.site.Now(), web.Of(r).Kind == web.Navigation
	if navigation && !web.Reads(method) && !v.Route.Background {
		p.changed.Put(s.ID, now, now)
	}
	switch p.asking(s, navigates(r, method)) {
	case askNot:
		return nil
	case askLater: // nothing is held here: at a page that cannot be a redirect's target
		changed, _ := p.changed.Get(s.ID)
		if s.Note.IdentityDue != "" || !navigation || !web.Reads(method) || v.Route.Background || now.Sub(changed) < settled {
			return nil
		}
	}
	t := &passing{Context: r.Context(), request: r, verdict: v, client: clientOf(r), seal: p.custody.Session(s.Custody), cookies: r.Header.Values("Cookie")}
	t.opened = p.custody.Open(t.seal, t.cookies)
	if !t.opened.Known {
		return nil
	}
	return p.who(r.Context(), t, t.opened.Jar()) // this door's answers carry no cookies
}
