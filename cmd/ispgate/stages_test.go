package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"pgregory.net/rapid"

	"github.com/ispgate/ispgate/internal/demo"
	"github.com/ispgate/ispgate/internal/web"
)

// person is somebody of the panel, with what only this person knows.
type person struct {
	name, password string
	secret         string // of the authenticator app; empty: none
	step           int64  // of the last code that was read off it
	recovery       []string
}

// code reads the next code off the app; empty: there is none yet, or all that are good now were read.
func (p *person) code() string {
	now := time.Now().Unix() / 30
	if p.step = max(p.step+1, now-1); p.secret == "" || p.step > now+1 {
		p.step--
		return ""
	}
	code, _ := totp.GenerateCode(p.secret, time.Unix(p.step*30, 0)) // a secret of ours always decodes
	return code
}

// hand is a browser that sends what its owner likes, from any address.
type hand struct {
	g      *whole
	jar    map[string]string
	seen   map[string][]string // every value that each cookie ever had
	sent   int
	latest *httptest.ResponseRecorder
}

func newHand(g *whole) *hand {
	return &hand{g: g, jar: map[string]string{}, seen: map[string][]string{}}
}

func (b *hand) send(method, target string, form url.Values, header ...string) string {
	r := httptest.NewRequest(method, "/", strings.NewReader(form.Encode()))
	b.sent++
	r.RequestURI, r.Host, r.RemoteAddr = target, "panel.example.net", fmt.Sprintf("198.51.%d.%d:1", b.sent>>8&0xff, b.sent&0xff)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("User-Agent", "x")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for name, value := range b.jar {
		r.Header["Cookie"] = append(r.Header["Cookie"], name+"="+value)
	}
	b.latest = httptest.NewRecorder()
	b.g.handler.ServeHTTP(b.latest, r)
	for _, c := range b.latest.Result().Cookies() {
		if b.jar[c.Name] = c.Value; c.MaxAge < 0 || c.Value == "" {
			delete(b.jar, c.Name)
			continue
		}
		b.seen[c.Name] = append(b.seen[c.Name], c.Value)
	}
	return b.latest.Body.String()
}

var (
	panelUser  = regexp.MustCompile(`name="user-email" content="([^"]*)"`)
	setupKey   = regexp.MustCompile(`secret=([A-Z2-7]{32})`)
	backupCode = regexp.MustCompile(`<code>([0-9A-Za-z-]{11,})</code>`)
)

// enable sets up the app as its owner does.
func (b *hand) enable(p *person) bool {
	found := setupKey.FindStringSubmatch(b.send("GET", "/ispgate/two-factor", nil))
	if found == nil {
		return false
	}
	p.secret, p.step = found[1], 0
	page := b.send("POST", "/ispgate/two-factor/enable", url.Values{"code": {p.code()}})
	for _, code := range backupCode.FindAllStringSubmatch(page, -1) {
		p.recovery = append(p.recovery, code[1])
	}
	return len(p.recovery) == 10
}

func (b *hand) logIn(p *person) { b.logInTo(p, "") }

// logInTo logs in with everything that p knows, and returns the code that was used.
func (b *hand) logInTo(p *person, page string) (code string) {
	b.send("POST", "/ispgate/login"+page, url.Values{"username": {p.name}, "password": {p.password}})
	if p.secret != "" {
		code = p.code()
		b.send("POST", "/ispgate/verify", url.Values{"code": {code}})
	}
	return code
}

// inside is whose page the panel shows to this browser; empty: none.
func (b *hand) inside() string {
	if found := panelUser.FindStringSubmatch(b.send("GET", "/dashboard", nil)); found != nil {
		return found[1]
	}
	return ""
}

// scene is one try of somebody who has a password too many. He knows the password of admin, who has a second factor, and all of
// his own account; he knows codes that were used, cookies that lay about, and every address. He does not know the operator's
// password.
type scene struct {
	admin, operator, mallory *person
	victim                   *hand // admin's and the operator's own browsers
	other                    *hand
	attacker                 *hand
	codes                    []string // that he has seen: used ones, his own, wrong ones
	passwords                []string
}

func (s *scene) names() []string {
	return []string{s.admin.name, s.admin.name, s.admin.name, s.mallory.name, s.mallory.name, s.operator.name, strings.ToUpper(s.admin.name), " " + s.admin.name, s.admin.name + "\x00"}
}

// owners let admin and the operator work, and leaves to the attacker what he can see over a shoulder.
func (s *scene) owners(r *rapid.T) {
	switch rapid.IntRange(0, 3).Draw(r, "owner") {
	case 0:
		if code := s.victim.logInTo(s.admin, ""); code != "" {
			s.codes = append(s.codes, code)
		}
	case 1:
		s.other.logIn(s.operator)
	case 2:
		s.victim.send("POST", "/ispgate/logout", nil)
	case 3:
		if n := len(s.admin.recovery); n > 8 {
			used := s.admin.recovery[n-1]
			s.admin.recovery = s.admin.recovery[:n-1]
			s.victim.send("POST", "/ispgate/login", url.Values{"username": {s.admin.name}, "password": {s.admin.password}})
			s.victim.send("POST", "/ispgate/recovery", url.Values{"code": {used}})
			s.codes = append(s.codes, used)
		}
	}
}

func (s *scene) ownPages(r *rapid.T) {
	page := rapid.SampledFrom([]string{"verify", "recovery", "two-factor/enable", "two-factor/disable", "two-factor/recovery-codes", "offer", "logout", "language", "session", "auth", "auth/redirect", "two-factor", "login"}).Draw(r, "page")
	form := url.Values{}
	for _, field := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"code", "password", "username", "ticket", "stage", "trust_device", "lang", "return_to"}), 0, 4, rapid.ID).Draw(r, "fields") {
		form.Set(field, rapid.SampledFrom(append(append(append([]string{"full", "1", "/dashboard", s.mallory.code()}, s.codes...), s.passwords...), s.names()...)).Draw(r, field))
	}
	s.attacker.send(rapid.SampledFrom([]string{"GET", "POST", "POST", "HEAD", "PUT"}).Draw(r, "method"), "/ispgate/"+page, form,
		"X-Original-Method", "GET", "X-Original-Url", "https://panel.example.net/customer")
}

func (s *scene) password(r *rapid.T) {
	s.attacker.send("POST", "/ispgate/login?return_to="+url.QueryEscape(rapid.SampledFrom([]string{"/dashboard", "/login", "//evil.example", "/ispgate/two-factor"}).Draw(r, "to")),
		url.Values{"username": {rapid.SampledFrom(s.names()).Draw(r, "name")}, "password": {rapid.SampledFrom(s.passwords).Draw(r, "password")}})
}

func (s *scene) panelPages(r *rapid.T) {
	target := rapid.SampledFrom([]string{"/dashboard", "/login", "//login", "/%6cogin", "/index.php/login", "/login/", "/logout", "/admin/login-as/7", "/admin/login-as/900001", "/admin/back-to-my-account", "/admin/change-password",
		"/customer", "/customer/../dashboard", "/customer/..%2fdashboard", "/dashboard?ispbills_session=1", "/api/auth/login", "/assets/../dashboard", "/"}).Draw(r, "target")
	s.attacker.send(rapid.SampledFrom([]string{"GET", "POST"}).Draw(r, "method"), target,
		url.Values{"email": {rapid.SampledFrom(s.names()).Draw(r, "email")}, "password": {rapid.SampledFrom(s.passwords).Draw(r, "password")}}, "Remote-User", s.admin.name, "X-Forwarded-For", "127.0.0.1")
}

// cookies mixes cookies that the attacker ever had with the owners' panel cookies, which he may have stolen; the gateway's own he
// has not: whoever has that one has the session.
func (s *scene) cookies(r *rapid.T) {
	name := rapid.SampledFrom([]string{"__Host-ispgate", "ispbills_session", "XSRF-TOKEN", "__Host-ispgate-device", "PHPSESSID"}).Draw(r, "cookie")
	values := append([]string{"", "x"}, s.attacker.seen[name]...)
	if name != "__Host-ispgate" {
		values = append(append(values, s.victim.seen[name]...), s.other.seen[name]...)
	}
	s.attacker.jar[name] = rapid.SampledFrom(values).Draw(r, "value")
}

func (s *scene) own(r *rapid.T) {
	switch rapid.IntRange(0, 2).Draw(r, "own") {
	case 0:
		s.attacker.logIn(s.mallory)
	case 1:
		clear(s.attacker.jar)
	case 2:
		if s.mallory.secret == "" && s.attacker.inside() == s.mallory.name && !s.attacker.enable(s.mallory) {
			s.mallory.secret = ""
		}
	}
}

func (s *scene) check(r *rapid.T) {
	for _, page := range []string{s.attacker.latest.Body.String(), s.attacker.send("GET", "/dashboard", nil)} {
		if found := panelUser.FindStringSubmatch(page); found != nil && found[1] != s.mallory.name {
			r.Fatalf("the attacker is in the panel as %s", found[1])
		}
	}
	var said struct{ User, Stage string }
	if err := json.Unmarshal([]byte(s.attacker.send("GET", "/ispgate/session", nil)), &said); err != nil || said.User != "" && said.User != s.mallory.name {
		r.Fatalf("the session is %+v, %v", said, err)
	}
}

// TestS12_NoSequenceOfRequestsSkipsAStep: whatever is sent in whatever order, nobody is in the panel as somebody whose password,
// and second factor if there is one, was not given in that session.
func TestS12_NoSequenceOfRequestsSkipsAStep(t *testing.T) {
	const scenes = 400 // more than are played: rapid plays a failing one again to make it short
	checks := flag.Lookup("rapid.checks")
	asked := checks.Value.String()
	t.Cleanup(func() { _ = checks.Value.Set(asked) })
	if asked == checks.DefValue {
		_ = checks.Value.Set("40") // a scene is some hundred requests
	}
	var people []demo.Account
	for i := range scenes {
		for _, role := range []string{"super_admin", "operator", "operator"} {
			n := len(people)
			people = append(people, demo.Account{Email: fmt.Sprintf("p%d@demo.isp", n), Password: fmt.Sprintf("password-%d", n), Name: fmt.Sprint("Person ", i), Role: role})
		}
	}
	g := wholeGatewayFor(t, people, append([]byte("limiter: {tries: 500, window: 60s}\n"), demoProfile...), web.Patience{})
	next, inside := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		next += 3
		take := func(i int) *person {
			a := people[(next+i)%len(people)]
			return &person{name: a.Email, password: a.Password}
		}
		s := &scene{admin: take(0), operator: take(1), mallory: take(2), victim: newHand(g), other: newHand(g), attacker: newHand(g)}
		s.victim.logIn(s.admin)
		if !s.victim.enable(s.admin) || s.victim.inside() != s.admin.name {
			t.Fatalf("the owner cannot enable: %s", s.victim.latest.Body)
		}
		s.codes, s.passwords = []string{"000000", "", "ABCD-EFGH"}, []string{s.admin.password, s.mallory.password, "wrong"}
		s.attacker.send("GET", "/dashboard", nil)
		r.Repeat(map[string]func(*rapid.T){"": s.check, "owners": s.owners, "our pages": s.ownPages, "password": s.password, "panel": s.panelPages, "cookies": s.cookies, "own account": s.own})
		if s.attacker.inside() == s.mallory.name {
			inside++
		}
	})
	if inside == 0 {
		t.Error("the attacker never even got into his own account: nothing was tried")
	}
}
