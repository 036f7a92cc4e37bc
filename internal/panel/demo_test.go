package panel

import (
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/ispgate/ispgate/internal/demo"
)

const demoProfile = `
base: laravel
login: {page: /login, user: email, password: password}
verify: /admin/change-password
identity: {kind: id, id: {css: 'meta[name="user-id"]', attr: content}, name: {css: 'meta[name="user-email"]', attr: content}, role: {css: 'meta[name="user-role"]', attr: content}}
routes: {logout: [POST /logout], impersonate: ['POST /admin/login-as/*']}
`

// TestS16_DemoPanel: a panel whose database takes every case of an e-mail for the same person.
func TestS16_DemoPanel(t *testing.T) {
	back := demo.New(demo.Options{})
	s := httptest.NewServer(back)
	t.Cleanup(func() { back.Close(); s.Close() })
	p := panelAt(t, profileOf(t, demoProfile), s.URL, "https://panel.example.net")
	if err := p.check(t.Context()); err != nil {
		t.Fatalf("control: %v", err)
	}
	client := Client{UserAgent: "Browser/1", Addr: addr("192.0.2.9")}
	first := p.Login(t.Context(), Attempt{client, "admin@demo.isp", "demo-password"})
	if first.Verdict != OK || first.Who.Name != "admin@demo.isp" || first.Who.ID == "" || first.Who.Role != "super_admin" || first.Landing == "" {
		t.Fatalf("%s (%s) %+v %q", first.Verdict, first.Reason, first.Who, first.Landing)
	}
	if out := p.Login(t.Context(), Attempt{client, "ADMIN@demo.ISP", "demo-password"}); out.Verdict != OK || out.Who != first.Who {
		t.Errorf("another spelling: %s (%s) %+v", out.Verdict, out.Reason, out.Who)
	}
	if out := p.Login(t.Context(), Attempt{client, "admin@demo.isp", "demo-password "}); out.Verdict != BadCredentials {
		t.Errorf("a blank behind the password: %s (%s)", out.Verdict, out.Reason)
	}
	if err := p.Logout(t.Context(), client, first.Jar); err != nil {
		t.Errorf("logout: %v", err)
	}
	if life, _, err := p.Probe(t.Context(), client, first.Jar); life != Dead {
		t.Errorf("after the logout: %d %v", life, err)
	}
}

// TestS31_NoSharedJar: logins at the same time stay whose they are.
func TestS31_NoSharedJar(t *testing.T) {
	back := demo.New(demo.Options{})
	s := httptest.NewServer(back)
	t.Cleanup(func() { back.Close(); s.Close() })
	p := panelAt(t, profileOf(t, demoProfile), s.URL, "https://panel.example.net")
	var wg sync.WaitGroup
	for i := range 20 {
		name := []string{"admin@demo.isp", "operator@demo.isp"}[i%2]
		wg.Go(func() {
			out := p.Login(t.Context(), Attempt{Client{}, name, "demo-password"})
			if out.Verdict != OK || out.Who.Name != name {
				t.Errorf("%s: %s (%s) %+v", name, out.Verdict, out.Reason, out.Who)
				return
			}
			if life, who, err := p.Probe(t.Context(), Client{}, out.Jar); life != Alive || who.Name != name {
				t.Errorf("%s: %d %+v %v", name, life, who, err)
			}
		})
	}
	wg.Wait()
}
