package security

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// inline finds what a Content-Security-Policy of 'self' would block anyhow, and what must not be there to be blocked.
var inline = regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|\son[a-z]+\s*=\s*["']|<style|\sstyle\s*=|javascript:|<iframe|<object|<embed|<base`)

// wantOurs checks the headers that every answer of ours carries (S38).
func wantOurs(t *testing.T, name string, page *harness.Page) {
	t.Helper()
	for header, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := page.Header.Values(header); len(got) != 1 || got[0] != want {
			t.Errorf("%s (%d): %s %q, want %q", name, page.Status, header, got, want)
		}
	}
	if hsts := page.Header.Get("Strict-Transport-Security"); !strings.HasPrefix(hsts, "max-age=") || hsts == "max-age=0" {
		t.Errorf("%s (%d): Strict-Transport-Security %q", name, page.Status, hsts)
	}
	policies := page.Header.Values("Content-Security-Policy")
	if len(policies) != 1 {
		t.Errorf("%s (%d): %d Content-Security-Policies", name, page.Status, len(policies))
		return
	}
	got := map[string]string{}
	for directive := range strings.SplitSeq(policies[0], ";") {
		what, sources, _ := strings.Cut(strings.TrimSpace(directive), " ")
		got[what] = sources
	}
	for what, sources := range map[string]string{
		"default-src": "'none'", "style-src": "'self'", "script-src": "'self'", "img-src": "'self' data:", "form-action": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'",
	} {
		if got[what] != sources {
			t.Errorf("%s (%d): %s %q, want %q", name, page.Status, what, got[what], sources)
		}
	}
	if len(got) > 7 || strings.Contains(policies[0], "unsafe") {
		t.Errorf("%s: policy %q", name, policies[0])
	}
	if found := inline.FindString(page.Body); found != "" {
		t.Errorf("%s: the page has %q", name, found)
	}
	if page.Body != "" && page.Header.Get("Content-Type") != "text/html; charset=utf-8" && page.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: Content-Type %q", name, page.Header.Get("Content-Type"))
	}
}

// Every page of ours, every redirect and every error, as a stranger, half logged in, and logged in.
func TestS38_HeadersOnEveryAnswer(t *testing.T) {
	o := theOffice(t)
	stranger, half, full := o.Clerk(t), o.Enrolled(t), o.Enrolled(t)
	half.LogOut()
	half.Challenge()
	fresh := o.Clerk(t)
	fresh.LogIn()
	for who, c := range map[string]*office.Clerk{"a stranger": stranger, "half in": half, "logged in": full, "without a factor": fresh} {
		for _, path := range []string{office.Login, office.Verify, office.Recovery, office.TwoFactor, office.Disable, office.Logout, "/ispgate/offer", "/ispgate/session",
			"/ispgate/", "/ispgate/nonexistent", "/ispgate/login/", "/ispgate/static/none.css", "/ispgate/two-factor/enable", "/ispgate/auth/redirect", "/ispgate/%6cogin"} {
			wantOurs(t, who+" GET "+path, c.Get(path))
			wantOurs(t, who+" HEAD "+path, send(t, c.Browser, request(t, "HEAD", path, "")))
			wantOurs(t, who+" fetch "+path, send(t, c.Browser, request(t, "GET", path, "", "Accept", "application/json")))
			wantOurs(t, who+" PUT "+path, send(t, c.Browser, request(t, "PUT", path, "x=1")))
		}
		wantOurs(t, who+" wrong code", c.PostForm(office.Verify, url.Values{"code": {"abc"}}))
		wantOurs(t, who+" cross-site", send(t, c.Browser, request(t, "POST", office.Verify, "code=1", "Origin", "https://evil.example")))
		wantOurs(t, who+" too large", send(t, c.Browser, request(t, "POST", office.Login, "username="+strings.Repeat("a", 20000))))
		wantOurs(t, who+" JSON", send(t, c.Browser, request(t, "POST", office.Login, "{}", "Content-Type", "application/json")))
		wantOurs(t, who+" bad form", send(t, c.Browser, request(t, "POST", office.Login, "%zz=1")))
		wantOurs(t, who+" language", c.PostForm("/ispgate/language", url.Values{"lang": {"en"}}))
		wantOurs(t, who+" denied", send(t, c.Browser, request(t, "POST", "/api/auth/login", "email=x")))
		wantOurs(t, who+" TRACE", send(t, c.Browser, request(t, "TRACE", "/", "")))
		if c != full && c != fresh {
			wantOurs(t, who+" panel page", c.Get("/dashboard"))
			wantOurs(t, who+" panel form", c.PostForm("/profile", url.Values{}))
			wantOurs(t, who+" panel fetch", c.Fetch("GET", "/data", "", ""))
		}
		wantOurs(t, who+" panel login", c.Get("/login"))
	}
	answer := raw(t, o, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
	if answer == nil || answer.StatusCode != http.StatusMisdirectedRequest || answer.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("another host is answered %v", answer)
	}
	wantOurs(t, "wrong password", stranger.Password("wrong"))
	wantOurs(t, "logout", full.PostForm(office.Logout, url.Values{}))
}

// Our pages answer only documents; the panel's pages are its own business.
func TestS38_OnlyDocuments(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	for _, dest := range []string{"iframe", "frame", "embed", "object", "image", "script", "style", "empty", "worker", "manifest", "video", "report", "Document"} {
		for _, path := range []string{office.Login, office.Verify, office.Recovery, office.TwoFactor, office.Disable, office.Logout, "/ispgate/offer", "/ispgate/nonexistent"} {
			page := send(t, c.Browser, request(t, "GET", path, "", "Sec-Fetch-Dest", dest))
			if page.Status != http.StatusForbidden || strings.Contains(page.Body, "<form") {
				t.Errorf("GET %s for a %s answers %d", path, dest, page.Status)
			}
			wantOurs(t, path+" for "+dest, page)
		}
		if page := send(t, c.Browser, request(t, "POST", office.Logout, "x=1", "Sec-Fetch-Dest", dest, "Sec-Fetch-Site", "same-origin")); page.Status != http.StatusForbidden {
			t.Errorf("POST logout for a %s answers %d", dest, page.Status)
		}
	}
	for _, path := range []string{"/ispgate/session", "/data"} {
		if page := send(t, c.Browser, request(t, "GET", path, "", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors", "Accept", "*/*")); page.Status != http.StatusOK {
			t.Errorf("GET %s by a script answers %d", path, page.Status)
		}
	}
	c.WantPanel()
}

// No path of the origin gives a service worker: one at / would own the password page.
func TestS38_NoServiceWorker(t *testing.T) {
	o := theOffice(t)
	c := o.Enrolled(t)
	for _, path := range []string{"/", "/sw.js", "/dashboard", "/customer/portal", "/customer/sw.js", office.Login, "/ispgate/session", "/login"} {
		for _, who := range []*harness.Browser{c.Browser, o.Browser(t)} {
			page := send(t, who, request(t, "GET", path, "", "Service-Worker", "script", "Accept", "*/*", "Sec-Fetch-Dest", "serviceworker"))
			if page.Status != http.StatusForbidden {
				t.Errorf("%s as a service worker answers %d", path, page.Status)
			}
		}
	}
}

// What is served for ever is only what never changes.
func TestS38_Static(t *testing.T) {
	o := theOffice(t)
	b := o.Browser(t)
	login := b.Get(office.Login)
	for _, selector := range []string{"link[rel=stylesheet]", "link[rel=icon]"} {
		path := login.Find(selector).AttrOr("href", "")
		page := send(t, b, request(t, "GET", path, "", "Sec-Fetch-Dest", "style"))
		if page.Status != http.StatusOK || !strings.Contains(page.Header.Get("Cache-Control"), "immutable") || page.Header.Get("X-Content-Type-Options") != "nosniff" || page.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", path, page.Status, page.Header)
		}
	}
}
