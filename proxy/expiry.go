package proxy

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/web"
)

const lifeKnown = 5 * time.Second // how long the answer of a probe is good for

var errExpired = errors.New("the panel session has ended")

// lostPanel is the suspicion before the request: a protected page is asked for without any session cookie of the panel.
func (p *Proxy) lostPanel(r *http.Request, t *passing) bool {
	if !guarded(t) || t.opened.Session || web.Of(r).Kind != web.Navigation || !p.opt.Panel.Sealing() {
		return false
	}
	return p.life(r.Context(), t, t.opened.Jar()) == panel.Dead
}

// noticeExpiry is the suspicion after it: the panel answers as it does to strangers. The error is errExpired when a probe
// confirms it.
func (p *Proxy) noticeExpiry(res *http.Response, t *passing) error {
	if guarded(t) && p.signedOut(res, t) && p.life(res.Request.Context(), t, p.jarAfter(res, t)) == panel.Dead {
		return errExpired
	}
	return nil
}

// jarAfter is what the browser's cookies will be once it has this answer: the panel may have changed them with it.
func (p *Proxy) jarAfter(res *http.Response, t *passing) *panel.Jar {
	jar := t.opened.Jar()
	jar.Take(res.Header, web.Of(res.Request).Target, p.site.Now())
	return jar
}

// guarded: only a gateway session has a panel session to lose, and only one whose password the panel checked; logging out is no
// expiry, and nobody is in yet while the panel asks for its own second step.
func guarded(t *passing) bool {
	k := t.verdict.Route.Kind
	return t.verdict.Session.Account != "" && t.verdict.Session.Local == "" && !t.verdict.Session.Note.Challenge && k != panel.Public && k != panel.Logout
}

func (p *Proxy) signedOut(res *http.Response, t *passing) bool {
	var body []byte
	if p.gate.Profile.NeedsBody() && readable(res, web.Of(res.Request).Kind) {
		ctx, cancel := context.WithTimeout(res.Request.Context(), heldFor)
		body, _ = hold(ctx, res)
		cancel()
	}
	return p.gate.Profile.SignedOut(p.opt.Panel.Answer(res, body, web.Of(res.Request).Kind == web.Script))
}

// readable: html that becomes the page, and JSON; streams and downloads are never held.
func readable(res *http.Response, kind web.Kind) bool {
	if res.Header.Get("Content-Disposition") != "" {
		return false
	}
	mt := mediaType(res)
	return mt == "text/html" && kind == web.Navigation || mt == "application/json" || strings.HasSuffix(mt, "+json")
}

// life asks the panel whether the session behind these cookies lives: one question at a time per session, good for five
// seconds.
func (p *Proxy) life(ctx context.Context, t *passing, jar *panel.Jar) panel.Life {
	s := t.verdict.Session
	key := s.ID + strings.Join(t.cookies, ";") // a re-login brings new cookies, and a new question
	if l, ok := p.lives.Get(key); ok && p.site.Now().Sub(l.at) <= lifeKnown {
		return l.life
	}
	v, _, _ := p.probes.Do(key, func() (any, error) {
		life, err := p.probe(context.WithoutCancel(ctx), t, jar)
		if err != nil {
			life = panel.Dead
		}
		if life != panel.Unknown { // a panel that is just back is asked again: its redirect to a login would lose the way back
			now := p.site.Now()
			p.lives.Put(key, lived{life, now}, now)
		}
		return life, nil
	})
	return v.(panel.Life)
}

// probe asks the panel. What it sets goes on to the browser, also with an answer that says neither yes nor no. The error is
// errUsurped: then both sessions have been ended.
func (p *Proxy) probe(ctx context.Context, t *passing, jar *panel.Jar) (panel.Life, error) {
	life, who, err := p.opt.Panel.Probe(ctx, t.client, jar)
	if err != nil {
		p.site.Log.Warn("panel session cannot be asked", "request", web.Of(t.request).ID(), "cause", err)
	}
	s, admitted := t.verdict.Session, true
	if life == panel.Alive {
		if s, admitted = p.admits(ctx, t, who); !admitted {
			p.usurped(ctx, t, jar)
			return life, errUsurped
		}
		if life, err = p.suspected(ctx, t, jar); err != nil {
			return life, err
		}
	}
	if life == panel.Alive {
		p.identityKnown(ctx, t, s, who)
	}
	p.asked.put(s, p.site.Now(), life)
	if life != panel.Dead {
		h := http.Header{}
		p.custody.Renew(t.seal, h, jar, t.cookies)
		t.probed = append(t.probed, h.Values("Set-Cookie")...)
	}
	return life, nil
}

// expired leads back to the password. The gateway session stays: the same person is not asked for a code again.
func (p *Proxy) expired(w http.ResponseWriter, r *http.Request) {
	p.toLogin(w, r, Verdict{Decision: NeedLogin})
}

// lived is what a probe said.
type lived struct {
	life panel.Life
	at   time.Time
}
