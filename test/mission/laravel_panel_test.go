package mission

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// The panel's session ends behind our back: a page leads to the password, a script and a form are told so, and the same
// person is not asked for a code again.
func TestLaravelSessionEnds(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c := o.Enrolled(t)
	c.Get("/profile").Want(http.StatusOK)
	o.Panel.KillSessions()

	xhr := c.Fetch("GET", "/data", "", "").Want(http.StatusUnauthorized)
	var told struct {
		LoginURL string `json:"login_url"`
	}
	if err := json.Unmarshal([]byte(xhr.Body), &told); err != nil || told.LoginURL != office.Login+"?return_to=%2Fprofile" { // the page that the script is on
		t.Errorf("a script is told %q (%v)", xhr.Body, err)
	}
	form := c.PostForm("/profile", url.Values{"name": {"New Name"}}).Want(http.StatusUnauthorized)
	if text := form.Text("main"); !strings.Contains(text, "so nothing was saved") || form.Find(`main a[href^="/ispgate/login"]`).Length() != 1 {
		t.Errorf("a form is told %q", text)
	}
	if page := c.Get("/profile"); page.Status != http.StatusSeeOther || page.Location() != office.Login+"?return_to=%2Fprofile" {
		t.Fatalf("a page leads to %d %q", page.Status, page.Location())
	}
	login := c.Get(office.Login + "?return_to=%2Fprofile").Want(http.StatusOK)
	if name := login.Find("#username").AttrOr("value", ""); name != c.Email {
		t.Errorf("the name filled in is %q, want %q", name, c.Email)
	}
	if text := login.Text("main"); !strings.Contains(text, "You were logged out after a while without activity.") {
		t.Errorf("the password page says %q", text)
	}
	if page := c.Submit(login.Form("main form"), "password", "wrong"); page.Status != http.StatusUnauthorized {
		t.Errorf("a wrong password answers %d", page.Status)
	}
	if page := c.Submit(login.Form("main form"), "password", harness.LaravelPassword); page.Location() != "/profile" {
		t.Fatalf("the password leads to %d %q, want /profile and no code", page.Status, page.Location())
	}
	if name := c.Get("/profile").Want(http.StatusOK).Find("#name").Length(); name != 1 {
		t.Error("the profile does not open after the new login")
	}
}

// A re-login as somebody else in the same browser is a new login, with its own factor (S15).
func TestLaravelReloginAsAnother(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	owner := o.Enrolled(t)
	c := o.Clerk(t)
	c.LogIn()
	o.Panel.KillSessions()
	form := c.Get(office.Login).Want(http.StatusOK).Form("main form")
	if page := c.Submit(form, "username", owner.Email, "password", harness.LaravelPassword); page.Location() != office.Verify {
		t.Fatalf("another account's password leads to %d %q, want its code page", page.Status, page.Location())
	}
	c.WantPage("/dashboard", office.Verify)
}

func TestLaravelWrongPasswords(t *testing.T) {
	t.Parallel()
	o := office.Open(t, "panel", office.PanelAt("%s", ", limiter: {tries: 100, window: 60s}"))
	c := o.Clerk(t)
	const wrong = "That e-mail or password is not right. Check both and try again."
	bad := c.Password("wrong").Want(http.StatusUnauthorized)
	if text := bad.Text("main"); !strings.Contains(text, wrong) || bad.Find("#username").AttrOr("value", "") != c.Email || strings.Contains(bad.Body, `value="wrong"`) {
		t.Errorf("a wrong password: %q, name %q", text, bad.Find("#username").AttrOr("value", ""))
	}
	if title := bad.Text("title"); !strings.HasPrefix(title, "Error: ") {
		t.Errorf("the title of an error is %q", title)
	}
	nobody := o.ClerkNamed(t, "nobody@example.test")
	if text := nobody.Password("wrong").Want(http.StatusUnauthorized).Text("main"); !strings.Contains(text, wrong) {
		t.Errorf("an unknown user is told %q", text)
	}
	for range 4 { // with the one above five: the panel's own limiter is full
		c.Password("wrong").Want(http.StatusUnauthorized)
	}
	page := c.Password(harness.LaravelPassword).Want(http.StatusTooManyRequests)
	if text := page.Text("main"); !strings.Contains(text, "Too many tries. Try again in ") || page.Header.Get("Retry-After") == "" || strings.Contains(text, "not right") {
		t.Errorf("a panel that throttles: %q, Retry-After %q", text, page.Header.Get("Retry-After"))
	}
	o.Panel.ForgetTries()
	c.LogIn()
}

// Our own throttle stays below the panel's limiter, and is over by itself.
func TestLaravelOwnThrottle(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c := o.Clerk(t)
	for range 2 {
		c.Password("wrong").Want(http.StatusUnauthorized)
	}
	page := c.Password("wrong").Want(http.StatusTooManyRequests)
	if wait := page.Header.Get("Retry-After"); wait == "" || len(wait) > 2 || wait > "60" && len(wait) == 2 {
		t.Errorf("Retry-After %q, want at most 60 s", wait)
	}
	o.Clerk(t).LogIn() // nobody else is kept out
	c.Elsewhere().LogIn()
}

func TestLaravelPanelDown(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c, late := o.Enrolled(t), o.Clerk(t)
	waiting := c.Elsewhere()
	waiting.Challenge()
	o.Panel.Stop()
	down := late.Password(harness.LaravelPassword).Want(http.StatusServiceUnavailable)
	if text := down.Text("main"); !strings.Contains(text, "ISPBills is not answering. This is not about your password.") || strings.Contains(text, "not right") {
		t.Errorf("a login is told %q", text)
	}
	page := c.Get("/dashboard").Want(http.StatusBadGateway)
	if text := page.Text("main"); !strings.Contains(text, "ISPBills is not answering") || !strings.Contains(page.Body, "Request ") {
		t.Errorf("a page is told %q", text)
	}
	c.Fetch("GET", "/data", "", "").Want(http.StatusBadGateway)
	if page := waiting.Code(waiting.Phone.Code(t)).Want(http.StatusBadGateway); !strings.Contains(page.Text("main"), "is not answering") {
		t.Errorf("a code is told %q", page.Text("main"))
	}
	o.Panel.Start()
	late.LogIn()
	c.WantPanel()
	// The code was right: once the panel is back, the person is let in without another one.
	if page := waiting.Get(office.Login); page.Location() != "/dashboard" {
		t.Errorf("after the panel is back the login page answers %d %q, want to lead on", page.Status, page.Location())
	}
	waiting.WantPanel()
}

// A panel that hangs is not answering either, and stops nobody from seeing our own pages.
func TestLaravelPanelHangs(t *testing.T) {
	t.Parallel()
	o := office.Open(t, "panel", "{url: %s, timeout: 2s, profile: "+office.Profile+"}")
	c := o.Enrolled(t)
	o.Panel.Pause()
	defer o.Panel.Resume()
	c.Get("/dashboard").Want(http.StatusBadGateway)
	c.Get(office.TwoFactor).Want(http.StatusOK)
}

// SIGTERM lets a request under way end, answers 503 at /readyz meanwhile, and then stops with exit code 0.
func TestLaravelGracefulStop(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c := o.Clerk(t)
	c.LogIn()
	o.Panel.Pause()
	answered := make(chan int, 1)
	request, err := http.NewRequest("GET", office.Origin+"/dashboard", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("User-Agent", harness.Chromium)
	go func() {
		page, err := c.Send(request)
		if err != nil {
			t.Errorf("the request under way: %v", err)
			answered <- 0
			return
		}
		answered <- page.Status
	}()
	waitFor(t, "the request to reach the gateway", func() bool { return connections(t, o.Panel.URL) > 0 })
	stopped := make(chan int, 1)
	go func() { stopped <- o.Gateway.Stop() }()
	waitFor(t, "/readyz to say 503", func() bool {
		answer, err := http.Get(o.Gateway.Admin + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusServiceUnavailable
	})
	waitFor(t, "the listener to close", func() bool { return !harness.Listening(o.Host()) })
	o.Panel.Resume()
	if status := <-answered; status != http.StatusOK {
		t.Errorf("the request under way was answered %d", status)
	}
	if code := <-stopped; code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}
