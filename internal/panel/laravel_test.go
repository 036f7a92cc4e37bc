package panel

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
)

const realProfile = `
base: laravel
verify: /dashboard
identity: {kind: email, name: {css: '#email'}, role: {css: '#role'}}
`

// TestS16_RealLaravel: the verdicts against Laravel 8.83 itself, trusting the gateway and not.
func TestS16_RealLaravel(t *testing.T) {
	t.Run("trusts the gateway", func(t *testing.T) { laravelVerdicts(t, harness.Laravel(t)) })
	t.Run("was never told of a proxy", func(t *testing.T) { laravelVerdicts(t, harness.Laravel(t, "PANEL_TRUSTED_PROXIES=")) })
}

func laravelVerdicts(t *testing.T, l *harness.LaravelPanel) {
	p := panelAt(t, profileOf(t, realProfile), l.URL, "https://panel.example.net")
	client := Client{UserAgent: "Mozilla/5.0 (X11) Test", Language: "en", Addr: addr("192.0.2.9")}
	try := func(user, password string) Outcome {
		t.Helper()
		return p.Login(t.Context(), Attempt{client, user, password})
	}

	right := try(harness.LaravelAdmin, harness.LaravelPassword)
	if right.Verdict != OK || right.Who != (Identity{Name: harness.LaravelAdmin, Role: "super_admin"}) || right.Landing != "/dashboard" {
		t.Fatalf("right: %s (%s) %+v %q", right.Verdict, right.Reason, right.Who, right.Landing)
	}
	if life, who, err := p.Probe(t.Context(), client, right.Jar); life != Alive || who != right.Who {
		t.Errorf("probe: %d %+v %v", life, who, err)
	}
	if out := try("Admin@Example.TEST ", harness.LaravelPassword); out.Verdict == OK && out.Who.Name != harness.LaravelAdmin {
		t.Errorf("another spelling became another person: %+v", out.Who)
	}
	for name, out := range map[string]Outcome{"wrong": try(harness.LaravelAdmin, "wrong"), "unknown": try("nobody@example.test", "wrong")} {
		if out.Verdict != BadCredentials || out.Reason != "outcome.failed[0]" {
			t.Errorf("%s: %s (%s)", name, out.Verdict, out.Reason)
		}
	}
	for range 4 {
		try(harness.LaravelAdmin, "wrong")
	}
	if out := try(harness.LaravelAdmin, harness.LaravelPassword); out.Verdict != Throttled || out.Wait <= 0 || out.Wait > time.Minute {
		t.Errorf("limiter: %s (%s) %s", out.Verdict, out.Reason, out.Wait)
	}
	laravelSees(t, p, client, right.Jar)
	laravelEnds(t, p, l, client, right.Jar)
}

// laravelSees: the panel is told the browser's own words at the replay (T8), and no remember-me cookie was made (T5).
func laravelSees(t *testing.T, p *Panel, client Client, jar *Jar) {
	t.Helper()
	page, err := p.visit(client, jar).get(t.Context(), "/debug/headers")
	if err != nil {
		t.Fatal(err)
	}
	var seen struct {
		URI     string
		Headers map[string]string
		Cookies []string
	}
	if err := json.Unmarshal(page.Body, &seen); err != nil {
		t.Fatalf("%s: %v", page.Body, err)
	}
	for k, want := range map[string]string{
		"HTTP_HOST": "panel.example.net", "HTTP_USER_AGENT": client.UserAgent, "HTTP_ACCEPT_LANGUAGE": "en",
		"HTTP_X_FORWARDED_FOR": "192.0.2.9", "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "panel.example.net",
	} {
		if got := seen.Headers[k]; got != want {
			t.Errorf("%s = %q, want %q", k, got, want)
		}
	}
	for _, name := range seen.Cookies {
		if p.profile.MatchDrop(name) {
			t.Errorf("remember-me cookie %s", name)
		}
	}
}

func laravelEnds(t *testing.T, p *Panel, l *harness.LaravelPanel, client Client, jar *Jar) {
	t.Helper()
	if err := p.Logout(t.Context(), client, jar); err != nil {
		t.Errorf("logout: %v", err)
	}
	if life, _, err := p.Probe(t.Context(), client, jar); life != Dead {
		t.Errorf("after the logout: %d %v", life, err)
	}
	l.ForgetTries()
	out := p.Login(t.Context(), Attempt{client, harness.LaravelPlain, harness.LaravelPassword})
	if out.Verdict != OK {
		t.Fatalf("%s (%s)", out.Verdict, out.Reason)
	}
	l.KillSessions()
	if life, _, err := p.Probe(t.Context(), client, out.Jar); life != Dead {
		t.Errorf("after its sessions are gone: %d %v", life, err)
	}
	l.Stop()
	if out := p.Login(t.Context(), Attempt{client, harness.LaravelPlain, harness.LaravelPassword}); out.Verdict != Unavailable {
		t.Errorf("stopped: %s (%s)", out.Verdict, out.Reason)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if life, _, err := p.Probe(ctx, client, out.Jar); life != Unknown || err == nil {
		t.Errorf("stopped: %d %v", life, err)
	}
}

// TestISPBillsProfileOnLaravel: the built-in profile as it stands, before a panel with its addresses.
func TestISPBillsProfileOnLaravel(t *testing.T) {
	l := harness.Laravel(t)
	profile, err := Load("ispbills")
	if err != nil {
		t.Fatal(err)
	}
	p := panelAt(t, profile, l.URL, "https://panel.example.net")
	if err := p.check(t.Context()); err != nil {
		t.Fatalf("control: %v", err)
	}
	for password, want := range map[string]Verdict{harness.LaravelPassword: OK, "wrong": BadCredentials} {
		out := p.Login(t.Context(), Attempt{Client{UserAgent: "x"}, harness.LaravelOperator, password})
		if out.Verdict != want {
			t.Errorf("%s (%s), want %s", out.Verdict, out.Reason, want)
		}
	}
}
