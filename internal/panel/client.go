package panel

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/internal/recent"
	"github.com/ispgate/ispgate/internal/transport"
)

// Panel is one panel that answers at one address. It is safe for concurrent use.
type Panel struct {
	opt       Options
	profile   *Profile
	base      *http.Transport
	transport *transport.Direct // for proxied requests
	replay    *transport.Direct // for our own, which have time limits of their own
	proto     string            // the origin that the panel believes in: proto://host
	host      string
	hosts     []string // names that the panel may call itself, lower case, without ports
	control   controlState
	told      told
	boxes     recent.Map[string, *keyring.Box]
}

// New makes a Panel. The profile must be complete. Nothing is asked of the panel yet.
func New(o Options) (*Panel, error) {
	if o.Profile != nil {
		if err := o.Profile.Complete(); err != nil {
			return nil, err
		}
		if o.Mode == Passthrough && o.Profile.Login.As == "basic" {
			return nil, errors.New("cookies: passthrough cannot carry HTTP Basic credentials, which only the gateway adds (sealed, with the gateway as the proxy)")
		}
	}
	return assemble(o)
}

// assemble is New for a profile that may lack something.
func assemble(o Options) (*Panel, error) {
	switch {
	case o.URL == nil || o.Public == nil || o.Profile == nil || o.Now == nil:
		return nil, errors.New("panel: URL, Public, Profile and Now are needed")
	case o.URL.Scheme != "http" && o.URL.Scheme != "https":
		return nil, fmt.Errorf("panel: %q is neither http nor https", o.URL.Scheme)
	}
	if o.Observe == nil {
		o.Observe = func(Verdict, time.Duration) {}
	}
	if o.Waiting == nil {
		o.Waiting = func(context.Context) func() { return func() {} }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Panel{told: told{log: o.Log}, opt: o, profile: o.Profile, proto: o.Profile.Forward.Proto, host: o.Profile.Forward.Host}
	if p.proto == "keep" {
		p.proto = o.Public.Scheme
	}
	switch p.host {
	case "keep":
		p.host = o.Public.Host
	case "panel":
		p.host = o.URL.Host
	}
	p.hosts = []string{portless(o.Public.Host), portless(o.URL.Host), portless(p.host)}
	if err := p.profile.atHosts(p.hosts); err != nil {
		return nil, err
	}
	p.profile.standAt(p.hosts)
	var err error
	if p.base, err = newTransport(o); err != nil {
		return nil, err
	}
	p.transport = direct(p.base)
	p.askWithin(0) // some panels throttle by sleeping 25 s (T3)
	return p, nil
}

// Profile is what the panel is believed to be.
func (p *Panel) Profile() *Profile { return p.profile }

// Transport speaks to the panel and to nobody else: whatever host a request names, this one is dialled (S31). It does not
// follow redirects, unpack answers or read proxies from the environment.
func (p *Panel) Transport() http.RoundTripper { return unquoting{p.transport} }

// askWithin bounds how long our own requests wait for the head of an answer; 0: as long as their contexts say.
func (p *Panel) askWithin(limit time.Duration) {
	replay := p.base.Clone()
	replay.ResponseHeaderTimeout = limit
	p.replay = direct(replay)
}

// direct carries what has no body itself and leaves the rest to other, with whose limits.
func direct(other *http.Transport) *transport.Direct {
	return &transport.Direct{
		Dial:     func(ctx context.Context) (net.Conn, error) { return other.DialContext(ctx, "tcp", "") },
		Other:    other,
		HeadTime: other.ResponseHeaderTimeout,
		Idle:     transport.Idle{Most: other.MaxIdleConnsPerHost, Life: other.IdleConnTimeout},
	}
}

func newTransport(o Options) (*http.Transport, error) {
	address := o.URL.Host
	if o.URL.Port() == "" {
		address = net.JoinHostPort(o.URL.Hostname(), map[string]string{"http": "80", "https": "443"}[o.URL.Scheme])
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	t := &http.Transport{
		Proxy: nil,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		},
		MaxIdleConns:          0,
		MaxIdleConnsPerHost:   512,
		IdleConnTimeout:       30 * time.Second, // shorter than what servers keep: a connection is not reused while it closes
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		ResponseHeaderTimeout: o.Timeout,
		DisableCompression:    true,

		MaxResponseHeaderBytes: transport.MaxHead,
		ReadBufferSize:         32 << 10,
		WriteBufferSize:        32 << 10,
		Protocols:              new(http.Protocols), // HTTP/1.1 only: websockets need it
	}
	t.Protocols.SetHTTP1(true)
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.ServerName}
	if o.ServerName == "" {
		t.TLSClientConfig.ServerName = o.URL.Hostname()
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read panel.ca_file: %w", err)
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read panel.ca_file: %s holds no certificate", o.CAFile)
		}
	}
	return t, nil
}

// Forward tells the panel what the profile's `forward` says of a request: Host and X-Forwarded-*, its own name in Origin and
// Referer, and what packing of answers is understood. Nothing else sets these, and whatever out had of them is gone. It also points out at the panel; path and query stay.
func (p *Panel) Forward(out *http.Request, c Client) {
	out.URL.Scheme, out.URL.Host, out.Host = p.opt.URL.Scheme, p.opt.URL.Host, p.host
	h := out.Header
	h.Del("X-Forwarded-For")
	if addr := c.Addr.Unmap().WithZone(""); p.profile.Forward.ClientIP && addr.IsValid() {
		h.Set("X-Forwarded-For", addr.String()) // the one address, no chain: a client's own entries must not count (S3)
	}
	h.Set("Accept-Encoding", "identity") // what this program can unpack, and nothing that the browser did not offer
	if strings.Contains(c.Encoding, "gzip") {
		h.Set("Accept-Encoding", "gzip")
	}
	for _, name := range []string{"Origin", "Referer"} { // panels compare them with what they believe to be (Django)
		if rest, ok := strings.CutPrefix(h.Get(name), p.opt.Public.Scheme+"://"+p.opt.Public.Host); ok && (rest == "" || rest[0] == '/') {
			h.Set(name, p.origin()+rest)
		}
	}
	h.Set("X-Forwarded-Proto", p.proto)
	h.Set("X-Forwarded-Host", p.opt.Public.Host)
}

// origin is what the panel takes for its own address.
func (p *Panel) origin() string { return p.proto + "://" + p.host }

// targetURL is a request URL that carries path and query byte for byte.
func (p *Panel) targetURL(target string) (*url.URL, error) {
	if !panelTarget(target) {
		return nil, errors.New("target is not a path of the panel")
	}
	u := &url.URL{Scheme: p.opt.URL.Scheme, Host: p.opt.URL.Host}
	for i := range len(target) {
		if target[i] == '?' {
			u.Opaque, u.RawQuery, u.ForceQuery = target[:i], target[i+1:], true
			return u, nil
		}
	}
	u.Opaque = target
	return u, nil
}
