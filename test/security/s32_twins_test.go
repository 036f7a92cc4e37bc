package security

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// twins sends one form twice, both with the cookies from before, the second one gap after the first. The browser then has
// the cookies of both answers, as they came.
func twins(t *testing.T, c *office.Clerk, path string, values url.Values, gap time.Duration) [2]*harness.Page {
	t.Helper()
	var pages [2]*harness.Page
	var both sync.WaitGroup
	var jar sync.Mutex
	cookies := c.Cookies("/")
	for i := range pages {
		copied := *c.Browser
		copied.Jar, _ = cookiejar.New(nil)
		r := withCookies(c.FormRequest(path, values), cookies)
		both.Go(func() {
			time.Sleep(time.Duration(i) * gap)
			page, err := copied.Send(r)
			if err != nil {
				t.Errorf("click %d: %v", i+1, err)
				return
			}
			jar.Lock()
			defer jar.Unlock()
			c.Jar.SetCookies(r.URL, (&http.Response{Header: page.Header}).Cookies())
			pages[i] = page
		})
	}
	both.Wait()
	if pages[0] == nil || pages[1] == nil {
		t.FailNow()
	}
	return pages
}

// wantOneOfTwins wants one answer to be the success and the other one to say that its person is logged in, without a cookie.
func wantOneOfTwins(t *testing.T, c *office.Clerk, gap time.Duration, pages [2]*harness.Page, won func(*harness.Page) bool) (winner *harness.Page) {
	t.Helper()
	var loser *harness.Page
	switch a, b := pages[0], pages[1]; {
	case won(a) && !won(b):
		winner, loser = a, b
	case won(b) && !won(a):
		winner, loser = b, a
	default:
		t.Errorf("gap %s: %d %q %q and %d %q %q: not exactly one won", gap, a.Status, a.Location(), a.Text("main"), b.Status, b.Location(), b.Text("main"))
	}
	if loser != nil && (loser.Status != http.StatusOK || loser.Text("h1") != "You are logged in" || !strings.Contains(loser.Text("main"), "You can go on to") ||
		loser.Find("a.primary").Length() != 1 || loser.Header.Get("Set-Cookie") != "") {
		t.Errorf("gap %s: the twin is answered %d %q %q, cookies %q", gap, loser.Status, loser.Location(), loser.Text("main"), loser.Header.Values("Set-Cookie"))
	}
	if email, in := c.InPanel(); !in || email != c.Email {
		t.Errorf("gap %s: after the double click the session does not work", gap)
	}
	return winner
}

func toPanel(p *harness.Page) bool { return p.Location() == "/dashboard" }

// A double click on Verify: one of the two logs in, the other one is told so, and the session works, whatever the time
// between the two.
func TestS32_DoubleClickOnVerify(t *testing.T) {
	o := theOffice(t)
	const rounds = 40
	var c *office.Clerk
	for round := range rounds {
		if round%2 == 0 { // a phone has two codes in 30 s beside the one that enabled
			c = o.Enrolled(t)
		}
		c.LogOut()
		c.Challenge()
		gap := time.Duration(round%11) * time.Millisecond
		wantOneOfTwins(t, c, gap, twins(t, c, office.Verify, url.Values{"code": {c.Phone.Code(t)}}, gap), toPanel)
	}
}

func TestS32_DoubleClickOnRecovery(t *testing.T) {
	o := theOffice(t)
	const rounds = 20
	var c *office.Clerk
	for round := range rounds {
		if round%10 == 0 {
			c = o.Enrolled(t)
		}
		c.LogOut()
		c.Challenge()
		gap := time.Duration(round%11) * time.Millisecond
		wantOneOfTwins(t, c, gap, twins(t, c, office.Recovery, url.Values{"code": {c.Codes[round%10]}}, gap), func(p *harness.Page) bool {
			return strings.Contains(p.Text("main"), "You used a recovery code.")
		})
	}
	if text := c.Get(office.TwoFactor).Text("main"); !strings.Contains(text, "0 codes are left.") && !strings.Contains(text, "No code") {
		t.Errorf("ten double clicks used up another number of codes than ten: %q", text)
	}
}

// Two wrong codes at once are two wrong codes.
func TestS32_DoubleClickWithAWrongCode(t *testing.T) {
	o := theOffice(t)
	for round := range 6 {
		c := o.Enrolled(t)
		c.LogOut()
		c.Challenge()
		wrong := url.Values{"code": {c.Phone.Wrong(t)}}
		gap := time.Duration(2*round) * time.Millisecond
		for _, page := range twins(t, c, office.Verify, wrong, gap) {
			if page.Status != http.StatusUnauthorized || !strings.Contains(page.Text("main"), "That code was not accepted.") || page.Header.Get("Set-Cookie") != "" {
				t.Errorf("gap %s: %d %q", gap, page.Status, page.Text("main"))
			}
		}
		if text := c.PostForm(office.Verify, wrong).Want(http.StatusUnauthorized).Text("main"); !strings.Contains(text, "2 tries left for this login.") {
			t.Errorf("gap %s: the third one reads %q", gap, text)
		}
		if page := c.Code(c.Phone.Code(t)); page.Location() != "/dashboard" {
			t.Errorf("gap %s: the right one afterwards: %d %q", gap, page.Status, page.Location())
		}
		c.WantPanel()
	}
}

// A double click on Enable: the codes are shown once, and they are the account's.
func TestS32_DoubleClickOnEnable(t *testing.T) {
	o := theOffice(t)
	for round := range 11 {
		c := o.Clerk(t)
		c.LogIn()
		c.Setup()
		gap := time.Duration(round) * time.Millisecond
		winner := wantOneOfTwins(t, c, gap, twins(t, c, office.Enable, url.Values{"code": {c.Phone.Code(t)}}, gap), func(p *harness.Page) bool {
			return p.Find("#codes code").Length() == 10
		})
		if winner == nil {
			continue
		}
		c.Keep(winner)
		e := c.Elsewhere()
		e.Challenge()
		e.Recover(c.Codes[0]).Want(http.StatusOK)
	}
}

// A double click on Disable, and on the button for new codes.
func TestS32_DoubleClickOnDisable(t *testing.T) {
	o := theOffice(t)
	for round := range 11 {
		c := o.Enrolled(t)
		gap := time.Duration(round) * time.Millisecond
		winner := wantOneOfTwins(t, c, gap, twins(t, c, office.NewCodes, url.Values{"code": {c.Phone.Code(t)}}, gap), func(p *harness.Page) bool {
			return p.Find("#codes code").Length() == 10
		})
		if winner == nil {
			continue
		}
		c.Keep(winner)
		wantOneOfTwins(t, c, gap, twins(t, c, office.Disable, url.Values{"code": {c.Phone.Code(t)}}, gap), func(p *harness.Page) bool {
			return strings.Contains(p.Text("main"), "From now on your password alone logs you in.")
		})
		c.Phone = nil
		c.Elsewhere().LogIn()
	}
}
