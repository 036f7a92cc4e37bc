package office

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/ispgate/ispgate/test/harness"
)

// LocalPassword is the password of everybody in a users file.
const LocalPassword = "Local pass word 1"

// Line is a line of a users file: the cheapest hash that is taken.
func Line(t testing.TB, name, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatalf("hash a password: %v", err)
	}
	return name + ":" + string(hash) + "\n"
}

// OpenLocal opens a gateway before a site without a login, with a users file (alice, bob), roles beside it (alice: manager) and no
// profile. Keys of the configuration may be changed as in Open.
func OpenLocal(t testing.TB, changes ...string) *Office {
	t.Helper()
	o := &Office{Redis: harness.Redis(t)}
	site, dir := harness.PlainSite(t), t.TempDir()
	o.Users = filepath.Join(dir, "users")
	o.WriteUsers(t, Line(t, "alice", LocalPassword), Line(t, "bob", LocalPassword))
	roles := filepath.Join(dir, "roles.yaml")
	if err := os.WriteFile(roles, []byte("alice: manager\n"), 0o600); err != nil {
		t.Fatalf("write the roles: %v", err)
	}
	o.serve(t, site.URL, append([]string{"panel", fmt.Sprintf("{url: %s}", site.URL),
		"passwords", fmt.Sprintf("{source: file, users_file: %s, roles_file: %s}", o.Users, roles)}, changes...))
	return o
}

// WriteUsers replaces the users file, as an editor does.
func (o *Office) WriteUsers(t testing.TB, lines ...string) {
	t.Helper()
	fresh := o.Users + ".new"
	if err := os.WriteFile(fresh, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatalf("write the users file: %v", err)
	}
	if err := os.Rename(fresh, o.Users); err != nil {
		t.Fatalf("write the users file: %v", err)
	}
}
