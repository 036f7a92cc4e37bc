package web

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/templates"
)

const form = "application/x-www-form-urlencoded"

// post sends a form to a handler that says which field `code` it read.
func post(s *Site, body, contentType string, header ...string) (code string, reached bool, status int, page string) {
	h := s.Serve(s.Form(func(w http.ResponseWriter, r *http.Request) error {
		code, reached = Field(r, "code"), true
		w.WriteHeader(http.StatusNoContent)
		return nil
	}))
	w := ask(s, h, "POST", "/ispgate/verify?code=query", body, append([]string{"Content-Type", contentType, "Accept", "text/html"}, header...)...)
	return code, reached, w.Code, w.Body.String()
}

func TestForms(t *testing.T) {
	s, _ := siteAt(t, "https://panel.example.net")
	big := "code=1&pad=" + strings.Repeat("x", maxForm)
	fits := "code=1&pad=" + strings.Repeat("x", maxForm-len("code=1&pad="))
	for _, c := range []struct {
		name, body, contentType string
		status                  int
		code                    string
	}{
		{"one field", "code=123456", form, 204, "123456"},
		{"with a charset", "code=1", form + "; charset=UTF-8", 204, "1"},
		{"in capitals", "code=1", "APPLICATION/X-WWW-FORM-URLENCODED", 204, "1"},
		{"bytes as typed", "code=%00+%2B%e9", form, 204, "\x00 +\xe9"},
		{"doubled field counts as empty", "code=1&code=2", form, 204, ""},
		{"doubled and equal", "code=1&code=1", form, 204, ""},
		{"array", "code[]=1", form, 204, ""},
		{"missing: the query is no form", "x=1", form, 204, ""},
		{"beside the query's", "code=3", form, 204, "3"},
		{"exactly as large as allowed", fits, form, 204, "1"},
		{"too large", big, form, 413, ""},
		{"much too large", strings.Repeat(big, 20), form, 413, ""},
		{"broken percent-encoding", "code=1&password=canary%zz", form, 400, ""},
		{"cut percent-encoding", "code=canary%2", form, 400, ""},
		{"semicolon", "code=1;password=canary", form, 400, ""},
		{"JSON", `{"code":"canary"}`, "application/json", 400, ""},
		{"text", "code=canary", "text/plain", 400, ""},
		{"multipart", "--x\r\nContent-Disposition: form-data; name=code\r\n\r\ncanary\r\n--x--\r\n", "multipart/form-data; boundary=x", 400, ""},
		{"nothing said", "code=canary", "", 400, ""},
		{"type that begins alike", "code=canary", form + "x", 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, reached, status, page := post(s, c.body, c.contentType, "Sec-Fetch-Site", "same-origin")
			if status != c.status || code != c.code || reached != (c.status == 204) {
				t.Errorf("%d, code %q, reached %t; want %d, %q", status, code, reached, c.status, c.code)
			}
			if strings.Contains(page, "canary") {
				t.Error("the page quotes the form")
			}
		})
	}
}

func TestS40_FormsAreNotLogged(t *testing.T) {
	s, log := siteAt(t, "https://panel.example.net")
	for _, body := range []string{"password=canary%q7z", "canary%=1", "password=canary;x", "canary=" + strings.Repeat("x", maxForm)} {
		post(s, body, form, "Sec-Fetch-Site", "same-origin")
	}
	if n := len(lines(t, log)); n != 4 {
		t.Errorf("%d log lines for 4 refusals", n)
	}
	if strings.Contains(log.String(), "canary") || strings.Contains(log.String(), "%q7") {
		t.Errorf("the log quotes a form: %s", log)
	}
}

func TestS39_CrossOrigin(t *testing.T) {
	const own = "https://panel.example.net"
	absent := "-"
	origins := []string{absent, own, "null", "https://evil.example", "http://panel.example.net", own + ":8443", "https://old.example.net", "https://10.0.0.9", own + "/", "HTTPS://PANEL.EXAMPLE.NET", ""}
	for _, site := range []string{absent, "same-origin", "none", "same-site", "cross-site", "Same-Origin", "x"} {
		for _, origin := range origins {
			for _, host := range []string{"panel.example.net", "panel.example.net:443"} {
				s, _ := siteAt(t, own)
				var header []string
				if site != absent {
					header = append(header, "Sec-Fetch-Site", site)
				}
				if origin != absent {
					header = append(header, "Origin", origin)
				}
				_, reached, status, _ := post(s, "code=1", form, append(header, "Host", host)...)
				want := site == "same-origin" || site == "none" || site == absent && origin == own
				if reached != want || !want && status != http.StatusForbidden {
					t.Errorf("Sec-Fetch-Site %q, Origin %q, Host %q: status %d, taken %t; want %t", site, origin, host, status, reached, want)
				}
			}
		}
	}
}

// TestS39_NeverTheHost: an Origin that only equals the request's own Host proves nothing.
func TestS39_NeverTheHost(t *testing.T) {
	s, _ := siteAt(t, "https://panel.example.net")
	for _, origin := range []string{"https://old.example.net", "http://old.example.net"} {
		if _, reached, _, _ := post(s, "code=1", form, "Host", "old.example.net", "Origin", origin); reached {
			t.Errorf("%s is taken because the Host says so", origin)
		}
	}
	if _, reached, _, _ := post(s, "code=1", form, "Origin", "https://panel.example.net", "Origin", "https://evil.example"); reached {
		t.Error("two Origins are taken")
	}
	for _, second := range []string{"cross-site", "same-origin", "none", ""} {
		for _, sites := range [][]string{{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", second}, {"Sec-Fetch-Site", second, "Sec-Fetch-Site", "same-origin"}} {
			if _, reached, status, _ := post(s, "code=1", form, append(sites, "Origin", "https://panel.example.net")...); reached || status != http.StatusForbidden {
				t.Errorf("%q is taken, status %d", sites, status)
			}
		}
	}
}

func TestS38_Headers(t *testing.T) {
	for _, public := range []string{"https://panel.example.net", "http://panel.example.net"} {
		s, _ := siteAt(t, public)
		want := map[string]string{
			"Cache-Control":           "no-store",
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"Referrer-Policy":         "same-origin", "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY",
			"Strict-Transport-Security": "",
		}
		if public[:5] == "https" {
			want["Strict-Transport-Security"] = "max-age=31536000"
		}
		for name, h := range map[string]Handler{
			"page": func(w http.ResponseWriter, r *http.Request) error {
				s.Show(w, r, 200, templates.Logout{})
				return nil
			},
			"fault":    func(http.ResponseWriter, *http.Request) error { return NotFound() },
			"error":    func(http.ResponseWriter, *http.Request) error { return errors.New("x") },
			"panic":    func(http.ResponseWriter, *http.Request) error { panic("x") },
			"redirect": func(w http.ResponseWriter, _ *http.Request) error { s.Redirect(w, 303, "/"); return nil },
			"JSON":     func(w http.ResponseWriter, _ *http.Request) error { s.JSON(w, 200, 1); return nil },
		} {
			for _, accept := range []string{"text/html", "application/json"} {
				for _, header := range [][]string{nil, {"Host", "evil.example"}, {"Service-Worker", "script"}} {
					w := ask(s, s.Serve(h), "GET", "/ispgate/x", "", append([]string{"Accept", accept}, header...)...)
					for k, v := range want {
						if got := w.Header().Get(k); got != v {
							t.Errorf("%s for %s at %s, %v: %s is %q, want %q", name, accept, public, header, k, got, v)
						}
					}
				}
			}
		}
	}
}

func TestS38_OnlyDocuments(t *testing.T) {
	s, _ := siteAt(t, "https://panel.example.net")
	page := s.Serve(s.Document(func(w http.ResponseWriter, r *http.Request) error { sayTarget(w, r); return nil }))
	for dest, want := range map[string]int{"": 200, "document": 200, "iframe": 403, "frame": 403, "image": 403, "script": 403, "empty": 403, "embed": 403, "object": 403, "Document": 403, "serviceworker": 403} {
		var header []string
		if dest != "" {
			header = []string{"Sec-Fetch-Dest", dest}
		}
		if w := ask(s, page, "GET", "/ispgate/login", "", header...); w.Code != want {
			t.Errorf("Sec-Fetch-Dest %q: %d, want %d", dest, w.Code, want)
		}
	}
	if w := ask(s, page, "GET", "/ispgate/login", "", "Sec-Fetch-Dest", "document", "Sec-Fetch-Dest", "iframe"); w.Code != http.StatusForbidden {
		t.Errorf("two of Sec-Fetch-Dest: %d", w.Code)
	}
}

func TestFaultsForPeopleAndScripts(t *testing.T) {
	s, log := siteAt(t, "https://panel.example.net")
	refuse := func(err error) http.Handler {
		return s.Serve(func(http.ResponseWriter, *http.Request) error { return err })
	}
	secret := errors.New("dial tcp: canary")
	for _, c := range []struct {
		name   string
		err    error
		status int
		retry  string
	}{
		{"any error", secret, 500, ""}, {"wrapped fault", errors.Join(secret, StoreDown(secret)), 503, "5"}, {"store", StoreDown(secret), 503, "5"},
		{"login", NoLogin(secret), 503, "10"}, {"panel", PanelDown(secret), 502, "10"}, {"forbidden", Forbidden(secret), 403, ""}, {"bad", BadRequest(secret), 400, ""},
		{"logged out", NeedLogin("/ispgate/login"), 401, ""}, {"large", TooLarge(secret), 413, ""}, {"odd wait", &Fault{Status: 429, RetryAfter: 1500 * time.Millisecond}, 429, "2"},
	} {
		html := ask(s, refuse(c.err), "GET", "/x", "", "Accept", "text/html")
		script := ask(s, refuse(c.err), "GET", "/x", "", "Accept", "application/json")
		if html.Code != c.status || script.Code != c.status || html.Header().Get("Retry-After") != c.retry || script.Header().Get("Retry-After") != c.retry {
			t.Errorf("%s: %d and %d, Retry-After %q", c.name, html.Code, script.Code, html.Header().Get("Retry-After"))
		}
		if html.Header().Get("Content-Type") != "text/html; charset=utf-8" || script.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %q and %q", c.name, html.Header().Get("Content-Type"), script.Header().Get("Content-Type"))
		}
		if strings.Contains(html.Body.String()+script.Body.String(), "canary") {
			t.Errorf("%s: the reader sees the cause", c.name)
		}
	}
	if w := ask(s, refuse(NeedLogin("/ispgate/login?return_to=%2Fx")), "POST", "/x", "", "Accept", "application/json"); !strings.Contains(w.Body.String(), `"login_url":"/ispgate/login?return_to=%2Fx"`) {
		t.Errorf("a script is not told where to log in: %s", w.Body)
	}
	for _, line := range lines(t, log) {
		if line["level"] == "ERROR" != (line["status"].(float64) >= 500) {
			t.Errorf("%v", line)
		}
	}
}

// TestS41_OneLinePerEvent: nothing in a request's line or headers begins a line of its own.
func TestS41_OneLinePerEvent(t *testing.T) {
	s, log := siteAt(t, "http://panel.example.net")
	addr := serveChain(t, s, s.Serve(func(_ http.ResponseWriter, r *http.Request) error {
		return Forbidden(errors.New(r.Header.Get("X-Name")))
	}))
	raw(t, addr, "G\"},ET /x HTTP/1.1\r\nHost: panel.example.net\r\n\r\n")
	raw(t, addr, "GET /\xff\"}%0a HTTP/1.1\r\nHost: panel.example.net\r\nX-Name: a\\n\"}\t\xff{\r\nConnection: close\r\n\r\n")
	for _, line := range lines(t, log) {
		if line["request"] == "" || line["status"] == nil {
			t.Errorf("%v", line)
		}
	}
	if len(lines(t, log)) < 1 {
		t.Error("nothing was logged")
	}
}
