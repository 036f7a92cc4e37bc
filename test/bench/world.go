package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ispgate/ispgate/test/harness"
)

const (
	origin   = "https://panel.example.net"
	user     = "operator"
	password = "a password for the bench"
)

// world is what every measurement stands in.
type world struct {
	house *harness.House
	panel string // address of the stand-in
}

func newWorld(h *harness.House) *world {
	w := &world{house: h}
	w.panel, _ = reference(h, "panel", "")
	return w
}

// gateway is an ispgate with a Redis of its own, and what a browser that is logged in sends.
type gateway struct {
	*harness.Gateway
	house   *harness.House
	redis   *redisServer
	keys    string // path of its key file
	cookies string
}

// redisServer is a Redis that is asked what it has done.
type redisServer struct {
	*harness.RedisServer
	client *redis.Client
}

func newRedis(h *harness.House) *redisServer {
	server := harness.Redis(h)
	client := redis.NewClient(&redis.Options{Addr: server.Addr, ReadTimeout: time.Minute})
	h.Cleanup(func() { client.Close() })
	return &redisServer{server, client}
}

// gateway starts one whose profile has public rules, one for each of more.
func (w *world) gateway(more ...string) *gateway {
	g := &gateway{house: w.house, redis: newRedis(w.house)}
	dir := harness.PrivateDir(w.house)
	g.keys = filepath.Join(dir, "keys.yaml")
	g.Gateway = harness.Serve(w.house, fmt.Sprintf(`
listen: 127.0.0.1:0
public_url: %s
trusted_proxies: [127.0.0.1/32]
panel:
  url: http://%s
  profile: {base: generic, name: bench, login: {page: /login}, verify: /page, signed_out: [{location: '^/login([/?#]|$)'}],
    cookies: {session: [panel_session, panel_token]}, routes: {public: [%s]}}
sessions: {redis: {url: %s}}
database: {url: 'sqlite://%s/ispgate.db'}
keys_file: %s
admin: {listen: 127.0.0.1:0}
`, origin, w.panel, strings.Join(more, ", "), g.redis.URL(), dir, g.keys))
	g.cookies = g.login(user, "198.51.100.7")
	return g
}

// login makes a browser that has the gateway's cookie and both of the panel's, and returns what it sends.
func (g *gateway) login(name, address string) string {
	b := harness.NewBrowser(g.house, origin)
	b.Through(g.address(), address)
	if page := b.PostForm("/ispgate/login", url.Values{"username": {name}, "password": {password}}); page.Status != http.StatusSeeOther {
		g.house.Fatalf("login: %d\n%s\n%s", page.Status, page.Body, g.Output())
	}
	b.Get("/page").Want(http.StatusOK)
	cookies := b.Cookies("/")
	if !strings.Contains(cookies, "panel_token=ig1.") {
		g.house.Fatalf("the browser lacks sealed cookies: %s", cookies)
	}
	return cookies
}

func (g *gateway) address() string { return strings.TrimPrefix(g.URL, "http://") }

// front is what a server in front sends with a request.
var front = []string{"X-Forwarded-For: 198.51.100.7", "Accept: text/html", "Sec-Fetch-Mode: navigate"}

// asks is a question of a server in front, for the page at path.
func (g *gateway) asks(name, path, cookies string, status int) subject {
	s := g.subject(name, "/ispgate/auth", cookies, status)
	s.headers = append(s.headers, "Host: ispgate", "X-Original-Method: GET", "X-Original-URL: "+origin+path)
	return s
}

// passes is a page through the gateway.
func (g *gateway) passes(name, path, cookies string, status int) subject {
	s := g.subject(name, path, cookies, status)
	s.headers = append(s.headers, "Host: panel.example.net", "X-Forwarded-Proto: https")
	return s
}

func (g *gateway) subject(name, path, cookies string, status int) subject {
	headers := append([]string{}, front...)
	if cookies != "" {
		headers = append(headers, "Cookie: "+cookies)
	}
	return subject{name: name, url: g.URL + path, headers: headers, status: status, pids: pidOf(g.Server), redis: g.redis}
}

func pidOf(s *harness.Server) func() []int { return func() []int { return []int{s.PID()} } }

// request makes one request as the subject's headers say.
func (s subject) request(method string) (*http.Request, error) {
	r, err := http.NewRequest(method, s.url, nil)
	if err != nil {
		return nil, err
	}
	for _, line := range s.headers {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
		} else {
			r.Header.Add(name, value)
		}
	}
	return r, nil
}

// count is a figure of Redis' INFO, such as total_commands_processed.
func (r *redisServer) count(section, name string) (int, error) {
	text, err := r.client.Info(context.Background(), section).Result()
	if err != nil {
		return 0, err
	}
	m := regexp.MustCompile(`(?m)^` + name + `(\d+)`).FindStringSubmatch(text)
	if m == nil {
		return 0, nil // commandstats leaves out what was never asked
	}
	return strconv.Atoi(m[1])
}

// processed is how many commands Redis has carried out. To ask is one, too.
func (r *redisServer) processed() (int, error) { return r.count("stats", "total_commands_processed:") }
