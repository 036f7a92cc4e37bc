package security

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// Strangers, each at another address, send wrong passwords for one account: as many as the panel's limit of five less two are
// passed on, the panel itself never refuses, and the owner logs in from his browser without a wait. Somebody else at an attacker's
// address does, too.
func TestS29_NobodyIsLockedOut(t *testing.T) {
	o := office.Open(t)
	c := o.Enrolled(t)
	node := o.Node(t)
	passed := 0
	for i := range 12 {
		e := c.At([]*office.Office{o, node}[i%2])
		page := e.Password("guessed")
		switch page.Status {
		case http.StatusUnauthorized:
			passed++
		case http.StatusTooManyRequests:
			if n, err := strconv.Atoi(page.Header.Get("Retry-After")); err != nil || n < 1 || n > 60 {
				t.Errorf("Retry-After %q", page.Header.Get("Retry-After"))
			}
		default:
			t.Errorf("status %d", page.Status)
		}
	}
	if passed != 3 {
		t.Errorf("%d wrong passwords were passed on, want 3", passed)
	}
	c.Elsewhere().Password(harness.LaravelPassword).Want(http.StatusTooManyRequests) // not even a right one
	token := c.Cookie("/", device)
	mine := with(t, c, token)
	mine.Password("a typing error").Want(http.StatusUnauthorized)
	mine.LogIn()
	with(t, o.Enrolled(t), token).Password("guessed").Want(http.StatusUnauthorized) // where it is no token, it is none
	last := "A"
	if token[63:] == last {
		last = "Q"
	}
	stranger := with(t, c, token[:63]+last)
	stranger.Password("guessed").Want(http.StatusTooManyRequests)
	o.Clerk(t).LogIn()
	if n := metric(t, o.Gateway, `ispgate_panel_login_seconds_count{verdict="throttled"}`) + metric(t, node.Gateway, `ispgate_panel_login_seconds_count{verdict="throttled"}`); n != 0 {
		t.Errorf("the panel refused %v times by itself", n)
	}
}
