package authflow

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/test/harness"
)

// TestReloginForgetsThePanelSession: marks of the panel session that ended do not outlive it; the factor is not asked again,
// and the session is the same.
func TestReloginForgetsThePanelSession(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	before := p.session()
	note := before.Note
	note.As, note.Used, note.RecoveryOnly, note.Offered = "id:2", "recovery", true, true
	note.IdentityDue = session.SwitchMark(time.Now())
	h.must(h.Sessions.SetNote(t.Context(), before, note))
	if got := p.session().Note; got.As == "" || got.Used == "" || !got.RecoveryOnly {
		t.Fatalf("the marks are not there: %+v", got)
	}
	p.want(p.login(""), http.StatusSeeOther, "/dashboard") // no notice of a recovery code comes between
	after := p.session()
	if after.Note.IdentityDue != "" || after.Note.As != "" || after.Note.Used != "" || after.Note.RecoveryOnly {
		t.Errorf("after the login: %+v", after.Note)
	}
	if !after.Note.Offered {
		t.Error("the offer would be made again")
	}
	if after.ID != before.ID || after.Stage != session.Full || !after.CodeAt.Equal(before.CodeAt) || !after.End.Equal(before.End) {
		t.Errorf("another session: %+v, before %+v", after, before)
	}
}

// TestReloginAfterARecoveryCode: the notice of the code comes once.
func TestReloginAfterARecoveryCode(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	e := p.elsewhere()
	e.want(e.login(""), http.StatusSeeOther, "/ispgate/verify")
	if text := e.post("recovery", "code", p.codes[0]).Want(http.StatusOK).Text("main"); !strings.Contains(text, "You used a recovery code. 9 are left.") {
		t.Fatalf("%q", text)
	}
	e.want(e.login(""), http.StatusSeeOther, "/dashboard")
}

// TestS15_AnotherPersonIsANewLogin: with a session of its own and its own factor.
func TestS15_AnotherPersonIsANewLogin(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	q := h.person("admin@demo.isp")
	q.want(q.login(""), http.StatusSeeOther, "/dashboard")
	before := q.session()
	q.name = operator
	q.want(q.login(""), http.StatusSeeOther, "/ispgate/verify")
	if s := q.session(); s.ID == before.ID || s.Account == before.Account || s.Stage != session.Password || s.Custody == before.Custody {
		t.Errorf("%+v, before %+v", s, before)
	}
	_ = p
}

// TestOfferComesOnce: while grace runs, at the first login of a session; never to who is enrolled or in another mode.
func TestOfferComesOnce(t *testing.T) {
	h := open(t, Policy{Mode: "required", GraceUntil: time.Now().Add(48 * time.Hour), Enrolment: "auto"}, 500)
	p := h.person(operator)
	offered := "/ispgate/offer?return_to=" + url.QueryEscape(wished)
	p.want(p.login(wished), http.StatusSeeOther, offered)
	if page := p.Get("/ispgate/offer").Want(http.StatusOK); page.Text("h1") != "Protect your account" {
		t.Errorf("%q", page.Text("h1"))
	}
	p.want(p.PostForm(action(p.Get(offered)), url.Values{}), http.StatusSeeOther, wished)
	p.want(p.login(""), http.StatusSeeOther, "/dashboard")
	p.want(p.Get("/ispgate/login"), http.StatusSeeOther, "/dashboard")
	e := p.elsewhere()
	e.want(e.login(""), http.StatusSeeOther, "/ispgate/offer?return_to=%2Fdashboard")
	h.Policy.Mode = "optional"
	e = p.elsewhere()
	e.want(e.login(""), http.StatusSeeOther, "/dashboard")
}

// TestS18_ObserveAfterAReset: observe asks nobody new, but whoever was reset enrols with a ticket before anything else.
func TestS18_ObserveAfterAReset(t *testing.T) {
	h := open(t, Policy{Mode: "optional", Enrolment: "open"}, 500)
	p := h.enrolled(operator)
	h.Policy.Mode = "observe"
	id := p.session().Account
	h.must(h.Accounts.Reset(t.Context(), id))
	e := p.elsewhere()
	e.want(e.login(""), http.StatusSeeOther, "/ispgate/two-factor")
	if e.stage() != session.Enrolling {
		t.Fatalf("stage %s", e.stage())
	}
	if e.setup().Find(`input[name="ticket"]`).Length() != 1 {
		t.Error("the page asks for no ticket")
	}
	ticket, err := h.Accounts.IssueTicket(t.Context(), id)
	h.must(err)
	for _, wrong := range []string{"", "x", strings.ToLower(ticket)[:len(ticket)-1] + "-"} {
		if page := e.PostForm("/ispgate/two-factor/enable", url.Values{"code": {e.code()}, "ticket": {wrong}}); page.Status < 400 || e.stage() != session.Enrolling {
			t.Fatalf("ticket %q: %d, stage %s", wrong, page.Status, e.stage())
		}
	}
	e.keep(e.PostForm("/ispgate/two-factor/enable", url.Values{"code": {e.code()}, "ticket": {ticket}}))
	if e.stage() != session.Full {
		t.Errorf("stage %s", e.stage())
	}
	q := h.person("admin@demo.isp")
	q.want(q.login(""), http.StatusSeeOther, "/dashboard")
	if page := q.Get("/ispgate/two-factor"); page.Status != http.StatusForbidden {
		t.Errorf("somebody new in observe mode: %d", page.Status)
	}
	if n := h.counted.of("none", "would_ask"); n != 1 {
		t.Errorf("counted %d times that somebody would be asked", n)
	}
}

// TestS32_RetiredTokens: what was under way with the old token when it was rotated. Pages are those of today's session; a
// form is told that its person is logged in, and no cookie is set over the new one.
func TestS32_RetiredTokens(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	old := p.elsewhere() // the same cookies, from before
	copied, err := url.Parse(h.url)
	h.must(err)
	old.Jar.SetCookies(copied, p.Jar.Cookies(copied))
	p.keep(p.post("two-factor/recovery-codes", "code", p.code()))
	if old.Cookies("/") == p.Cookies("/") {
		t.Fatal("the token was not rotated")
	}
	for page, head := range map[string]string{"two-factor": "Two Factor", "two-factor/disable": "Disable Two Factor Authentication", "logout": ""} {
		got := old.Get("/ispgate/" + page).Want(http.StatusOK)
		if text := got.Text("h1"); text == "You are logged in" || head != "" && text != head || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("GET %s: %q, cookies %q", page, text, got.Header.Values("Set-Cookie"))
		}
	}
	old.want(old.Get("/ispgate/verify"), http.StatusSeeOther, "/dashboard")
	code := harness.OATH(t, p.secret, time.Unix((p.last+1)*30, 0)) // good already: one step ahead
	for _, page := range []string{"two-factor/recovery-codes", "two-factor/disable", "two-factor/enable", "verify", "recovery", "login", "offer"} {
		wantAlready(t, page, old.PostForm("/ispgate/"+page, url.Values{"code": {code}, "username": {operator}, "password": {password}}))
	}
	if p.stage() != session.Full {
		t.Errorf("stage %s", p.stage())
	}
	p.keep(p.post("two-factor/recovery-codes", "code", code)) // none of them used it
}

// TestS32_RetiredByARaise: a token from before the code is nobody's; its pages lead on, its forms hear the same.
func TestS32_RetiredByARaise(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	e := p.elsewhere()
	e.want(e.login(""), http.StatusSeeOther, "/ispgate/verify")
	old := e.elsewhere()
	site, err := url.Parse(h.url)
	h.must(err)
	old.Jar.SetCookies(site, e.Jar.Cookies(site))
	e.want(e.post("verify", "code", e.code()), http.StatusSeeOther, "/dashboard")
	for _, page := range []string{"verify", "recovery", "two-factor"} {
		if got := old.Get("/ispgate/" + page); got.Location() != "/ispgate/login" || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("GET %s: %d %q, cookies %q", page, got.Status, got.Location(), got.Header.Values("Set-Cookie"))
		}
	}
	for _, page := range []string{"verify", "recovery", "login", "two-factor/enable"} {
		wantAlready(t, page, old.PostForm("/ispgate/"+page, url.Values{"code": {"123456"}, "username": {operator}, "password": {password}}))
	}
	if e.stage() != session.Full {
		t.Errorf("stage %s", e.stage())
	}
}

func wantAlready(t *testing.T, name string, page *harness.Page) {
	t.Helper()
	if page.Status != http.StatusOK || page.Text("h1") != "You are logged in" || page.Header.Get("Set-Cookie") != "" || page.Find("a.primary").AttrOr("href", "") != "/ispgate/login" {
		t.Errorf("POST %s: %d %q, cookies %q", name, page.Status, page.Text("h1"), page.Header.Values("Set-Cookie"))
	}
}

// TestRenewedIDIsNotLost: what the panel sets goes on to the browser also where it does not say whether its session lives.
func TestRenewedIDIsNotLost(t *testing.T) {
	for name, status := range map[string]int{"unknown": http.StatusServiceUnavailable, "odd": http.StatusAccepted} {
		t.Run(name, func(t *testing.T) {
			h := open(t, Policy{Mode: "optional"}, 5)
			p := h.person(operator)
			p.want(p.login(""), http.StatusSeeOther, "/dashboard")
			before := p.Cookie("/", "ispbills_session")
			h.instead(func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Set-Cookie", "ispbills_session=renewed; Path=/")
				w.WriteHeader(status)
				return true
			})
			p.Get("/ispgate/login")
			opened := h.custody.Open(h.custody.Session(p.session().Custody), []string{"ispbills_session=" + p.Cookie("/", "ispbills_session")})
			if got := opened.Header(); before == "" || got != "ispbills_session=renewed" {
				t.Errorf("the browser is left with %q", got)
			}
		})
	}
}

// TestS15_ALoginInsideStaysDue: a password for our own page does not take it back; the panel session that it was in may live on.
func TestS15_ALoginInsideStaysDue(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	s := p.session()
	note := s.Note
	note.IdentityDue, note.Suspects = session.LoginMark(time.Now()), "jar"
	h.must(h.Sessions.SetNote(t.Context(), s, note))
	p.login("")
	if got := p.session().Note; got.IdentityDue != note.IdentityDue || got.Suspects != "jar" {
		t.Errorf("after the login: %+v", got)
	}
}
