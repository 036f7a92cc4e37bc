package security

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/mission/office"
)

// localStage is what GET session says to a browser.
func localStage(t *testing.T, c *office.Clerk) string {
	t.Helper()
	return c.Get("/ispgate/session").Want(http.StatusOK).Body
}

// waitReloads waits until so many changes of the users file were taken.
func waitReloads(t *testing.T, o *office.Office, want float64) {
	t.Helper()
	for since := time.Now(); metric(t, o.Gateway, `ispgate_users_file_reloads_total{result="ok"}`) < want; time.Sleep(20 * time.Millisecond) {
		if time.Since(since) > 5*time.Second {
			t.Fatalf("%v changes of the users file were not taken", want)
		}
	}
}

// wantFate waits until a browser's session is over, or makes sure that it goes on.
func wantFate(t *testing.T, what string, c *office.Clerk, over bool, since time.Time) {
	t.Helper()
	for over && !strings.Contains(localStage(t, c), `"anonymous"`) {
		if time.Since(since) > time.Second {
			t.Fatalf("%s: after a second the session still lives", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if !over && !strings.Contains(localStage(t, c), `"full"`) {
		t.Errorf("%s: the session is over", what)
	}
}

// Whoever is taken out of the users file, or gets another password or role in it, is out within a second: on every node, with Redis
// cut, after a restart. A broken file changes nothing and says so.
func TestS33_UsersFile(t *testing.T) {
	o := office.OpenLocal(t)
	node := o.Node(t)
	in := func(o *office.Office, name, password string) *office.Clerk {
		t.Helper()
		c := o.ClerkNamed(t, name)
		if page := c.Password(password); page.Location() != "/" {
			t.Fatalf("%s: %d %q %s", name, page.Status, page.Location(), page.Text("main"))
		}
		return c
	}
	alice, bob := in(o, "alice", office.LocalPassword), in(o, "bob", office.LocalPassword)
	away := alice.At(node)
	away.Jar = alice.Jar
	wantFate(t, "alice at the other node", away, false, time.Now())

	o.WriteUsers(t, office.Line(t, "alice", "other"), "bob:broken\n")
	o.Gateway.WaitLog("a broken file", func(line map[string]any) bool {
		return strings.Contains(fmt.Sprint(line["cause"]), o.Users+`:2: "bob" has no hash that is known`)
	})
	wantFate(t, "alice, the file is broken", alice, false, time.Now())
	if got := metric(t, o.Gateway, `ispgate_users_file_reloads_total{result="failed"}`); got != 1 {
		t.Errorf("%v failed reloads are counted", got)
	}

	bobs := office.Line(t, "bob", office.LocalPassword)
	before := office.Line(t, "alice", "other")
	since := time.Now()
	o.WriteUsers(t, before, bobs)
	wantFate(t, "alice, another password", alice, true, since)
	wantFate(t, "alice, another password, the other node", away, true, since)
	wantFate(t, "bob, a new hash of the same password", bob, true, since)
	waitReloads(t, o, 1) // the other node may have been first, and have deleted the sessions for both
	if page := o.ClerkNamed(t, "alice").Password(office.LocalPassword); page.Status != http.StatusUnauthorized {
		t.Errorf("the old password answers %d", page.Status)
	}
	alice, bob = in(o, "alice", "other"), in(o, "bob", office.LocalPassword)

	since = time.Now()
	o.WriteUsers(t, before)
	wantFate(t, "bob is gone", bob, true, since)
	waitReloads(t, o, 2)
	wantFate(t, "alice, untouched", alice, false, time.Now())
	o.Gateway.WaitLog("the removal in the audit trail", func(line map[string]any) bool { return line["kind"] == "user_removed" && line["name"] == "bob" })
	o.WriteUsers(t, before, bobs)
	waitReloads(t, o, 3)
	wantFate(t, "bob's old session, although his line is back", bob, true, time.Now())

	bob = in(o, "bob", office.LocalPassword)
	o.Gateway.Stop()
	o.WriteUsers(t, before)
	o.Gateway.Start()
	away = bob.At(o)
	away.Jar = bob.Jar
	wantFate(t, "bob, taken out while the gateway was down", away, true, time.Now())
}

// A login under way while its line is taken out of the file leads nowhere: the session is refused when it is raised, or at its first
// request.
func TestS33_UsersFileInFlight(t *testing.T) {
	o := office.OpenLocal(t)
	alices := office.Line(t, "alice", office.LocalPassword)
	o.WriteUsers(t, alices, office.Line(t, "bob", office.LocalPassword))
	bob := o.ClerkNamed(t, "bob")
	begun, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := range 20 {
			request := bob.FormRequest(office.Login, url.Values{"username": {"bob"}, "password": {office.LocalPassword}})
			if _, err := bob.Send(request); err != nil {
				t.Error(err)
			}
			if i == 0 {
				close(begun)
			}
		}
	}()
	<-begun
	since := time.Now()
	o.WriteUsers(t, alices)
	<-done
	wantFate(t, "bob", bob, true, since.Add(time.Second))
}

// S28: a wrong password and a name that is nobody's get the same answer, byte for byte.
func TestS28_UnknownUsersOfTheFile(t *testing.T) {
	o := office.OpenLocal(t)
	answers := map[string]string{}
	for what, name := range map[string]string{"a wrong password": "alice", "an unknown user": "carol", "no name at all": "t o w"} {
		page := o.ClerkNamed(t, name).Password("wrong").Want(http.StatusUnauthorized)
		page.Header.Del("Date")
		page.Header.Del("X-Request-Id")
		answers[what] = strings.ReplaceAll(fmt.Sprint(page.Header, page.Body), name, "NAME")
	}
	for what, answer := range answers {
		if answer != answers["a wrong password"] {
			t.Errorf("%s is answered\n%s\nand not\n%s", what, answer, answers["a wrong password"])
		}
	}
}

// S30: passwords are compared byte for byte, 1 to 1024 of them; bcrypt takes no more than it looks at.
func TestS30_PasswordsOfTheFile(t *testing.T) {
	o := office.OpenLocal(t)
	long := strings.Repeat("ü", 36)
	o.WriteUsers(t, office.Line(t, "alice", long), office.Line(t, "bob", " \t x"))
	waitReloads(t, o, 1)
	for what, c := range map[string]struct {
		name, password string
		want           int
	}{
		"72 bytes": {"alice", long, http.StatusSeeOther}, "73 bytes": {"alice", long + "x", http.StatusUnauthorized}, "the same letters, decomposed": {"alice", strings.Repeat("u\u0308", 36), http.StatusUnauthorized},
		"blanks before": {"bob", " \t x", http.StatusSeeOther}, "without them": {"bob", "x", http.StatusUnauthorized}, "a blank after": {"bob", " \t x ", http.StatusUnauthorized},
		"too long": {"bob", strings.Repeat("x", 1025), http.StatusUnauthorized},
	} {
		if page := o.ClerkNamed(t, c.name).Password(c.password); page.Status != c.want {
			t.Errorf("%s: %d, want %d", what, page.Status, c.want)
		}
	}
}

// S29: the throttle stands before the file as before a panel.
func TestS29_ThrottleBeforeTheFile(t *testing.T) {
	o := office.OpenLocal(t)
	var codes []int
	for range 5 {
		codes = append(codes, o.ClerkNamed(t, "alice").Password("wrong").Status)
	}
	if fmt.Sprint(codes) != "[401 401 401 429 429]" {
		t.Errorf("wrong passwords answer %v", codes)
	}
	if page := o.ClerkNamed(t, "bob").Password(office.LocalPassword); page.Location() != "/" {
		t.Errorf("meanwhile bob gets %d %q", page.Status, page.Location())
	}
}
