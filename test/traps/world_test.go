// Package traps holds the whole program against panels of every shape: what differs between them is a profile file.
//
//	world_test.go  one panel, the gateway before it, people     table_test.go    the software of docs/panels.md, and more
//	proof_test.go  what must hold before every one of them      t…_test.go       the traps, by number
package traps

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
	"github.com/ispgate/ispgate/test/panels/fake"
)

// shared is the Redis of all tests: every gateway has keys of its own in it.
var shared struct {
	sync.Mutex
	house *harness.House
	redis *harness.RedisServer
}

func TestMain(m *testing.M) {
	code := m.Run()
	shared.house.Close()
	os.Exit(code)
}

func theRedis(t *testing.T) *harness.RedisServer {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.redis != nil {
		return shared.redis
	}
	defer func() {
		if why := recover(); why != nil {
			t.Fatal(why)
		}
	}()
	shared.house = harness.NewHouse()
	shared.redis = harness.Redis(shared.house)
	return shared.redis
}

// world is one panel with the gateway before it.
type world struct {
	*testing.T
	panel  *fake.Panel
	office *office.Office
	page   string // guarded, and where people want to go
	user   string // what they type as their name
}

// open puts the gateway before a panel with nothing but a profile file. page is one that only a logged-in user gets. Changes
// are keys of the configuration: key, value, key, value …
func open(t *testing.T, b fake.Behaviour, profile, page string, changes ...string) *world {
	t.Helper()
	w := &world{T: t, panel: fake.Start(t, b), page: page, user: fake.User}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "panel.yaml")
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	redis := theRedis(t)
	config := office.Basic(dir, "", redis.URL()).With("panel", fmt.Sprintf("{url: %s, profile: %s}", w.panel.URL, file)).With(changes...)
	for key, value := range config {
		config[key] = strings.NewReplacer("%s", w.panel.URL, "%f", file).Replace(value)
	}
	w.office = &office.Office{Gateway: harness.Serve(t, config.YAML()), Redis: redis, Config: config, Dir: dir}
	return w
}

// within is the same world for a subtest.
func (w *world) within(t *testing.T) *world {
	inner := *w
	inner.T = t
	return &inner
}

// generous is a limiter that no test reaches, to be added to a profile.
const generous = "limiter: {tries: 1000, window: 60s}\n"

// person is somebody at a browser before the gateway.
type person struct {
	*harness.Browser
	w     *world
	phone *office.Phone
}

func (w *world) somebody() *person { return &person{Browser: w.office.Browser(w.T), w: w} }

// elsewhere is the same person at another browser.
func (p *person) elsewhere() *person {
	other := *p
	other.Browser = p.w.office.Browser(p.w.T)
	return &other
}

// password sends name and password on the way to the guarded page.
func (p *person) password(password string) *harness.Page { return p.as(p.w.user, password) }

func (p *person) as(name, password string) *harness.Page {
	p.w.Helper()
	return p.PostForm(office.Login+"?return_to="+url.QueryEscape(p.w.page), url.Values{"username": {name}, "password": {password}})
}

// in logs in, with a code if the phone has one, and wants to reach the guarded page.
func (p *person) in() *harness.Page {
	p.w.Helper()
	page := p.password(fake.Password)
	if p.phone != nil && page.Location() == office.Verify {
		page = p.PostForm(office.Verify, url.Values{"code": {p.phone.Code(p.w.T)}})
	}
	if page.Location() != p.w.page {
		p.w.Fatalf("the login leads to %d %q\n%s\n%s", page.Status, page.Location(), page.Text("main"), p.w.verdict())
	}
	return page
}

// verdict is what the gateway last said of a password.
func (w *world) verdict() string {
	log, said := w.office.Gateway.Log(), ""
	for _, line := range log {
		if line["msg"] == "panel login" {
			said = fmt.Sprint(line["verdict"], ": ", line["reason"])
		}
	}
	return said
}

// wantInside wants the guarded page, for fake.User.
func (p *person) wantInside() *harness.Page {
	p.w.Helper()
	page := p.Get(p.w.page)
	if page.Status != http.StatusOK || page.Text("#user") != fake.User {
		p.w.Fatalf("%s does not open: %d %q %.300s", p.w.page, page.Status, page.Location(), page.Body)
	}
	return page
}

// wantOutside wants to be sent to the password page.
func (p *person) wantOutside(when string) {
	p.w.Helper()
	if page := p.Get(p.w.page); page.Location() != office.Login+"?return_to="+url.QueryEscape(p.w.page) {
		p.w.Errorf("%s: %s answers %d %q", when, p.w.page, page.Status, page.Location())
	}
}

// wantRefused wants a wrong password to be called one.
func (p *person) wantRefused(password string) {
	p.w.Helper()
	if page := p.password(password); page.Status != http.StatusUnauthorized || !strings.Contains(page.Text("main"), "not right") {
		p.w.Errorf("%q is answered %d %q %s\n%s", password, page.Status, page.Location(), page.Text("main"), p.w.verdict())
	}
}

// together does something n times at once.
func together(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}
