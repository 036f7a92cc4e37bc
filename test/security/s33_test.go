package security

import (
	"net/http"
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
