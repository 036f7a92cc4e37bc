//go:build race

package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/demo"
	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/internal/session"
)

const (
	races = 100
	uses  = 50
)

// turning is a clock that a test turns on.
type turning struct{ ahead atomic.Int64 }

func (c *turning) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *turning) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// twoNodes are two before the demo panel.
func twoNodes(t *testing.T, people []demo.Account, clock *turning) *nodes {
	t.Helper()
	back, closePanel, err := servePanel(t.Context(), people, newLogger(&written{}, demonstration{listen: "127.0.0.1:0"}.config().Log))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closePanel)
	return openNodes(t, 2, back, append([]byte("limiter: {tries: 500, window: 60s}\n"), demoProfile...), clock.now)
}

// atOnce does all of it at the same moment.
func atOnce(n int, do func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	all.Wait()
}

// TestS21_OneCodeAtOnce: of fifty uses at once of a code of the app, from fifty browsers at two nodes, one wins, and of a recovery
// code, too; a hundred rounds. Each browser is a recognised one, so that no budget stops it before the code is compared.
func TestS21_OneCodeAtOnce(t *testing.T) {
	clock := &turning{}
	ns := twoNodes(t, nil, clock)
	store := ns.all[0].accounts
	p := newOwner(t, store, clock, "owner@demo.isp")
	hands := make([]*hand, uses)
	nobody := 0
	open := func(i int) { hands[i] = ns.all[i%2].raised(t, p.acc, fmt.Sprint("browser ", i), session.Password) }
	for round := range races {
		if round%4 == 0 { // five codes are a challenge's, and a year's budget of a browser 30
			clock.advance(60 * 24 * time.Hour)
			if round%8 == 0 {
				p.regenerate(t, store)
			}
			for i := range hands {
				open(i)
			}
		}
		clock.advance(time.Minute)
		for page, code := range map[string]string{"verify": p.code(t), "recovery": p.codes[round%8]} {
			atOnce(uses, func(i int) { hands[i].send("POST", "/ispgate/"+page, url.Values{"code": {code}}) })
			won := -1
			for i, b := range hands {
				switch {
				case b.latest.Code < 400 && won < 0 && b.at(ns.all[(i+1)%2]).stage() == "full":
					won = i
				case b.latest.Code != http.StatusUnauthorized && b.latest.Code != http.StatusServiceUnavailable || b.latest.Header().Get("Set-Cookie") != "":
					t.Fatalf("round %d, %s: %d has won, and %d is answered %d %s", round, page, won, i, b.latest.Code, b.latest.Body)
				}
			}
			if won < 0 { // the winner may be one of those that a busy machine let wait too long: closed, too
				nobody++
				continue
			}
			open(won)
		}
	}
	if nobody > races/10 {
		t.Errorf("nobody won %d of %d races", nobody, 2*races)
	}
}

// owner is an account with an active factor.
type owner struct {
	acc    account.Account
	secret string
	codes  []string
	clock  *turning
}

func newOwner(t *testing.T, store *account.Store, clock *turning, name string) *owner {
	t.Helper()
	acc, err := store.Meet(t.Context(), account.Identity{ID: name, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := account.NewSecret()
	if err != nil {
		t.Fatal(err)
	}
	uri, _ := url.Parse(secret.URI("ISPBills", name))
	o := &owner{secret: uri.Query().Get("secret"), clock: clock}
	_, res, err := store.Enable(t.Context(), account.Try{Account: acc.ID, Pool: account.Unknown, Challenge: "enrolment", Code: o.code(t)}, secret)
	if err == nil && res.OK {
		o.acc, err = store.Get(t.Context(), acc.ID)
	}
	if err != nil || !res.OK {
		t.Fatalf("enable: %+v, %v", res, err)
	}
	return o
}

func (o *owner) code(t *testing.T) string {
	t.Helper()
	code, err := totp.GenerateCode(o.secret, o.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func (o *owner) regenerate(t *testing.T, store *account.Store) {
	t.Helper()
	var err error
	if o.codes, err = store.Regenerate(t.Context(), o.acc.ID); err == nil {
		o.acc, err = store.Get(t.Context(), o.acc.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestS26_TwoTabsAtOnce: the Two Factor page is opened in two tabs at two nodes, and both send the code: both showed one secret, that
// one is active, one tab shows the recovery codes, and the browser is not logged out. Then two browsers of one account, each with a
// secret of its own: one of them is in, the other out.
func TestS26_TwoTabsAtOnce(t *testing.T) {
	clock := &turning{}
	ns := twoNodes(t, nil, clock)
	for round := range races {
		acc, err := ns.all[0].accounts.Meet(t.Context(), account.Identity{ID: fmt.Sprint(round), Name: fmt.Sprintf("p%d@demo.isp", round)})
		if err != nil {
			t.Fatal(err)
		}
		first := ns.all[0].raised(t, acc, "", session.Full)
		tabs := []*hand{first, {g: ns.all[1].whole, jar: map[string]string{ns.all[0].sessions.CookieName(): first.jar[ns.all[0].sessions.CookieName()]}, seen: map[string][]string{}}}
		if round%2 == 1 {
			tabs[1] = ns.all[1].raised(t, acc, "", session.Full)
		}
		secrets := make([]string, len(tabs))
		atOnce(len(tabs), func(i int) {
			if found := setupKey.FindStringSubmatch(tabs[i].send("GET", "/ispgate/two-factor", nil)); found != nil {
				secrets[i] = found[1]
			}
		})
		if secrets[0] == "" || (secrets[0] == secrets[1]) != (round%2 == 0) {
			t.Fatalf("round %d: the tabs show %q", round, secrets)
		}
		owners := []*owner{{secret: secrets[0], clock: clock}, {secret: secrets[1], clock: clock}}
		atOnce(len(tabs), func(i int) {
			tabs[i].send("POST", "/ispgate/two-factor/enable", url.Values{"code": {owners[i].code(t)}})
		})
		won := slices.IndexFunc(tabs, func(b *hand) bool { return len(backupCode.FindAllString(b.latest.Body.String(), -1)) == 10 })
		if won < 0 || len(backupCode.FindAllString(tabs[1-won].latest.Body.String(), -1)) != 0 {
			t.Fatalf("round %d: the tabs are answered %d and %d, %d shows the codes", round, tabs[0].latest.Code, tabs[1].latest.Code, won)
		}
		if lost := tabs[1-won].latest; lost.Code >= 500 || strings.Contains(lost.Header().Get("Set-Cookie"), session.Full.String()) {
			t.Fatalf("round %d: the other tab is answered %d %s", round, lost.Code, lost.Body)
		}
		for i, g := range ns.all {
			if stage := tabs[won].at(g).stage(); stage != "full" {
				t.Fatalf("round %d: at node %d the browser that enabled is at stage %q", round, i, stage)
			}
		}
		ns.wantFactor(t, round, clock, acc, owners[won], owners[1-won])
	}
}

// wantFactor wants the codes of the one secret to be right, and of the other wrong.
func (ns *nodes) wantFactor(t *testing.T, round int, clock *turning, acc account.Account, right, wrong *owner) {
	t.Helper()
	clock.advance(time.Minute)
	acc, err := ns.all[1].accounts.Get(t.Context(), acc.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    *owner
		want bool
	}{{wrong, wrong.secret == right.secret}, {right, wrong.secret != right.secret}} {
		b := ns.all[1].raised(t, acc, "", session.Password)
		b.send("POST", "/ispgate/verify", url.Values{"code": {c.o.code(t)}})
		if in := b.stage() == "full"; in != c.want {
			t.Fatalf("round %d: a code of a tab's secret logs in: %t, want %t (%d)", round, in, c.want, b.latest.Code)
		}
	}
}

// TestS33_LogoutAtOnce: twenty requests at two nodes are on their way while a browser logs out. The panel may still answer them, but
// after the logout nothing that any of them left behind, in Redis or in the browser, opens anything, once the other node has read the
// revocations as it does twice a second.
func TestS33_LogoutAtOnce(t *testing.T) {
	people := []demo.Account{{Email: "p@demo.isp", Password: "password", Name: "Person", Role: "operator"}}
	ns := twoNodes(t, people, &turning{})
	client, name := ns.all[0].redis, ns.all[0].sessions.CookieName()
	for round := range races {
		b := newHand(ns.all[round%2].whole)
		if b.logIn(&person{name: "p@demo.isp", password: "password"}); b.inside() != "p@demo.isp" {
			t.Fatalf("round %d: not logged in: %d", round, b.latest.Code)
		}
		flying := make([]*hand, 20)
		for i := range flying {
			flying[i] = b.at(ns.all[i%2])
			flying[i].jar = map[string]string{}
			for cookie, value := range b.jar {
				flying[i].jar[cookie] = value
			}
		}
		out := flying[round%len(flying)]
		atOnce(len(flying), func(i int) {
			switch {
			case flying[i] == out:
				out.send("POST", "/ispgate/logout", nil)
			case i%5 == 0:
				flying[i].send("GET", "/dashboard", nil)
			case i%5 == 1:
				flying[i].send("GET", "/ispgate/two-factor", nil) // makes a note in the session
			default:
				flying[i].send("GET", "/ispgate/session", nil)
			}
		})
		if out.latest.Header().Get("Location") != "/ispgate/login?out=1" || out.jar[name] != "" {
			t.Fatalf("round %d: the logout answers %d %q", round, out.latest.Code, out.latest.Header())
		}
		for _, g := range ns.all {
			if err := g.sessions.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		left := map[string]*hand{}
		for _, f := range append(flying, b) {
			left[fmt.Sprint(f.jar)] = f
		}
		for _, f := range left {
			for k, g := range ns.all {
				if at := f.at(g); at.inside() != "" || at.latest.Code != http.StatusSeeOther || at.latest.Header().Get("Location") != "/ispgate/login?return_to=%2Fdashboard" {
					t.Fatalf("round %d: after the logout node %d still answers %d to what a request left behind", round, k, at.latest.Code)
				}
			}
		}
		for _, key := range client.Keys(t.Context(), "*:s:*").Val() {
			t.Fatalf("round %d: %s is left", round, key)
		}
	}
}

// TestS36_RotationAtOnce: keys are prepared and put first a hundred times while browsers work at two nodes that take them up one after
// the other: nobody is logged out, every login succeeds, and a factor of the first key is still one.
func TestS36_RotationAtOnce(t *testing.T) {
	clock := &turning{}
	people := []demo.Account{{Email: "p@demo.isp", Password: "password", Name: "Person", Role: "operator"}}
	ns := twoNodes(t, people, clock)
	p := newOwner(t, ns.all[0].accounts, clock, "owner@demo.isp")
	takeUp := func() {
		for _, g := range ns.all {
			next, err := keyring.Load(ns.cfg.KeysFile)
			if err != nil {
				t.Error(err)
				return
			}
			g.ring.Adopt(next)
		}
	}
	old := newHand(ns.all[0].whole)
	old.logIn(&person{name: "p@demo.isp", password: "password"})
	for round := range races {
		atOnce(6, func(i int) {
			g := ns.all[i%2]
			switch b := old.at(g); {
			case i == 0:
				id, err := keyring.Prepare(ns.cfg.KeysFile)
				takeUp()
				if err == nil {
					err = keyring.Promote(ns.cfg.KeysFile, id)
				}
				if takeUp(); err != nil {
					t.Error(err)
				}
			case i < 4:
				if b.jar = map[string]string{}; true {
					for name, value := range old.jar {
						b.jar[name] = value
					}
				}
				if who := b.inside(); who != "p@demo.isp" {
					t.Errorf("round %d: the session of before is answered %d", round, b.latest.Code)
				}
			default:
				b = newHand(g.whole)
				if b.logIn(&person{name: "p@demo.isp", password: "password"}); b.at(ns.all[(i+1)%2]).inside() != "p@demo.isp" {
					t.Errorf("round %d: a new login is answered %d", round, b.latest.Code)
				}
			}
		})
		if t.Failed() {
			return
		}
	}
	clock.advance(time.Minute)
	b := ns.all[1].raised(t, p.acc, "", session.Password)
	b.send("POST", "/ispgate/verify", url.Values{"code": {p.code(t)}})
	if b.stage() != "full" {
		t.Errorf("the factor of the first key is answered %d", b.latest.Code)
	}
	if n := len(ns.all[1].ring.Derive("x")); n != races+1 {
		t.Errorf("%d keys, want %d", n, races+1)
	}
}

// at is the same browser at another node.
func (b *hand) at(g *node) *hand {
	return &hand{g: g.whole, jar: b.jar, seen: map[string][]string{}}
}

// holding is a browser that holds a session's cookie and nothing else.
func (g *node) holding(h http.Header) *hand {
	b := newHand(g.whole)
	name, value, _ := strings.Cut(strings.SplitN(h.Get("Set-Cookie"), ";", 2)[0], "=")
	b.jar[name] = value
	return b
}

// raised is a browser whose session is at a stage, without a login and without a panel session; browser is the one in which acc is
// recognised.
func (g *node) raised(t testing.TB, acc account.Account, browser string, stage session.Stage) *hand {
	t.Helper()
	s := g.sessions.Begin(acc.ID, acc.Name, "", acc.Generation)
	s.Person, s.Browser = acc.Key, browser
	if stage == session.Password {
		if res, err := g.accounts.Challenge(t.Context(), acc.ID, s.ID, account.PoolOf(browser)); err != nil || !res.OK {
			t.Fatalf("a challenge in %s: %+v, %v", browser, res, err)
		}
	}
	h := http.Header{}
	if _, err := g.sessions.Advance(t.Context(), h, s, stage, session.Meta{}); err != nil {
		t.Fatal(err)
	}
	return g.holding(h)
}

// stage is what the gateway says of this browser's session.
func (b *hand) stage() string {
	said := b.send("GET", "/ispgate/session", nil)
	_, said, _ = strings.Cut(said, `"stage":"`)
	said, _, _ = strings.Cut(said, `"`)
	return said
}
