package mission

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// Redis goes away in both ways, at a logged-in user and at the login. Nobody is logged out for it.
func TestLaravelRedisOutages(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c := o.Enrolled(t)
	waiting := c.Elsewhere()
	waiting.Challenge()
	for _, outage := range []struct {
		name     string
		down, up func()
	}{
		{"stopped", func() { o.Redis.Stop() }, o.Redis.Start},
		{"hanging", o.Redis.Pause, o.Redis.Resume},
	} {
		t.Run(outage.name, func(t *testing.T) {
			outage.down()
			waitFor(t, "the session to be asked for", func() bool { return c.Get("/dashboard").Status != http.StatusOK }) // it is remembered for 800 ms
			for name, ask := range map[string]func() *harness.Page{
				"a page":  func() *harness.Page { return c.Get("/dashboard") },
				"a code":  func() *harness.Page { return waiting.Code("123456") },
				"a login": func() *harness.Page { return o.Clerk(t).Password(harness.LaravelPassword) },
				"a form of ours": func() *harness.Page {
					return c.PostForm(office.NewCodes, url.Values{"code": {"123456"}})
				},
				"our logout": func() *harness.Page { return c.Elsewhere().Get(office.Logout) },
			} {
				began := time.Now()
				page := ask()
				if name == "our logout" {
					page.Want(http.StatusOK) // a button, no session is needed to see it
					continue
				}
				page.Want(http.StatusServiceUnavailable)
				if took := time.Since(began); took > 2500*time.Millisecond {
					t.Errorf("%s: answered after %s, want 2 s", name, took)
				}
				if page.Header.Get("Retry-After") == "" {
					t.Errorf("%s: no Retry-After", name)
				}
				if page.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s: the answer touches cookies: %q", name, page.Header.Values("Set-Cookie"))
				}
			}
			if text := c.Get("/dashboard").Text("main"); !strings.Contains(text, "Nothing you did is lost; you are still logged in.") {
				t.Errorf("the page says %q", text)
			}
			if answer, err := http.Get(o.Gateway.Admin + "/readyz"); err != nil || answer.StatusCode != http.StatusOK {
				t.Errorf("/readyz in a Redis outage: %v %v, want 200", answer, err)
			}
			outage.up()
			c.WantPanel()
		})
	}
	if page := waiting.Code(waiting.Phone.Code(t)); page.Location() != "/dashboard" {
		t.Errorf("after the outages the code leads to %d %q", page.Status, page.Location())
	}
}

// Somebody else holds the account database: proxying goes on, logins and changes of the factor wait.
func TestLaravelDatabaseLocked(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c, late, leaving := o.Enrolled(t), o.Clerk(t), o.Clerk(t)
	leaving.LogIn()
	waiting := c.Elsewhere()
	waiting.Challenge()
	code := c.Phone.Code(t)

	release := lock(t, filepath.Join(o.Dir, "ispgate.db"))
	c.WantPanel()
	for name, ask := range map[string]func() *harness.Page{
		"a login":   func() *harness.Page { return late.Password(harness.LaravelPassword) },
		"a code":    func() *harness.Page { return waiting.Code(code) },
		"new codes": func() *harness.Page { return c.PostForm(office.NewCodes, url.Values{"code": {code}}) },
		"disabling": func() *harness.Page { return c.PostForm(office.Disable, url.Values{"code": {code}}) },
	} {
		page := ask().Want(http.StatusServiceUnavailable)
		if text := page.Text("main"); strings.Contains(text, "not accepted") || page.Header.Get("Retry-After") == "" {
			t.Errorf("%s is told %q, Retry-After %q", name, text, page.Header.Get("Retry-After"))
		}
	}
	c.WantPanel()
	leaving.LogOut() // its record in Redis is gone, whatever SQL says
	leaving.WantOut()
	release()
	late.LogIn()
	if page := waiting.Code(code); page.Location() != "/dashboard" {
		t.Errorf("the same code after the lock leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
	c.WantPanel()
}

// lock takes SQLite's write lock, as a backup or another program would, until release.
func lock(t *testing.T, file string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	connection, err := db.Conn(context.Background())
	if err == nil {
		_, err = connection.ExecContext(context.Background(), "BEGIN EXCLUSIVE")
	}
	if err != nil {
		t.Fatalf("lock the database: %v", err)
	}
	done := false
	release = func() {
		if !done {
			done = true
			connection.Close()
			db.Close()
		}
	}
	t.Cleanup(release)
	return release
}

// A restart keeps everybody logged in, and enrolled.
func TestLaravelRestart(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c := o.Enrolled(t)
	if code := o.Gateway.Stop(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	o.Gateway.Start()
	c.Reconnect()
	c.WantPanel()
	e := c.Elsewhere()
	e.LogIn()
	e.WantPanel()
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// connections counts the established connections to the server at url (proc(5), /proc/net/tcp).
func connections(t *testing.T, address string) int {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(table)) {
		if fields := strings.Fields(line); len(fields) > 3 && fields[3] == "01" && strings.HasSuffix(fields[2], hexPort(u.Port())) {
			n++
		}
	}
	return n
}

func hexPort(port string) string {
	n, _ := strconv.Atoi(port)
	return fmt.Sprintf(":%04X", n)
}
