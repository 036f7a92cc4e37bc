package authflow

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/templates"
)

// TestStoreFaults: what the account store refuses is said as what it is.
func TestStoreFaults(t *testing.T) {
	f := New(Options{Panel: open(t, Policy{Mode: "optional"}, 5).Panel})
	for name, c := range map[string]struct {
		err  error
		want templates.Key
	}{
		"a record that was tampered with":  {fmt.Errorf("get: %w", account.ErrTampered), templates.ErrNoAccount},
		"two accounts that look like one":  {fmt.Errorf("meet: %w", &account.Conflict{}), templates.ErrNoAccount},
		"a name that cannot be a key":      {account.ErrIdentity, templates.ErrNoAccount},
		"a database that cannot be asked":  {errors.New("connection refused"), templates.ErrNoLogin},
		"an account that is not there now": {account.ErrNotFound, ""},
		"a factor in another state":        {account.ErrState, ""},
	} {
		err := f.storeFault(c.err)
		var fault *web.Fault
		if shown := errors.As(err, &fault); shown != (c.want != "") || shown && fault.Heading.Key != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := f.storeFault(account.ErrNotFound); !errors.Is(err, session.ErrRevoked) {
		t.Errorf("a deleted account: %v", err)
	}
}

// TestDeletedMeanwhile: who is deleted while logged in is led to the login, also before the session is known to have ended.
func TestDeletedMeanwhile(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 5)
	p := h.person(operator)
	p.login("")
	h.must(h.Accounts.Delete(t.Context(), p.session().Account))
	p.want(p.Get("/ispgate/two-factor"), http.StatusSeeOther, "/ispgate/login")
	p.want(p.post("two-factor/enable", "code", "123456"), http.StatusSeeOther, "/ispgate/login")
}
