package mission

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// emergencyOffice is an office whose one emergency account has the name of a user of the panel.
func emergencyOffice(t *testing.T) (*office.Office, *office.Clerk) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "emergency")
	lines := &office.Office{Users: file}
	lines.WriteUsers(t, office.Line(t, "user290@example.test", office.LocalPassword))
	o := office.Open(t, "passwords", "{emergency_file: "+file+"}")
	o.Users = file
	return o, o.ClerkNamed(t, "user290@example.test")
}

// Break glass: while the panel is away an emergency account gets in, never without a second factor, as nobody whom the panel knows.
func TestEmergencyAccount(t *testing.T) {
	o, noc := emergencyOffice(t)
	if page := noc.Password(office.LocalPassword); page.Status != http.StatusUnauthorized {
		t.Errorf("while the panel answers: %d %q", page.Status, page.Location())
	}
	namesake := noc.Elsewhere()
	namesake.LogIn() // the panel's user of that name, with the panel's password
	namesake.Enable()
	o.Panel.Stop()
	if page := noc.Elsewhere().Password(harness.LaravelPassword); page.Status != http.StatusServiceUnavailable {
		t.Errorf("the panel's password while the panel is away: %d", page.Status)
	}
	if page := noc.Password(office.LocalPassword); page.Location() != office.TwoFactor {
		t.Fatalf("the emergency password leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
	noc.WantPage("/dashboard", office.TwoFactor)
	noc.Setup()
	if page := noc.PostForm(office.Enable, url.Values{"code": {noc.Phone.Code(t)}}); page.Status != http.StatusUnauthorized || page.Find("input[name=ticket]").Length() != 1 {
		t.Fatalf("enrolling without a ticket: %d %s", page.Status, page.Text("main"))
	}
	ticket := strings.TrimSpace(harness.RunWith(t, "", "users", "ticket", "emergency:user290@example.test", "-c", o.Gateway.Config))
	noc.Keep(noc.PostForm(office.Enable, url.Values{"code": {noc.Phone.Code(t)}, "ticket": {ticket}}).Want(http.StatusOK))
	if page := noc.Get(office.Login).Want(http.StatusOK); !strings.Contains(page.Text("main"), "emergency account") || page.Find(`a[href="/ispgate/logout"]`).Length() != 1 {
		t.Errorf("after enrolling: %s", page.Text("main"))
	}

	again := noc.Elsewhere()
	if page := again.Password(office.LocalPassword); page.Location() != office.Verify {
		t.Fatalf("the second login leads to %d %q", page.Status, page.Location())
	}
	if page := again.Code(again.Phone.Code(t)); page.Status != http.StatusOK || !strings.Contains(page.Text("main"), "emergency account") {
		t.Fatalf("the code leads to %d %s", page.Status, page.Text("main"))
	}
	if page := again.Get("/dashboard"); page.Status != http.StatusBadGateway {
		t.Errorf("the panel, still away: %d %q", page.Status, page.Location())
	}
	asked := again.Tab()
	asked.Header.Set("X-Original-Method", "GET")
	asked.Header.Set("X-Original-Url", office.Origin+"/status")
	if page := asked.Get("/ispgate/auth"); page.Status != http.StatusNoContent || page.Header.Get("Remote-User") != "user290@example.test (emergency)" {
		t.Errorf("auth answers %d for %q", page.Status, page.Header.Get("Remote-User"))
	}
	for _, kind := range []string{"emergency_password_accepted", "emergency_enabled", "emergency_login"} {
		o.Gateway.WaitLog(kind, func(line map[string]any) bool {
			return line["kind"] == kind && line["name"] == "user290@example.test (emergency)"
		})
	}

	o.Panel.Start()
	if page := again.Get("/dashboard"); page.Location() != office.Login && !strings.HasSuffix(page.Location(), "/login") {
		t.Errorf("the panel takes an emergency account for %d %q", page.Status, page.Location())
	}
	again.Follow = true
	if page := again.Get("/dashboard"); page.Status != http.StatusOK || !strings.Contains(page.Text("main"), "emergency account") {
		t.Errorf("sent to the panel's login it sees %d %s", page.Status, page.Text("main"))
	}
	again.Follow = false
	since := time.Now()
	o.WriteUsers(t, office.Line(t, "another", office.LocalPassword))
	for !strings.Contains(again.Get("/ispgate/session").Body, `"anonymous"`) {
		if time.Since(since) > time.Second {
			t.Fatal("a second after its line is gone the emergency account is still in")
		}
	}
	home := namesake.Elsewhere()
	home.LogIn() // with his own factor: the namesake's
}

// While the file is asked, every try counts: otherwise an outage would be the time to guess.
func TestEmergencyPasswordsAreCounted(t *testing.T) {
	o, noc := emergencyOffice(t)
	o.Panel.Stop()
	var codes []int
	for range 5 {
		codes = append(codes, noc.Password("wrong").Status)
	}
	if got := fmt.Sprint(codes); got != "[503 503 429 429 429]" {
		t.Errorf("wrong passwords answer %s", got)
	}
}
