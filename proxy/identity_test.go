package proxy

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/session"
)

const namingProfile = houseProfile + `
login: {page: /login, user: email, password: password}
identity: {kind: id, id: {css: 'meta[name=id]', attr: content}, name: {css: '#name'}}
`

// naming is a panel whose guarded page names the person *who, and which counts how often it was asked.
func naming(who *string, asked *int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/dashboard":
			*asked++
			http.SetCookie(w, &http.Cookie{Name: "laravel_session", Value: fmt.Sprint("probe", *asked), Path: "/"})
			fmt.Fprintf(w, `<meta name="id" content="%s"><b id="name">admin@demo.isp</b>`, *who)
		case "/long":
			w.Header().Set("X-Long", "1")
			_, _ = w.Write(bytes.Repeat([]byte("x"), 2*maxHeld))
		case "/moved":
			w.Header().Set("Location", "/page")
			w.WriteHeader(http.StatusFound)
		case "/json":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, "{}")
		default:
			_, _ = io.Copy(io.Discard, r.Body)
			http.SetCookie(w, &http.Cookie{Name: "laravel_session", Value: "answer", Path: "/"})
			_, _ = io.WriteString(w, "<p>a page with the flash message")
		}
	}
}

// TestIdentityProbe: the panel is asked whose session it is only when that is due, and only while a page is held (design 4.3).
func TestIdentityProbe(t *testing.T) {
	who, asked := "17", 0
	h := builtWith(t, namingProfile, naming(&who, &asked))
	h.desk.session.Created = h.now()
	cookie := []string{"Cookie", h.sealedCookie("laravel_session=1"), "Accept", "text/html"}
	visit := func(method, target, body string, want int, header ...string) http.Header {
		t.Helper()
		w := ask(h.proxied(), method, target, body, append(cookie, header...)...)
		if w.Code >= 400 || asked != want {
			t.Errorf("%s %s: %d, asked %d times, want %d", method, target, w.Code, asked, want)
		}
		return w.Header()
	}
	visit("GET", "/page", "", 0)
	h.skipped = 11 * time.Minute
	for _, target := range []string{"/moved", "/json", "/long", "/pay/1"} {
		visit("GET", target, "", 0)
	}
	visit("POST", "/page", "x=1", 0)
	visit("GET", "/page", "", 0, "Sec-Fetch-Mode", "cors")
	set := visit("GET", "/page", "", 1).Values("Set-Cookie")
	if len(set) != 2 {
		t.Fatalf("the answer's cookie and the probe's: %q", set)
	}
	newest := set[1]
	if pair, _, _ := strings.Cut(newest, ";"); h.custody.Open(h.custody.Session("custody-1"), []string{pair}).Header() != "laravel_session=probe1" {
		t.Errorf("the probe's cookie is not the last word: %q", set)
	}
	visit("GET", "/page", "", 1)
	h.skipped += 11 * time.Minute
	visit("GET", "/page", "", 2)

	set = visit("POST", "/page", "name=x&password=y", 2).Values("Set-Cookie")
	cookie[1], _, _ = strings.Cut(set[len(set)-1], ";")
	if len(h.desk.noted) != 2 || h.desk.noted[0].IdentityDue == "" || h.desk.noted[1].IdentityDue == "" { // before it passes and after
		t.Fatalf("after a password: %+v", h.desk.noted)
	}
	h.desk.session.Note = h.desk.noted[1]
	visit("GET", "/page", "", 3)
	if last := h.desk.noted[len(h.desk.noted)-1]; last.IdentityDue != "" {
		t.Error("still due after the panel named the person")
	}
}

// TestIdentityProbe_NotAnswered: a panel that does not say whose session it is is not asked on every page; what it sets is
// handed on all the same, and another person is found out.
func TestIdentityProbe_NotAnswered(t *testing.T) {
	for name, page := range map[string]func(w http.ResponseWriter){
		"odd":     func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<p>please confirm your address") },
		"unknown": func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) },
	} {
		t.Run(name, func(t *testing.T) {
			who, asked, odd := "17", 0, true
			named := naming(&who, &asked)
			h := builtWith(t, namingProfile, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/dashboard" || !odd {
					named(w, r)
					return
				}
				asked++
				w.Header().Set("Content-Type", "text/html")
				http.SetCookie(w, &http.Cookie{Name: "laravel_session", Value: "renewed", Path: "/"})
				page(w)
			})
			cookie := []string{"Cookie", h.sealedCookie("laravel_session=1"), "Accept", "text/html"}
			visit := func(want int) []string {
				t.Helper()
				w := ask(h.proxied(), "GET", "/page", "", cookie...)
				if asked != want {
					t.Errorf("asked %d times, want %d", asked, want)
				}
				return w.Header().Values("Set-Cookie")
			}
			h.desk.session.Note.IdentityDue = session.LoginMark(h.now())
			set := visit(1)
			if newest, _, _ := strings.Cut(set[len(set)-1], ";"); h.custody.Open(h.custody.Session("custody-1"), []string{newest}).Header() != "laravel_session=renewed" {
				t.Errorf("the id that the panel renewed is lost: %q", set)
			}
			visit(1)
			h.desk.session.Note.IdentityDue = session.LoginMark(h.now()) // a password was sent again
			visit(2)
			h.skipped += identityAgain
			visit(3)
			h.skipped += identityAgain
			odd, who = false, "18"
			visit(5) // the second time for its logout
			if h.desk.ended != 1 {
				t.Error("another person is let in")
			}
		})
	}
}

// TestS15_PasswordDuringAProbe: each password that is sent marks the session anew, also one that is marked.
func TestS15_PasswordDuringAProbe(t *testing.T) {
	who, asked := "17", 0
	h := builtWith(t, namingProfile, naming(&who, &asked))
	first := session.LoginMark(h.now())
	h.desk.session.Note.IdentityDue = first
	ask(h.proxied(), "POST", "/page", "password=y", "Cookie", h.sealedCookie("laravel_session=1"), "Accept", "text/html")
	seen := map[string]bool{"": true, first: true}
	for _, n := range h.desk.noted[1:] { // the first takes the mark back that stood: the form is asked about before it passes
		if seen[n.IdentityDue] {
			t.Errorf("noted %+v", h.desk.noted)
		}
		seen[n.IdentityDue] = true
	}
	if len(seen) != 4 || h.desk.noted[0].IdentityDue != "" {
		t.Errorf("noted %+v", h.desk.noted)
	}
}

// TestS15_AnotherPersonInside: the answer is dropped, both sessions end; whom "log in as" led to is only written down.
func TestS15_AnotherPersonInside(t *testing.T) {
	for as, impersonates := range map[string]bool{"": false, "id:18": true, "id:19": false} {
		who, asked := "18", 0
		h := builtWith(t, namingProfile, naming(&who, &asked))
		h.desk.session.Note = session.Note{IdentityDue: session.LoginMark(h.now()), As: as}
		w := ask(h.proxied(), "GET", "/page", "", "Cookie", h.sealedCookie("laravel_session=1"), "Accept", "text/html")
		if impersonates {
			if w.Code != http.StatusOK || h.desk.ended != 0 || !slices.Contains(h.audited, "impersonating") {
				t.Errorf("log in as: %d, ended %d, audited %v", w.Code, h.desk.ended, h.audited)
			}
			continue
		}
		if w.Code != http.StatusSeeOther || strings.Contains(w.Body.String(), "flash") || h.desk.ended != 1 || !slices.Contains(h.audited, "identity_changed") {
			t.Errorf("%d %q, ended %d, audited %v", w.Code, w.Body, h.desk.ended, h.audited)
		}
	}
}

// TestS15_LoginInsideIsCutOff: where the panel takes a login on any URL (login.anywhere).
func TestS15_LoginInsideIsCutOff(t *testing.T) {
	h := builtWith(t, strings.Replace(namingProfile, "password: password", "password: password, anywhere: true", 1), func(w http.ResponseWriter, r *http.Request) {
		if b, err := io.ReadAll(r.Body); err == nil && bytes.Contains(b, []byte("password=")) {
			t.Errorf("the panel got %s %q", r.URL, b)
		}
	})
	cookie := []string{"Cookie", h.sealedCookie("laravel_session=1"), "Accept", "text/html"}
	for _, c := range [][3]string{{"POST", "/page", "email=a&password=b"}, {"POST", "/page?email=a", "password=b"}, {"GET", "/page?email=a&password=b", ""}, {"POST", "/logout", "email=a&password=b"}, {"POST", "/page", strings.Repeat("x=1&", 100000) + "password=b&email=a"}} {
		if w := ask(h.proxied(), c[0], c[1], c[2], cookie...); w.Code != http.StatusForbidden {
			t.Errorf("%s %s: %d", c[0], c[1], w.Code)
		}
	}
	for _, c := range [][3]string{{"POST", "/page", "email=a&pass=b"}, {"POST", "/pay/1?email=a", "pass=b"}} {
		if w := ask(h.proxied(), c[0], c[1], c[2], cookie...); w.Code != http.StatusOK {
			t.Errorf("%s %s: %d", c[0], c[1], w.Code)
		}
	}
	if !slices.Contains(h.audited, "login_inside_refused") {
		t.Errorf("audited %v", h.audited)
	}
}

// TestActivity: what a person does keeps a session alive; what a page does by itself is told apart (T16).
func TestActivity(t *testing.T) {
	h := built(t, hello)
	cookie := []string{"Cookie", h.sealedCookie("laravel_session=1")}
	for _, c := range []struct {
		method, target, mode string
		touched              int
		acted                bool
	}{
		{"GET", "/page", "navigate", 1, true}, {"GET", "/table", "cors", 1, false}, {"POST", "/table", "cors", 1, true},
		{"GET", "/poll", "cors", 0, false}, {"GET", "/pay/1", "navigate", 1, true},
	} {
		h.desk.touched, h.desk.acted = 0, false
		ask(h.proxied(), c.method, c.target, "", append(cookie, "Sec-Fetch-Mode", c.mode)...)
		if h.desk.touched != c.touched || h.desk.acted != c.acted {
			t.Errorf("%s %s (%s): touched %d, a person %t", c.method, c.target, c.mode, h.desk.touched, h.desk.acted)
		}
	}
}
