package traps

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
	"github.com/ispgate/ispgate/test/panels/fake"
)

// TestT16_PollingIsNoActivity: what the panel's pages ask by themselves keeps no session alive; a page does.
func TestT16_PollingIsNoActivity(t *testing.T) {
	t.Parallel()
	server := harness.Redis(t) // of its own, so that the one idle clock in it is this session's
	w := open(t, plain(), plainProfile+"routes: {logout: [POST /logout], background: ['/poll/*', '/index.php?r=poll']}\n", "/orders",
		"sessions", fmt.Sprintf("{idle: 30m, redis: {url: %s}}", server.URL()))
	p := w.somebody()
	p.in()
	store := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer store.Close()
	records, err := store.Keys(t.Context(), "*:s:*").Result()
	if err != nil || len(records) != 1 {
		t.Fatalf("sessions: %v %v", records, err)
	}
	clock := func() string { return store.GetRange(t.Context(), records[0], 0, 15).Val() }
	w.office.Gateway.Stop() // what it remembers of the session is gone
	past := binary.BigEndian.AppendUint64(nil, uint64(time.Now().Add(-5*time.Minute).UnixMilli()))
	old := string(past) + string(past) // a person was the last who was active
	if err := store.SetRange(t.Context(), records[0], 0, old).Err(); err != nil {
		t.Fatal(err)
	}
	w.office.Gateway.Start()
	jar := p.Jar
	p.Browser = w.office.Browser(t)
	p.Jar = jar
	for _, target := range []string{"/poll/alerts", "/index.php?x=1&r=poll"} {
		p.Fetch("GET", target, "", "").Want(http.StatusOK)
		if clock := clock(); clock != old {
			t.Errorf("%s set the idle clock to %q", target, clock)
		}
	}
	p.wantInside()
	if clock := clock(); clock == old {
		t.Error("a page did not set the idle clock")
	}
}

// TestT17_AfterARightPassword: a page that comes between a right password and the panel (a new password, a confirmed address) is no
// failure; it is shown, and behind it the panel opens.
func TestT17_AfterARightPassword(t *testing.T) {
	t.Parallel()
	b := plain()
	b.Forced, b.Right.To = "/password/expired", "/password/expired"
	w := open(t, b, plainProfile+"signed_in: [{status: 200}, {status: 302, location: '^/password/expired$'}]\n", "/orders")
	w.somebody().wantRefused("wrong")
	p := w.somebody()
	if page := p.PostForm(office.Login, map[string][]string{"username": {fake.User}, "password": {fake.Password}}); page.Location() != "/password/expired" {
		t.Fatalf("a right password leads to %d %q\n%s", page.Status, page.Location(), w.verdict())
	}
	if page := p.Get("/orders"); page.Location() != "/password/expired" {
		t.Errorf("the panel's way is not kept: %d %q", page.Status, page.Location())
	}
	page := p.Submit(p.Get("/password/expired").Want(http.StatusOK).Form("#note"), "note", "a new password")
	if page.Status != http.StatusFound || page.Location() != "/home" {
		t.Fatalf("the new password is answered %d %q", page.Status, page.Location())
	}
	p.wantInside()
	w.panel.Be(func(b *fake.Behaviour) { b.Forced = "" }) // the password is new now
	w.logouts(p)
	w.expiry(p)
}

// builtins are profiles that come with the program and whose software Debian does not have, with what must be said beside them.
var builtins = []struct {
	name, page, more string
	plays            func() fake.Behaviour
}{
	{"zabbix", "/zabbix.php?action=host.list", "", fake.Zabbix},
	{"grafana", "/dashboards", "", func() fake.Behaviour {
		b := fake.Grafana()
		b.Me = "/api/user"
		return b
	}},
	{"codeigniter", "/customers/list", "verify: /dashboard\noutcome: {throttled: [{body: 'Try again in ([0-9]+)'}], stale: [{status: 403, body: 'action you (have )?requested is not allowed'}]}\n", codeIgniter},
	{"laravel-fortify", "/devices", "verify: /preferences\nlogin: {user: username}\nusernames: {fold: true, pattern: '^[a-z0-9._-]{1,64}$'}\n", fake.LibreNMS},
}

// codeIgniter answers a POST without its token before it looks who is there.
func codeIgniter() fake.Behaviour {
	b := plain()
	b.Page, b.Action, b.Post, b.Logout = "/auth/login", "{origin}/index.php/auth/login", "/index.php/auth/login", "GET /auth/logout"
	b.Token, b.TokenCookie, b.Cookie = "csrf_test_name", "csrf_cookie_name", "ci_session"
	b.Right.To, b.Stranger.To = "{origin}/home", "{origin}/auth/login"
	b.Stale, b.StaleFirst = fake.Reply{Status: http.StatusForbidden, Says: "The action you have requested is not allowed."}, true
	b.Throttled = fake.Reply{Form: true, Says: "Too many tries. Try again in 60 seconds."}
	return b
}

// TestBuiltinProfiles: profiles written from sources and documentation, against what those say happens on the wire.
func TestBuiltinProfiles(t *testing.T) {
	for _, test := range builtins {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			profile := "base: " + test.name + "\n" + test.more + generous
			if test.name == "codeigniter" {
				profile += "login: {page: /auth/login}\n"
			}
			w := open(t, test.plays(), profile, test.page)
			w.throttled()
			w.proof(true)
			if denied := map[string]string{"zabbix": "/api_jsonrpc.php", "grafana": "/api/auth/keys"}[test.name]; denied != "" {
				if page := w.somebody().Fetch("POST", denied, "application/json", "{}"); page.Status != http.StatusForbidden {
					t.Errorf("%s is answered %d", denied, page.Status)
				}
			}
		})
	}
}

// TestFortifyOwnSecondStep: Fortify's second step is asked after the password, and nothing else opens before it is through.
func TestFortifyOwnSecondStep(t *testing.T) {
	t.Parallel()
	b := fake.LibreNMS()
	b.Challenge = "/two-factor-challenge"
	w := open(t, b, "base: laravel-fortify\nverify: /preferences\nlogin: {user: username}\nusernames: {fold: true, pattern: '^[a-z0-9._-]{1,64}$'}\n"+generous, "/devices")
	w.somebody().wantRefused("wrong")
	p := w.somebody()
	if page := p.password(fake.Password); page.Location() != "/two-factor-challenge" {
		t.Fatalf("a right password leads to %d %q\n%s", page.Status, page.Location(), w.verdict())
	}
	p.wantOutside("before the panel's own step")
	form := p.Get("/two-factor-challenge").Want(http.StatusOK).Form("form")
	if page := p.Submit(form, "code", "000000"); page.Status != http.StatusOK || page.Find("[name=code]").Length() != 1 {
		t.Errorf("a wrong code of the panel's is answered %d %q", page.Status, page.Location())
	}
	p.wantOutside("after a wrong code of the panel's")
	if page := p.Submit(form, "code", fake.Code); page.Location() != office.Origin+"/overview" {
		t.Errorf("a right one leads to %d %q", page.Status, page.Location())
	}
	if page := p.Get(office.Login + "?return_to=%2Fdevices"); page.Location() != "/devices" {
		t.Fatalf("behind it: %d %q %s", page.Status, page.Location(), page.Text("main"))
	}
	p.wantInside()
	if page := p.Get("/user/two-factor-authentication"); !strings.HasPrefix(page.Location(), office.TwoFactor) {
		t.Errorf("the panel's own settings lead to %d %q", page.Status, page.Location())
	}
}
