package mission

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/mission/office"
)

// An administrator sees who is logged in to an account, and no longer those that ended.
func TestLaravelUsersSessions(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c := o.Enrolled(t)
	other := c.Elsewhere()
	other.LogIn()
	half := c.Elsewhere()
	half.Challenge()
	type line struct {
		ID, Stage, Address string
		UserAgent          string `json:"user_agent"`
		Created            time.Time
	}
	list := func() (lines []line) {
		t.Helper()
		output := refusal(t, 0, "users", "sessions", c.Email, "--output", "json", "-c", o.Gateway.Config)
		if err := json.Unmarshal([]byte(output), &lines); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return lines
	}
	lines := list()
	if len(lines) != 3 {
		t.Fatalf("%d sessions, want 3: %+v", len(lines), lines)
	}
	for i, stage := range []string{"full", "full", "password"} {
		l := lines[i]
		if l.Stage != stage || !strings.HasPrefix(l.Address, "198.18.") || l.UserAgent == "" || l.ID == "" || time.Since(l.Created) > 5*time.Minute {
			t.Errorf("session %d: %+v, want stage %s", i, l, stage)
		}
	}
	table := refusal(t, 0, "users", "sessions", c.Email, "-c", o.Gateway.Config)
	if rows := strings.Split(strings.TrimSpace(table), "\n"); len(rows) != 4 || !strings.HasPrefix(rows[0], "SINCE") || !strings.Contains(rows[1], lines[0].Address) {
		t.Errorf("as a table:\n%s", table)
	}
	other.LogOut()
	if got := list(); len(got) != 2 || got[0].ID != lines[0].ID {
		t.Errorf("after a logout: %+v", got)
	}
	refusal(t, 0, "users", "revoke", c.Email, "-c", o.Gateway.Config)
	if got := list(); got == nil || len(got) != 0 {
		t.Errorf("after users revoke: %+v", got)
	}
	o.Redis.Stop()
	refusal(t, failed, "users", "sessions", c.Email, "-c", o.Gateway.Config)
}
