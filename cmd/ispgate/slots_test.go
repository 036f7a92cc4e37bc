package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/web"
)

// TestASlowPanelKeepsNobodyWaiting: with one slot for all forms, a panel that does not answer one person's login lets the next one in.
func TestASlowPanelKeepsNobodyWaiting(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.FormValue("email") == "slow@example.test" {
			close(asked)
			<-answer
		}
		quickPanel(w, r)
	}))
	t.Cleanup(back.Close)
	address, _ := url.Parse(back.URL)
	ns := openNodes(t, 0, address, demoProfile, time.Now)
	ns.slots = web.NewSlots(1)
	g := ns.add(t)
	logIn := func(name string) int {
		r := stranger(1, "POST", "/ispgate/login", url.Values{"username": {name}, "password": {"wrong"}}.Encode())
		w := httptest.NewRecorder()
		g.handler.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), "<form") {
			t.Errorf("%s: %d\n%s", name, w.Code, w.Body)
		}
		return w.Code
	}
	slow := make(chan int)
	go func() { slow <- logIn("slow@example.test") }()
	<-asked
	if n := ns.slots.Free(); n != 1 {
		t.Errorf("%d slots are free while the only form waits for the panel", n)
	}
	if status := logIn("quick@example.test"); status != http.StatusUnauthorized {
		t.Errorf("%d while another waits for the panel", status)
	}
	close(answer)
	if status := <-slow; status != http.StatusUnauthorized {
		t.Errorf("%d when the panel has answered at last", status)
	}
}
