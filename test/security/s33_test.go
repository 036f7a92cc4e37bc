package security

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ispgate/ispgate/test/mission/office"
)

// The panel's own logout, while Redis goes away under it: the session's record stays there, and yet no node takes it any
// more once Redis is back. SQL alone tells the others.
func TestS33_PanelLogoutWithRedisCut(t *testing.T) {
	whole := theOffice(t)
	var cut atomic.Pointer[func()]
	o := office.Open(t, "panel", panelAt(between(t, whole, func(_ http.ResponseWriter, r *http.Request) bool {
		if do := cut.Load(); do != nil && r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/logout") {
			(*do)()
		}
		return false
	}, nil)))
	node := o.Node(t)
	for name, outage := range map[string]struct{ down, up func() }{
		"stopped": {func() { o.Redis.Stop() }, o.Redis.Start},
		"hanging": {o.Redis.Pause, o.Redis.Resume},
	} {
		t.Run(name, func(t *testing.T) {
			c := o.Enrolled(t)
			c.WantPanel()
			away := c.At(node)
			away.Jar = c.Jar
			away.WantPanel()
			cookies := c.Cookies("/")
			if page := send(t, o.Browser(t), withCookies(request(t, "GET", "/ispgate/session", ""), cookies)); !strings.Contains(page.Body, `"full"`) {
				t.Fatalf("before the logout: %s", page.Body)
			}
			form := c.Get("/dashboard").Form("form#logout")
			cut.Store(&outage.down)
			page := c.Submit(form)
			cut.Store(nil)
			if page.Status >= 400 {
				t.Errorf("the panel's logout answers %d %s", page.Status, page.Text("main"))
			}
			ended := time.Now()
			outage.up()
			time.Sleep(time.Until(ended.Add(time.Second))) // S33: in force within 1 s
			for where, o := range map[string]*office.Office{"here": o, "at the other node": node} {
				// Our own answer and not the dashboard's: that one leads to the password for a dead panel session too.
				got := send(t, o.Browser(t), withCookies(request(t, "GET", "/ispgate/session", ""), cookies)).Want(http.StatusOK)
				if !strings.Contains(got.Body, `"anonymous"`) {
					t.Errorf("%s, with the cookies from before the logout: %s", where, got.Body)
				}
			}
			if c.Cookie("/", ours) != "" {
				t.Error("the browser keeps our cookie")
			}
			fresh := c.Elsewhere()
			fresh.LogIn() // the account goes on
		})
	}
}

// Our logout while Redis does not answer: the cookie alone names the session, SQL tells every node, and when Redis is back no token
// of it opens anything, an older one within the grace of its rotation included.
func TestS33_LogoutWithRedisCut(t *testing.T) {
	o := office.Open(t)
	node := o.Node(t)
	for name, outage := range map[string]struct{ down, up func() }{
		"stopped": {func() { o.Redis.Stop() }, o.Redis.Start},
		"hanging": {o.Redis.Pause, o.Redis.Resume},
	} {
		t.Run(name, func(t *testing.T) {
			c := o.Enrolled(t)
			c.WantPanel()
			rotated := c.Cookies("/")
			c.PostForm(office.TwoFactor+"/sessions", url.Values{}) // a new token; the old one is good for 30 s
			c.WantPanel()
			latest := c.Cookies("/")
			if page := send(t, o.Browser(t), withCookies(request(t, "GET", "/dashboard", ""), rotated)); rotated == latest || page.Status != http.StatusOK {
				t.Fatalf("the older token: %d; the same as the latest: %t", page.Status, rotated == latest)
			}
			before := strings.Count(o.Gateway.Output(), `"detail":"unread"`)
			outage.down()
			began := time.Now()
			c.LogOut()
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("the logout takes %v", took)
			}
			if c.Cookie("/", ours) != "" {
				t.Error("the browser keeps our cookie")
			}
			for range 3 { // by whoever has the cookie
				send(t, o.Browser(t), withCookies(request(t, "POST", office.Logout, "x=1", "Sec-Fetch-Site", "same-origin"), latest)).Want(http.StatusSeeOther)
			}
			ended := time.Now()
			outage.up()
			time.Sleep(time.Until(ended.Add(time.Second))) // S33: in force within 1 s
			for where, at := range map[string]*office.Office{"here": o, "at the other node": node} {
				for which, cookies := range map[string]string{"rotated": rotated, "latest": latest} {
					got := send(t, at.Browser(t), withCookies(request(t, "GET", "/ispgate/session", ""), cookies)).Want(http.StatusOK)
					if !strings.Contains(got.Body, `"anonymous"`) {
						t.Errorf("%s, with the %s cookies: %s", where, which, got.Body)
					}
				}
			}
			if n := strings.Count(o.Gateway.Output(), `"detail":"unread"`) - before; n != 1 {
				t.Errorf("%d lines of the trail speak of one logout", n)
			}
			c.Elsewhere().LogIn() // the account goes on
		})
	}
}
