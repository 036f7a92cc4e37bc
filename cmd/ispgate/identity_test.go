package main

import (
	"testing"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/panel"
)

// TestOneWordForAPerson: accounts are keyed by what the panel calls a person, and sessions compare with it. Neither room may
// know the other; both must make the same word.
func TestOneWordForAPerson(t *testing.T) {
	for _, who := range []panel.Identity{{ID: "17", Name: "admin@demo.isp"}, {Name: "clerk"}} {
		if got, want := (account.Identity{ID: who.ID, Name: who.Name}).Key(), who.Key(); got != want {
			t.Errorf("the account is %q, the panel says %q", got, want)
		}
	}
}
