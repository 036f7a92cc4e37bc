package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/keyring"
)

// Limits of the listeners (S42). Bodies and answers have theirs in the chain (web.Patience): uploads and event streams may last.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	adminTimeout  = time.Minute
	maxHeader     = 64 << 10
	drainTime     = 30 * time.Second // deploy/systemd waits longer
)

// run serves until ctx ends (SIGTERM), then stops accepting, ends event streams and lets the other requests under way end.
func run(ctx context.Context, s servers, cfg *config.Config) error {
	certificate, err := certificates(cfg.TLS, s.log)
	if err != nil {
		return usageError{fmt.Errorf("tls: %w", err)}
	}
	requests, cut := context.WithCancel(context.Background())
	defer cut()
	collectLess(requests)
	go giveBack(requests)
	public := newServer(s.public, requests)
	admin := newServer(s.admin, requests)
	admin.ReadTimeout, admin.WriteTimeout = headerTimeout, adminTimeout // what it serves has neither uploads nor streams
	failed := make(chan error, len(cfg.Listen)+1)
	for _, address := range cfg.Listen {
		l, shown, err := listen(address, certificate)
		if err != nil {
			return errors.Join(fmt.Errorf("listen: %w", err), public.Close())
		}
		s.announce("listening on", shown)
		go func() { failed <- public.Serve(l) }()
	}
	l, shown, err := listen(cfg.Admin.Listen, nil)
	if err != nil {
		return errors.Join(fmt.Errorf("admin.listen: %w", err), public.Close())
	}
	s.announce("admin on", shown)
	if open := openAdmin(cfg.Admin.Listen); open != "" {
		s.log.Warn(open)
	}
	go func() { failed <- admin.Serve(l) }()
	s.health.serving.Store(true)
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve: %w", err), public.Close(), admin.Close())
	case <-ctx.Done():
	}
	s.health.serving.Store(false)
	s.log.Info("stopping", "drain_seconds", drainTime.Seconds())
	patience, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	return drain(patience, s, public, admin, cut)
}

func newServer(h http.Handler, base context.Context) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		DisableGeneralOptionsHandler: true, // OPTIONS * is refused by the chain, as every other target that is no path (S5)
		BaseContext:                  func(net.Listener) context.Context { return base }}
}

// listen opens host:port or unix:/path and says how a browser would write it.
func listen(address string, cert *certificate) (net.Listener, string, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return listenUnix(path)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, "", err
	}
	if cert == nil {
		return l, "http://" + l.Addr().String(), nil
	}
	return tls.NewListener(l, &tls.Config{GetCertificate: cert.get, NextProtos: []string{"http/1.1"}}), "https://" + l.Addr().String(), nil
}

// listenUnix makes a socket that only processes of this user can open (S43); a stale one of an earlier run is removed.
func listenUnix(path string) (net.Listener, string, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
			return nil, "", errors.Join(fmt.Errorf("%s is in use", path), c.Close())
		}
		if err := os.Remove(path); err != nil {
			return nil, "", fmt.Errorf("remove the stale socket: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, "", err
	}
	if err := keyring.PrivateDirectory("socket", path); err != nil {
		return nil, "", usageError{err}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, "", err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, "", errors.Join(err, l.Close())
	}
	return l, "unix:" + path, nil
}
