package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/ispgate/ispgate/authflow"
	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/throttle"
	"github.com/ispgate/ispgate/internal/users"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/proxy"
	"github.com/ispgate/ispgate/templates"
)

// gateway is everything behind one public origin.
type gateway struct {
	handler  http.Handler
	panel    *panel.Panel
	sessions *session.Manager
	flow     *authflow.Flow
	site     *web.Site
	users    *users.File // nil: passwords are the panel's alone
}

// state is what /readyz tells beside the stores: whether a proxy was forgotten in the configuration.
func (g *gateway) state() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{forwardedHeaders: func(context.Context) error {
		if g.site.UntrustedForwarder().IsValid() {
			return errForwarder
		}
		return nil
	}}
}

// run keeps revocations, the control and the users file fresh until ctx ends. It returns when revocations were read once: whoever was put
// out while the gateway was down must find no door open. Without SQL it goes on, as a gateway that runs already does.
func (g *gateway) run(ctx context.Context, log *slog.Logger) {
	if err := g.sessions.Refresh(ctx); err != nil {
		log.Error("revocations cannot be read yet", "cause", err)
	}
	go g.sessions.Run(ctx)
	go g.panel.Run(ctx)
	if g.users != nil {
		go g.users.Run(ctx)
	}
}

// builder wires a gateway; the rooms know one another only through what is handed to them here.
type builder struct {
	cfg     *config.Config
	profile *panel.Profile
	stores  *stores
	metrics *metrics
	log     *slog.Logger

	stopping context.Context // ends when serving is to end; nil: it does not
	patience web.Patience
	slots    *web.Slots
}

// halfForForms leaves the other half of the processors, at one the time in between, to the pages of those who are logged in.
func halfForForms() *web.Slots { return web.NewSlots(max(1, runtime.GOMAXPROCS(0)/2)) }

func (b builder) serving() context.Context {
	if b.stopping == nil {
		return context.Background()
	}
	return b.stopping
}

func (b builder) gateway() (*gateway, error) {
	site, err := b.site()
	if err != nil {
		return nil, err
	}
	pan, err := panel.New(b.panelOptions())
	if err != nil {
		return nil, usageError{fmt.Errorf("panel: %w", err)}
	}
	var sessions *session.Manager
	file, err := b.usersFile(func(key string, gone bool) { b.passwordChanged(sessions, key, gone) })
	if err != nil {
		return nil, err
	}
	sessions = b.sessions(file)
	flow := authflow.New(authflow.Options{
		Site: site, Sessions: sessions, Accounts: b.stores.accounts, Panel: pan, Profile: b.profile, Throttle: b.throttle(),
		Users: file, Policy: b.policy(), Issuer: b.cfg.TwoFactor.Issuer, End: b.end(sessions), Log: b.log, Now: time.Now,
		Count: authflow.Count{
			Login:        func(result string) { b.metrics.logins.WithLabelValues(result).Inc() },
			SecondFactor: func(method, result string) { b.metrics.secondFactor.WithLabelValues(method, result).Inc() },
			Notice:       func(failures int) { b.metrics.guessing.WithLabelValues(strconv.Itoa(failures)).Inc() },
			StoreError:   func(store string) { b.metrics.storeErrors.WithLabelValues(store).Inc() },
		},
	})
	return &gateway{handler: routes(flow, b.proxy(site, pan, sessions), site), panel: pan, sessions: sessions, flow: flow, site: site, users: file}, nil
}

func (b builder) site() (*web.Site, error) {
	ui := b.cfg.UI
	pages, err := templates.New(templates.Look{Product: ui.Product, Support: ui.Support, Logo: ui.Logo, Accent: ui.Accent,
		Issuer: b.cfg.TwoFactor.Issuer, Languages: ui.Languages, Timezone: ui.Timezone, Prefix: web.Prefix})
	if err != nil {
		return nil, usageError{fmt.Errorf("ui: %w", err)}
	}
	requests := perLabel(b.metrics.requests.WithLabelValues)
	return &web.Site{Public: b.cfg.PublicURL, Hosts: b.cfg.Hosts, Trusted: b.cfg.TrustedProxies, NoProxy: b.cfg.TrustNone, ServiceWorker: b.profile.Forward.ServiceWorker,
		Patience: b.patience, Slots: b.slots, AtStop: func(f func()) func() bool { return context.AfterFunc(b.serving(), f) },
		Pages: pages, Log: b.log, Now: time.Now, Access: accessLog(b.cfg.Log.Access, b.log),
		Observe: func(route string, took time.Duration) {
			requests(route).Observe(took.Seconds())
		}}, nil
}

func (b builder) panelOptions() panel.Options {
	p := b.cfg.Panel
	mode := panel.Sealed
	if p.Cookies == "passthrough" {
		mode = panel.Passthrough
	}
	return panel.Options{URL: p.URL, Public: b.cfg.PublicURL, Profile: b.profile, CAFile: p.CAFile, ServerName: p.ServerName, Timeout: p.Timeout,
		Ring: b.stores.ring, Mode: mode, Log: b.log, Now: time.Now,
		Dropped: b.metrics.droppedCookies.Inc, Waiting: web.Waiting,
		Observe: func(v panel.Verdict, took time.Duration) {
			b.metrics.panelLogin.WithLabelValues(v.String()).Observe(took.Seconds())
		}}
}

func (b builder) sessions(file *users.File) *session.Manager {
	o := session.Options{Redis: b.stores.redis, Ring: b.stores.ring, Installation: b.stores.accounts.Installation(),
		Idle: b.cfg.Sessions.Idle, Absolute: b.cfg.Sessions.Absolute, Secure: b.cfg.PublicURL.Scheme == "https",
		Generation: b.stores.accounts.Generation, Revoked: b.revoked,
		StoreError: b.metrics.storeErrors.WithLabelValues("redis").Inc, Log: b.log, Now: time.Now}
	if file != nil {
		o.Stands = file.Stands
	}
	return session.New(o)
}

// revoked hands the account store's revocations to the sessions, which do not know it.
func (b builder) revoked(ctx context.Context, after int64) ([]session.Revocation, int64, error) {
	rows, last, err := b.stores.accounts.Revoked(ctx, after)
	if err != nil {
		b.metrics.storeErrors.WithLabelValues("sql").Inc()
		for _, other := range []error{account.ErrMoved, account.ErrForeign, account.ErrTampered} {
			if errors.Is(err, other) {
				err = fmt.Errorf("%w: %w", session.ErrForeign, err)
			}
		}
		return nil, 0, err
	}
	out := make([]session.Revocation, len(rows))
	for i, r := range rows {
		out[i] = session.Revocation(r)
	}
	return out, last, nil
}

func (b builder) throttle() *throttle.Throttle {
	return throttle.New(throttle.Options{Redis: b.stores.redis, Installation: b.stores.accounts.Installation(),
		Tries: b.profile.Limiter.Tries, Window: b.profile.Limiter.Window,
		StoreError: b.metrics.storeErrors.WithLabelValues("redis").Inc})
}

func (b builder) policy() authflow.Policy {
	p := policyOf(b.cfg)
	p.ReadsRole = b.profile.ReadsRole() || b.cfg.Passwords.RolesFile != ""
	return p
}

// policyOf is the policy without what the profile adds to it.
func policyOf(cfg *config.Config) authflow.Policy {
	t := cfg.TwoFactor
	p := authflow.Policy{Mode: t.Policy, RequiredFor: t.RequiredFor, Administrators: cfg.Administrators, GraceUntil: t.GraceUntil, Enrolment: t.Enrolment}
	if t.TrustedDevices.Enabled {
		p.Trust = t.TrustedDevices.Lifetime
	}
	return p
}

func (b builder) proxy(site *web.Site, pan *panel.Panel, sessions *session.Manager) *proxy.Proxy {
	m := b.metrics
	decisions, public := perLabel(m.decisions.WithLabelValues), perLabel(m.public.WithLabelValues)
	gate := &proxy.Gate{Profile: b.profile, Sessions: sessions, StepPage: authflow.StepPage,
		Count: func(v proxy.Verdict) {
			decisions(v.Decision.String()).Inc()
			if v.Route.Kind == panel.Public && v.Decision == proxy.Allow {
				public(strconv.Itoa(v.Route.Number)).Inc()
			}
		}}
	return proxy.New(proxy.Options{Site: site, Gate: gate, Panel: pan, Headers: proxy.Identity{User: b.cfg.Headers.User, Role: b.cfg.Headers.Role},
		Audit: b.auditProxy, End: b.end(sessions), Upstream: m.upstream.Observe, Stopping: b.serving().Done(), Removed: func(n int) { m.removedHeaders.Add(float64(n)) }})
}

// end puts a session out on every node, although the browser hangs up: SQL tells the others, and its record in Redis is
// gone. Either is enough, and this node refuses it whatever fails.
func (b builder) end(sessions *session.Manager) func(context.Context, http.Header, session.Session) error {
	return func(ctx context.Context, h http.Header, s session.Session) error {
		ctx = context.WithoutCancel(ctx)
		revoked := b.stores.accounts.RevokeSession(ctx, s.Account, s.ID)
		if revoked != nil {
			b.metrics.storeErrors.WithLabelValues("sql").Inc()
		}
		removed := sessions.End(ctx, h, s)
		if revoked != nil && removed != nil {
			return errors.Join(revoked, removed)
		}
		if err := cmp.Or(revoked, removed); err != nil {
			b.log.Warn("session ended in one store only", "session", s.ID, "cause", err)
		}
		return nil
	}
}

// auditProxy writes down what the proxy saw happen to a session; never a proxied request.
func (b builder) auditProxy(r *http.Request, kind string, s session.Session, detail string) {
	b.stores.accounts.Audit(context.WithoutCancel(r.Context()), account.Event{Kind: kind, Account: s.Account, Name: s.Name,
		Address: web.Of(r).Client.String(), Session: s.ID, Request: web.Of(r).ID(), Detail: detail})
}

// loadProfile reads the profile that the configuration names and refuses what would leave a door open.
func loadProfile(cfg *config.Config) (*panel.Profile, error) {
	p, err := readProfile(cfg.Panel.Profile)
	if err != nil {
		return nil, err
	}
	if err := p.Complete(); err != nil {
		return nil, usageError{fmt.Errorf("panel.profile: %w; ispgate panel check finds out", err)}
	}
	return p, nil
}

// readProfile reads a profile that may still lack something.
func readProfile(ref config.Profile) (*panel.Profile, error) {
	var p *panel.Profile
	var err error
	reader := panel.Reader{Loginless: ref.Loginless}
	if ref.Node != nil {
		p, err = reader.FromNode(ref.File, ref.Node)
	} else {
		p, err = reader.Load(ref.Name)
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("panel.profile: %w", err)}
	}
	return p, nil
}

// fingerprint is what a name means here (design 3.1); it is kept in the database, so that accounts never change hands unseen.
func fingerprint(cfg *config.Config, p *panel.Profile) string {
	return strings.Join([]string{"source=" + cfg.Passwords.Source, "panel=" + cfg.Panel.ID, p.Fingerprint()}, " ")
}

// weaker is what an operator accepted with accept_unbound, in words (S37); empty: nothing.
func weaker(cfg *config.Config) string {
	if cfg.Panel.Cookies != "passthrough" {
		return ""
	}
	return "panel.cookies: passthrough: a panel cookie works without the gateway, streams outlive a session, and somebody else's panel session is noticed " +
		"after ten minutes at best (docs/nginx.md)"
}

// unnoticed says where somebody who becomes another person inside the panel would not be noticed (S15); empty: nowhere. With HTTP
// Basic every request goes with the session's own credentials.
func unnoticed(p *panel.Profile) string {
	if p.Identity.Configured() || p.Loginless() || p.Login.As == "basic" {
		return ""
	}
	return "profile " + p.Name + " reads no identity: a login as somebody else inside a session, past the panel's login path, is not noticed (docs/panels.md, identity)"
}

// ineffective refuses what stands in the configuration but could not do anything: a setting that has no effect would be a promise
// that nobody keeps.
func ineffective(cfg *config.Config) error {
	if cfg.Passwords.Source == "file" && cfg.Passwords.EmergencyFile != "" {
		return usageError{errors.New("passwords.emergency_file: there is no login of a panel that could be out of order with `source: file`; leave it out")}
	}
	return nil
}
