package panel

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// signedIn is a panel with somebody logged in.
func signedIn(t *testing.T, f *fake, profile string) (*Panel, *Jar) {
	t.Helper()
	p := f.panel(t, fakeProfile+profile)
	out := p.Login(t.Context(), rightAttempt())
	if out.Verdict != OK {
		t.Fatalf("%s %s", out.Verdict, out.Reason)
	}
	f.forget()
	return p, out.Jar
}

func TestProbe(t *testing.T) {
	cases := []struct {
		name, profile string
		play          func(w http.ResponseWriter, r *http.Request) bool
		want          Life
		who           Identity
		failed        bool
	}{
		{"alive", "", nil, Alive, Identity{}, false},
		{"alive, with identity", identityOfPage, nil, Alive, Identity{"17", "admin@demo.isp", "operator"}, false},
		{"alive, identity elsewhere", "identity: {page: /me, kind: email, name: {json: user.emails.0}}", nil, Alive, Identity{Name: "admin@demo.isp"}, false},
		{"alive, with a role only", "identity: {role: {css: .role}}", nil, Alive, Identity{}, false},
		{"dead", "", plays("GET /dashboard", 302, "", "Location", "/login"), Dead, Identity{}, false},
		{"dead, 401", "", plays("GET /dashboard", 401, ""), Dead, Identity{}, false},
		{"odd", "", plays("GET /dashboard", 403, "no"), Odd, Identity{}, true},
		{"odd, another login form", "", plays("GET /dashboard", 200, "<form><input name=u><input type=password name=p></form>"), Odd, Identity{}, true},
		{"odd, no identity", identityOfPage, plays("GET /dashboard", 200, "hello"), Odd, Identity{}, true},
		{"unknown, 500", "", plays("GET /dashboard", 500, ""), Unknown, Identity{}, true},
		{"unknown, identity page 500", "identity: {page: /me, kind: email, name: {json: a}}", plays("GET /me", 500, ""), Unknown, Identity{}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, nil)
			_, jar := signedIn(t, f, "")
			f.before = func(w http.ResponseWriter, r *http.Request) bool { return c.play != nil && c.play(w, r) }
			p := f.panel(t, fakeProfile+c.profile)
			life, who, err := p.Probe(t.Context(), Client{UserAgent: "B"}, jar)
			if life != c.want || who != c.who || (err != nil) != c.failed {
				t.Errorf("%d %+v %v", life, who, err)
			}
			for _, r := range f.requests() {
				if r.header.Get("Cache-Control") != "no-cache" || !strings.Contains(r.header.Get("Cookie"), "isp_session=") {
					t.Errorf("%s %v", r.line, r.header)
				}
			}
		})
	}
}

// TestProbe_JarTakesTheNewCookies, as a browser does, whatever the answer is.
func TestProbe_JarTakesTheNewCookies(t *testing.T) {
	for name, c := range map[string]struct {
		play func(w http.ResponseWriter, r *http.Request) bool
		want Life
		has  int
	}{
		"alive":   {nil, Alive, 3},
		"odd":     {plays("GET /dashboard", 202, "", "Set-Cookie", "renewed=1; Path=/"), Odd, 4},
		"unknown": {plays("GET /dashboard", 503, "", "Set-Cookie", "renewed=1; Path=/"), Unknown, 4},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, nil)
			p, jar := signedIn(t, f, "")
			f.mu.Lock()
			f.before = c.play
			f.mu.Unlock()
			before := string(jar.Marshal())
			if life, _, err := p.Probe(t.Context(), Client{}, jar); life != c.want {
				t.Fatal(life, err)
			}
			if string(jar.Marshal()) == before || jar.Len() != c.has {
				t.Errorf("jar %s", jar.Marshal())
			}
		})
	}
}

func TestLogout(t *testing.T) {
	link := `<b id=me data-id=1>a@b.c</b><a href="?x">x</a><a href="/out?t=1">out</a>`
	cases := []struct{ name, profile, page, want string }{
		{"form", "", "", "POST /logout"},
		{"link that a script posts", "routes: {logout: ['/out?t=*']}", link, "POST /out?t=1"}, // the fake's session outlives the GET
		{"named", "logout: POST /out", "", "POST /out"},
		{"none", "logout: none", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, plays("* /out*", 200, "bye"))
			if c.page != "" {
				f.dashboard = c.page
			}
			p, jar := signedIn(t, f, c.profile)
			if err := p.Logout(t.Context(), Client{}, jar); err != nil {
				t.Error(err)
			}
			lines := f.lines()
			if last := append([]string{""}, lines...)[len(lines)]; last != c.want {
				t.Errorf("requests %v, want %s last", lines, c.want)
			}
			if life, _, _ := p.Probe(t.Context(), Client{}, jar); c.name == "form" && life != Dead {
				t.Errorf("the session lives on: %d", life)
			}
		})
	}
}

func TestLogout_Faults(t *testing.T) {
	f := newFake(t, nil)
	p, jar := signedIn(t, f, "routes: {logout: [POST /elsewhere]}")
	if err := p.Logout(t.Context(), Client{}, jar); err == nil {
		t.Error("nothing to log out with: no error")
	}
	if err := p.Logout(t.Context(), Client{}, &Jar{}); err != nil {
		t.Errorf("nobody is signed in: %v", err)
	}
	f.before = plays("POST /logout", 419, "")
	p = f.panel(t, fakeProfile)
	if err := p.Logout(t.Context(), Client{}, jar); err == nil {
		t.Error("refused: no error")
	}
}

// TestControl_ClosesLogins: two failures in a row close, silence of the panel counts as neither, a success opens.
func TestControl_ClosesLogins(t *testing.T) {
	f := newFake(t, nil)
	p := f.panel(t, fakeProfile)
	open := plays("GET /dashboard", 200, "hello everybody")
	down := plays("*", 503, "")
	steps := []struct {
		play func(w http.ResponseWriter, r *http.Request) bool
		want bool
	}{{nil, true}, {open, true}, {nil, true}, {open, true}, {down, true}, {open, false}, {down, false}, {open, false}, {nil, true}, {open, true}}
	for i, s := range steps {
		f.mu.Lock()
		f.before = s.play
		f.mu.Unlock()
		err := p.check(t.Context())
		if (s.play == nil) != (err == nil) {
			t.Fatalf("step %d: %v", i, err)
		}
		if p.LoginsOpen() != s.want {
			t.Fatalf("step %d: open = %t", i, p.LoginsOpen())
		}
		if s.want {
			continue
		}
		f.forget()
		if out := p.Login(t.Context(), rightAttempt()); out.Verdict != FormChanged || len(f.lines()) != 0 {
			t.Errorf("step %d: a login while logins are closed: %s, %v", i, out.Verdict, f.lines())
		}
	}
	f.before = open
	if err := p.Control(t.Context(), Client{}); !errors.Is(err, ErrControl) {
		t.Errorf("%v", err)
	}
	f.before = down
	if err := p.Control(t.Context(), Client{}); err == nil || errors.Is(err, ErrControl) {
		t.Errorf("%v", err)
	}
}

// TestControl_LearnsTheAction: what the form posts to is a login before the first login was made (S15).
func TestControl_LearnsTheAction(t *testing.T) {
	f := newFake(t, plays("GET /login", 200, "<form method=post action=/sessions><input name=u><input type=password name=p></form>"))
	p := f.panel(t, fakeProfile)
	if err := p.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.profile.Match("POST", "/sessions/").Kind; got != LoginRoute {
		t.Errorf("%s", got)
	}
}

// TestRun_Rhythm: at once, then every 10 minutes, every minute while it fails.
func TestRun_Rhythm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := panelAt(t, profileOf(t, fakeProfile), "http://127.0.0.1:1", "https://panel.example.net")
		var mu sync.Mutex
		var at []time.Duration
		begin, answer := time.Now(), "302 Found\r\nLocation: /login"
		p.askOver(func(line string) string {
			mu.Lock()
			defer mu.Unlock()
			if strings.HasPrefix(line, "GET /dashboard") {
				at = append(at, time.Since(begin))
			}
			return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", answer)
		})
		ctx, cancel := context.WithCancel(t.Context())
		go p.Run(ctx)
		time.Sleep(15 * time.Minute)
		mu.Lock()
		answer = "200 OK\r\nContent-Type: text/html"
		mu.Unlock()
		time.Sleep(6*time.Minute + time.Second)
		cancel()
		synctest.Wait()
		if want := []time.Duration{0, 10 * time.Minute, 20 * time.Minute, 21 * time.Minute}; !slices.Equal(at, want) {
			t.Errorf("asked at %v, want %v", at, want)
		}
		if p.LoginsOpen() {
			t.Error("open after two failures")
		}
	})
}
