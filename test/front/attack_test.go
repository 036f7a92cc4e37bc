package front

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// seen is what the panel saw of a request: /debug/headers of the Laravel panel.
type seen struct {
	IP      string            `json:"ip"`
	URI     string            `json:"uri"`
	Headers map[string]string `json:"headers"`
	Cookie  string            `json:"cookie"`
}

func ask(t *testing.T, b *harness.Browser, target string, headers ...string) seen {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Sec-Fetch-Mode", "cors")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header[headers[i]] = append(request.Header[headers[i]], headers[i+1])
	}
	page, err := b.Send(request)
	if err != nil {
		t.Fatal(err)
	}
	var s seen
	if page.Status == http.StatusBadRequest { // nginx takes some names only once
		return s
	}
	if err := json.Unmarshal([]byte(page.Want(http.StatusOK).Body), &s); err != nil {
		t.Fatalf("%v in %s", err, page.Body)
	}
	return s
}

// TestS01_HeadersThroughServers: what a client says of itself reaches PHP through no server, in no spelling (S1, S2, S3).
func TestS01_HeadersThroughServers(t *testing.T) {
	each(t, func(t *testing.T, server, mode string) {
		o := office.Behind(t, server, mode, underscores)
		c := o.Clerk(t)
		c.LogIn()
		refused := 0
		for _, name := range []string{"Remote-User", "remote-user", "REMOTE_USER", "Remote_User", "Remote.User", "Remote-Role", "Remote_Role",
			"X-Remote-User", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-User", "X_Forwarded_For", "Forwarded", "X-Real-Ip",
			"X-Original-Url", "X-Original-Method", "X-Rewrite-Url", "X-Http-Method-Override", "True-Client-Ip", "X-Auth-User", "Proxy", "Authorization"} {
			got := ask(t, c.Browser, o.URL+"/debug/headers", name, "EVIL-VALUE", name, "EVIL-VALUE")
			if got.URI == "" {
				refused++
				continue
			}
			for key, value := range got.Headers {
				if strings.Contains(value, "EVIL-VALUE") {
					t.Errorf("%s reaches the panel as %s: %q", name, key, value)
				}
			}
			if user := got.Headers["HTTP_REMOTE_USER"]; user != c.Email {
				t.Errorf("with %s the panel is told of %q, want %q", name, user, c.Email)
			}
			if got.IP != "127.0.0.1" {
				t.Errorf("with %s the panel takes the client for %s", name, got.IP)
			}
		}
		if refused > 3 {
			t.Errorf("%d requests were refused altogether", refused)
		}
		for _, connection := range []string{"Remote-User", "close, Remote-User, X-Forwarded-For"} {
			got := ask(t, c.Browser, o.URL+"/debug/headers", "Connection", connection)
			if user := got.Headers["HTTP_REMOTE_USER"]; user != c.Email {
				t.Errorf("Connection: %s: the panel is told of %q", connection, user)
			}
		}
	})
}

// TestS03_VisitorsThroughServers: on a public route nobody is named, neither by the client nor by what a server makes of an answer
// that names nobody; and only their own cookies and credentials arrive.
func TestS03_VisitorsThroughServers(t *testing.T) {
	each(t, func(t *testing.T, server, mode string) {
		o := office.Behind(t, server, mode, underscores)
		for name, cookies := range map[string]string{"none": "", "only ours": "ispgate-device=1; __Host-ispgate=x", "their own": "theme=dark"} {
			b := o.Browser(t)
			for _, header := range []string{"Remote-User", "Remote_User", "Remote-Role", "X-Remote-User"} {
				b.Header[header] = []string{"EVIL-VALUE"}
			}
			if cookies != "" {
				b.Header.Set("Cookie", cookies)
			}
			b.Header.Set("Authorization", "Basic dmlzaXRvcjp4")
			var got seen
			if err := json.Unmarshal([]byte(b.Get("/customer/portal").Want(http.StatusOK).Find("#seen").Text()), &got); err != nil {
				t.Fatal(err)
			}
			for key, value := range got.Headers {
				if strings.HasPrefix(key, "HTTP_REMOTE") || strings.HasPrefix(key, "HTTP_X_REMOTE") || strings.Contains(value, "EVIL") || strings.Contains(value, "{http") {
					t.Errorf("cookies %s: the panel gets %s: %q", name, key, value)
				}
			}
			if got.Headers["HTTP_AUTHORIZATION"] != "Basic dmlzaXRvcjp4" {
				t.Errorf("cookies %s: the credentials of a visitor arrive as %q", name, got.Headers["HTTP_AUTHORIZATION"])
			}
		}
	})
}

// TestS37_QuestionsThroughServers: a browser that asks what only the server in front may ask learns nothing but its own state, and
// no script reads cookies out of the answer, whatever Host and original URL it claims.
func TestS37_QuestionsThroughServers(t *testing.T) {
	for _, server := range []string{"nginx", "caddy"} {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			o := office.Behind(t, server, "auth-request", nil)
			c, stranger := o.Clerk(t), o.Browser(t)
			c.LogIn()
			address := strings.TrimPrefix(o.URL, "http://")
			name, _, _ := strings.Cut(address, ":")
			for _, target := range []string{"/ispgate/auth", "/ispgate/auth/redirect", "//ispgate/auth/redirect", "/x/../ispgate/auth"} {
				for _, host := range []string{"", name + ":9999", "evil.example", "ispgate"} {
					for who, b := range map[string]*harness.Browser{c.Email: c.Browser, "a stranger": stranger} {
						r, err := http.NewRequest(http.MethodGet, o.URL+target, nil)
						if err != nil {
							t.Fatal(err)
						}
						r.Host = host
						r.Header = http.Header{"Accept": {"text/html"}, "X-Original-Method": {"GET"}, "X-Original-Url": {o.URL + "/dashboard"},
							"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"/customer/portal"}}
						page, err := b.Send(r)
						if err != nil {
							t.Fatal(err)
						}
						if page.Header.Get("Cookie") != "" || strings.Contains(page.Body, "laravel_session") {
							t.Errorf("%s asks %s at host %q and is told cookies: %d %v", who, target, host, page.Status, page.Header)
						}
						if user := page.Header.Get("Remote-User"); user != "" && user != who {
							t.Errorf("%s asks %s at host %q and is told of %s", who, target, host, user)
						}
					}
				}
			}
			oneConnection(t, address, c)
		})
	}
}

// oneConnection: who came before on a connection lends nothing to who comes next (S10).
func oneConnection(t *testing.T, address string, c *office.Clerk) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for i, cookies := range []string{c.Cookies("/"), "", c.Cookies("/"), "ispgate=forged"} {
		fmt.Fprintf(conn, "GET /data HTTP/1.1\r\nHost: %s\r\nUser-Agent: t\r\nAccept: application/json\r\nCookie: %s\r\n\r\n", address, cookies)
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		if want := map[bool]int{true: 200, false: 401}[i%2 == 0]; answer.StatusCode != want {
			t.Errorf("request %d of the connection: %d, want %d", i, answer.StatusCode, want)
		}
	}
}

// underscores lets names with `_` and `.` in, as some nginx are told to before a server is added to them.
func underscores(config string) string {
	if strings.HasPrefix(config, "# Made by `ispgate nginx") {
		return "underscores_in_headers on;\nignore_invalid_headers off;\n" + config
	}
	return config
}

// TestS45_CookiesThroughServers: PHP sees no cookie of ours, however often it is sent, and all of the panel's.
func TestS45_CookiesThroughServers(t *testing.T) {
	each(t, func(t *testing.T, server, mode string) {
		o := office.Behind(t, server, mode, nil)
		c := o.Clerk(t)
		c.LogIn()
		panel := c.Cookies("/")
		if !strings.Contains(panel, "ispgate=") {
			t.Fatalf("the browser has no cookie of ours: %s", panel)
		}
		b := harness.NewBrowser(t, o.URL)
		for _, more := range []string{
			"", strings.Repeat("__Host-ispgate=a; ", 20) + "x=1", "ispgate-device=1;ispgate-at-x=2;ISPGATE-DEVICE=3", "..Host-ispgate=1; [_Host-ispgate=2; ispgate.x=1",
		} {
			got := ask(t, b, o.URL+"/debug/headers", "Cookie", more+"; "+panel, "Cookie", "__Host-ispgate=second-line")
			if strings.Contains(strings.ToLower(got.Cookie), "ispgate") || !strings.Contains(got.Cookie, "_session=") {
				t.Errorf("%q arrives as %q", more, got.Cookie)
			}
		}
		// Doubled, our cookie is nobody's: a visitor's, who sees public pages.
		request, err := http.NewRequest(http.MethodGet, o.URL+"/customer/portal", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", panel+"; "+panel)
		page, err := b.Send(request)
		if err != nil {
			t.Fatal(err)
		}
		if names := page.Want(http.StatusOK).Text("#seen"); strings.Contains(names, "ispgate\"") || !strings.Contains(names, "cookies") {
			t.Errorf("a visitor's cookies arrive as %q", names)
		}
	})
}
