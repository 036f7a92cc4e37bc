package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
)

// passing is one request on its way through the panel and back, and the context in which it is found.
type passing struct {
	context.Context
	request *http.Request // the browser's
	verdict Verdict
	client  panel.Client
	seal    panel.Seal
	opened  panel.Opened
	cookies []string     // the browser's own Cookie headers
	watch   *panel.Watch // nil: nothing to look for
	mark    string       // that it set because it carries a password
	probed  []string     // Set-Cookie lines of our own requests in the browser's panel session
	early   []string     // those of them that this request went with: the answer's come after
	started time.Time
}

const (
	flushWithin = 10 * time.Millisecond // pieces of an answer wait so long for the next one; those of an event stream do not
	unannounced = -2
)

// handOn gives the browser what the panel set in answers to us: an id that was renewed and lost would end the panel session.
// The last word of two of one name counts.
func (t *passing) handOn(h http.Header) {
	if len(t.early)+len(t.probed) > 0 {
		h["Set-Cookie"] = slices.Concat(t.early, h["Set-Cookie"], t.probed)
	}
}

type passingKey struct{}

func (t *passing) Value(key any) any {
	if key == (passingKey{}) {
		return t
	}
	return t.Context.Value(key)
}

func passingOf(r *http.Request) *passing {
	return r.Context().Value(passingKey{}).(*passing)
}

// pass sends an allowed request to the panel.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, v Verdict) {
	if !passable(web.Of(r).Target) {
		p.site.Fail(w, r, web.BadRequest(errors.New("a target that cannot be passed on byte for byte")))
		return
	}
	t := &passing{Context: r.Context(), request: r, verdict: v, client: clientOf(r), seal: p.visitors, cookies: r.Header.Values("Cookie"), started: p.site.Now()}
	if v.Session.Custody != "" {
		t.seal = p.custody.Session(v.Session.Custody)
	}
	t.opened = p.custody.Open(t.seal, t.cookies)
	if p.lostPanel(r, t) {
		p.expired(w, r)
		return
	}
	if err := p.watched(r, t); err != nil {
		p.cutOff(w, r, t, err)
		return
	}
	if err := p.askFirst(r, t); err != nil {
		p.failed(w, r.WithContext(t), err)
		return
	}
	p.touch(r, v, r.Method)
	r = r.WithContext(t)
	if r.Body != nil && r.Body != http.NoBody {
		web.Of(r).PassOn()
		r.Body = p.looked(t, r.Body)
	}
	p.forward.ServeHTTP(w, r)
}

// looked is a body with all that its pieces are looked at for on their way.
func (p *Proxy) looked(t *passing, body io.ReadCloser) io.ReadCloser {
	var reader io.Reader = body
	if t.watch != nil {
		t.watch.Seen = func() error { return p.markLogin(t) }
		reader = t.watch.Reader(reader)
	}
	if p.identifies(t) && guarded(t) {
		reader = checked{reader, func() error {
			p.touch(t.request, t.verdict, t.request.Method) // a long upload is activity
			return p.meanwhile(t)
		}}
	}
	return readCloser{reader, body}
}

type readCloser struct {
	io.Reader
	io.Closer
}

// touch notes activity. A store that fails right after it answered costs idle time, not the request.
func (p *Proxy) touch(r *http.Request, v Verdict, method string) {
	if v.Session.Account == "" || v.Route.Background {
		return
	}
	if err := p.gate.Sessions.Touch(r.Context(), v.Session, web.Of(r).Kind == web.Navigation || !web.Reads(method)); err != nil {
		p.site.Log.Warn("session not touched", "request", web.Of(r).ID(), "cause", err)
	}
}

func clientOf(r *http.Request) panel.Client { return panel.ClientOf(r, web.Of(r).Client) }

func (p *Proxy) upstream() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		ModifyResponse: p.answer,
		ErrorHandler:   p.failed,
		Transport:      bare{p.opt.Panel.Transport()},
		BufferPool:     &buffers{},
		FlushInterval:  flushWithin,
	}
}

// rewrite makes the panel's request out of the browser's. Rewrite and not Director: headers named in a client's
// Connection are removed before, so they cannot take away what is set here (S2).
func (p *Proxy) rewrite(pr *httputil.ProxyRequest) {
	t := passingOf(pr.In)
	out := pr.Out
	p.opt.Removed(p.managed.strip(out.Header))
	setTarget(out, web.Of(pr.In).Target)
	out.Trailer = nil // announced or not, they would come after what was checked
	out.Header.Del("Cookie")
	if c := t.opened.Header(); c != "" {
		out.Header.Set("Cookie", c)
	}
	if inside := t.verdict.Route.Kind != panel.Public || t.verdict.Session.Account != "" && credentials(pr.In); inside && !p.gate.Profile.Forward.Authorization {
		out.Header.Del("Authorization")
	}
	if t.opened.Authorization != "" { // the session's own, whatever the browser says
		out.Header.Set("Authorization", t.opened.Authorization)
	}
	if out.Header.Get("User-Agent") == "" {
		out.Header.Set("User-Agent", "") // keeps net/http from adding its own
	}
	p.opt.Panel.Forward(out, t.client)
	if t.verdict.Session.Account != "" && !t.verdict.Session.Note.Challenge {
		p.identify(out.Header, t.verdict.Session, false)
	}
}

// identify tells the panel, or the server in front of it, who is there. all: what is empty is said, too, since a server may keep
// what it is not told as the client sent it.
func (p *Proxy) identify(h http.Header, s session.Session, all bool) {
	told := []string{s.Name, s.Role} // one backing array for both
	h[p.opt.Headers.User] = told[:1:1]
	if all || s.Role != "" {
		h[p.opt.Headers.Role] = told[1:]
	}
}

// setTarget forwards the raw target byte for byte: ReverseProxy alone re-encodes paths and drops query parameters (S4).
func setTarget(out *http.Request, target string) {
	path, query, hasQuery := strings.Cut(target, "?")
	out.URL = &url.URL{Opaque: path, RawQuery: query, ForceQuery: hasQuery && query == ""}
	if strings.HasPrefix(path, "//") { // an opaque part may not begin so: net/url would read a host
		out.URL.Opaque = ""
		if decoded, err := url.PathUnescape(path); err == nil {
			out.URL.Path, out.URL.RawPath = decoded, path
		}
	}
}

// passable: an opaque part may not begin with //, so such a target passes only where net/url writes it back unchanged.
func passable(target string) bool {
	if !strings.HasPrefix(target, "//") {
		return true
	}
	path, _, _ := strings.Cut(target, "?")
	decoded, err := url.PathUnescape(path)
	return err == nil && (&url.URL{Path: decoded, RawPath: path}).EscapedPath() == path
}

// answer looks at what the panel said before the browser sees it.
func (p *Proxy) answer(res *http.Response) error {
	r := res.Request
	t := passingOf(r)
	p.opt.Upstream(p.site.Now().Sub(t.started).Seconds())
	res.Header.Del("Clear-Site-Data") // would log the person out of the gateway (design 3.4)
	if t.verdict.Route.Kind != panel.Public && !p.gate.Profile.Forward.Authorization {
		res.Header.Del("WWW-Authenticate") // nobody could answer: a browser's Authorization goes nowhere
	}
	if t.watch != nil && t.watch.Refused() != nil {
		return t.watch.Refused() // the panel answered before it had read all
	}
	if err := p.noticeExpiry(res, t); err != nil {
		return err
	}
	if err := p.checkIdentity(res, t); err != nil {
		return err
	}
	if err := p.noticeLogin(res, t); err != nil {
		return err
	}
	if err := p.noticeImpersonation(res, t); err != nil {
		return err
	}
	p.rewriteLocations(res.Header, web.Of(r).Target)
	p.custody.Close(t.seal, res.Header, web.Of(r).Target, t.cookies)
	t.handOn(res.Header)
	p.noticeLogout(res, t)
	p.watchStream(res, t)
	if res.ContentLength < 0 { // unknown to us, but not to ReverseProxy: it would send each piece at once, and the end as one more
		res.ContentLength = unannounced
	}
	return nil
}

// noticeLogout ends our session where the panel ended its own.
func (p *Proxy) noticeLogout(res *http.Response, t *passing) {
	if t.verdict.Route.Kind != panel.Logout || t.verdict.Session.Account == "" || res.StatusCode >= 400 {
		return
	}
	p.custody.Forget(t.seal, res.Header, t.cookies)
	if target := p.opt.Panel.Location(web.Of(res.Request).Target, res.Header.Get("Location")); p.gate.Profile.Match(http.MethodGet, target).Kind == panel.LoginRoute {
		res.Header.Set("Location", web.URL("login?out=1")) // where the panel's login would lead, with a word about it
	}
	if err := p.opt.End(res.Request.Context(), res.Header, t.verdict.Session); err != nil {
		p.site.Log.Error("session not ended at the panel's logout", "request", web.Of(res.Request).ID(), "cause", err)
	}
	p.opt.Audit(res.Request, "logout", t.verdict.Session, "")
}

// failed renders what kept the panel's answer from the browser.
func (p *Proxy) failed(w http.ResponseWriter, r *http.Request, err error) {
	t := passingOf(r)
	t.handOn(w.Header())
	if !errors.Is(err, errUnmarked) {
		p.noticePassword(t) // the panel may have read all of it
	}
	switch {
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil && !web.Of(r).Spoilt():
		panic(http.ErrAbortHandler) // the browser went away: nobody reads this
	case t.watch != nil && t.watch.Refused() != nil:
		p.cutOff(w, r, t, t.watch.Refused())
	case errors.Is(err, errExpired), errors.Is(err, errUsurped), errors.Is(err, errMeanwhile), errors.Is(err, errUnmarked): // also of askFirst
		p.expired(w, r)
	case web.Of(r).Spoilt(): // net/http ends the context then, too
		p.site.Fail(w, r, web.BadRequest(err))
	default:
		p.site.Fail(w, r, web.PanelDown(err))
	}
}

// buffers lends the copy buffers of proxied bodies.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if v, ok := b.pool.Get().(*[]byte); ok {
		return *v
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(v []byte) { b.pool.Put(&v) }
