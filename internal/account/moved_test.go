package account

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
)

// TestS19_DatabaseFileMoved: whatever lies at the path now, a store that has another file open answers nothing from it.
func TestS19_DatabaseFileMoved(t *testing.T) {
	w := newWorld(t, sqliteURL(t))
	p := w.enabled(t, "alice")
	path := w.db.at.path
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	all := func(what string, moved bool) {
		t.Helper()
		for name, call := range map[string]func() error{
			"Revoked":       func() error { _, _, err := w.Revoked(t.Context(), 0); return err },
			"Get":           func() error { _, err := w.Get(t.Context(), p.ID); return err },
			"Generation":    func() error { _, err := w.Generation(t.Context(), p.ID); return err },
			"List":          func() error { _, err := w.List(t.Context()); return err },
			"Ping":          func() error { return w.Ping(t.Context()) },
			"RevokeSession": func() error { return w.RevokeSession(t.Context(), p.ID, "s") },
			"new connection": func() error {
				w.db.read.SetMaxIdleConns(0)
				return w.db.read.PingContext(context.Background())
			},
		} {
			err := call()
			if errors.Is(err, ErrMoved) != moved || moved && !strings.Contains(err.Error(), path) || !moved && err != nil {
				t.Errorf("%s, %s: %v", what, name, err)
			}
		}
	}
	all("in place", false)
	must(os.Rename(path, path+".away"))
	all("moved away", true)
	must(os.Rename(path+".away", path))
	all("back", false)
	must(os.Rename(path, path+".away"))
	must(Create(t.Context(), w.opt))
	all("another in its place", true)
}

// exchanged: a server's database that was emptied or exchanged for another installation's is noticed where revocations are read.
func exchanged(t *testing.T, w *world) {
	w.sql(t, `UPDATE meta SET value = 'another' WHERE name = 'installation'`)
	if _, _, err := w.Revoked(t.Context(), 0); !errors.Is(err, ErrForeign) {
		t.Error("exchanged:", err)
	}
	w.sql(t, `DELETE FROM meta`)
	if _, _, err := w.Revoked(t.Context(), 0); !errors.Is(err, ErrTampered) {
		t.Error("emptied:", err)
	}
	w.sql(t, `DROP TABLE meta`)
	if _, _, err := w.Revoked(t.Context(), 0); !errors.Is(err, ErrTampered) {
		t.Error("dropped:", err)
	}
}
