// Package mission walks through what the users of a panel do, with the real program and real servers.
package mission

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// The mission over plain HTTP: log in, enable, log out, log in with a code, with a recovery code, disable, log in.
func TestLaravelMission(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c := o.ClerkNamed(t, harness.LaravelAdmin)

	// Log in: the password alone, and back to where one was going.
	if page := c.Get("/profile"); page.Status != http.StatusSeeOther || page.Location() != office.Login+"?return_to=%2Fprofile" {
		t.Fatalf("a protected page answers %d %q", page.Status, page.Location())
	}
	login := c.Get(office.Login + "?return_to=%2Fprofile").Want(http.StatusOK)
	wantInputs(t, login, map[string]string{"username": "username", "password": "current-password"})
	if page := c.Submit(login.Form("main form"), "username", c.Email, "password", harness.LaravelPassword); page.Location() != "/profile" {
		t.Fatalf("after the login: %d %q, want /profile", page.Status, page.Location())
	}
	if name := c.Get("/profile").Want(http.StatusOK).Find("#name").AttrOr("value", ""); name != "Admin Example" {
		t.Fatalf("the profile is %q's", name)
	}
	c.WantPanel()

	enableByScan(t, c)
	secret, codes := c.Phone, c.Codes

	// Log out by the panel's own menu: our session ends with it.
	if page := c.Submit(c.Get("/dashboard").Form("form#logout")); page.Status != http.StatusFound && page.Status != http.StatusSeeOther {
		t.Fatalf("the panel's logout answers %d", page.Status)
	}
	c.WantOut()

	// Log in: password, a wrong code, the right one.
	c.Challenge()
	verify := c.Get(office.Verify).Want(http.StatusOK)
	wantInputs(t, verify, map[string]string{"code": "one-time-code"})
	if head := verify.Text("h1"); head != "Enter your 2FA code" || verify.Text("main button.primary") != "Verify" {
		t.Errorf("the code page is headed %q", head)
	}
	c.WantPage("/dashboard", office.Verify)
	wrong := c.Submit(verify.Form("main form"), "code", secret.Wrong(t)).Want(http.StatusUnauthorized)
	if text := wrong.Text("main"); !strings.Contains(text, "That code was not accepted. Wait for the next code to appear in your app and try again.") ||
		strings.Contains(text, "left for this login.") {
		t.Errorf("a wrong code reads %q", text)
	}
	if page := c.Submit(wrong.Form("main form"), "code", spaced(secret.Code(t))); page.Location() != "/dashboard" {
		t.Fatalf("a right code leads to %d %q\n%s", page.Status, page.Location(), page.Text("main"))
	}
	c.WantPanel()

	// Log out by our page: the panel's session ends too.
	before := c.Cookies("/")
	if page := c.Submit(c.Get(office.Logout).Want(http.StatusOK).Form("main form")); page.Location() != "/ispgate/login?out=1" {
		t.Fatalf("our logout leads to %d %q", page.Status, page.Location())
	}
	if text := c.Get("/ispgate/login?out=1").Text("main"); !strings.Contains(text, "You are logged out.") {
		t.Errorf("after the logout: %q", text)
	}
	c.WantOut()
	wantPanelSessionGone(t, o, before)

	recoverAndDisable(t, c, codes)

	// The password alone.
	c.LogOut()
	c.Phone = nil
	c.LogIn()
	c.WantPanel()
}

func enableByScan(t *testing.T, c *office.Clerk) {
	t.Helper()
	if page := c.Get("/admin/two-factor-authentication"); page.Location() != office.TwoFactor {
		t.Fatalf("the panel's own menu entry leads to %d %q", page.Status, page.Location())
	}
	page := c.Setup()
	if text := readQR(t, drawn(t, page)); text != page.Find(`a[href^="otpauth:"]`).AttrOr("href", "") {
		t.Errorf("the QR code reads %q", text)
	} else if !strings.HasPrefix(text, "otpauth://totp/ISPBills:admin%40example.test?") && !strings.HasPrefix(text, "otpauth://totp/ISPBills:admin@example.test?") {
		t.Errorf("the entry in the app is %q", text)
	}
	if key := strings.ReplaceAll(page.Text("#setup-key"), " ", ""); key != c.Phone.Secret {
		t.Errorf("the key to type is %q, scanned is %q", key, c.Phone.Secret)
	}
	wantInputs(t, page, map[string]string{"code": "one-time-code"})
	wrong := c.Submit(page.Form("main form"), "code", c.Phone.Wrong(t)).Want(http.StatusUnauthorized)
	if text := wrong.Text("main"); !strings.Contains(text, "That code does not match. Wait for the next code and try again.") {
		t.Errorf("a wrong code at enabling reads %q", text)
	}
	if key := strings.ReplaceAll(wrong.Text("#setup-key"), " ", ""); key != c.Phone.Secret {
		t.Errorf("after a wrong code the key is another: %q", key)
	}
	done := c.Submit(wrong.Form("main form"), "code", c.Phone.Code(t)).Want(http.StatusOK)
	if head := done.Text("h1"); head != "Two-factor authentication is on" {
		t.Errorf("after enabling: %q", head)
	}
	c.Keep(done)
	for _, code := range c.Codes {
		if !regexp.MustCompile(`^[A-Za-z0-9]{4,8}(-[A-Za-z0-9]{4,8}){1,4}$`).MatchString(code) {
			t.Errorf("recovery code %q", code)
		}
	}
	c.WantPanel()
	if text := c.Get(office.TwoFactor).Text("main"); !strings.Contains(text, "10 codes are left.") || strings.Contains(text, c.Phone.Secret[:8]) {
		t.Errorf("the Two Factor page says %q", text)
	}
}

// recoverAndDisable logs in by a recovery code, shows that it is used up, and disables with a code of the phone.
func recoverAndDisable(t *testing.T, c *office.Clerk, codes []string) {
	t.Helper()
	c.Challenge()
	link := c.Get(office.Verify).Find(`a[href="/ispgate/recovery"]`).Length()
	page := c.Get(office.Recovery).Want(http.StatusOK)
	if link != 1 || page.Text("h1") != "Use a recovery code" {
		t.Errorf("%d links to the recovery page, headed %q", link, page.Text("h1"))
	}
	used := c.Submit(page.Form("main form"), "code", codes[0]).Want(http.StatusOK)
	if text := used.Text("main"); !strings.Contains(text, "You used a recovery code. 9 are left.") || used.Find("a.primary").AttrOr("href", "") != "/dashboard" {
		t.Errorf("after a recovery code: %q, leading to %q", text, used.Find("a.primary").AttrOr("href", ""))
	}
	c.WantPanel()
	if text := c.Get(office.TwoFactor).Text("main"); !strings.Contains(text, "9 codes are left.") {
		t.Errorf("after a recovery code the Two Factor page says %q", text)
	}
	other := c.Elsewhere()
	other.Challenge()
	if page := other.Recover(codes[0]).Want(http.StatusUnauthorized); !strings.Contains(page.Text("main"), "That recovery code was not accepted.") {
		t.Errorf("a used recovery code reads %q", page.Text("main"))
	}
	if _, in := other.InPanel(); in {
		t.Fatal("a used recovery code opened the panel")
	}
	form := c.Get(office.Disable).Want(http.StatusOK)
	if head := form.Text("h1"); head != "Disable Two Factor Authentication" {
		t.Errorf("the page to disable is headed %q", head)
	}
	done := c.Submit(form.Form("main form"), "code", c.Phone.Code(t)).Want(http.StatusOK)
	if text := done.Text("main"); !strings.Contains(text, "Two-factor authentication is off. From now on your password alone logs you in.") {
		t.Errorf("after disabling: %q", text)
	}
	c.WantPanel()
}

// Disabling with the password is offered only to a session that entered a code, and works there.
func TestLaravelDisableByPassword(t *testing.T) {
	t.Parallel()
	o := office.Open(t)
	c := o.Clerk(t)
	c.LogIn()
	c.Enable()
	e := c.Elsewhere()
	e.LogIn()
	page := e.Get(office.Disable).Want(http.StatusOK)
	if page.Find(`input[name="password"]`).Length() != 1 {
		t.Fatalf("no password field: %s", page.Text("main"))
	}
	if text := e.PostForm(office.Disable, url.Values{"password": {"wrong"}}).Want(http.StatusUnauthorized).Text("main"); !strings.Contains(text, "That password is not right.") {
		t.Errorf("a wrong password reads %q", text)
	}
	e.PostForm(office.Disable, url.Values{"password": {harness.LaravelPassword}}).Want(http.StatusOK)
	e.WantPanel()
	c.WantEnded() // S24: the account's other sessions end
	fresh := c.Elsewhere()
	fresh.Phone = nil
	fresh.LogIn()
}

func wantInputs(t *testing.T, page *harness.Page, autocomplete map[string]string) {
	t.Helper()
	for name, want := range autocomplete {
		field := page.Find(fmt.Sprintf(`main input[name=%q]`, name))
		if got := field.AttrOr("autocomplete", ""); field.Length() != 1 || got != want {
			t.Errorf("%s: %d inputs %q, autocomplete %q, want one and %q", page.URL.Path, field.Length(), name, got, want)
		}
		if id := field.AttrOr("id", "-"); page.Find(fmt.Sprintf(`label[for=%q]`, id)).Length() != 1 {
			t.Errorf("%s: %q has no label", page.URL.Path, name)
		}
	}
}

func spaced(code string) string { return code[:3] + " " + code[3:] }

// wantPanelSessionGone asks the panel itself, with whatever the browser had: sealed cookies open for nobody else, so the
// proof is that no session file knows a user any more.
func wantPanelSessionGone(t *testing.T, o *office.Office, cookies string) {
	t.Helper()
	if !strings.Contains(cookies, "laravel_session=ig1.") {
		t.Errorf("the browser's panel cookie was not sealed: %s", cookies)
	}
	deadline := time.Now().Add(5 * time.Second)
	for o.SignedInAtPanel() > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions of the panel are still somebody's", o.SignedInAtPanel())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

var rectangle = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`)

// drawn renders the page's QR code, a path of black rectangles, as a camera would see it.
func drawn(t *testing.T, page *harness.Page) []byte {
	t.Helper()
	path := page.Find(".qr svg path").AttrOr("d", "")
	box := strings.Fields(page.Find(".qr svg").AttrOr("viewbox", page.Find(".qr svg").AttrOr("viewBox", "")))
	if len(box) != 4 || path == "" {
		t.Fatalf("no QR code on the page: %q", box)
	}
	const scale = 6
	side, _ := strconv.Atoi(box[2])
	picture := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	for _, m := range rectangle.FindAllStringSubmatch(path, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		w, _ := strconv.Atoi(m[3])
		for px := x * scale; px < (x+w)*scale; px++ {
			for py := y * scale; py < (y+1)*scale; py++ {
				picture.SetGray(px, py, color.Gray{})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
