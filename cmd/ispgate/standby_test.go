package main

import (
	"context"
	"errors"
	"io"
	stdlog "log"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/account"
	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/test/harness"
)

// TestStandbyGivesUp: the server is away at the start and comes back without our database. Nobody but an operator can
// mend that, so serve ends as it would have at the start.
func TestStandbyGivesUp(t *testing.T) {
	server := harness.MariaDB(t)
	path := configFile(t, "log: {level: debug}\n")
	keys := filepath.Join(filepath.Dir(path), "own", "keys.yaml")
	if err := keyring.Create(keys); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	url := server.Database(t)
	text = regexp.MustCompile(`'sqlite:[^']*'`).ReplaceAll(text, []byte("'"+url+"'"))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	keepLibraries(t)
	cfg, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	log, ended := &written{}, make(chan error, 1)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	go func() { ended <- serve(ctx, cfg, io.Discard, log) }()
	log.wait(t, "database cannot be opened yet")
	stdlog.Printf("a library\nsays %q", "canary") // S41: one JSON line, whoever writes; S40: without what came over a connection
	log.wait(t, `"a library\nsays …"`)
	server.Start()
	if err := <-ended; !errors.Is(err, account.ErrMissing) || exitCode(err) != exitUsage {
		t.Errorf("serve ends with %v, exit code %d", err, exitCode(err))
	}
	log.take(t) // JSON, every line
}

// wait reads the log until a line says what.
func (w *written) wait(t *testing.T, what string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		w.mu.Lock()
		said := strings.Contains(w.b.String(), what)
		w.mu.Unlock()
		if said {
			return
		}
	}
	t.Fatalf("the log never says %q", what)
}

// TestStandbyStopsTrying: what keeps coming back and what does not.
func TestStandbyStopsTrying(t *testing.T) {
	path := configFile(t, "")
	cfg, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	profile, err := loadProfile(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m := newMetrics()
	front, err := newStandby(builder{cfg: cfg, profile: profile, metrics: m, log: slog.New(slog.DiscardHandler)}, &health{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if err := front.keepTrying(ctx); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "ispgate init") {
		t.Errorf("without keys: %v", err)
	}
	if err := keyring.Create(cfg.KeysFile); err != nil {
		t.Fatal(err)
	}
	if err := front.keepTrying(ctx); !errors.Is(err, account.ErrMissing) {
		t.Errorf("without a database: %v", err)
	}
	cfg.Database.URL = "mysql://u:p@127.0.0.1:1/d"
	short, end := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer end()
	if err := front.keepTrying(short); err != nil || short.Err() == nil {
		t.Errorf("without a server: %v", err)
	}
}
