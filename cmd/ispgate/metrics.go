package main

import (
	"context"
	"maps"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ispgate/ispgate/internal/account"
)

// metrics are those that several rooms feed (design 3.6). Labels are bounded words: no users, paths, hosts or addresses.
type metrics struct {
	registry       *prometheus.Registry
	logins         *prometheus.CounterVec
	secondFactor   *prometheus.CounterVec
	guessing       *prometheus.CounterVec
	decisions      *prometheus.CounterVec
	panelLogin     *prometheus.HistogramVec
	requests       *prometheus.HistogramVec
	upstream       prometheus.Histogram
	storeErrors    *prometheus.CounterVec
	removedHeaders prometheus.Counter
	droppedCookies prometheus.Counter
	public         *prometheus.CounterVec
	usersReloads   *prometheus.CounterVec
}

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "ispgate", Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry:       prometheus.NewRegistry(),
		logins:         counter("logins_total", "Password logins by result.", "result"),
		secondFactor:   counter("second_factor_total", "Uses of a second factor by method and result.", "method", "result"),
		guessing:       counter("code_guessing_total", "Accounts whose wrong codes reached a number at which somebody who knows the password may be guessing.", "failures"),
		decisions:      counter("gate_decisions_total", "What the gate said of requests.", "decision"),
		storeErrors:    counter("store_errors_total", "Failed operations of a store.", "store"),
		public:         counter("public_requests_total", "Requests that a public rule let through, by its number in the profile.", "rule"),
		usersReloads:   counter("users_file_reloads_total", "Changed files of local passwords by what came of reading them.", "result"),
		removedHeaders: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "ispgate", Name: "removed_headers_total", Help: "Request headers removed because only the gateway may set them."}),
		droppedCookies: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "ispgate", Name: "dropped_cookies_total", Help: "Panel cookies that were not passed on to a browser."}),
		panelLogin: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "ispgate", Name: "panel_login_seconds",
			Help: "How long a panel login took, by verdict.", Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 25, 60}}, []string{"verdict"}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "ispgate", Name: "request_duration_seconds",
			Help: "How long requests took, by route.", Buckets: prometheus.DefBuckets}, []string{"route"}),
		upstream: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "ispgate", Name: "upstream_duration_seconds",
			Help: "How long the panel took to begin its answer.", Buckets: prometheus.DefBuckets}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "ispgate", Name: "build_info", Help: "Always 1; the label names the build.",
		ConstLabels: prometheus.Labels{"version": versionOf()}})
	info.Set(1)
	m.registry.MustRegister(m.logins, m.secondFactor, m.guessing, m.decisions, m.storeErrors, m.public, m.usersReloads, m.removedHeaders, m.droppedCookies,
		m.panelLogin, m.requests, m.upstream, info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, store := range []string{"redis", "sql"} {
		m.storeErrors.WithLabelValues(store)
	}
	for _, result := range []string{"ok", "failed"} {
		m.usersReloads.WithLabelValues(result)
	}
	for _, n := range account.Notices() {
		m.guessing.WithLabelValues(strconv.Itoa(n))
	}
	return m
}

// perLabel looks the metric of a label up once. Labels are bounded words, so that it may keep them all.
func perLabel[M any](lookup func(...string) M) func(string) M {
	var known atomic.Pointer[map[string]M]
	known.Store(&map[string]M{})
	return func(label string) M {
		now := known.Load()
		if m, ok := (*now)[label]; ok {
			return m
		}
		more := maps.Clone(*now)
		more[label] = lookup(label)
		known.CompareAndSwap(now, &more) // who loses looks up once more
		return more[label]
	}
}

// watchAccounts exposes how many accounts have which state of the factor, counted when somebody asks.
func (m *metrics) watchAccounts(store *account.Store) {
	m.registry.MustRegister(accountsCollector{store, prometheus.NewDesc("ispgate_accounts", "Accounts by the state of their second factor.", []string{"second_factor"}, nil)})
}

// watchLogins exposes whether the panel's login works as the profile says.
func (m *metrics) watchLogins(open func() bool) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "ispgate", Name: "logins_open",
		Help: "1 while the panel's login works as the profile says, 0 while logging in is out of order."}, func() float64 {
		if open() {
			return 1
		}
		return 0
	}))
}

type accountsCollector struct {
	store *account.Store
	desc  *prometheus.Desc
}

func (c accountsCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

func (c accountsCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	counts, err := c.store.Count(ctx)
	if err != nil {
		return // no figure is better than a wrong one
	}
	for _, state := range []account.State{account.None, account.Active, account.Reset} {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(counts[state]), string(state))
	}
}
