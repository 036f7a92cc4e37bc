package security

import (
	"net/http"
	"strings"
	"sync"
	"testing"

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
