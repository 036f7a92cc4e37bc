package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/ispgate/ispgate/test/harness"
)

// group is what is measured side by side.
type group struct {
	title    string
	about    string
	subjects []subject
}

// result is what came out for one subject.
type result struct {
	group   group
	subject subject
	many    []sample // 32 connections
	one     []sample // one connection
}

const (
	connections = 32
	plainProxy  = "tuned ReverseProxy"
	ownPage     = "ispgate, logged in, sealed"
)

// speed measures both doors beside bare servers.
func (w *world) speed(s settings) ([]result, error) {
	g := w.gateway()
	groups := []group{w.auth(g), w.page(g)}
	groups[0].subjects = append(groups[0].subjects, s.peers...)
	for _, group := range groups {
		for _, sub := range group.subjects {
			if err := sub.check(); err != nil {
				return nil, err
			}
		}
	}
	var all []result
	for _, group := range groups {
		got, err := w.measure(group, s)
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
	}
	return all, nil
}

// measure runs a group's subjects in turn, round for round, so that whatever else the machine does hits all alike.
func (w *world) measure(g group, s settings) ([]result, error) {
	out := make([]result, len(g.subjects))
	for i, sub := range g.subjects {
		out[i] = result{group: g, subject: sub}
	}
	for round := range s.rounds {
		for i, sub := range g.subjects {
			fmt.Fprintf(os.Stderr, "%s, round %d of %d: %s\n", g.title, round+1, s.rounds, sub.name)
			many, err := w.round(sub, connections, s.seconds)
			if err != nil {
				return nil, err
			}
			one, err := w.round(sub, 1, max(1, s.seconds/2))
			if err != nil {
				return nil, err
			}
			out[i].many, out[i].one = append(out[i].many, many), append(out[i].one, one)
		}
	}
	return out, nil
}

func beside(name, url string, headers []string, status int, server *harness.Server) subject {
	return subject{name: name, url: url, headers: headers, status: status, pids: pidOf(server)}
}

// auth is the answer to a server in front.
func (w *world) auth(g *gateway) group {
	h := w.house
	constant, nginx := w.nginx("return 204;")
	plain, handler := reference(h, "handler", "")
	one, withRedis := reference(h, "handler-redis", g.redis.Addr)
	in := g.asks("ispgate, logged in", "/page", g.cookies, 204)
	asking := beside("handler + one Redis GET", "http://"+one+"/", in.headers, 204, withRedis)
	asking.redis = g.redis
	return group{"P/auth", "the answer to auth_request", []subject{
		beside("nginx return 204", "http://"+constant+"/", nil, 204, nginx),
		beside("bare net/http handler", "http://"+plain+"/", in.headers, 204, handler),
		asking,
		in,
		g.asks("ispgate, no cookie", "/page", "", 401),
		g.asks("ispgate, forged cookie", "/page", "__Host-ispgate="+strings.Repeat("A", 136), 401),
	}}
}

// page is a page of 4 KiB that sets two cookies.
func (w *world) page(g *gateway) group {
	h := w.house
	passed, nginx := w.nginx("proxy_pass http://panel; proxy_http_version 1.1; proxy_set_header Connection '';")
	tuned, tunedServer := reference(h, "proxy-tuned", "http://"+w.panel)
	plain, plainServer := reference(h, "proxy-default", "http://"+w.panel)
	caddyAt := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(h))
	caddy := harness.Caddy(h, "http://"+caddyAt+" {\n\treverse_proxy "+w.panel+"\n}\n", caddyAt)
	in := []string{"Cookie: panel_session=in-x", "Accept: text/html", "Sec-Fetch-Mode: navigate"}
	return group{"proxied page", "4 KiB, two Set-Cookie an answer", []subject{
		beside("nginx proxy_pass", "http://"+passed+"/page", in, 200, nginx),
		beside(plainProxy, "http://"+tuned+"/page", in, 200, tunedServer),
		beside("Caddy reverse_proxy", "http://"+caddyAt+"/page", in, 200, caddy),
		beside("default ReverseProxy", "http://"+plain+"/page", in, 200, plainServer),
		g.passes(ownPage, "/page", g.cookies, 200),
		g.passes("ispgate, to the login", "/page", "", 303),
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

// check asks a subject once, before it is measured.
func (s subject) check() error {
	r, err := s.request(http.MethodGet)
	if err != nil {
		return err
	}
	res, err := direct.Do(r)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != s.status || s.status == http.StatusOK && string(body) != page {
		return fmt.Errorf("%s answers %s and %d bytes, want %d (%v)", s.name, res.Status, len(body), s.status, err)
	}
	return nil
}

// direct follows no redirect.
var direct = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// added is how much later than the bare proxy's a page comes at the 99th percentile, as the first table has it.
func added(all []result) []row {
	var bare, own result
	for _, r := range all {
		switch r.subject.name {
		case plainProxy:
			bare = r
		case ownPage:
			own = r
		}
	}
	p99 := func(samples []sample) float64 {
		mid, _, _ := median(samples, func(s sample) time.Duration { return s.p99 })
		return float64(mid)
	}
	one, many := p99(own.one)/p99(bare.one)-1, p99(own.many)/p99(bare.many)-1
	return []row{
		percent("proxied page, p99 added over the "+plainProxy+", 1 connection", 0.15, one),
		percent("the same, 32 connections", 0.15, many),
	}
}
