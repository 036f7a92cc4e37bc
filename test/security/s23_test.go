package security

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// Somebody who has the password attacks from many addresses, in many sessions, at two nodes at once. No more codes are compared
// than the pool of unknown browsers allows, an administrator hears of it, and the owner gets in without a wait from his browser at
// either node, and from anywhere with a recovery code.
func TestS23_UnderAttack(t *testing.T) {
	o := theOffice(t)
	node := o.Node(t)
	c := o.Enrolled(t)
	notices := func() float64 {
		name := `ispgate_code_guessing_total{failures="3"}`
		return metric(t, o.Gateway, name) + metric(t, node.Gateway, name)
	}
	told, wrong := notices(), c.Phone.Wrong(t)
	var attackers sync.WaitGroup
	for i := range 12 {
		thief := c.At([]*office.Office{o, node}[i%2])
		thief.Challenge()
		attackers.Go(func() {
			for range 10 {
				thief.Code(wrong)
			}
		})
	}
	attackers.Wait()
	n := number(t, o, `SELECT COUNT(*) FROM failures WHERE pool = 'unknown' AND account = (SELECT id FROM accounts WHERE name = ?)`, c.Email)
	if t.Logf("120 codes were sent, %d compared", n); n != 5 {
		t.Errorf("%d codes were compared, want 5 before the first wait", n)
	}
	if n := notices() - told; n != 1 {
		t.Errorf("%v notices, want one", n)
	}
	if said := o.Gateway.Output() + node.Gateway.Output(); !strings.Contains(said, "somebody who knows the password is guessing codes") {
		t.Error("no log says so")
	}
	token := c.Cookie("/", device)
	for _, at := range []*office.Office{o, node} {
		e := with(t, c.At(at), token)
		e.LogIn()
		e.WantPanel()
	}
	anywhere := c.Elsewhere()
	anywhere.Challenge()
	anywhere.Recover(c.Codes[0]).Want(http.StatusOK)
	anywhere.WantPanel()
}

// The budget is empty, and between every two steps of the owner somebody who has the password goes through the same steps from three
// new addresses. A right password leads to the recovery page, which stays the owner's until his code opens the panel.
func TestS23_RecoveryFromAnywhere(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	useUp(t, o, c)
	attack := func() {
		t.Helper()
		for range 3 {
			thief := c.Elsewhere()
			recoveryAlone(t, thief)
			thief.Recover("AAAA-AAAA-AAAA-AAAA").Want(http.StatusUnauthorized)
			thief.Code(thief.Phone.At(t, time.Now().Unix()/30)) // even a right one of the app is not looked at
			if _, in := thief.InPanel(); in {
				t.Error("the thief is in the panel")
			}
		}
	}
	anywhere := c.Elsewhere()
	attack()
	recoveryAlone(t, anywhere)
	attack()
	anywhere.Get(office.Recovery).Want(http.StatusOK)
	attack()
	anywhere.Recover(c.Codes[1][1:]).Want(http.StatusUnauthorized)
	attack()
	anywhere.Recover(c.Codes[0]).Want(http.StatusOK)
	attack()
	anywhere.WantPanel()
	own := with(t, c, c.Cookie("/", device))
	own.LogIn()
	own.WantPanel()
}

func recoveryAlone(t *testing.T, c *office.Clerk) {
	t.Helper()
	if page := c.Password(harness.LaravelPassword); page.Location() != office.Recovery {
		t.Fatalf("a right password leads to %d %q, want the recovery page", page.Status, page.Location())
	}
}

// useUp writes down as many wrong codes as the pool of unknown browsers compares in a day.
func useUp(t *testing.T, o *office.Office, c *office.Clerk) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(o.Dir, "ispgate.db")+"?mode=rw&_pragma=busy_timeout(2000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for turn := range 10 {
		_, err := db.Exec(`INSERT INTO failures (account, pool, turn, challenge, at, refunded) SELECT id, 'unknown', ?, 0, ?, 0 FROM accounts WHERE name = ?`,
			-1-turn, time.Now().Add(-time.Hour).UnixMilli(), c.Email)
		if err != nil {
			t.Fatal(err)
		}
	}
}
