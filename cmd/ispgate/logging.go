package main

import (
	"io"
	stdlog "log"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ispgate/ispgate/internal/config"
	"github.com/ispgate/ispgate/internal/panel"
	"github.com/ispgate/ispgate/internal/web"
)

// newLogger writes one line per event; JSON by default, so that nothing in a name or header can forge one (S41).
func newLogger(w io.Writer, cfg config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Level)) // config has checked it
	opt := &slog.HandlerOptions{Level: level}
	if cfg.Format == "text" {
		return slog.New(slog.NewTextHandler(w, opt))
	}
	return slog.New(slog.NewJSONHandler(w, opt))
}

// adoptLibraries makes lines of ours of what libraries print (S41): at level debug, and without what they quote, which came over a
// connection and may be anybody's secret (S40). net/http prints so for the listeners, the transport and the proxy.
func adoptLibraries(log *slog.Logger) {
	slog.SetDefault(log)
	stdlog.SetFlags(0)
	stdlog.SetOutput(libraryLines{log})
}

type libraryLines struct{ log *slog.Logger }

func (l libraryLines) Write(line []byte) (int, error) {
	l.log.Debug(panel.Unquoted(strings.TrimSuffix(string(line), "\n")))
	return len(line), nil
}

const accessSample = 100 // sampled: every hundredth request

// accessLog logs requests without their query: it may carry tokens (S40).
func accessLog(mode string, log *slog.Logger) func(*http.Request, int, time.Duration) {
	if mode == "off" {
		return nil
	}
	var n atomic.Uint64
	return func(r *http.Request, status int, took time.Duration) {
		if mode == "sampled" && n.Add(1)%accessSample != 1 {
			return
		}
		q := web.Of(r)
		log.Info("request", "request", q.ID(), "method", r.Method, "path", r.URL.Path, "status", status, "route", q.Route,
			"address", q.Client.String(), "milliseconds", took.Milliseconds())
	}
}
