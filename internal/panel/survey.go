package panel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Ask is what an operator tells a survey: who looks, and an account of the panel to try.
type Ask struct {
	Client
	Username string // empty: nothing is tried
	Password string
	Wrong    bool // one deliberately wrong password as well
}

// Survey looks at a panel as somebody does who has never seen its source: what its login is, how its pages tell who is logged
// in, and, with an account, which page and which cookies prove it. It says what it finds line by line and proposes a profile.
// The profile in o may be incomplete. Nothing that it says holds the password or a control character, and it logs out whatever
// it logged in, also when ctx ends. An error means that nothing could be found out, or that ctx ended.
func Survey(ctx context.Context, o Options, ask Ask, say func(line string)) (*Proposal, error) {
	p, err := assemble(o)
	if err != nil {
		return nil, err
	}
	s := &survey{panel: p, ask: ask, line: say, signs: signatures, out: &Proposal{Base: o.Profile.Name}}
	if err := s.look(ctx); err != nil {
		return nil, err
	}
	return s.out, nil
}

// survey is one look at a panel.
type survey struct {
	panel *Panel
	ask   Ask
	line  func(string)
	signs []signature
	out   *Proposal

	secret secret
	landed string   // where the first login ended
	alias  string   // another name of the person, as the panel shows it
	ours   []*visit // logins to be ended
}

func (s *survey) say(format string, args ...any) { s.line(s.text(format, args...)) }

func (s *survey) head(title string) { s.line(""); s.line(printable(title)) }

func (s *survey) missing(format string, args ...any) {
	s.out.Missing = append(s.out.Missing, s.text(format, args...))
}

func (s *survey) look(ctx context.Context) error {
	s.secret = s.keep()
	s.panel.askWithin(loginTime)
	err := s.explore(ctx)
	s.leave(ctx)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("stopped before the end: %w", context.Cause(ctx))
	case err != nil:
		return errors.New(s.text("%v", err))
	}
	return nil
}

func (s *survey) explore(ctx context.Context) error {
	s.head("The login page")
	page, v, err := s.findLogin(ctx)
	if err != nil {
		return err
	}
	if s.out.basic {
		return s.after(ctx)
	}
	if page == nil {
		s.missing("no login form was found; name the page in login.page")
		return nil
	}
	s.head("The forms on it")
	f := s.forms(page)
	s.scripts(page, f)
	s.recognise(page, f, v.jar)
	return s.after(ctx)
}

// after is what follows once it is known how a login is made.
func (s *survey) after(ctx context.Context) error {
	if s.out.unplayable {
		return nil
	}
	if s.ask.Username == "" {
		s.strangers(ctx)
		return nil
	}
	s.head("Logging in as " + s.ask.Username)
	in, landing, err := s.logIn(ctx)
	if err != nil || in == nil {
		return err
	}
	s.out.mail = mailForm.MatchString(strings.TrimSpace(s.ask.Username))
	s.guarded(ctx, in, landing)
	s.prove(ctx)
	return nil
}

// places are where panels have their login, after what the profile says and what "/" leads to.
var places = []string{"/", "/login", "/admin/login/", "/wp-login.php", "/index.php", "/authentication/login", "/auth/login", "/user/login",
	"/users/sign_in", "/signin", "/admin", "/admin/login", "/login.php", "/admin/index.php", "/scp/login.php", "/web/login"}

// findLogin opens one page after the other until one has a login form.
func (s *survey) findLogin(ctx context.Context) (*Answer, *visit, error) {
	var first error // why nothing was read so far
	reached := false
	tried := map[string]bool{"": true}
	for _, place := range append([]string{s.panel.profile.Login.Page, s.panel.profile.Verify}, places...) {
		if tried[place] || ctx.Err() != nil {
			continue
		}
		tried[place] = true
		v := s.panel.visit(s.ask.Client, &Jar{})
		page, err := s.follow(ctx, v, place)
		if err != nil {
			if !reached && unreachable(err) {
				return nil, nil, err
			}
			s.say("  %v", err)
			first = cmp.Or(first, err)
			continue
		}
		reached = true
		if s.isLogin(page, place) {
			return page, v, nil
		}
	}
	if !reached {
		return nil, nil, first
	}
	return nil, nil, nil
}

// isLogin notes where the login is, if it is this page.
func (s *survey) isLogin(page *Answer, place string) bool {
	scheme := strings.ToLower(page.Header.Get("WWW-Authenticate"))
	switch {
	case page.Status == http.StatusUnauthorized && strings.HasPrefix(scheme, "basic"):
		s.say("  asks for the password by HTTP Basic: there is no login page")
		s.out.Base, s.out.basic, s.out.verify = "http-basic", true, place
	case len(loginForms(page.document(), s.auto())) > 0:
		s.out.page = page.Target
	default:
		s.say("  no login form there")
		return false
	}
	return true
}

// auto is the profile's login with what may be discovered left open.
func (s *survey) auto() LoginForm {
	l := s.panel.profile.Login
	if s.panel.profile.Name == "generic" {
		l.User, l.Password = "auto", "auto"
	}
	return l
}

// follow opens a page as visit.open does, and tells every step.
func (s *survey) follow(ctx context.Context, v *visit, target string) (*Answer, error) {
	var way []string
	for {
		a, err := v.get(ctx, target)
		if err != nil {
			return nil, err
		}
		s.step("GET", target, a)
		next, ok := onward(a)
		way = append(way, pathOf(target))
		switch {
		case !ok, len(way) > maxRedirects && !redirects(a.Status): // a page that sends on and on by itself is still one
			return a, nil
		case len(way) > maxRedirects:
			return nil, fmt.Errorf("it redirects in a circle: %s", strings.Join(way, ", "))
		}
		target = next
	}
}

// step tells one answer: status, redirect, cookies and their flags.
func (s *survey) step(method, target string, a *Answer) {
	to := ""
	if a.Location != "" {
		to = " to " + pathOf(a.Location)
		if !panelTarget(a.Location) {
			to = " to another host: " + pathOf(a.Location)
		}
	}
	s.say("  %s %s: %d%s", method, pathOf(target), a.Status, to)
	for _, line := range a.Header.Values("Set-Cookie") {
		switch c, ok := cookieOf(line); {
		case !ok:
			s.say("    sends a Set-Cookie without a name, which no browser takes")
		case !deleted(c, s.panel.opt.Now()):
			s.say("    sets %s (%s)", c.Name, flags(c))
		}
	}
}

func flags(c *http.Cookie) string {
	var all []string
	for name, set := range map[string]bool{"HttpOnly": c.HttpOnly, "Secure": c.Secure} {
		if set {
			all = append(all, name)
		}
	}
	if !c.HttpOnly {
		all = append(all, "scripts can read it")
	}
	switch c.SameSite {
	case http.SameSiteLaxMode:
		all = append(all, "SameSite=Lax")
	case http.SameSiteStrictMode:
		all = append(all, "SameSite=Strict")
	case http.SameSiteNoneMode:
		all = append(all, "SameSite=None")
	}
	slices.Sort(all)
	all = append(all, "Path="+cmp.Or(c.Path, "that of the page"))
	return strings.Join(all, ", ")
}

// known is the profile that the panel was recognised as, else the configured one.
func (s *survey) known() *Profile {
	if s.out.Base == s.panel.profile.Name {
		return s.panel.profile
	}
	if p, err := Load(s.out.Base); err == nil {
		return p
	}
	return s.panel.profile
}
