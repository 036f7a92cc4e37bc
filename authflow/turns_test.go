package authflow

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"testing"

	"github.com/ispgate/ispgate/internal/web"
	"github.com/ispgate/ispgate/test/harness"
)

// TestTurns: one at a time for a session, no waiting for others, and nothing is kept afterwards.
func TestTurns(t *testing.T) {
	var list turns
	done, err := list.take(t.Context(), "a")
	if err != nil {
		t.Fatalf("the first one: %v", err)
	}
	other, err := list.take(t.Context(), "b")
	if err != nil {
		t.Fatalf("another session: %v", err)
	}
	other()
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if _, err := list.take(gone, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("who hung up waits: %v", err)
	}
	inside, most := 0, 0
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			done, err := list.take(t.Context(), "a")
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			mu.Lock()
			inside--
			mu.Unlock()
			done()
		})
	}
	for list.waiting("a") < 21 {
		runtime.Gosched()
	}
	done()
	all.Wait()
	if most != 1 || len(list.m) != 0 {
		t.Errorf("%d at once; %d are kept", most, len(list.m))
	}
}

func (t *turns) waiting(id string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.m[id].want
}

// TestS32_TwinMeetsItsOwnRevocation: a change of the factor revokes the account's sessions, its own too until the token is
// rotated. When this node reads the revocation in that moment, the second copy of the form waits, and is told that its
// person is logged in.
func TestS32_TwinMeetsItsOwnRevocation(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 100)
	stranger := h.person("")
	for name, form := range map[string]string{operator: "two-factor/recovery-codes", "admin@demo.isp": "two-factor/disable"} {
		p := h.enrolled(name)
		id, code := p.session().ID, p.code()
		twin := p.FormRequest(web.URL(form), url.Values{"code": {code}})
		twin.Header.Set("Cookie", p.Cookies("/"))
		answer := make(chan *harness.Page, 1)
		again := func() error {
			h.must(h.Sessions.Refresh(t.Context()))
			go func() {
				page, err := stranger.Send(twin)
				if err != nil {
					t.Error(err)
				}
				answer <- page
			}()
			for h.turns.waiting(id) < 2 && len(answer) == 0 {
				runtime.Gosched()
			}
			return nil
		}
		h.renewal.Store(&again)
		p.post(form, "code", code).Want(http.StatusOK)
		page := <-answer
		if page.Status != http.StatusOK || page.Text("h1") != "You are logged in" || page.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: the twin is answered %d %q %q", form, page.Status, page.Location(), page.Text("main"))
		}
	}
}
