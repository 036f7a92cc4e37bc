package panel

import (
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

// TestForeignPanels: the built-in profiles as they stand, before software that nobody here wrote.
func TestForeignPanels(t *testing.T) {
	db := harness.MariaDB(t)
	for profile, start := range map[string]func(testing.TB) *harness.ForeignPanel{
		"wordpress":    func(t testing.TB) *harness.ForeignPanel { return harness.WordPress(t, db) },
		"phpmyadmin":   func(t testing.TB) *harness.ForeignPanel { return harness.PHPMyAdmin(t, db) },
		"icingaweb2":   func(t testing.TB) *harness.ForeignPanel { return harness.Icinga(t, db) },
		"django-admin": harness.Django,
		"http-basic":   harness.BasicSite,
	} {
		t.Run(profile, func(t *testing.T) { foreignVerdicts(t, profile, start(t)) })
	}
}

func foreignVerdicts(t *testing.T, name string, f *harness.ForeignPanel) {
	profile, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	p := panelAt(t, profile, f.URL, "https://panel.example.net")
	client := Client{UserAgent: "Mozilla/5.0 (X11) Test", Language: "en", Addr: addr("192.0.2.9")}
	try := func(user, password string) Outcome {
		t.Helper()
		return p.Login(t.Context(), Attempt{client, user, password})
	}
	if err := p.check(t.Context()); err != nil {
		t.Fatalf("control: %v", err)
	}
	right := try(harness.ForeignAdmin, harness.ForeignPassword)
	if right.Verdict != OK || right.Who.Name != harness.ForeignAdmin {
		t.Fatalf("right: %s (%s) %+v", right.Verdict, right.Reason, right.Who)
	}
	if life, who, err := p.Probe(t.Context(), client, right.Jar); life != Alive || !who.Is(right.Who.Key()) {
		t.Errorf("probe: %d %+v %v", life, who, err)
	}
	for what, out := range map[string]Outcome{
		"wrong": try(harness.ForeignAdmin, "wrong"), "unknown": try("nobody", harness.ForeignPassword), "empty-handed": try(harness.ForeignOther, " "),
	} {
		if out.Verdict != BadCredentials {
			t.Errorf("%s: %s (%s)", what, out.Verdict, out.Reason)
		}
	}
	// Another spelling is the same person to the panel, or nobody.
	for _, spelling := range []string{"CLERK", " clerk ", "Clerk", "ｃｌｅｒｋ", "clérk", "clerk\u00a0", "clerk.", "clerk@example.test"} {
		if out := try(spelling, harness.ForeignPassword); out.Verdict == OK && out.Who.Key() != right.Who.Key() {
			t.Errorf("%q became %+v, another person than %+v (S16)", spelling, out.Who, right.Who)
		}
	}
	other := try(harness.ForeignOther, harness.ForeignPassword)
	if other.Verdict != OK || other.Who.Key() == right.Who.Key() {
		t.Fatalf("somebody else: %s (%s) %+v", other.Verdict, other.Reason, other.Who)
	}
	if _, who, err := p.Probe(t.Context(), client, other.Jar); profile.Identity.Configured() && who.Is(right.Who.Key()) {
		t.Errorf("another person's session is taken for %+v, %v (S15)", who, err)
	}
	if nameless := name == "django-admin" || name == "http-basic"; profile.Identity.Configured() == nameless {
		t.Errorf("identity read: %t", !nameless)
	}
	if profile.Logout != "none" {
		if err := p.Logout(t.Context(), client, right.Jar); err != nil {
			t.Errorf("logout: %v", err)
		}
		if life, _, err := p.Probe(t.Context(), client, right.Jar); life != Dead {
			t.Errorf("after the logout: %d %v", life, err)
		}
		f.KillSessions()
		if life, _, err := p.Probe(t.Context(), client, other.Jar); life != Dead {
			t.Errorf("after its sessions are gone: %d %v", life, err)
		}
	}
	f.Stop()
	if out := try(harness.ForeignAdmin, harness.ForeignPassword); out.Verdict != Unavailable {
		t.Errorf("stopped: %s (%s)", out.Verdict, out.Reason)
	}
}
