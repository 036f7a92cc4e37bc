package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/config"
)

func newPair(t *testing.T, name string, modified time.Time) config.TLS {
	dir := t.TempDir()
	files := config.TLS{CertFile: filepath.Join(dir, "c.pem"), KeyFile: filepath.Join(dir, "k.pem")}
	writePair(t, files, name, modified)
	return files
}

// TestCertificateComplains: a pair that does not load is no secret, and no flood.
func TestCertificateComplains(t *testing.T) {
	now := time.Now()
	for name, spoil := range map[string]func(config.TLS) error{
		"broken":      func(f config.TLS) error { return os.WriteFile(f.CertFile, []byte("half writ"), 0o600) },
		"gone":        func(f config.TLS) error { return os.Remove(f.CertFile) },
		"key gone":    func(f config.TLS) error { return os.Remove(f.KeyFile) },
		"another key": func(f config.TLS) error { return os.Rename(newPair(t, "other.example", now).KeyFile, f.KeyFile) },
	} {
		t.Run(name, func(t *testing.T) {
			files, log := newPair(t, "first.example", now.Add(-time.Hour)), &written{}
			c, err := certificates(files, newLogger(log, config.Log{Format: "json"}))
			if err != nil {
				t.Fatal(err)
			}
			c.now = func() time.Time { return now }
			if err := spoil(files); err != nil {
				t.Fatal(err)
			}
			for _, want := range []int{1, 0, 0} {
				if cert, err := c.get(nil); err != nil || cert.Leaf.Subject.CommonName != "first.example" {
					t.Fatalf("the old one: %v", err)
				}
				if lines := log.take(t); len(lines) != want || want > 0 && (lines[0]["level"] != "ERROR" || lines[0]["cert_file"] != files.CertFile) {
					t.Errorf("log: %v, want %d lines", lines, want)
				}
			}
			now = now.Add(time.Minute)
			_, _ = c.get(nil)
			if lines := log.take(t); len(lines) != 1 {
				t.Errorf("after a minute: %v", lines)
			}
			writePair(t, files, "second.example", now)
			if cert, err := c.get(nil); err != nil || cert.Leaf.Subject.CommonName != "second.example" || len(log.take(t)) != 0 {
				t.Errorf("mended: %v", err)
			}
		})
	}
}

// TestCertificateOfAnotherKey: the date of the certificate may be the old one, as copied from an archive.
func TestCertificateOfAnotherKey(t *testing.T) {
	then := time.Now().Add(-time.Hour)
	files := newPair(t, "first.example", then)
	c, err := certificates(files, newLogger(&written{}, config.Log{}))
	if err != nil {
		t.Fatal(err)
	}
	writePair(t, files, "second.example", then)
	if err := os.Chtimes(files.KeyFile, then, then.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if cert, err := c.get(nil); err != nil || cert.Leaf.Subject.CommonName != "second.example" {
		t.Errorf("not read again: %v", err)
	}
}
