package security

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

const ours = "__Host-ispgate"

// Every step gives a new token. Across a raise the old one is worth nothing at once; within a stage it lives on for what
// was under way.
func TestS32_EveryStepRotates(t *testing.T) {
	o := theOffice(t)
	c := o.Clerk(t)
	seen := map[string]string{}
	rotated := func(step string) (token string) {
		t.Helper()
		token = c.Cookie("/", ours)
		if before, known := seen[token]; known {
			t.Errorf("after %s the token is still that of %s", step, before)
		}
		seen[token] = step
		return token
	}
	rotated("nothing")
	c.LogIn()
	first := rotated("the password")
	c.Setup()
	c.Keep(c.PostForm(office.Enable, url.Values{"code": {c.Phone.Code(t)}}).Want(http.StatusOK))
	rotated("enabling")
	if page := send(t, o.Browser(t), withCookies(request(t, "GET", "/ispgate/session", ""), ours+"="+first)); !strings.Contains(page.Body, `"full"`) {
		t.Errorf("a poll under way during a rotation is thrown out: %s", page.Body)
	}
	c.LogOut()
	c.Challenge()
	password := rotated("the password, with a factor")
	c.Code(c.Phone.Code(t))
	rotated("the code")
	for _, path := range []string{"/dashboard", office.TwoFactor} {
		if page := send(t, o.Browser(t), withCookies(request(t, "GET", path, ""), ours+"="+password)); page.Status == http.StatusOK && page.Text("h1") != "You are logged in" {
			t.Errorf("the token from before the code opens %s", path)
		}
	}
	c.Keep(c.PostForm(office.NewCodes, url.Values{"code": {c.Phone.Code(t)}}).Want(http.StatusOK))
	rotated("new recovery codes")
	c.PostForm(office.Disable, url.Values{"code": {c.Codes[0]}}).Want(http.StatusOK)
	rotated("disabling")
	for token := range seen {
		if raw := len(token); token != "" && raw < 43 { // 256 bit in base64
			t.Errorf("a token of %d characters", raw)
		}
	}
}

// Doubled, oversize and tampered cookies are nobody's, without an error; a forged one costs no trip to Redis.
func TestS32_OddCookies(t *testing.T) {
	o := office.Open(t)
	c := o.Enrolled(t)
	token := c.Cookie("/", ours)
	other := o.Enrolled(t).Cookie("/", ours)
	odd := map[string]string{
		"doubled":               ours + "=" + token + "; " + ours + "=" + token,
		"doubled, one empty":    ours + "=; " + ours + "=" + token,
		"doubled, one odd":      ours + `="a,b"; ` + ours + "=" + token,
		"two people's":          ours + "=" + token + "; " + ours + "=" + other,
		"quoted":                ours + `="` + token[:len(token)-1] + `"`,
		"oversize":              ours + "=" + strings.Repeat("A", 8000),
		"longer":                ours + "=" + token + "AAAA",
		"shorter":               ours + "=" + token[:len(token)-4],
		"empty":                 ours + "=",
		"another name":          "ispgate=" + token,
		"another case":          "__host-ISPGATE=" + token,
		"half of one, of other": ours + "=" + token[:len(token)/2] + other[len(other)/2:],
		"random":                ours + "=" + strings.Repeat("QUJD", 34),
	}
	for i := range len(token) {
		flipped := []byte(token)
		if flipped[i]++; i%7 != 0 || i >= len(strings.TrimRight(token, "="))-1 { // the last bits of base64 may say nothing
			continue
		}
		odd["byte "+string(rune('0'+i/7))+" changed"] = ours + "=" + string(flipped)
	}
	check := func(when string) {
		t.Helper()
		for name, cookies := range odd {
			began := time.Now()
			page := send(t, o.Browser(t), withCookies(request(t, "GET", "/dashboard", ""), cookies))
			if page.Status != http.StatusSeeOther || !strings.HasPrefix(page.Location(), office.Login) || time.Since(began) > time.Second {
				t.Errorf("%s, %s: %d %q after %s", name, when, page.Status, page.Location(), time.Since(began))
			}
		}
	}
	check("Redis up")
	o.Redis.Pause()
	check("Redis hanging")
	o.Redis.Resume()
	c.WantPanel()
}

// A record is bound to its token: exchanged or copied records open nothing, of one account or of two.
func TestS32_SwappedRecords(t *testing.T) {
	o := office.Open(t)
	store := redisClient(t, o)
	records := func() map[string]bool {
		keys := map[string]bool{}
		for key := range dump(t, store) {
			if strings.Contains(key, ":s:") {
				keys[key] = true
			}
		}
		return keys
	}
	enter := func(c *office.Clerk, login func()) string {
		before := records()
		login()
		var added []string
		for key := range records() {
			if !before[key] {
				added = append(added, key)
			}
		}
		if len(added) != 1 {
			t.Fatalf("the login of %s added records %v", c.Email, added)
		}
		return added[0]
	}
	high, low := o.Enrolled(t), o.Clerk(t)
	same := high.Elsewhere() // at stage password: her own record, but not yet raised
	lowKey := enter(low, low.LogIn)
	sameKey := enter(same, same.Challenge)
	full := high.Elsewhere()
	full.Challenge()
	highKey := enter(full, func() { full.Code(full.Phone.Code(t)) })
	for _, pair := range [][2]string{{sameKey, highKey}, {lowKey, highKey}} {
		a, b := store.Get(t.Context(), pair[0]).Val(), store.Get(t.Context(), pair[1]).Val()
		if a == "" || b == "" {
			t.Fatalf("no records under %v", pair)
		}
		store.Set(t.Context(), pair[0], b, time.Minute)
		store.Set(t.Context(), pair[1], a, time.Minute)
		// Eventually: the gate remembers for 800 ms what a token stood for.
		exchanged := map[*office.Clerk]bool{same: pair[0] == sameKey, low: pair[0] == lowKey, full: true}
		for c, out := range exchanged {
			eventually(t, c.Email+" to be out with an exchanged record", func() bool { _, in := c.InPanel(); return !in || !out })
		}
		store.Set(t.Context(), pair[0], a, time.Minute)
		store.Set(t.Context(), pair[1], b, time.Minute)
	}
	for _, c := range []*office.Clerk{full, low} {
		eventually(t, c.Email+" to be in with its own record again", func() bool { _, in := c.InPanel(); return in })
	}
}

// The second click, when the first has been answered already: "You are logged in", and no cookie is touched.
func TestS32_TheSecondClickComesLate(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	for name, form := range map[string]func() (path string, values url.Values){
		"verify": func() (string, url.Values) {
			c.LogOut()
			c.Challenge()
			return office.Verify, url.Values{"code": {c.Phone.Code(t)}}
		},
		"recovery": func() (string, url.Values) {
			c.LogOut()
			c.Challenge()
			return office.Recovery, url.Values{"code": {c.Codes[1]}}
		},
	} {
		path, values := form()
		token := ours + "=" + c.Cookie("/", ours)
		c.PostForm(path, values)
		page := send(t, o.Browser(t), withCookies(request(t, "POST", path, values.Encode()), token))
		if page.Status != http.StatusOK || page.Text("h1") != "You are logged in" || page.Header.Get("Set-Cookie") != "" || page.Find("a.primary").Length() != 1 {
			t.Errorf("%s: the second click is answered %d %q, cookies %q", name, page.Status, page.Text("h1"), page.Header.Values("Set-Cookie"))
		}
		c.WantPanel()
	}
}

// A double click on any button that rotates the session logs nobody out.
func TestS32_DoubleClicks(t *testing.T) {
	o := theOffice(t)
	for _, click := range []struct {
		name string
		form func(c *office.Clerk) *http.Request
	}{
		{"verify", func(c *office.Clerk) *http.Request {
			c.LogOut()
			c.Challenge()
			return c.FormRequest(office.Verify, url.Values{"code": {c.Phone.Code(t)}})
		}},
		{"recovery", func(c *office.Clerk) *http.Request {
			c.LogOut()
			c.Challenge()
			return c.FormRequest(office.Recovery, url.Values{"code": {c.Codes[0]}})
		}},
		{"new codes", func(c *office.Clerk) *http.Request {
			return c.FormRequest(office.NewCodes, url.Values{"code": {c.Phone.Code(t)}})
		}},
		{"disable", func(c *office.Clerk) *http.Request {
			return c.FormRequest(office.Disable, url.Values{"code": {c.Phone.Code(t)}})
		}},
		{"login", func(c *office.Clerk) *http.Request {
			*c = *o.Clerk(t)
			return c.FormRequest(office.Login, url.Values{"username": {c.Email}, "password": {harness.LaravelPassword}})
		}},
		{"login again", func(c *office.Clerk) *http.Request {
			return c.FormRequest(office.Login, url.Values{"username": {c.Email}, "password": {harness.LaravelPassword}})
		}},
	} {
		t.Run(click.name, func(t *testing.T) {
			out, failed := 0, 0
			const rounds = 16
			for round := range rounds {
				c := o.Enrolled(t)
				first := click.form(c)
				second := first.Clone(t.Context())
				second.Body, _ = first.GetBody()
				var both sync.WaitGroup
				for i, r := range []*http.Request{first, second} {
					both.Go(func() {
						time.Sleep(time.Duration(i*round) * time.Millisecond / 2) // no finger is that fast, but a slow server makes it so
						page, err := c.Send(r)
						switch {
						case err != nil:
							t.Errorf("click %d: %v", i, err)
						case page.Status >= 500:
							failed++
							t.Logf("click %d after %d: %d %s", i, round, page.Status, page.Text("main"))
						}
					})
				}
				both.Wait()
				if _, in := c.InPanel(); !in {
					out++
				}
			}
			if out > 0 || failed > 0 {
				t.Errorf("of %d double clicks %d logged the person out, %d were answered by a failure of ours", rounds, out, failed)
			}
		})
	}
}
