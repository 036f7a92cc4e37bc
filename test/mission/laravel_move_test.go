package mission

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// An operator takes everybody from SQLite to PostgreSQL: who had a factor is asked for it and has it, what was spent, counted,
// revoked or taken away stays so, and nobody's session goes on.
func TestLaravelMovesToAnotherDatabase(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c, lost, victim := o.Enrolled(t), o.Enrolled(t), o.Enrolled(t)
	spent := c.Phone.Code(t)
	again := c.Elsewhere()
	again.Challenge()
	again.Code(spent)
	again.WantPanel()
	used := c.Elsewhere()
	used.Challenge()
	used.Recover(c.Codes[0]).Want(http.StatusOK)
	refusal(t, 0, "users", "reset-2fa", lost.Email, "-c", o.Gateway.Config)
	wrong := victim.Phone.Wrong(t)
	thief := victim.Elsewhere()
	thief.Challenge()
	for range 5 {
		thief.Code(wrong)
	}
	o.Gateway.Stop()

	document := filepath.Join(o.Dir, "accounts.json")
	if said := refusal(t, 0, "users", "export", "-c", o.Gateway.Config, "--to", document); !strings.Contains(said, "accounts exported: 3") {
		t.Errorf("export says %q", said)
	}
	if info, err := os.Stat(document); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the document: %v, %v", info, err)
	}
	if said := refusal(t, failed, "users", "export", "-c", o.Gateway.Config, "--to", document); !strings.Contains(said, "exists") {
		t.Errorf("a second export says %q", said)
	}
	for _, secret := range []string{c.Phone.Secret, c.Codes[1], strings.ReplaceAll(c.Codes[1], "-", "")} {
		if strings.Contains(read(t, document), secret) {
			t.Error("a secret is in the document")
		}
	}

	foreign, _ := prepared(t)
	if said := refusal(t, failed, "users", "import", "-c", foreign.Write(t), "--from", document); !strings.Contains(said, "other keys") {
		t.Errorf("under other keys: %s", said)
	}
	config := o.Config.With("database", "{url: '"+harness.PostgreSQL(t).Database(t)+"'}").Write(t)
	refusal(t, usage, "init", "-c", config) // a new database beside keys is said aloud
	refusal(t, 0, "init", "-c", config, "--new-database")
	edited := filepath.Join(o.Dir, "edited.json")
	if err := os.WriteFile(edited, []byte(strings.Replace(read(t, document), `"refunded": 0`, `"refunded": 1`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := refusal(t, failed, "users", "import", "-c", config, "--from", edited); !strings.Contains(said, "changed since it was exported") {
		t.Errorf("an edited document: %s", said)
	}
	said := harness.RunWith(t, read(t, document), "users", "import", "-c", config)
	if !strings.Contains(said, "accounts imported: 3") {
		t.Errorf("import says %q", said)
	}
	if said := refusal(t, failed, "users", "import", "-c", config, "--from", document); !strings.Contains(said, "in use already") {
		t.Errorf("a second import: %s", said)
	}
	refusal(t, 0, "audit", "verify", "-c", config)

	moved := *o
	moved.Gateway = harness.ServeFile(t, config)
	c.At(&moved).LogIn()
	old := with(t, c.At(&moved), c) // the browser of before, and what is in it
	old.WantOut()
	e := c.At(&moved)
	e.Challenge()
	e.Code(spent).Want(http.StatusUnauthorized)
	e.Recover(c.Codes[0]).Want(http.StatusUnauthorized)
	e.Recover(c.Codes[1]).Want(http.StatusOK)
	e.WantPanel()
	v := victim.At(&moved)
	v.Challenge()
	if page := v.Code(wrong); page.Status != http.StatusTooManyRequests {
		t.Errorf("the sixth wrong code: %d, want a wait", page.Status)
	}
	own := with(t, victim.At(&moved), victim)
	own.LogIn() // the browser that was recognised counts for itself
	if page := lost.At(&moved).Password(harness.LaravelPassword); page.Location() != office.TwoFactor {
		t.Errorf("after reset-2fa a password leads to %d %q", page.Status, page.Location())
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// with gives c the cookies of another browser.
func with(t *testing.T, c, of *office.Clerk) *office.Clerk {
	t.Helper()
	c.Jar = of.Jar
	return c
}
