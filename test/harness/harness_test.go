package harness

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRedisOutages(t *testing.T) {
	redis := Redis(t)
	redis.Do("SET key value")
	redis.Stop()
	if Listening(redis.Addr) {
		t.Fatal("a stopped server listens")
	}
	redis.Start()
	if got := redis.Do("EXISTS key"); got != ":1" {
		t.Fatalf("after a restart EXISTS = %s, want :1", got)
	}
	redis.Flush()
	if got := redis.Do("EXISTS key"); got != ":0" {
		t.Fatalf("after a flush EXISTS = %s, want :0", got)
	}
	redis.Pause()
	answered := make(chan string)
	go func() {
		answer, _ := redis.ask("PING")
		answered <- answer
	}()
	select {
	case answer := <-answered:
		t.Fatalf("a paused server answered %q", answer)
	case <-time.After(200 * time.Millisecond):
	}
	redis.Resume()
	if answer := <-answered; answer != "+PONG" {
		t.Fatalf("after the pause PING = %q", answer)
	}
}

func TestServersEndWithTheTest(t *testing.T) {
	var redis *RedisServer
	var panel *LaravelPanel
	t.Run("inner", func(t *testing.T) { redis, panel = Redis(t), Laravel(t) })
	for name, address := range map[string]string{"redis": redis.Addr, "laravel": strings.TrimPrefix(panel.URL, "http://")} {
		if Listening(address) {
			t.Errorf("%s still listens at %s", name, address)
		}
	}
}

func TestSQLServers(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *SQLServer{"mysql": MariaDB, "postgres": PostgreSQL} {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			first, second := server.Database(t), server.Database(t)
			address, err := url.Parse(first)
			if err != nil || address.Scheme != name || address.User.Username() != "ispgate" || first == second {
				t.Fatalf("databases %q and %q", first, second)
			}
			server.Stop()
			server.Start()
			server.Database(t)
		})
	}
}

// The vectors of RFC 6238, appendix B, cut to six digits.
func TestOATH(t *testing.T) {
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 20000000000: "353130"} {
		if got := OATH(t, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ", time.Unix(at, 0)); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestForm(t *testing.T) {
	page := &Page{t: t, URL: &url.URL{Scheme: "http", Host: "a.test", Path: "/dir/page"}, Body: `
		<form id="other" action="/x"></form>
		<form id="it" method="post" action="save?x=1"><input name="a" value="1"><input type="checkbox" name="off" value="y">
		<input type="checkbox" name="on" checked><select name="s"><option value="1">one<option value="2" selected>two</select>
		<textarea name="t">text</textarea><input name="d" value="no" disabled><button name="b" value="first">B</button>
		<button name="b" value="second">B</button></form>`}
	form := page.Form("#it")
	if form.Action != "http://a.test/dir/save?x=1" || form.Method != "POST" {
		t.Errorf("form goes %s %s", form.Method, form.Action)
	}
	if got, want := form.Values.Encode(), "a=1&b=first&on=on&s=2&t=text"; got != want {
		t.Errorf("form sends %s, want %s", got, want)
	}
}

// login logs a browser in to the bare panel.
func login(b *Browser, email, password string) *Page {
	form := b.Get("/login").Want(http.StatusOK).Form("form")
	return b.Submit(form, "email", email, "password", password)
}

func TestLaravelLogin(t *testing.T) {
	panel := Laravel(t)
	b := NewBrowser(t, panel.URL)
	b.Get("/dashboard").Want(http.StatusFound)
	if page := login(b, LaravelAdmin, "wrong"); page.Location() != panel.URL+"/login" {
		t.Fatalf("a wrong password leads to %q", page.Location())
	}
	if text := b.Get("/login").Text(".error"); text != "These credentials do not match our records." {
		t.Errorf("a wrong password reads %q", text)
	}
	if page := login(b, " "+LaravelAdmin+" ", LaravelPassword); page.Location() != panel.URL+"/dashboard" {
		t.Fatalf("a right password leads to %q", page.Location())
	}
	dashboard := b.Get("/dashboard").Want(http.StatusOK)
	if id := dashboard.Find("meta[name=user-id]").AttrOr("content", ""); id != "1" {
		t.Errorf("user id %q", id)
	}
	b.Click("/login").Want(http.StatusFound)
	b.Get("/logout").Want(http.StatusMethodNotAllowed)
	b.PostForm("/profile", url.Values{"name": {"x"}}).Want(419)
	panel.KillSessions()
	b.Get("/dashboard").Want(http.StatusFound)
}

func TestLaravelRemembersAndFlashes(t *testing.T) {
	panel := Laravel(t)
	b := NewBrowser(t, panel.URL)
	b.Follow = true
	b.Submit(b.Get("/login").Form("form"), "email", LaravelPlain, "password", LaravelPassword, "remember", "on")
	panel.KillSessions()
	if email := b.Get("/dashboard").Text("#email"); email != LaravelPlain {
		t.Fatalf("remembered as %q", email)
	}
	saved := b.Submit(b.Get("/profile").Form("#profile"), "name", "Other Name")
	if saved.Text(".status") != "Saved." || b.Get("/profile").Text(".status") != "" {
		t.Error("the flash message is not shown exactly once")
	}
	b.Submit(b.Get("/dashboard").Form("#logout"))
	if page := b.Get("/dashboard"); page.URL.Path != "/login" {
		t.Errorf("after the logout the dashboard is %s", page.URL)
	}
}

func TestLaravelLimiter(t *testing.T) {
	panel := Laravel(t)
	b := NewBrowser(t, panel.URL)
	for range 5 {
		login(b, LaravelAdmin, "wrong")
	}
	login(b, LaravelAdmin, LaravelPassword)
	if text := b.Get("/login").Text(".error"); !strings.HasPrefix(text, "Too many login attempts. Please try again in ") {
		t.Errorf("the sixth try reads %q", text)
	}
	panel.ForgetTries()
	if page := login(b, LaravelAdmin, LaravelPassword); page.Location() != panel.URL+"/dashboard" {
		t.Errorf("after the wait a right password leads to %q", page.Location())
	}
}

func TestLaravelDoors(t *testing.T) {
	panel := Laravel(t)
	b := NewBrowser(t, panel.URL)
	b.Fetch("GET", "/data", "", "").Want(http.StatusUnauthorized)
	b.PostForm("/bkash/customer_payment/callback", url.Values{"paymentID": {"7"}}).Want(http.StatusOK)
	b.PostForm("/api/auth/login/", url.Values{"email": {LaravelAdmin}, "password": {LaravelPassword}}).Want(http.StatusOK)
	b.Get("/customer/portal").Want(http.StatusOK)
	if visits := b.Get("/customer/portal").Text("#visits"); visits != "2" {
		t.Errorf("the portal counts %s visits, want 2", visits)
	}
	b.UserAgent = ""
	b.Get("/login").Want(http.StatusInternalServerError)
}

func TestLaravelBehindProxy(t *testing.T) {
	for _, test := range []struct{ name, trust, action, ip string }{
		{"told of the proxy", "127.0.0.1", "https://panel.example.net/login", "203.0.113.9"},
		{"never told", "", "http://panel.example.net/login", "127.0.0.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			panel := Laravel(t, "PANEL_TRUSTED_PROXIES="+test.trust)
			b := NewBrowser(t, "https://panel.example.net")
			b.Through(strings.TrimPrefix(panel.URL, "http://"), "203.0.113.9")
			page := b.Get("/login")
			if action := page.Form("form").Action; action != test.action {
				t.Errorf("form action %s, want %s", action, test.action)
			}
			var seen struct{ IP string }
			if err := json.Unmarshal([]byte(b.Get("/customer/portal").Find("#seen").Text()), &seen); err != nil || seen.IP != test.ip {
				t.Errorf("address seen %q (%v), want %s", seen.IP, err, test.ip)
			}
		})
	}
}

func TestLaravelAnswersInParallel(t *testing.T) {
	panel := Laravel(t)
	b := NewBrowser(t, panel.URL)
	login(b, LaravelAdmin, LaravelPassword)
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			request, err := http.NewRequest("GET", panel.URL+"/data", nil)
			if err != nil {
				t.Error(err)
				return
			}
			request.Header.Set("User-Agent", Chromium)
			if page, err := b.Send(request); err != nil || page.Status != http.StatusOK {
				t.Errorf("parallel request: %v %v", page, err)
			}
		})
	}
	all.Wait()
}
