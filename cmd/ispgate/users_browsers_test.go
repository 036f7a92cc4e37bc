package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/account"
)

// show lists the browsers in which an account is recognised; what changes the factor leaves none (S44).
func TestS44_UsersShowBrowsers(t *testing.T) {
	a := newAccounts(t)
	alice := a.meet(t, "alice")
	show := func() (one userShown, table string) {
		t.Helper()
		out, _ := a.users(t, 0, "show", "alice", "--output", "json")
		if err := json.Unmarshal([]byte(out), &one); err != nil || one.ID != alice.ID {
			t.Fatalf("%v\n%s", err, out)
		}
		table, _ = a.users(t, 0, "show", "alice")
		return one, table
	}
	a.enable(t, alice.ID, "", 0)
	if one, table := show(); one.Browsers == nil || len(one.Browsers) != 0 || strings.Contains(table, "BROWSER") {
		t.Errorf("none: %+v\n%s", one, table)
	}
	for i, trust := range []time.Duration{0, time.Hour, 9000 * time.Hour} {
		if _, _, err := a.AddBrowser(t.Context(), alice.ID, "", account.Sight{Address: fmt.Sprint("192.0.2.", i), UserAgent: "Firefox\x1b[2J"}, trust); err != nil {
			t.Fatal(err)
		}
	}
	one, table := show()
	trusted := 0
	for _, b := range one.Browsers {
		if b.TrustedUntil != nil { // not the one that was trusted for longer than two_factor.trusted_devices.lifetime
			trusted++
			wantText(t, "the trusted browser", b.Address, "192.0.2.1")
		}
	}
	if len(one.Browsers) != 3 || trusted != 1 {
		t.Errorf("%+v", one.Browsers)
	}
	wantText(t, "show", table, "SKIPS THE CODE UNTIL", "192.0.2.0", "192.0.2.1", `"Firefox\x1b[2J"`)
	a.users(t, 0, "reset-2fa", "alice")
	if one, _ := show(); len(one.Browsers) != 0 {
		t.Errorf("after reset-2fa: %+v", one.Browsers)
	}
}
