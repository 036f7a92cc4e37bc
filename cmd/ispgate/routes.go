package main

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ispgate/ispgate/authflow"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/proxy"
	"github.com/ispgate/ispgate/templates"
)

// route is one URL under the prefix: what answers a reading request and what answers a form.
type route struct {
	get, post web.Handler
	open      bool // also for requests that are not documents (S38): scripts, images, the server in front
	any       bool // every method goes to get, without the checks of a form
	status    bool // a server reads it, and nothing but its status: no headers for browsers
}

// table is every URL of ours (design 3.3). Everything else belongs to the panel.
func table(f *authflow.Flow, p *proxy.Proxy, s *web.Site) map[string]route {
	return map[string]route{
		"login":                     {get: f.LoginPage, post: s.Queue(f.Login)},
		"verify":                    {get: f.VerifyPage, post: s.Queue(f.Verify)},
		"recovery":                  {get: f.RecoveryPage, post: s.Queue(f.Recovery)},
		"two-factor":                {get: f.TwoFactorPage},
		"two-factor/enable":         {post: s.Queue(f.Enable)},
		"two-factor/disable":        {get: f.DisablePage, post: s.Queue(f.Disable)},
		"two-factor/recovery-codes": {post: s.Queue(f.RecoveryCodes)},
		"two-factor/browsers":       {post: f.ForgetBrowser},
		"two-factor/sessions":       {post: f.LogOutOthers},
		"logout":                    {get: f.LogoutPage, post: f.Logout},
		"offer":                     {get: f.OfferPage, post: f.Offer},
		"language":                  {post: f.Language},
		"session":                   {get: f.Session, open: true},
		"auth":                      {get: p.Auth, open: true, status: true},
		"auth/redirect":             {get: p.AuthRedirect, open: true, any: true},
		"static/":                   {get: s.Static, open: true},
	}
}

// routes is the public surface: the chain, then our pages by exact raw path, then the panel. No mux ever cleans a path.
func routes(f *authflow.Flow, p *proxy.Proxy, s *web.Site) http.Handler {
	own := map[string]handlers{}
	for page, rt := range table(f, p, s) {
		own[page] = rt.handlers(s)
	}
	unknown := route{}.handlers(s)
	return s.Chain(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, _, _ := strings.Cut(web.Of(r).Target, "?")
		page, ours := strings.CutPrefix(path, web.Prefix)
		if !ours {
			p.ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(page, "static/") {
			page = "static/"
		}
		h, found := own[page]
		if !found {
			page, h = "not_found", unknown
		}
		web.Of(r).Route = page
		h.of(r.Method).ServeHTTP(w, r)
	}))
}

// handlers are what answers a route: reading requests, forms and the rest.
type handlers struct{ read, post, other http.Handler }

func (h handlers) of(method string) http.Handler {
	switch {
	case web.Reads(method):
		return h.read
	case method == http.MethodPost:
		return h.post
	}
	return h.other
}

func (rt route) handlers(s *web.Site) handlers {
	serve := s.Serve
	if rt.status {
		serve = s.Status
	}
	made := func(method string) http.Handler { return serve(rt.handler(s, method)) }
	return handlers{made(http.MethodGet), made(http.MethodPost), made(http.MethodPut)}
}

// handler puts the guards around a route: documents only, and forms from our own pages only.
func (rt route) handler(s *web.Site, method string) web.Handler {
	h := rt.get
	switch {
	case rt.get == nil && rt.post == nil:
		return s.Document(func(http.ResponseWriter, *http.Request) error { return web.NotFound() })
	case rt.any:
		return h
	case method == http.MethodPost && rt.post != nil:
		h = s.Form(rt.post)
	case !web.Reads(method) || rt.get == nil:
		h = rt.wrongMethod
	}
	if !rt.open {
		h = s.Document(h)
	}
	return h
}

func (rt route) wrongMethod(w http.ResponseWriter, _ *http.Request) error {
	var allowed []string
	if rt.get != nil {
		allowed = append(allowed, http.MethodGet, http.MethodHead)
	}
	if rt.post != nil {
		allowed = append(allowed, http.MethodPost)
	}
	slices.Sort(allowed)
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return &web.Fault{Status: http.StatusMethodNotAllowed, Heading: templates.Say(templates.ErrMethod), What: templates.Say(templates.ErrMethodWhat)}
}
