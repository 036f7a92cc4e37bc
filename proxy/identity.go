package proxy

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
)

// watched looks at the names of a request's fields. The error is why it must not pass at all.
func (p *Proxy) watched(r *http.Request, t *passing) error {
	t.watch = p.gate.Profile.Watch(panel.Watched{
		Target: web.Of(r).Target, Types: r.Header["Content-Type"], Cookies: t.cookies, Client: web.Of(r).Client, Body: r.Body != nil && r.Body != http.NoBody,
		Inside: t.verdict.Session.Account != "", Public: t.verdict.Route.Kind == panel.Public, // the way out is watched as well
	})
	switch {
	case t.watch != nil && t.watch.Refused() != nil:
		return t.watch.Refused()
	case t.password():
		return p.markLogin(t)
	}
	return nil
}

// password: the request brings one along.
func (t *passing) password() bool { return t.watch != nil && t.watch.Password() }

// credentials reports whether Authorization is somebody's login: on a public route it might begin a panel session inside ours (Laravel's
// auth.basic). Tokens are none.
func credentials(r *http.Request) bool {
	return slices.ContainsFunc(r.Header["Authorization"], func(value string) bool {
		f := strings.Fields(value)
		return len(f) > 0 && slices.Contains([]string{"basic", "digest", "negotiate", "ntlm"}, strings.ToLower(f[0]))
	})
}

// cutOff says why a request was ended.
func (p *Proxy) cutOff(w http.ResponseWriter, r *http.Request, t *passing, why error) {
	switch {
	case errors.Is(why, context.Canceled):
		panic(http.ErrAbortHandler) // the browser went away while its password waited
	case errors.Is(why, panel.ErrLoginInside): // S15
		p.opt.Audit(t.request, "login_inside_refused", t.verdict.Session, "")
		p.site.Fail(w, r, web.Forbidden(why))
	case errors.Is(why, panel.ErrMethodInBody): // S4
		p.site.Fail(w, r, web.Forbidden(why))
	case errors.Is(why, panel.ErrSessionInBody): // S14
		p.site.Fail(w, r, web.BadRequest(why))
	default: // it could not be marked
		p.site.Fail(w, r, web.StoreDown(why))
	}
}

// noticeLogin makes the identity due where a request may have been a login inside the session: it carried the password field, or
// mayLogIn says so. It was marked before it passed, too; a probe may have taken that back before the panel answered.
// The error is that it could not be marked: then the answer must not reach the browser.
func (p *Proxy) noticeLogin(res *http.Response, t *passing) error {
	if !t.password() && !p.mayLogIn(res, t) {
		return nil
	}
	if err := p.marked(t, session.Answered(t.mark, p.site.Now()), p.jarAfter(res, t)); err != nil || t.mark != "" {
		return err
	}
	return p.wait(t) // of this one no node knew before
}

// noticePassword is noticeLogin for a request whose answer did not come: the panel may have read all of it.
func (p *Proxy) noticePassword(t *passing) {
	if t.password() && t.watch.Refused() == nil {
		_ = p.marked(t, session.Answered(t.mark, p.site.Now()), t.opened.Jar())
	}
}

// mayLogIn: public routes are not guarded, so that one can log somebody in: laravel/ui does after POST /reset-password, others by a
// link that leads on. Such an answer sets a session cookie. So does every answer of Laravel's, which renews it: what is read and
// not led on stays what it was, else each picture would cost a question.
func (p *Proxy) mayLogIn(res *http.Response, t *passing) bool {
	if t.verdict.Route.Kind != panel.Public || t.verdict.Session.Account == "" || res.StatusCode >= 400 {
		return false
	}
	leads := res.StatusCode >= 300 && res.StatusCode != http.StatusNotModified
	return (leads || !web.Reads(res.Request.Method)) && p.custody.SetsSession(res.Header)
}

// noticeImpersonation writes "log in as" down, and makes due whom it led to. In an address that may be read in several ways it may
// have been something else: then another person is one that nobody let in.
func (p *Proxy) noticeImpersonation(res *http.Response, t *passing) error {
	if t.verdict.Route.Kind != panel.Impersonate || t.verdict.Session.Account == "" || res.StatusCode >= 400 {
		return nil
	}
	p.opt.Audit(res.Request, "impersonated", t.verdict.Session, "")
	if !t.verdict.Route.Plain || t.password() {
		return nil
	}
	return p.marked(t, session.SwitchMark(p.site.Now()), nil)
}

// markLogin makes the identity due before a request that carries a password passes, once: it fails closed.
func (p *Proxy) markLogin(t *passing) error {
	if t.mark != "" || !p.identifies(t) {
		return nil
	}
	t.mark = session.SentMark(p.site.Now())
	if err := p.mark(t, t.mark, nil); err != nil {
		return err
	}
	return p.wait(t)
}

// wait is until no node takes the session for what it was before a mark, else another one might let something pass as whoever is logged
// in now.
func (p *Proxy) wait(t *passing) error {
	select {
	case <-time.After(p.spread):
		return nil
	case <-t.Done():
		return t.Err()
	}
}

// marked is mark for a request that has passed already. Where nothing can be written down, the session ends instead: by then it may be
// somebody else's.
func (p *Proxy) marked(t *passing, mark string, suspect *panel.Jar) error {
	if !p.identifies(t) {
		return nil
	}
	err := p.mark(t, mark, suspect)
	if err == nil {
		return nil
	}
	p.site.Log.Error("identity not marked as due: the session ends", "request", web.Of(t.request).ID(), "cause", err)
	if err := p.opt.End(context.WithoutCancel(t.Context), nil, t.verdict.Session); err != nil {
		p.site.Log.Error("session not ended", "cause", err)
	}
	return errUnmarked
}

// identifies: the panel can say who is there, and somebody is.
func (p *Proxy) identifies(t *passing) bool {
	return p.gate.Profile.Identity.Configured() && t.verdict.Session.Account != ""
}

// meanwhile is why what is left of a body must not pass: since its request began, the session has ended, or another request sent a
// password inside it. What the panel does with the whole, it might do as somebody else. While the store does not answer nobody's
// password passes either.
func (p *Proxy) meanwhile(t *passing) error {
	then := t.verdict.Session
	now, err := p.gate.Sessions.Recent(context.WithoutCancel(t.Context), t.request)
	switch mark := now.Note.IdentityDue; {
	case err != nil, mark == then.Note.IdentityDue && now.ID == then.ID && now.Stage == session.Full:
		return nil
	case now.ID != then.ID, now.Stage != session.Full:
		return errMeanwhile
	case mark == "", mark == t.mark, now.Note.Switched():
		return nil
	}
	return errMeanwhile
}

// checked is a body of which each piece passes only if check agrees.
type checked struct {
	io.Reader
	check func() error
}

func (c checked) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	if refused := c.check(); refused != nil {
		return 0, refused
	}
	return n, err
}

// mark makes the identity due, also where a mark stands: a probe that began before takes only that back.
// suspect is the panel session that the request was in, nil if that is not known yet: it is asked about as well, since a browser may hold
// several of them, and show the one that is its own.
func (p *Proxy) mark(t *passing, mark string, suspect *panel.Jar) error {
	note := t.verdict.Session.Note
	note.IdentityDue = mark
	if suspect != nil && suspect.Len() > 0 {
		note.Suspects += "\n" + base64.StdEncoding.EncodeToString(suspect.Marshal())
	}
	return p.gate.Sessions.SetNote(context.WithoutCancel(t.Context), t.verdict.Session, note)
}

// admits reports whether the panel may name this person here, and the session as it stands. "Log in as" may just have been used, on
// another node even, and a password sent since: a mark is only believed as the store has it.
func (p *Proxy) admits(ctx context.Context, t *passing, who panel.Identity) (session.Session, bool) {
	s := t.verdict.Session
	if who.Is(s.Person) || s.Note.As != "" && who.Is(s.Note.As) {
		return s, true
	}
	now, err := p.gate.Sessions.Load(ctx, t.request)
	return now, err == nil && now.ID == s.ID && now.Admits(who.Is)
}

// identityKnown takes back the mark that s came with; one that another request has set meanwhile stays (S15). In a session that used
// "log in as" it records who the panel takes it for.
func (p *Proxy) identityKnown(ctx context.Context, t *passing, s session.Session, who panel.Identity) {
	note := s.Note
	switch {
	case who.Is(s.Person):
		note.As = ""
	case note.Switched():
		note.As = who.Key()
		fallthrough
	default:
		p.opt.Audit(t.request, "impersonating", s, who.Name)
	}
	if !note.Sent(p.site.Now()) {
		note.IdentityDue, note.Suspects = "", ""
	}
	if note == s.Note {
		return
	}
	if err := p.gate.Sessions.SetNote(ctx, s, note); err != nil {
		p.site.Log.Warn("identity still marked as due", "cause", err)
	}
}

// suspected asks about the panel sessions that a login may have been in, but for the one that was asked about already: that of the
// browser's own cookies. The first that is not known to be harmless decides.
func (p *Proxy) suspected(ctx context.Context, t *passing, own *panel.Jar) (panel.Life, error) {
	presented := t.opened.Jar()
	for _, one := range strings.Fields(t.verdict.Session.Note.Suspects) {
		raw, _ := base64.StdEncoding.DecodeString(one) // what is none, is no jar either
		jar, err := panel.UnmarshalJar(raw)
		if err != nil {
			return panel.Odd, nil
		}
		if jar.Same(presented) || jar.Same(own) {
			continue
		}
		life, who, err := p.opt.Panel.Probe(ctx, t.client, jar)
		if life == panel.Alive {
			if _, admitted := p.admits(ctx, t, who); !admitted {
				p.usurped(ctx, t, jar)
				return life, errUsurped
			}
		} else if life != panel.Dead {
			p.site.Log.Warn("panel session cannot be asked", "request", web.Of(t.request).ID(), "cause", err)
			return life, nil
		}
	}
	return panel.Alive, nil
}

// usurped ends both sessions: the panel names another person than the one who logged in here (S15).
func (p *Proxy) usurped(ctx context.Context, t *passing, jar *panel.Jar) {
	p.site.Log.Error("the panel names another person inside this session", "session", t.verdict.Session.ID)
	p.opt.Audit(t.request, "identity_changed", t.verdict.Session, "")
	if err := p.opt.End(context.WithoutCancel(ctx), nil, t.verdict.Session); err != nil {
		p.site.Log.Error("session not ended", "cause", err)
	}
	if err := p.opt.Panel.Logout(context.WithoutCancel(ctx), t.client, jar); err != nil {
		p.site.Log.Warn("panel session not logged out", "cause", err)
	}
}
