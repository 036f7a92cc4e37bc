package mission

import (
	"context"
	"database/sql"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

const challengePage = "/two-factor-challenge"

// The panel has a second factor of its own: it is asked after ours, and nothing opens before both are through.
func TestLaravelOwnSecondStep(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c := o.ClerkNamed(t, "second1@example.test")
	if page := c.Password(harness.LaravelPassword); page.Location() != challengePage {
		t.Fatalf("a right password leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
	closedBefore(t, c)
	if page := throughChallenge(t, c, "111111"); page.Location() != "https://panel.example.net"+challengePage {
		t.Errorf("a wrong code of the panel's leads to %d %q", page.Status, page.Location())
	}
	closedBefore(t, c)
	arrive(t, c)
	c.Enable()

	c.LogOut()
	if page := c.Password(harness.LaravelPassword); page.Location() != office.Verify {
		t.Fatalf("our code is not asked first: %d %q", page.Status, page.Location())
	}
	c.WantPage(challengePage, office.Verify)
	if page := c.Code(c.Phone.Code(t)); page.Location() != challengePage {
		t.Fatalf("our code leads to %d %q", page.Status, page.Location())
	}
	closedBefore(t, c)
	arrive(t, c)

	// Where the typed name is new, whose it is shows only behind the panel's step: then our code is asked.
	db, err := sql.Open("sqlite", "file:"+filepath.Join(o.Dir, "ispgate.db")+"?mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), "DELETE FROM spellings"); err != nil {
		t.Fatal(err)
	}
	e := c.Elsewhere()
	if page := e.Password(harness.LaravelPassword); page.Location() != challengePage {
		t.Fatalf("a name that is new leads to %d %q", page.Status, page.Location())
	}
	if page := throughChallenge(t, e, "424242"); page.Location() != "https://panel.example.net/dashboard" {
		t.Fatalf("the panel's code leads to %d %q", page.Status, page.Location())
	}
	e.WantOut()
	page := e.Get(office.Login + "?return_to=%2Fdashboard")
	if page.Location() != office.Verify {
		t.Fatalf("behind the panel's step our code is not asked: %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
	if strings.Contains(e.Cookies("/"), "ig1.") {
		t.Errorf("the browser keeps panel cookies before our code: %s", e.Cookies("/"))
	}
	if page := e.Code(c.Phone.Code(t)); page.Location() != "/dashboard" {
		t.Fatalf("our code leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
	e.WantPanel()
}

// closedBefore: while the panel's own step is open, only that is served.
func closedBefore(t *testing.T, c *office.Clerk) {
	t.Helper()
	c.WantOut()
	if page := c.Get("/ispgate/session").Want(http.StatusOK); !strings.Contains(page.Body, `"anonymous"`) {
		t.Errorf("for scripts: %s", page.Body)
	}
	if page := c.Get(office.TwoFactor); page.Status == http.StatusOK && page.Find("#setup-key").Length() > 0 {
		t.Error("a factor can be enrolled before the panel's step is through")
	}
	if page := c.Fetch("GET", "/data", "", ""); page.Status != http.StatusUnauthorized {
		t.Errorf("a script is answered %d", page.Status)
	}
	c.Get(challengePage).Want(http.StatusOK)
}

func throughChallenge(t *testing.T, c *office.Clerk, code string) *harness.Page {
	t.Helper()
	form := c.Get(challengePage).Want(http.StatusOK).Form("#challenge")
	form.Values.Set("code", code)
	return c.PostForm(challengePage, url.Values(form.Values))
}

// arrive goes through the panel's step and wants the dashboard.
func arrive(t *testing.T, c *office.Clerk) {
	t.Helper()
	if page := throughChallenge(t, c, "424242"); page.Location() != "https://panel.example.net/dashboard" {
		t.Fatalf("the panel's code leads to %d %q", page.Status, page.Location())
	}
	c.WantOut()
	if page := c.Get(office.Login + "?return_to=%2Fdashboard"); page.Location() != "/dashboard" {
		t.Fatalf("behind the panel's step: %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
	c.WantPanel()
}
