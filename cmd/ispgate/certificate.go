package main

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/ispgate/ispgate/internal/config"
)

const complainEvery = time.Minute // every handshake looks at the files; a broken one is not worth a line each

// certificate is read again when one of its files has another date; a pair that does not load leaves the old one in use.
type certificate struct {
	files      config.TLS
	log        *slog.Logger
	now        func() time.Time
	mu         sync.Mutex
	cert       *tls.Certificate
	loaded     [2]time.Time // dates of the two files that cert was read from
	complained time.Time
}

// certificates loads the pair that the configuration names; nil where it names none.
func certificates(files config.TLS, log *slog.Logger) (*certificate, error) {
	if files.CertFile == "" {
		return nil, nil
	}
	c := &certificate{files: files, log: log, now: time.Now}
	return c, c.load()
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(); err != nil && c.now().Sub(c.complained) >= complainEvery {
		c.complained = c.now()
		c.log.Error("the certificate does not load; the old one stays in use", "cert_file", c.files.CertFile, "key_file", c.files.KeyFile, "cause", err)
	}
	return c.cert, nil
}

// load reads the pair if it changed. A date that went back is a change too: an old file was put back.
func (c *certificate) load() error {
	var dates [2]time.Time
	for i, path := range []string{c.files.CertFile, c.files.KeyFile} {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		dates[i] = info.ModTime()
	}
	if c.cert != nil && dates[0].Equal(c.loaded[0]) && dates[1].Equal(c.loaded[1]) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.files.CertFile, c.files.KeyFile)
	if err != nil {
		return err
	}
	c.cert, c.loaded = &pair, dates
	return nil
}
