package authflow

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/session"
	"github.com/ispgate/ispgate/test/harness"
)

const wished = "/customers?page=2"

const toWished = "/ispgate/login?return_to=%2Fcustomers%3Fpage%3D2"

// again submits the password form of a page.
func (p *person) again(page *harness.Page) *harness.Page {
	p.h.t.Helper()
	if action(page) != toWished {
		p.h.t.Fatalf("%s: the password form goes to %q, want %q", page.URL.Path, action(page), toWished)
	}
	return p.PostForm(action(page), url.Values{"username": {p.name}, "password": {password}})
}

// TestReturnToSurvives: whatever comes between the first page and the last, the person arrives where he was going.
func TestReturnToSurvives(t *testing.T) {
	h := open(t, Policy{Mode: "optional"}, 500)
	p := h.enrolled(operator)
	arrive := func(t *testing.T, e *person) {
		t.Helper()
		e.want(e.post("verify", "code", e.code()), http.StatusSeeOther, wished)
		p.last = e.last
	}
	begin := func() *person {
		e := p.elsewhere()
		e.want(e.login(wished), http.StatusSeeOther, "/ispgate/verify")
		return e
	}
	t.Run("Start again", func(t *testing.T) {
		e := begin()
		link := e.Get("/ispgate/verify").Want(http.StatusOK).Find(`main a[href^="/ispgate/login"]`).AttrOr("href", "")
		e.want(e.again(e.Get(link).Want(http.StatusOK)), http.StatusSeeOther, "/ispgate/verify")
		arrive(t, e)
	})
	t.Run("wrong password after Start again", func(t *testing.T) {
		e := begin()
		page := e.PostForm(action(e.Get("/ispgate/login")), url.Values{"username": {e.name}, "password": {"wrong"}}).Want(http.StatusUnauthorized)
		e.want(e.again(page), http.StatusSeeOther, "/ispgate/verify")
		arrive(t, e)
	})
	t.Run("too many wrong codes", func(t *testing.T) {
		e := begin()
		var page *harness.Page
		for range 5 {
			page = e.post("verify", "code", e.wrong()).Want(http.StatusUnauthorized)
		}
		if !strings.Contains(page.Text("main"), "Too many wrong codes. Log in again.") || e.stage() != session.Anonymous {
			t.Fatalf("stage %s: %q", e.stage(), page.Text("main"))
		}
		e.want(e.again(page), http.StatusSeeOther, "/ispgate/verify")
		h.wait(30 * time.Second)
		arrive(t, e)
	})
	t.Run("the panel forgot the session", func(t *testing.T) {
		e := begin()
		h.panel.ExpireSessions()
		page := e.post("verify", "code", e.code()).Want(http.StatusOK)
		p.last = e.last
		if name := page.Find(`input[name="username"]`).AttrOr("value", ""); name != operator || e.stage() != session.Full {
			t.Fatalf("stage %s, name %q: %q", e.stage(), name, page.Text("main"))
		}
		e.want(e.again(page), http.StatusSeeOther, wished) // and no code is asked
	})
	t.Run("the panel does not answer", func(t *testing.T) {
		e := begin()
		h.instead(dead)
		page := e.post("verify", "code", e.code())
		p.last = e.last
		if page.Status != http.StatusBadGateway || !strings.Contains(page.Text("main"), "not answering") || e.stage() != session.Full {
			t.Fatalf("%d, stage %s: %q", page.Status, e.stage(), page.Text("main"))
		}
		if page := e.Get("/ispgate/login"); page.Status != http.StatusBadGateway {
			t.Errorf("still away: %d", page.Status)
		}
		h.instead(nil)
		e.want(e.Get("/ispgate/login"), http.StatusSeeOther, wished)
	})
	t.Run("the panel does not answer and then has forgotten", func(t *testing.T) {
		e := begin()
		h.instead(dead)
		e.post("verify", "code", e.code())
		p.last = e.last
		h.instead(nil)
		h.panel.ExpireSessions()
		e.want(e.again(e.Get("/ispgate/login").Want(http.StatusOK)), http.StatusSeeOther, wished)
	})
}
