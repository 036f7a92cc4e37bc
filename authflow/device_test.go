package authflow

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/session"
)

const month = 30 * 24 * time.Hour

// device is the token that a person's browser holds.
func (p *person) device() string { return p.Cookie("/", "ispgate-device") }

// visitor is the same person at a browser that holds nothing but this device cookie.
func (p *person) visitor(device string) *person {
	p.h.t.Helper()
	e := p.elsewhere()
	if device != "" {
		e.Jar.SetCookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(p.h.url, "http://")}, []*http.Cookie{{Name: "ispgate-device", Value: device, Path: "/"}})
	}
	return e
}

// trusted is a person whose browser need not ask for a code, not logged in.
func (h *house) trusted(name string) *person {
	h.t.Helper()
	p := h.enrolled(name).visitor("")
	p.want(p.login(""), http.StatusSeeOther, "/ispgate/verify")
	page := p.PostForm("/ispgate/verify", url.Values{"code": {p.code()}, "trust_device": {"1"}})
	p.want(page, http.StatusSeeOther, "/dashboard")
	if p.device() == "" {
		h.t.Fatal("the browser got no device cookie")
	}
	return p
}

func TestS44_TrustedBrowserSkipsTheCode(t *testing.T) {
	h := open(t, Policy{Mode: "optional", Trust: month}, 500)
	p := h.trusted(operator)
	e := p.visitor(p.device())
	e.want(e.login("/customers"), http.StatusSeeOther, "/customers")
	if s := e.session(); s.Stage != session.Full || !s.CodeAt.IsZero() {
		t.Errorf("%+v", s)
	}
	e.want(e.login("/customers"), http.StatusSeeOther, "/customers") // a panel session renewed inside a session is no login
	if n := h.counted.of("trusted", "ok"); n != 1 {
		t.Errorf("counted %d", n)
	}
	// Never a confirmation.
	page := e.Get("/ispgate/two-factor/disable").Want(http.StatusOK)
	if page.Find("input[name=password]").Length() != 0 {
		t.Error("a session that entered no code may confirm with the password")
	}
	e.post("two-factor/disable", "password", password).Want(http.StatusForbidden)
	e.post("two-factor/recovery-codes", "code", "").Want(http.StatusUnauthorized)
	// A month later it is over, and not prolonged by being used.
	h.wait(month - time.Hour)
	last := p.visitor(p.device())
	last.want(last.login(""), http.StatusSeeOther, "/dashboard")
	h.wait(time.Hour)
	over := p.visitor(p.device())
	over.want(over.login(""), http.StatusSeeOther, "/ispgate/verify")
}

// TestS44_StolenCookie: alone it opens nothing, with a wrong password neither, and for nobody else.
func TestS44_StolenCookie(t *testing.T) {
	h := open(t, Policy{Mode: "optional", Trust: month}, 500)
	p := h.trusted(operator)
	other := h.enrolled("admin@demo.isp")
	thief := p.visitor(p.device())
	for _, page := range []string{"verify", "recovery", "two-factor", "two-factor/disable"} {
		thief.want(thief.Get("/ispgate/"+page), http.StatusSeeOther, "/ispgate/login")
	}
	thief.PostForm("/ispgate/login", url.Values{"username": {operator}, "password": {"guessed"}}).Want(http.StatusUnauthorized)
	if thief.stage() != session.Anonymous {
		t.Errorf("stage %s", thief.stage())
	}
	o := other.visitor(p.device())
	o.want(o.login(""), http.StatusSeeOther, "/ispgate/verify")
	token := p.device()
	for _, cookies := range []string{token + "x", token[:60], strings.ToUpper(token), token + "; ispgate-device=" + token, ""} {
		e := p.visitor("")
		e.Header = http.Header{"Cookie": {"ispgate-device=" + cookies}}
		e.want(e.login(""), http.StatusSeeOther, "/ispgate/verify")
	}
}

func TestS44_NotOfferedWhereItMustNotBe(t *testing.T) {
	cases := map[string]struct {
		policy Policy
		method string
		want   bool
	}{
		"a code":               {Policy{Mode: "optional", Trust: month}, "verify", true},
		"a recovery code":      {Policy{Mode: "optional", Trust: month}, "recovery", false},
		"an administrator":     {Policy{Mode: "optional", Trust: month, Administrators: []string{"Operator@demo.isp"}}, "verify", false},
		"switched off":         {Policy{Mode: "optional"}, "verify", false},
		"required of everyone": {Policy{Mode: "required", Trust: month, Enrolment: "open"}, "verify", true},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			h := open(t, c.policy, 500)
			p := h.person(operator)
			p.login("")
			p.setup()
			p.keep(p.post("two-factor/enable", "code", p.code()))
			e := p.visitor("")
			e.want(e.login(""), http.StatusSeeOther, "/ispgate/verify")
			if offered := e.Get("/ispgate/"+c.method).Find("input[name=trust_device]").Length() == 1; offered != c.want {
				t.Errorf("offered: %t, want %t", offered, c.want)
			}
			code := p.codes[0]
			if c.method == "verify" {
				code = e.code()
			}
			e.PostForm("/ispgate/"+c.method, url.Values{"code": {code}, "trust_device": {"1"}})
			if e.stage() != session.Full || e.device() == "" {
				t.Fatalf("stage %s, device %q", e.stage(), e.device())
			}
			again := p.visitor(e.device())
			want := "/ispgate/verify"
			if c.want {
				want = "/dashboard"
			}
			again.want(again.login(""), http.StatusSeeOther, want)
		})
	}
}

// TestS44_LowerLimits: what the configuration takes away is not honoured from cookies of before.
func TestS44_LowerLimits(t *testing.T) {
	h := open(t, Policy{Mode: "optional", Trust: month}, 500)
	p := h.trusted(operator)
	for what, policy := range map[string]Policy{
		"switched off":     {Mode: "optional"},
		"shorter":          {Mode: "optional", Trust: 24 * time.Hour},
		"an administrator": {Mode: "optional", Trust: month, Administrators: []string{operator}},
	} {
		h.Policy = policy
		e := p.visitor(p.device())
		if page := e.login(""); page.Location() != "/ispgate/verify" {
			t.Errorf("%s: %d %q", what, page.Status, page.Location())
		}
		if text := p.Get("/ispgate/two-factor").Text("main"); strings.Contains(text, "Does not ask for a code until") {
			t.Errorf("%s: the page says it is trusted", what)
		}
	}
}

func TestS44_VoidAtEveryChange(t *testing.T) {
	changes := map[string]func(p *person){
		"disable, enable again": func(p *person) {
			p.post("two-factor/disable", "code", p.code()).Want(http.StatusOK)
			p.setup()
			p.keep(p.post("two-factor/enable", "code", p.code()))
		},
		"new recovery codes": func(p *person) { p.keep(p.post("two-factor/recovery-codes", "code", p.code())) },
		"forgotten": func(p *person) {
			page := p.Get("/ispgate/two-factor").Want(http.StatusOK)
			p.want(p.Submit(page.Form(`form[action="/ispgate/two-factor/browsers"]:has(input[value="`+p.session().Browser+`"])`)), http.StatusSeeOther, "/ispgate/two-factor")
		},
	}
	for label, change := range changes {
		t.Run(label, func(t *testing.T) {
			h := open(t, Policy{Mode: "optional", Trust: month}, 500)
			p := h.trusted(operator)
			token := p.device()
			change(p)
			for _, token := range []string{token, p.device()} {
				e := p.visitor(token)
				e.want(e.login(""), http.StatusSeeOther, "/ispgate/verify")
			}
			if p.stage() != session.Full {
				t.Errorf("stage %s", p.stage())
			}
		})
	}
	t.Run("reset", func(t *testing.T) {
		h := open(t, Policy{Mode: "optional", Trust: month}, 500)
		p := h.trusted(operator)
		h.must(h.Accounts.Reset(t.Context(), p.session().Account))
		e := p.visitor(p.device())
		e.want(e.login(""), http.StatusSeeOther, "/ispgate/two-factor")
	})
}

// TestS44_BrowsersAreListed: what the page says of a browser, and that only its owner can forget it.
func TestS44_BrowsersAreListed(t *testing.T) {
	h := open(t, Policy{Mode: "optional", Trust: month}, 500)
	p := h.trusted(operator)
	browsers := p.Get("/ispgate/two-factor").Want(http.StatusOK).Find(`form[action="/ispgate/two-factor/browsers"]`)
	if browsers.Length() != 2 { // the one that enabled, and the trusted one
		t.Fatalf("%d browsers are listed", browsers.Length())
	}
	text := strings.Join(strings.Fields(browsers.Parent().Text()), " ")
	for _, part := range []string{"Chrome on Linux", "This browser", "127.0.0.1", "Last used", "First used", "Does not ask for a code until"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in %q", part, text)
		}
	}
	other := h.enrolled("admin@demo.isp")
	other.want(other.post("two-factor/browsers", "browser", p.session().Browser), http.StatusSeeOther, "/ispgate/two-factor")
	e := p.visitor(p.device())
	e.want(e.login(""), http.StatusSeeOther, "/dashboard")
}

// TestS23_OwnBrowserStaysOpen: somebody who has the password empties the budget; browsers that are known do not notice, and wrong
// codes in one of them close no other.
func TestS23_OwnBrowserStaysOpen(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	first, second := p.visitor(p.device()), p.visitor("")
	second.want(second.login(""), http.StatusSeeOther, "/ispgate/verify")
	second.want(second.post("verify", "code", second.code()), http.StatusSeeOther, "/dashboard")
	p.last = second.last
	guess := func(at *person) {
		for range 10 {
			at.want(at.login(""), http.StatusSeeOther, "/ispgate/verify")
			at.post("verify", "code", at.wrong())
			h.wait(15 * time.Minute)
		}
		at.want(at.login(""), http.StatusSeeOther, "/ispgate/recovery")
	}
	guess(p.visitor(""))
	for _, failures := range []string{"3", "10"} {
		if n := h.counted.of("guessing", failures); n != 1 {
			t.Errorf("%d notices at %s failures", n, failures)
		}
	}
	if !strings.Contains(h.log.String(), "somebody who knows the password is guessing codes") {
		t.Error("the log does not say so")
	}
	guess(p.visitor(second.device()))
	first.last = p.last
	first.want(first.login(""), http.StatusSeeOther, "/ispgate/verify")
	first.want(first.post("verify", "code", first.code()), http.StatusSeeOther, "/dashboard")
	first.keep(first.post("two-factor/recovery-codes", "code", first.code())) // its confirmations use its own pool
	anywhere := p.visitor("")
	anywhere.want(anywhere.login(""), http.StatusSeeOther, "/ispgate/recovery")
	anywhere.post("recovery", "code", first.codes[0]).Want(http.StatusOK)
}

// TestS29_OwnBrowserIsNotKeptWaiting: strangers use up what they may, and the owner's browser still logs in; it may be wrong twice.
func TestS29_OwnBrowserIsNotKeptWaiting(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 5)
	p := h.enrolled(operator)
	h.enrolled("admin@demo.isp")
	wrong := func(e *person) int {
		return e.PostForm("/ispgate/login", url.Values{"username": {e.name}, "password": {"guessed"}}).Status
	}
	stranger := p.visitor("")
	got := ""
	for range 6 {
		got += fmt.Sprint(wrong(stranger), " ")
	}
	if got != "401 401 401 429 429 429 " {
		t.Errorf("strangers: %s", got)
	}
	mine := p.visitor(p.device())
	if status := wrong(mine); status != http.StatusUnauthorized {
		t.Errorf("a typing error: %d", status)
	}
	mine.want(mine.login(""), http.StatusSeeOther, "/ispgate/verify")
	thief := h.person("admin@demo.isp").visitor(p.device()) // a token of somebody else's chooses nothing
	got = ""
	for range 4 {
		got += fmt.Sprint(wrong(thief), " ")
	}
	if got != "401 401 401 429 " {
		t.Errorf("with another's token: %s", got)
	}
}

func TestLogOutOthers(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	e := p.visitor("")
	e.want(e.login(""), http.StatusSeeOther, "/ispgate/verify")
	e.want(e.post("verify", "code", e.code()), http.StatusSeeOther, "/dashboard")
	before := p.session()
	page := p.Get("/ispgate/two-factor").Want(http.StatusOK)
	p.want(p.Submit(page.Form(`form[action="/ispgate/two-factor/sessions"]`)), http.StatusSeeOther, "/ispgate/two-factor")
	after := p.session()
	if after.ID != before.ID || after.Stage != session.Full || !after.CodeAt.Equal(before.CodeAt) || after.Generation != before.Generation+1 {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
	h.must(h.Sessions.Refresh(t.Context()))
	if e.stage() != session.Anonymous {
		t.Errorf("the other is at stage %s", e.stage())
	}
	if n := p.Get("/ispgate/two-factor").Find(`form[action="/ispgate/two-factor/sessions"]`).Length(); n != 0 {
		t.Error("the button stays where nobody else is logged in")
	}
	known := p.visitor(e.device())
	known.want(known.login(""), http.StatusSeeOther, "/ispgate/verify")
	if known.session().Browser == "" {
		t.Error("a browser is forgotten by it")
	}
}
