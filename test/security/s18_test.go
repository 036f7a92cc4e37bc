package security

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// Where a ticket is demanded, the password and a code of one's own app are not enough to enrol.
func TestS18_EnrollingNeedsTheTicket(t *testing.T) {
	for name, factor := range map[string]string{"ticket": "{policy: optional, enrolment: ticket}", "auto, required": "{policy: required}"} {
		t.Run(name, func(t *testing.T) {
			o := theOffice(t).Branch(t, "two_factor", factor)
			c := o.Clerk(t)
			c.Password(harness.LaravelPassword)
			if page := c.Setup(); page.Find(`input[name="ticket"]`).Length() != 1 {
				t.Error("the page does not ask for a ticket")
			}
			code := c.Phone.Code(t) // is not looked at before the ticket, so that it stays good
			for _, ticket := range []string{"", "x", strings.Repeat("A", 16), "AAAA-AAAA-AAAA-AAAA"} {
				page := c.PostForm(office.Enable, url.Values{"code": {code}, "ticket": {ticket}})
				if page.Status == http.StatusOK || page.Find("#codes").Length() > 0 {
					t.Fatalf("enrolled with ticket %q: %d", ticket, page.Status)
				}
			}
			if n := metric(t, o.Gateway, `ispgate_accounts{second_factor="active"}`); n != 0 {
				t.Errorf("%v accounts are active", n)
			}
		})
	}
}

// Nobody with a factor reaches enable, disable or new codes without a confirming code of the moment.
func TestS18_ConfirmationsNeedACode(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	for _, form := range []string{office.Enable, office.Disable, office.NewCodes} {
		for _, values := range []url.Values{{}, {"code": {""}}, {"code": {"abcdef"}}, {"confirm": {"1"}}, {"password": {"wrong"}}} {
			if page := c.PostForm(form, values); page.Status == http.StatusOK {
				t.Errorf("POST %s with %v answers %d %s", form, values, page.Status, page.Text("h1"))
			}
		}
		still := c.Elsewhere() // the factor is what it was; codes of the app have to wait after five failures
		still.Challenge()
		still.Recover(c.Codes[3]).Want(http.StatusOK)
		c = o.Enrolled(t) // each has its own tries
	}
	recovered := c.Elsewhere() // entered by a recovery code: the password alone must still not disable for ever
	recovered.Challenge()
	recovered.Recover(c.Codes[0]).Want(http.StatusOK)
	if page := recovered.PostForm(office.NewCodes, url.Values{"code": {c.Codes[1]}}); page.Status == http.StatusOK {
		t.Error("a recovery code makes new recovery codes: whoever finds one would keep all")
	}
}
