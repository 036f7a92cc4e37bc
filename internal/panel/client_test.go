package panel

import (
	"compress/gzip"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestS31_OnlyThisPanel: redirects to other hosts are not followed, and after the POST only known pages are fetched.
func TestS31_OnlyThisPanel(t *testing.T) {
	other := newFake(t, nil)
	for _, line := range []string{"GET /login", "POST /login", "GET /dashboard"} {
		f := newFake(t, plays(line, 302, "", "Location", other.URL+"/login"))
		f.panel(t, fakeProfile).Login(t.Context(), rightAttempt())
	}
	if got := other.lines(); len(got) != 0 {
		t.Errorf("another host was asked: %v", got)
	}
	f := newFake(t, plays("POST /login", 302, "", "Location", "/a"))
	f.panel(t, fakeProfile).Login(t.Context(), rightAttempt())
	for _, line := range f.lines() {
		if !slices.Contains([]string{"GET /login", "POST /login", "GET /dashboard"}, line) {
			t.Errorf("fetched %s", line)
		}
	}
	f = newFake(t, plays("GET *", 302, "", "Location", "/login"))
	f.panel(t, fakeProfile).Login(t.Context(), rightAttempt())
	if n := len(f.lines()); n != maxRedirects+1 {
		t.Errorf("%d requests in a redirect loop", n)
	}
}

func TestS31_TransportDialsOnlyThePanel(t *testing.T) {
	f := newFake(t, nil)
	req, _ := http.NewRequest("GET", "http://192.0.2.1:9/login", nil)
	resp, err := f.panel(t, fakeProfile).Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := f.lines(); !slices.Equal(got, []string{"GET /login"}) {
		t.Errorf("%v", got)
	}
}

// TestS31_PackedAnswers: gzip is understood, and a bomb is an answer that is too long: it says nothing of the password.
func TestS31_PackedAnswers(t *testing.T) {
	for spaces, want := range map[int]Verdict{0: OK, 64: Unavailable} {
		packedAnswer(t, spaces, want)
	}
}

func packedAnswer(t *testing.T, spaces int, want Verdict) {
	t.Helper()
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/dashboard" || r.Header.Get("Cookie") == "" || r.Header.Get("Accept-Encoding") != "gzip" {
			return false
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/html")
		z := gzip.NewWriter(w)
		fmt.Fprint(z, `<b id="me" data-id="17">admin@demo.isp</b><i class=role>x</i>`)
		for range spaces {
			fmt.Fprint(z, strings.Repeat(" ", maxBody))
		}
		z.Close()
		return true
	})
	if out := f.panel(t, fakeProfile+identityOfPage).Login(t.Context(), rightAttempt()); out.Verdict != want || want == OK && out.Who.ID != "17" {
		t.Errorf("%d MiB of blanks: %s %s", spaces, out.Verdict, out.Reason)
	}
}

// TestS30_PackedPageWithItsCharsetInside: the charset of a form is looked for in the page, not in its packing.
func TestS30_PackedPageWithItsCharsetInside(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != "GET" || r.URL.Path != "/login" {
			return false
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/html")
		z := gzip.NewWriter(w)
		fmt.Fprint(z, `<meta charset="utf-8"><title>Πύλη</title><form method=post><input type=email name=email><input type=password name=password></form>`)
		z.Close()
		return true
	})
	try := rightAttempt()
	try.Password = "pässwörd✓"
	f.panel(t, fakeProfile).Login(t.Context(), try)
	if got := f.requests()[1].form; !strings.Contains(got, "password=p%C3%A4ssw%C3%B6rd%E2%9C%93") {
		t.Errorf("posted %s", got)
	}
}

// TestLogin_SlowPanel: an answer that does not come is not a wrong password.
func TestLogin_SlowPanel(t *testing.T) {
	for _, path := range []string{"GET /login", "POST /login", "GET /dashboard"} {
		release := make(chan struct{})
		f := newFake(t, func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method+" "+r.URL.Path == path {
				<-release
			}
			return false
		})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		out := f.panel(t, fakeProfile).Login(ctx, rightAttempt())
		cancel()
		close(release)
		if out.Verdict != Unavailable {
			t.Errorf("%s hangs: %s %s", path, out.Verdict, out.Reason)
		}
	}
}

func TestLogin_PanelDown(t *testing.T) {
	f := newFake(t, nil)
	p := f.panel(t, fakeProfile)
	f.Close()
	if out := p.Login(t.Context(), rightAttempt()); out.Verdict != Unavailable {
		t.Errorf("%s %s", out.Verdict, out.Reason)
	}
}

// TestLogin_OwnTime: panel.timeout is for proxied requests; a panel that throttles by sleeping is waited for (T3).
func TestLogin_OwnTime(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == "POST" {
			time.Sleep(60 * time.Millisecond)
		}
		return false
	})
	o := f.panel(t, fakeProfile).opt
	o.Timeout = 20 * time.Millisecond
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if out := p.Login(t.Context(), rightAttempt()); out.Verdict != OK {
		t.Errorf("%s %s", out.Verdict, out.Reason)
	}
}

// TestTLS: a panel behind a certificate of its own is believed only with ca_file and the name in the certificate.
func TestTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/login", http.StatusFound)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	o := panelAt(t, profileOf(t, fakeProfile), s.URL, "https://panel.example.net").opt
	for _, c := range []struct {
		name, ca, server string
		ok               bool
	}{{"unknown authority", "", "", false}, {"its authority", ca, "", true}, {"its name", ca, "example.com", true}, {"another name", ca, "example.org", false}} {
		o.CAFile, o.ServerName = c.ca, c.server
		p, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Control(t.Context(), Client{}); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, bad := range []string{"/nowhere.pem", os.DevNull} {
		o.CAFile = bad
		if _, err := New(o); err == nil {
			t.Errorf("ca_file %s: no error", bad)
		}
	}
}

func TestNew_Refuses(t *testing.T) {
	incomplete, err := Load("laravel")
	if err != nil {
		t.Fatal(err)
	}
	good := panelAt(t, profileOf(t, fakeProfile), "http://127.0.0.1:1", "https://panel.example.net").opt
	for name, edit := range map[string]func(*Options){
		"no URL":             func(o *Options) { o.URL = nil },
		"no public URL":      func(o *Options) { o.Public = nil },
		"no profile":         func(o *Options) { o.Profile = nil },
		"incomplete profile": func(o *Options) { o.Profile = incomplete },
		"another scheme":     func(o *Options) { o.URL = &url.URL{Scheme: "ftp", Host: "x"} },
		"no clock":           func(o *Options) { o.Now = nil },
	} {
		o := good
		edit(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestT03_SleptThrottle: a panel that sleeps 45 s before it answers a password is waited for; one that sleeps longer than a whole
// login may take says nothing about the password.
func TestT03_SleptThrottle(t *testing.T) {
	for slept, want := range map[time.Duration]Verdict{45 * time.Second: OK, 61 * time.Second: Unavailable} {
		synctest.Test(t, func(t *testing.T) {
			p := panelAt(t, profileOf(t, fakeProfile), "http://127.0.0.1:1", "https://panel.example.net")
			var loggedIn atomic.Bool
			p.askOver(func(line string) string {
				const head = "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
				const page = `<form method="post" action="/login"><input name="email"><input type="password" name="password"></form>`
				switch {
				case strings.HasPrefix(line, "GET /login "):
					return fmt.Sprintf(head, "200 OK\r\nContent-Type: text/html", len(page), page)
				case strings.HasPrefix(line, "POST /login "):
					time.Sleep(slept)
					loggedIn.Store(true)
					return fmt.Sprintf(head, "302 Found\r\nLocation: /dashboard\r\nSet-Cookie: isp_session=in; Path=/", 0, "")
				case loggedIn.Swap(false): // verify; control comes after it
					return fmt.Sprintf(head, "200 OK\r\nContent-Type: text/html", 2, "in")
				}
				return fmt.Sprintf(head, "302 Found\r\nLocation: /login", 0, "")
			})
			begin := time.Now()
			out := p.Login(t.Context(), rightAttempt())
			took := time.Since(begin)
			time.Sleep(slept) // until the panel has woken up
			synctest.Wait()
			if out.Verdict != want || took != min(slept, loginTime) {
				t.Errorf("slept %s: %s %s after %s", slept, out.Verdict, out.Reason, took)
			}
		})
	}
}
