package security

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// renaming is a panel whose names change, with a gateway before it.
type renaming struct {
	*office.Office
	panel *harness.LaravelPanel
}

// Names are renamed, swapped, used again and spelt like others, on a database that compares bytes and on one whose collation does
// not: nobody's factor is skipped, and each conflict names the command that settles it.
func TestS16_NamesChangeHands(t *testing.T) {
	whole := theOffice(t)
	for name, start := range map[string]func(*testing.T) *harness.LaravelPanel{
		"sqlite":  func(t *testing.T) *harness.LaravelPanel { return harness.Laravel(t) },
		"mariadb": func(t *testing.T) *harness.LaravelPanel { return harness.LaravelOn(t, harness.MariaDB(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			panel := start(t)
			harness.NewBrowser(t, panel.URL).Get("/login").Want(http.StatusOK)
			r := renaming{whole.Branch(t, "panel", panelAt(panel.URL)), panel}
			tests := map[string]func(*testing.T){"renamed": r.renamed, "swapped": r.swapped, "used again": r.usedAgain, "spellings": r.spellings}
			if name == "sqlite" {
				delete(tests, "spellings")
				tests["lookalikes"] = r.lookalikes
			}
			for name, test := range tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel() // they wait for the next codes
					test(t)
				})
			}
		})
	}
}

// as is the person at another browser under another name.
func as(c *office.Clerk, email string) *office.Clerk {
	e := c.Elsewhere()
	e.Email = email
	return e
}

func (r renaming) rename(from, to string) {
	r.panel.Query(fmt.Sprintf("UPDATE users SET email = '%s' WHERE email = '%s'", to, from))
}

// refused wants a right password under this name to lead nowhere, and returns the command that the log names.
func (r renaming) refused(t *testing.T, c *office.Clerk) (command string) {
	t.Helper()
	if page := c.Password(harness.LaravelPassword); page.Status != http.StatusForbidden {
		t.Errorf("%s: %d %q, want a refusal", c.Email, page.Status, page.Location())
	}
	if _, in := c.InPanel(); in {
		t.Errorf("%s: in the panel", c.Email)
	}
	line := r.Gateway.WaitLog("the command that settles it", func(line map[string]any) bool {
		return line["msg"] == "identity conflict" && strings.Contains(fmt.Sprint(line["cause"]), fmt.Sprintf("%q is pinned", c.Email))
	})
	_, command, _ = strings.Cut(fmt.Sprint(line["cause"]), "settle it with: ")
	return command
}

// run runs a command as an operator would copy it from the log.
func (r renaming) run(t *testing.T, command string) {
	t.Helper()
	rest, ours := strings.CutPrefix(command, "ispgate ")
	output, err := exec.Command("sh", "-c", harness.Binary(t)+" "+rest+" -c "+r.Gateway.Config).CombinedOutput()
	if err != nil || !ours {
		t.Fatalf("%s: %v\n%s", command, err, output)
	}
}

func (r renaming) renamed(t *testing.T) {
	c := r.Enrolled(t)
	now := as(c, "renamed-"+c.Email)
	r.rename(c.Email, now.Email)
	now.LogIn() // by a code
	now.WantPanel()
	r.run(t, "ispgate users rename "+c.Email+" "+now.Email)
	again := now.Elsewhere()
	again.LogIn()
	again.WantPanel()
}

func (r renaming) swapped(t *testing.T) {
	a, b := r.Enrolled(t), r.Enrolled(t)
	r.rename(a.Email, "between@example.test")
	r.rename(b.Email, a.Email)
	r.rename("between@example.test", b.Email)
	nowA, nowB := as(a, b.Email), as(b, a.Email)
	move := r.refused(t, nowA)
	r.refused(t, nowB)
	r.run(t, strings.Replace(move, "NEW-NAME", "between@example.test", 1)) // b's account, out of the way
	r.run(t, "ispgate users rename "+a.Email+" "+b.Email)
	r.run(t, "ispgate users rename between@example.test "+a.Email)
	for _, c := range []*office.Clerk{nowA, nowB} {
		c.LogIn() // each by the own phone
		c.WantPanel()
	}
}

func (r renaming) usedAgain(t *testing.T) {
	gone, other := r.Enrolled(t), r.Clerk(t)
	r.panel.Query(fmt.Sprintf("DELETE FROM users WHERE email = '%s'", gone.Email))
	r.rename(other.Email, gone.Email)
	next := as(other, gone.Email)
	_, forget, two := strings.Cut(r.refused(t, next), " NEW-NAME (if that person is gone: ")
	if !two {
		t.Fatal("the log does not say what to do with an account whose person is gone")
	}
	r.run(t, strings.TrimSuffix(forget, ")"))
	fresh := next.Elsewhere()
	fresh.LogIn() // nothing is inherited
	fresh.WantPanel()
	fresh.Enable()
	fresh.Elsewhere().LogIn()
}

// lookalikes are panel accounts of an attacker that differ from somebody's name in bytes only.
func (r renaming) lookalikes(t *testing.T) {
	without := r.Branch(t, "panel", strings.Replace(panelAt(r.panel.URL), identity, "", 1))
	victim := r.Enrolled(t)
	there := victim.At(without)
	there.Phone = nil
	there.LogIn()
	there.Enable()
	for _, name := range []string{strings.ToUpper(victim.Email), strings.Replace(victim.Email, "u", "ú", 1), strings.Replace(victim.Email, "u", "u\u0301", 1)} {
		attacker := r.Clerk(t)
		r.rename(attacker.Email, name)
		with := as(attacker, name)
		with.Password(harness.LaravelPassword)
		if email, in := with.InPanel(); in && email != name {
			t.Errorf("%q is in the panel as %q", name, email)
		}
		attacker.Email = name
		blind := attacker.At(without)
		blind.Password(harness.LaravelPassword) // the name folds to the victim's: that factor is asked, or it is no name
		if email, in := blind.InPanel(); in {
			t.Errorf("without identity, %q is in the panel as %q", name, email)
		}
	}
	for _, c := range []*office.Clerk{victim.Elsewhere(), there.Elsewhere()} {
		c.LogIn()
		c.WantPanel()
	}
}

// spellings are those that the database itself takes for one name.
func (r renaming) spellings(t *testing.T) {
	for name, o := range map[string]*office.Office{
		"with identity":    r.Office,
		"without identity": r.Branch(t, "panel", strings.Replace(panelAt(r.panel.URL), identity, "", 1)),
	} {
		c := o.Enrolled(t)
		asked := 0
		for _, typed := range spellings(c.Email) {
			e := as(c, typed)
			if page := e.Password(harness.LaravelPassword); page.Location() == office.Verify {
				asked++
			} else if page.Status < 400 {
				t.Errorf("%s, %q: %d %q", name, typed, page.Status, page.Location())
			}
			if _, in := e.InPanel(); in {
				t.Errorf("%s, %q: in the panel without a code", name, typed)
			}
		}
		if asked < 3 {
			t.Errorf("%s: only %d spellings reached the code page", name, asked)
		}
	}
}
