package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ispgate/ispgate/internal/account"
)

// health answers /healthz and /readyz on the admin listener.
type health struct {
	serving atomic.Bool // false before the listeners are open and from SIGTERM on
	stores  atomic.Pointer[map[string]func(context.Context) error]
}

// open says that the stores are there to be asked.
func (h *health) open(stores map[string]func(context.Context) error) { h.stores.Store(&stores) }

// adminHandler is the whole admin listener; nothing of it is on the public one.
func adminHandler(m *metrics, h *health) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("alive\n")) })
	mux.HandleFunc("GET /readyz", h.ready)
	return mux
}

// openAdmin warns of an admin listener that more than this machine can reach (S41); a Prometheus elsewhere may need it.
// Empty: there is nothing to warn of.
func openAdmin(address string) string {
	if strings.HasPrefix(address, "unix:") {
		return ""
	}
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		return ""
	}
	return "admin.listen " + address + ": /metrics can be reached from other machines; let only your Prometheus through the firewall"
}

// forwardedHeaders is what /readyz calls the state of trusted_proxies.
const forwardedHeaders = "forwarded_headers"

var errForwarder = errors.New("forwarded headers arrive from an address that is not in trusted_proxies")

const pingTime = time.Second // of each store: one that hangs must not make the others look down

// ready is 503 only while starting and stopping: a Redis outage must not empty the balancer (design 3.6).
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	body := map[string]string{}
	stores := h.stores.Load()
	if stores != nil {
		body = states(r.Context(), *stores)
	}
	status := http.StatusOK
	body["status"] = "ready"
	if stores == nil || !h.serving.Load() {
		status, body["status"] = http.StatusServiceUnavailable, "not serving"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// stateOf is a store's state in a word; a message could tell strangers too much.
func stateOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, account.ErrMoved):
		return "moved" // the database file
	case errors.Is(err, account.ErrTampered):
		return "tampered" // rows are missing or not ours: who has no factor is not let in
	case errors.Is(err, errForwarder):
		return "untrusted"
	default:
		return "unreachable"
	}
}

// states asks all stores at once.
func states(ctx context.Context, stores map[string]func(context.Context) error) map[string]string {
	var mu sync.Mutex
	var group sync.WaitGroup
	out := map[string]string{}
	for name, ping := range stores {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, pingTime)
			defer cancel()
			state := stateOf(ping(ctx))
			mu.Lock()
			defer mu.Unlock()
			out[name] = state
		})
	}
	group.Wait()
	return out
}
