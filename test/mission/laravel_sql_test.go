package mission

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// The mission on the other databases: log in, enable, log in with a code, with a recovery code, disable.
func TestLaravelOnServers(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB) *harness.SQLServer{"PostgreSQL": harness.PostgreSQL, "MariaDB": harness.MariaDB} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := office.Open(t, "database", "{url: '"+start(t).Database(t)+"'}")
			c := o.Enrolled(t)
			c.WantPanel()
			e := c.Elsewhere()
			e.Challenge()
			e.Code(c.Phone.Wrong(t)).Want(http.StatusUnauthorized)
			if page := e.Code(c.Phone.Code(t)); page.Location() != "/dashboard" {
				t.Fatalf("the code leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
			}
			e.WantPanel()
			f := c.Elsewhere()
			f.Challenge()
			f.Recover(c.Codes[0]).Want(http.StatusOK)
			f.PostForm(office.Disable, url.Values{"code": {c.Phone.Code(t)}}).Want(http.StatusOK)
			e.WantEnded()
			c.Phone = nil
			c.Elsewhere().LogIn()
		})
	}
}

// The database's server is away when the gateway starts: it starts, says so, and works by itself once the server is there.
func TestLaravelStartsWithoutSQL(t *testing.T) {
	t.Parallel()
	server := harness.PostgreSQL(t)
	o := office.Open(t, "database", "{url: '"+server.Database(t)+"'}")
	c := o.Enrolled(t)
	o.Gateway.Stop()
	server.Stop()

	o.Gateway.Start() // does not end, and answers on both listeners
	c.Reconnect()
	for what, page := range map[string]*harness.Page{"the dashboard": c.Get("/dashboard"), "the login": c.Get(office.Login), "a login": o.Clerk(t).Password(harness.LaravelPassword)} {
		page.Want(http.StatusServiceUnavailable)
		if page.Header.Get("Retry-After") == "" || page.Header.Get("Set-Cookie") != "" || page.Header.Get("Content-Security-Policy") == "" || page.Text("h1") == "" {
			t.Errorf("%s: headed %q, with %v", what, page.Text("h1"), page.Header)
		}
		if strings.Contains(page.Body, "postgres") || strings.Contains(page.Body, "sql-password") {
			t.Errorf("%s tells the visitor of the database: %s", what, page.Text("main"))
		}
	}
	script := c.Fetch("GET", "/api/x", "", "")
	var said map[string]string
	if err := json.Unmarshal([]byte(script.Body), &said); script.Status != http.StatusServiceUnavailable || err != nil || said["error"] == "" {
		t.Errorf("a script is told %d %q", script.Status, script.Body)
	}
	if status := ready(t, o.Gateway); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz says %d", status)
	}
	if strings.Contains(o.Gateway.Output(), "sql-password") {
		t.Error("the log tells the database's password")
	}

	server.Start()
	waitFor(t, "the gateway to open the database", func() bool { return ready(t, o.Gateway) == http.StatusOK })
	c.WantPanel() // still logged in
	c.Elsewhere().LogIn()
	if page := c.PostForm(office.NewCodes, url.Values{"code": {c.Phone.Code(t)}}); page.Status != http.StatusOK {
		t.Errorf("new codes: %d %s", page.Status, page.Text("main"))
	}
}

func ready(t *testing.T, g *harness.Gateway) int {
	t.Helper()
	answer, err := http.Get(g.Admin + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}
