package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/ispgate/ispgate/test/harness"
)

const (
	origin   = "https://panel.example.net"
	user     = "operator"
	password = "a password for the bench"
)

// world is everything that is measured, running.
type world struct {
	house   *harness.House
	redis   *harness.RedisServer
	client  *redis.Client
	gateway *harness.Gateway
	panel   string // address of the stand-in
	cookies string // of a browser that is logged in
	groups  []group
}

// group is what is measured side by side.
type group struct {
	title    string
	about    string
	subjects []subject
}

func newWorld(h *harness.House) *world {
	w := &world{house: h, redis: harness.Redis(h)}
	w.client = redis.NewClient(&redis.Options{Addr: w.redis.Addr})
	h.Cleanup(func() { w.client.Close() })
	w.panel, _ = reference(h, "panel", "")
	dir := harness.PrivateDir(h)
	w.gateway = harness.Serve(h, fmt.Sprintf(`
listen: 127.0.0.1:0
public_url: %s
trusted_proxies: [127.0.0.1/32]
panel:
  url: http://%s
  profile: {base: generic, name: bench, login: {page: /login}, verify: /page, signed_out: [{location: '^/login([/?#]|$)'}],
    cookies: {session: [panel_session, panel_token]}}
sessions: {redis: {url: %s}}
database: {url: 'sqlite://%s/ispgate.db'}
keys_file: %s/keys.yaml
admin: {listen: 127.0.0.1:0}
`, origin, w.panel, w.redis.URL(), dir, dir))
	w.login()
	w.groups = []group{w.auth(), w.page()}
	return w
}

// login makes a browser that has the gateway's cookie and both of the panel's.
func (w *world) login() {
	b := harness.NewBrowser(w.house, origin)
	b.Through(w.address(), "198.51.100.7")
	if page := b.PostForm("/ispgate/login", url.Values{"username": {user}, "password": {password}}); page.Status != http.StatusSeeOther {
		w.house.Fatalf("login: %d\n%s\n%s", page.Status, page.Body, w.gateway.Output())
	}
	b.Get("/page").Want(http.StatusOK)
	w.cookies = b.Cookies("/")
	if !strings.Contains(w.cookies, "panel_token=ig1.") {
		w.house.Fatalf("the browser lacks sealed cookies: %s", w.cookies)
	}
}

func (w *world) address() string { return strings.TrimPrefix(w.gateway.URL, "http://") }

func pidOf(s *harness.Server) func() []int { return func() []int { return []int{s.PID()} } }

// auth is the answer to a server in front.
func (w *world) auth() group {
	h := w.house
	constant, nginx := w.nginx("return 204;")
	bare, handler := reference(h, "handler", "")
	one, withRedis := reference(h, "handler-redis", w.redis.Addr)
	asked := []string{"Host: ispgate", "X-Original-Method: GET", "X-Original-URL: " + origin + "/page", "X-Forwarded-For: 198.51.100.7", "Accept: text/html", "Sec-Fetch-Mode: navigate"}
	own := w.gateway.URL + "/ispgate/auth"
	cookie := append(asked, "Cookie: "+w.cookies)
	forged := append(asked, "Cookie: __Host-ispgate="+strings.Repeat("A", 136))
	return group{"P/auth", "the answer to auth_request", []subject{
		{"nginx return 204", "http://" + constant + "/", nil, 204, pidOf(nginx), false},
		{"bare net/http handler", "http://" + bare + "/", cookie, 204, pidOf(handler), false},
		{"handler + one Redis GET", "http://" + one + "/", cookie, 204, pidOf(withRedis), true},
		{"ispgate, logged in", own, cookie, 204, pidOf(w.gateway.Server), true},
		{"ispgate, no cookie", own, asked, 401, pidOf(w.gateway.Server), true},
		{"ispgate, forged cookie", own, forged, 401, pidOf(w.gateway.Server), true},
	}}
}

// page is a page of 4 KiB that sets two cookies.
func (w *world) page() group {
	h := w.house
	passed, nginx := w.nginx("proxy_pass http://panel; proxy_http_version 1.1; proxy_set_header Connection '';")
	tuned, tunedServer := reference(h, "proxy-tuned", "http://"+w.panel)
	plain, plainServer := reference(h, "proxy-default", "http://"+w.panel)
	caddyAt := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(h))
	caddy := harness.Caddy(h, "http://"+caddyAt+" {\n\treverse_proxy "+w.panel+"\n}\n", caddyAt)
	in := []string{"Cookie: panel_session=in-x", "Accept: text/html", "Sec-Fetch-Mode: navigate"}
	ours := []string{"Host: panel.example.net", "X-Forwarded-For: 198.51.100.7", "X-Forwarded-Proto: https", "Accept: text/html", "Sec-Fetch-Mode: navigate"}
	return group{"proxied page", "4 KiB, two Set-Cookie an answer", []subject{
		{"nginx proxy_pass", "http://" + passed + "/page", in, 200, pidOf(nginx), false},
		{"tuned ReverseProxy", "http://" + tuned + "/page", in, 200, pidOf(tunedServer), false},
		{"Caddy reverse_proxy", "http://" + caddyAt + "/page", in, 200, pidOf(caddy), false},
		{"default ReverseProxy", "http://" + plain + "/page", in, 200, pidOf(plainServer), false},
		{"ispgate, logged in, sealed", w.gateway.URL + "/page", append(ours, "Cookie: "+w.cookies), 200, pidOf(w.gateway.Server), true},
		{"ispgate, to the login", w.gateway.URL + "/page", ours, 303, pidOf(w.gateway.Server), true},
	}}
}

// nginx runs one location.
func (w *world) nginx(location string) (address string, server *harness.Server) {
	address = fmt.Sprintf("127.0.0.1:%d", harness.FreePort(w.house))
	return address, harness.Nginx(w.house, fmt.Sprintf(`
  upstream panel { server %s; keepalive 64; }
  keepalive_requests 1000000;
  server { listen %s; location / { %s } }
`, w.panel, address, location), address)
}

// check asks every subject once, before anything is measured.
func (w *world) check() error {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, g := range w.groups {
		for _, s := range g.subjects {
			r, err := http.NewRequest(http.MethodGet, s.url, nil)
			if err != nil {
				return err
			}
			for _, line := range s.headers {
				name, value, _ := strings.Cut(line, ": ")
				if name == "Host" {
					r.Host = value
				} else {
					r.Header.Add(name, value)
				}
			}
			res, err := client.Do(r)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			res.Body.Close()
			if res.StatusCode != s.status {
				return fmt.Errorf("%s answers %s, want %d", s.name, res.Status, s.status)
			}
		}
	}
	return nil
}
