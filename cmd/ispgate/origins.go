package main

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"github.com/ispgate/ispgate/internal/panel"
)

const demoOrigins = 16 // gateways at a time: names come from strangers

// origins let the demo answer on any Host: each origin gets a gateway of its own, over the same stores. The one that was
// used longest ago makes room for a new one, whose sessions and accounts are the same.
type origins struct {
	builder builder
	ctx     context.Context // of their background work
	mu      sync.Mutex
	known   map[string]*origin // by scheme://host
	turns   uint64
}

type origin struct {
	*gateway
	stop context.CancelFunc
	used uint64 // the turn of its last request
}

func (o *origins) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	gw, err := o.of(r)
	if err != nil {
		http.Error(w, "this demo does not answer to this name", http.StatusMisdirectedRequest)
		return
	}
	gw.handler.ServeHTTP(w, r)
}

func (o *origins) of(r *http.Request) (*gateway, error) {
	host := strings.ToLower(r.Host)
	public, err := url.Parse(schemeOf(r) + "://" + host)
	if err != nil || host == "" || public.Host != host {
		return nil, errors.New("no host")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	known, ok := o.known[public.String()]
	if !ok {
		if known, err = o.open(public); err != nil {
			return nil, err
		}
		o.keep(public.String(), known)
	}
	o.turns++
	known.used = o.turns
	return known.gateway, nil
}

// schemeOf is how the browser came: over TLS of ours, or through a proxy on this machine that says so. Nobody else is
// believed, and this only names cookies: the demo has no trusted proxies.
func schemeOf(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	local := err != nil || peer.Addr().Unmap().IsLoopback() // a Unix socket's peer has no address
	if r.TLS != nil || local && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return "https"
	}
	return "http"
}

func (o *origins) open(public *url.URL) (*origin, error) {
	b := o.builder
	cfg := *b.cfg
	cfg.PublicURL, b.cfg = public, &cfg
	var err error
	if b.profile, err = panel.Parse("demo.yaml", demoProfile); err != nil { // each origin its own: a profile learns where it stands
		return nil, err
	}
	gw, err := b.gateway()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(o.ctx)
	gw.run(ctx, b.log)
	return &origin{gateway: gw, stop: stop}, nil
}

// keep puts an origin among the known ones, if need be in place of the one that was used longest ago.
func (o *origins) keep(name string, made *origin) {
	if o.known == nil {
		o.known = map[string]*origin{}
	}
	if len(o.known) >= demoOrigins {
		var oldest string
		for n, k := range o.known {
			if oldest == "" || k.used < o.known[oldest].used {
				oldest = n
			}
		}
		o.known[oldest].stop()
		delete(o.known, oldest)
	}
	o.known[name] = made
}

// loginsOpen: all origins stand before one panel, so one that finds its login in order will do. None was asked yet: open.
func (o *origins) loginsOpen() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range o.known {
		if k.panel.LoginsOpen() {
			return true
		}
	}
	return len(o.known) == 0
}
