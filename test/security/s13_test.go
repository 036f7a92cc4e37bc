package security

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// watched notes every value that the panel sets as its session cookie.
type watched struct {
	sync.Mutex
	values []string
}

func (w *watched) note(answer *http.Response) error {
	w.Lock()
	defer w.Unlock()
	for _, c := range answer.Cookies() {
		if c.Name == "laravel_session" && c.Value != "" {
			w.values = append(w.values, c.Value)
		}
	}
	return nil
}

func (w *watched) all() []string {
	w.Lock()
	defer w.Unlock()
	return append([]string{}, w.values...)
}

// No cookie of the panel's logged-in session leaves before the code was right, in no answer; after it only sealed.
func TestS13_NoPanelCookieBeforeTheCode(t *testing.T) {
	panel := &watched{}
	whole := theOffice(t)
	o := whole.Branch(t, "panel", panelAt(between(t, whole, nil, panel.note)))
	c := o.Enrolled(t)
	c.LogOut()
	var answers []*harness.Page
	keep := func(p *harness.Page) { answers = append(answers, p) }
	keep(c.Password(harness.LaravelPassword))
	for _, path := range []string{office.Verify, office.Login, office.Recovery, office.Logout, "/dashboard", "/login", "/customer/portal", "/nonexistent", "/ispgate/session"} {
		keep(c.Get(path))
		keep(send(t, c.Browser, request(t, "HEAD", path, "")))
		keep(c.Fetch("GET", path, "", ""))
	}
	keep(c.Code(c.Phone.Wrong(t)))
	for i, page := range answers {
		for _, line := range page.Header.Values("Set-Cookie") {
			name, value, _ := strings.Cut(strings.SplitN(line, ";", 2)[0], "=")
			public := page.URL.Path == "/customer/portal"
			if name != "__Host-ispgate" && !(public && (name == "XSRF-TOKEN" || name == "laravel_session" && strings.HasPrefix(value, "ig1."))) {
				t.Errorf("answer %d of %s sets %s", i, page.URL.Path, line)
			}
		}
		for _, value := range panel.all() {
			if strings.Contains(fmt.Sprint(page.Header, page.Body), value) {
				t.Errorf("answer %d of %s tells the panel's cookie", i, page.URL.Path)
			}
		}
	}
	if len(panel.all()) < 10 {
		t.Fatalf("only %d cookies of the panel were seen", len(panel.all()))
	}
	done := c.Code(c.Phone.Code(t))
	if cookie := done.Cookie("laravel_session"); cookie == nil || !strings.HasPrefix(cookie.Value, "ig1.") || !cookie.HttpOnly || !cookie.Secure || cookie.Domain != "" {
		t.Errorf("at the hand-over the panel's cookie is %v", cookie)
	}
	c.WantPanel()
	for _, value := range panel.all() {
		if strings.Contains(c.Cookies("/"), value) {
			t.Error("the browser has a cookie of the panel in clear")
		}
	}
}

// What is parked lies in Redis encrypted and for at most five minutes; "Start again" and a logout log it out in the panel.
func TestS13_Parked(t *testing.T) {
	panel := &watched{}
	whole := theOffice(t)
	o := office.Open(t, "panel", panelAt(between(t, whole, nil, panel.note)))
	o.Panel.Stop() // its own is not used
	c := o.Enrolled(t)
	c.LogOut()
	eventually(t, "the panel to forget the first login", func() bool { return signedIn(t, whole, c) == 0 })
	c.Challenge()
	if n := signedIn(t, whole, c); n != 1 {
		t.Fatalf("the panel has %d sessions of the clerk, want the parked one", n)
	}
	store := redisClient(t, o)
	jars := 0
	for key, value := range dump(t, store) {
		for _, secret := range append(panel.all(), harness.LaravelPassword, c.Email) {
			if strings.Contains(key+value, secret) {
				t.Errorf("Redis holds %q in clear under %s", secret, key)
			}
		}
		if strings.Contains(key, ":jar:") {
			jars++
			if ttl := store.TTL(t.Context(), key).Val(); ttl <= 0 || ttl > 5*time.Minute+30*time.Second {
				t.Errorf("the parked jar lives for %s", ttl)
			}
		}
	}
	if jars != 1 {
		t.Errorf("%d parked jars, want 1", jars)
	}
	c.LogOut()
	eventually(t, "the parked session to be logged out", func() bool { return signedIn(t, whole, c) == 0 })
}

// A session cookie that a visitor of public pages was given opens nothing protected, and a protected one nothing public.
func TestS13_PublicSealsOpenNothingElse(t *testing.T) {
	o := theOffice(t)
	visitor := o.Browser(t)
	for range 2 {
		visitor.Get("/customer/portal").Want(http.StatusOK)
	}
	if visits := visitor.Get("/customer/portal").Text("#visits"); visits != "3" {
		t.Errorf("the portal counts %s visits, want 3", visits)
	}
	sealed := visitor.Cookie("/", "laravel_session")
	if !strings.HasPrefix(sealed, "ig1.") {
		t.Fatalf("a visitor's session cookie is %q", sealed)
	}
	c := o.Clerk(t)
	c.LogIn()
	own := c.Cookie("/", "laravel_session")
	if page := send(t, o.Browser(t), withCookies(request(t, "GET", "/dashboard", ""), "laravel_session="+sealed, "__Host-ispgate="+c.Cookie("/", "__Host-ispgate"))); page.Status == http.StatusOK {
		t.Error("a public cookie opened a protected page")
	}
	if page := send(t, o.Browser(t), withCookies(request(t, "GET", "/customer/portal", ""), "laravel_session="+own)); page.Text("#panel-user") != "none" {
		t.Errorf("a logged-in cookie without our session is %q on a public page", page.Text("#panel-user"))
	}
}
