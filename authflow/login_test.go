package authflow

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/web"
)

// TestS40_TypedNames: what was typed into the name field is written down only where it is an account's name; people type
// passwords there.
func TestS40_TypedNames(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.person(operator)
	p.want(p.login(""), http.StatusSeeOther, "/dashboard")
	trail := func() string {
		var b strings.Builder
		entries, err := h.Accounts.AuditEvents(t.Context(), 100)
		h.must(err)
		for _, e := range entries {
			b.WriteString(e.Kind + " " + e.Name + " " + e.Detail + "\n")
		}
		return b.String()
	}
	for _, typed := range []string{"Canary-Typed-77", "canary-typed-77@demo.isp", "canary typed 77", "admin@demo.isp", strings.ToUpper("canary-typed-77@demo.isp")} {
		p.elsewhere().PostForm("/ispgate/login", url.Values{"username": {typed}, "password": {"canary-wrong"}}).Want(http.StatusUnauthorized)
	}
	if text := strings.ToLower(h.log.String() + trail()); strings.Contains(text, "canary") || strings.Contains(text, "admin@demo.isp") {
		t.Errorf("what was typed is written down: %s\n%s", trail(), h.log)
	}
	if n := strings.Count(trail(), "login_failed"); n < 4 {
		t.Errorf("%d failed logins in the trail:\n%s", n, trail())
	}
	before := len(h.log.String())
	for _, typed := range []string{operator, strings.ToUpper(operator)} {
		p.elsewhere().PostForm("/ispgate/login", url.Values{"username": {typed}, "password": {"canary-wrong"}}).Want(http.StatusUnauthorized)
	}
	if n := strings.Count(trail(), "login_failed "+operator); n != 2 || strings.Count(h.log.String()[before:], operator) < 2 {
		t.Errorf("%d failed logins of an account in the trail:\n%s", n, trail())
	}
}

// TestS29_HangingUpIsATry: who closes the connection before the panel has judged gets no free tries, and is no error of ours.
func TestS29_HangingUpIsATry(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 5) // three of them for all strangers together
	arrived, judge := make(chan struct{}, 10), make(chan struct{})
	h.instead(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost && r.URL.Path == "/login" {
			arrived <- struct{}{}
			<-judge
		}
		return false
	})
	p := h.person(operator)
	for range 3 {
		ctx, hangUp := context.WithCancel(t.Context())
		request := p.FormRequest("/ispgate/login", url.Values{"username": {operator}, "password": {"wrong"}}).WithContext(ctx)
		gone := make(chan error, 1)
		go func() {
			_, err := p.Send(request)
			gone <- err
		}()
		<-arrived
		hangUp()
		if err := <-gone; err == nil {
			t.Fatal("the browser did not hang up")
		}
		judge <- struct{}{}
	}
	h.eventually("the three verdicts", func() bool { return strings.Count(h.log.String(), `"verdict":"bad-credentials"`) == 3 })
	h.eventually("the three refusals", func() bool { return h.counted.of("login", "bad_credentials") == 3 })
	h.instead(nil)
	page := p.elsewhere().login("")
	if page.Status != http.StatusTooManyRequests || page.Header.Get("Retry-After") == "" {
		t.Errorf("the fourth try: %d to %q", page.Status, page.Location())
	}
	if log := h.log.String(); strings.Contains(log, `"level":"ERROR"`) || strings.Contains(log, `"level":"WARN"`) {
		t.Errorf("somebody hung up, and the log complains:\n%s", log)
	}
	if n := h.counted.of("store", "sql") + h.counted.of("store", "redis"); n != 0 {
		t.Errorf("%d faults of stores are counted", n)
	}
}

// TestS29_ARightPasswordIsGivenBack: even when its person hangs up.
func TestS29_ARightPasswordIsGivenBack(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 5)
	for range 8 {
		p := h.person(operator)
		p.want(p.login(""), http.StatusSeeOther, "/dashboard")
	}
}

func (h *house) eventually(what string, done func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("waited too long for %s\n%s", what, h.log)
		}
	}
}

// TestS13_CloseLogsOut: what waits for a code when the program ends is logged out in the panel.
func TestS13_CloseLogsOut(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	p.want(p.post("logout", "x", ""), http.StatusSeeOther, "/ispgate/login?out=1")
	h.eventually("the logout", func() bool { return h.panel.Sessions() == 0 })
	for range 3 {
		e := p.elsewhere()
		e.want(e.login(""), http.StatusSeeOther, "/ispgate/verify")
	}
	if n := h.panel.Sessions(); n != 3 {
		t.Fatalf("%d parked sessions", n)
	}
	if h.Close(); h.panel.Sessions() != 0 {
		t.Errorf("%d sessions of the panel live on", h.panel.Sessions())
	}
}

// TestS13_NothingToPark: where the password is all, its panel session goes to the browser at once: nothing of it lies in Redis,
// and the panel is not asked a second time whether it lives. A login in another one's place is: the panel's logout of the
// earlier session may have ended both.
func TestS13_NothingToPark(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	var asked atomic.Int64
	h.instead(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/admin/change-password" && r.Header.Get("Cookie") != "" {
			asked.Add(1)
		}
		return false
	})
	p := h.person(operator)
	for _, login := range []struct {
		where    string
		oneProbe bool
		claimed  bool
	}{{"a browser without a session", true, false}, {"one that has a session", false, true}} {
		asked.Store(0)
		p.want(p.login(""), http.StatusSeeOther, "/dashboard")
		if got := asked.Load(); (got == 1) != login.oneProbe {
			t.Errorf("%s: the panel was asked %d times whether its session lives", login.where, got)
		}
		info, err := h.redis.Info(t.Context(), "commandstats").Result()
		h.must(err)
		if got := strings.Contains(info, "cmdstat_renamenx:"); got != login.claimed { // see session.Manager.Claim
			t.Errorf("%s: a jar was claimed: %v, want %v", login.where, got, login.claimed)
		}
	}
}

// TestS13_HungUpAtTheLast: whose browser goes away before the answer leaves no panel session behind.
func TestS13_HungUpAtTheLast(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	ctx, hangUp := context.WithCancel(t.Context())
	renewing := false
	hook := func() error { renewing = true; hangUp(); return nil }
	h.renewal.Store(&hook)
	form := url.Values{"username": {operator}, "password": {password}}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, h.url+web.LoginURL(""), strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	h.routes().ServeHTTP(w, r)
	if !renewing || h.panel.Sessions() != 1 {
		t.Fatalf("%d %s, %d sessions of the panel", w.Code, w.Body, h.panel.Sessions())
	}
	if h.Close(); h.panel.Sessions() != 0 {
		t.Errorf("%d sessions of the panel live on", h.panel.Sessions())
	}
}

// TestTimers: one per session, the last one set.
func TestTimers(t *testing.T) {
	var list timers
	fired := make(chan string, 4)
	say := func(word string) func() { return func() { fired <- word } }
	list.set("a", 100*time.Millisecond, say("first"))
	list.set("a", 150*time.Millisecond, say("second"))
	list.set("b", 100*time.Millisecond, say("stopped"))
	list.stop("b")
	list.stop("nobody")
	if got := <-fired; got != "second" {
		t.Errorf("%q fired", got)
	}
	select {
	case got := <-fired:
		t.Errorf("%q fired as well", got)
	case <-time.After(20 * time.Millisecond):
	}
}
