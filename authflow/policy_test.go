package authflow

import (
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/account"
)

var today = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestPolicy(t *testing.T) {
	grace, over := today.Add(time.Second), today
	type says struct{ requires, reminds, observes, offers bool }
	cases := []struct {
		name, user, role string
		policy           Policy
		want             says
	}{
		{"optional", "a", "", Policy{Mode: "optional"}, says{offers: true}},
		{"required", "a", "", Policy{Mode: "required"}, says{requires: true, offers: true}},
		{"required, in grace", "a", "", Policy{Mode: "required", GraceUntil: grace}, says{reminds: true, offers: true}},
		{"required, grace is over at its own instant", "a", "", Policy{Mode: "required", GraceUntil: over}, says{requires: true, offers: true}},
		{"observe", "a", "", Policy{Mode: "observe"}, says{observes: true}},
		{"observe, in grace", "a", "", Policy{Mode: "observe", GraceUntil: grace}, says{observes: true}},
		{"observe, somebody listed", "a", "", Policy{Mode: "observe", RequiredFor: []string{"a"}}, says{observes: true}},
		{"observe, somebody else", "b", "", Policy{Mode: "observe", RequiredFor: []string{"a"}}, says{}},
		{"administrator, optional", "root", "", Policy{Mode: "optional", Administrators: []string{"root"}}, says{requires: true, offers: true}},
		{"administrator, observe", "root", "", Policy{Mode: "observe", Administrators: []string{"root"}}, says{requires: true, offers: true}},
		{"administrator in another case", "ROOT", "", Policy{Mode: "optional", Administrators: []string{"root"}}, says{requires: true, offers: true}},
		{"administrator has no grace", "root", "", Policy{Mode: "required", Administrators: []string{"root"}, GraceUntil: grace}, says{requires: true, offers: true}},
		{"a name that only begins alike", "root2", "", Policy{Mode: "optional", Administrators: []string{"root"}}, says{offers: true}},
		{"a role named like an administrator", "a", "root", Policy{Mode: "optional", Administrators: []string{"root"}}, says{offers: true}},
		{"listed by name", "Alice", "", Policy{Mode: "optional", RequiredFor: []string{"alice"}}, says{requires: true, offers: true}},
		{"listed by role", "a", "billing", Policy{Mode: "optional", RequiredFor: []string{"billing"}, ReadsRole: true}, says{requires: true, offers: true}},
		{"role in another case is another role", "a", "Billing", Policy{Mode: "optional", RequiredFor: []string{"billing"}, ReadsRole: true}, says{offers: true}},
		{"another role", "a", "viewer", Policy{Mode: "required", RequiredFor: []string{"billing"}, ReadsRole: true}, says{offers: true}},
		{"unreadable role counts as required", "a", "", Policy{Mode: "optional", RequiredFor: []string{"billing"}, ReadsRole: true}, says{requires: true, offers: true}},
		{"unreadable role, in grace", "a", "", Policy{Mode: "optional", RequiredFor: []string{"billing"}, ReadsRole: true, GraceUntil: grace}, says{reminds: true, offers: true}},
		{"a panel without roles", "a", "", Policy{Mode: "required", RequiredFor: []string{"b"}}, says{offers: true}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := c.policy
			got := says{p.Requires(c.user, c.role, today), p.Reminds(c.user, c.role, today), p.Observes(c.user, c.role), p.Offers(account.Account{Name: c.user, State: account.None})}
			if got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			if got.requires && (got.reminds || !got.offers) {
				t.Error("required, and yet only reminded or not offered")
			}
		})
	}
}

// TestPolicyOffersAfterAReset: whoever was reset must enrol, in every mode and always with a ticket.
func TestPolicyOffersAfterAReset(t *testing.T) {
	for _, mode := range []string{"observe", "optional", "required", ""} {
		p, reset := Policy{Mode: mode, Enrolment: "open"}, account.Account{Name: "a", State: account.Reset}
		if !p.Offers(reset) || !p.Ticket(reset, today) {
			t.Errorf("mode %q: offered %t, with a ticket %t", mode, p.Offers(reset), p.Ticket(reset, today))
		}
	}
	for _, state := range []account.State{account.None, account.Active} {
		if (Policy{Mode: "observe"}).Offers(account.Account{Name: "a", State: state}) {
			t.Errorf("observe: state %v is offered", state)
		}
	}
}

func TestS18_Tickets(t *testing.T) {
	grace := today.Add(time.Hour)
	none, reset := account.Account{State: account.None}, account.Account{State: account.Reset}
	for _, c := range []struct {
		name   string
		policy Policy
		acc    account.Account
		want   bool
	}{
		{"auto, optional", Policy{Mode: "optional", Enrolment: "auto"}, none, false},
		{"auto, observe", Policy{Mode: "observe", Enrolment: "auto"}, none, false},
		{"auto, required", Policy{Mode: "required", Enrolment: "auto"}, none, true},
		{"auto, required, in grace", Policy{Mode: "required", Enrolment: "auto", GraceUntil: grace}, none, false},
		{"auto, required, after grace", Policy{Mode: "required", Enrolment: "auto", GraceUntil: today}, none, true},
		{"nothing said is auto", Policy{Mode: "required"}, none, true},
		{"a word nobody knows is auto", Policy{Mode: "required", Enrolment: "opne"}, none, true},
		{"open", Policy{Mode: "required", Enrolment: "open"}, none, false},
		{"ticket", Policy{Mode: "optional", Enrolment: "ticket"}, none, true},
		{"after a reset, open", Policy{Mode: "optional", Enrolment: "open"}, reset, true},
		{"after a reset, auto", Policy{Mode: "optional", Enrolment: "auto", GraceUntil: grace}, reset, true},
	} {
		if got := c.policy.Ticket(c.acc, today); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}

func TestS44_WhoMayTrustABrowser(t *testing.T) {
	p := Policy{Mode: "optional", Trust: time.Hour, Administrators: []string{"root"}}
	for _, c := range []struct {
		what      string
		policy    Policy
		name, key string
		until     time.Time
		want      bool
	}{
		{"anybody", p, "a", "id:1", today.Add(time.Hour), true},
		{"its last moment", p, "a", "id:1", today.Add(1), true},
		{"over", p, "a", "id:1", today, false},
		{"never trusted", p, "a", "id:1", time.Time{}, false},
		{"for longer than is allowed now", p, "a", "id:1", today.Add(time.Hour + 1), false},
		{"an administrator", p, "ROOT", "id:1", today.Add(time.Minute), false},
		{"an emergency account", p, "a (emergency)", account.Emergency + ":a", today.Add(time.Minute), false},
		{"switched off", Policy{Mode: "optional"}, "a", "id:1", today.Add(time.Minute), false},
	} {
		if got := c.policy.Trusts(c.name, c.key, c.until, today); got != c.want {
			t.Errorf("%s: %t, want %t", c.what, got, c.want)
		}
	}
}
