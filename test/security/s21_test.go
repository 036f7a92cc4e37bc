package security

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/ispgate/ispgate/test/mission/office"
)

const together = 50

// race sends all requests at once, from different browsers, and returns the answers.
func race(t *testing.T, clerks []*office.Clerk, path, field, value string) []*answerOf {
	t.Helper()
	requests := make([]*http.Request, len(clerks))
	for i, c := range clerks {
		requests[i] = c.FormRequest(path, url.Values{field: {value}})
	}
	answers := make([]*answerOf, len(clerks))
	start := make(chan struct{})
	var all sync.WaitGroup
	for i, c := range clerks {
		all.Go(func() {
			<-start
			page, err := c.Send(requests[i])
			if err != nil {
				t.Errorf("request %d: %v", i, err)
				return
			}
			answers[i] = &answerOf{page.Status, page.Location(), len(page.Header.Values("Set-Cookie")), page.Text("main")}
		})
	}
	close(start)
	all.Wait()
	return answers
}

type answerOf struct {
	status   int
	location string
	cookies  int
	text     string
}

// challenged opens fifty password sessions of one account, half of them at each node.
func challenged(t *testing.T, c *office.Clerk, nodes ...*office.Office) []*office.Clerk {
	t.Helper()
	clerks := make([]*office.Clerk, together)
	for i := range clerks {
		clerks[i] = c.At(nodes[i%len(nodes)])
		clerks[i].Challenge()
	}
	return clerks
}

// Of fifty uses of one valid code at once, from fifty password sessions at two nodes, exactly one wins.
func TestS21_OneCodeOneWinner(t *testing.T) {
	o := office.Open(t, "panel", panelAt("%s"))
	node := o.Node(t)
	t.Run("recovery code", func(t *testing.T) {
		c := o.Enrolled(t)
		wantOneWinner(t, challenged(t, c, o, node), office.Recovery, c.Codes[0], func(a *answerOf) bool { return a.status == http.StatusOK })
	})
	t.Run("code of the app", func(t *testing.T) {
		c := o.Enrolled(t)
		wantOneWinner(t, challenged(t, c, o, node), office.Verify, c.Phone.Code(t), func(a *answerOf) bool { return a.location != "" && a.location == "/dashboard" })
	})
	// Three challenges of an account may be open: these are the ones that really compete.
	for range 10 {
		c := o.Enrolled(t)
		clerks := []*office.Clerk{c.At(o), c.At(node), c.At(o)}
		for _, e := range clerks {
			e.Challenge()
		}
		wantOneWinner(t, clerks, office.Verify, c.Phone.Code(t), func(a *answerOf) bool { return a.location == "/dashboard" })
	}
}

func wantOneWinner(t *testing.T, clerks []*office.Clerk, path, code string, won func(*answerOf) bool) {
	t.Helper()
	answers := race(t, clerks, path, "code", code)
	winners, inside := 0, 0
	for i, a := range answers {
		if a == nil {
			continue
		}
		if won(a) {
			winners++
		} else if a.status >= 500 || a.status < 300 {
			t.Errorf("a loser is answered %d: %s", a.status, a.text)
		}
		if _, in := clerks[i].InPanel(); in {
			inside++
		}
	}
	if winners != 1 || inside != 1 {
		t.Errorf("%d of %d won, %d are in the panel, want 1", winners, len(clerks), inside)
	}
}

// The same form four times at once from one session (an impatient finger; a challenge has five tries): one login, nobody
// thrown out.
func TestS21_OneSessionManyClicks(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	c.LogOut()
	c.Challenge()
	code := c.Phone.Code(t)
	same := make([]*office.Clerk, 4)
	for i := range same {
		same[i] = c
	}
	won := 0
	for _, a := range race(t, same, office.Verify, "code", code) {
		if a != nil && a.location == "/dashboard" {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d of 4 clicks logged in, want 1", won)
	}
	c.WantPanel()
}
