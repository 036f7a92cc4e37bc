package account

import (
	"errors"
	"net/url"
	"testing"

	"github.com/ispgate/ispgate/internal/keyring"
)

func inspectChangesNothing(t *testing.T, w *world) {
	if err := Inspect(t.Context(), w.opt); err != nil {
		t.Error("in order:", err)
	}
	if w.inMemory() {
		return // nobody else's
	}
	version := func() int64 {
		t.Helper()
		var n int64
		if err := w.db.read.QueryRow(`SELECT MAX(version_id) FROM goose_db_version`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	now := version()
	w.firstSchema(t)
	old := version()
	if err := Inspect(t.Context(), w.opt); err != nil || version() != old || old == now {
		t.Errorf("an older schema: %v, version %d, was %d of %d", err, version(), old, now)
	}
	opt := w.opt
	opt.Ring, _ = keyring.New()
	if err := Inspect(t.Context(), opt); !errors.Is(err, ErrForeign) {
		t.Error("another key file:", err)
	}
	opt = w.opt
	opt.Fingerprint = "panel default name"
	if err := Inspect(t.Context(), opt); !errors.Is(err, ErrFingerprint) {
		t.Error("another fingerprint:", err)
	}
	w.sql(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, `+map[bool]string{true: "true", false: "1"}[w.db.kind == &postgres]+`)`)
	if err := Inspect(t.Context(), w.opt); !errors.Is(err, ErrNewer) {
		t.Error("a newer schema:", err)
	}
	w.sql(t, `DROP TABLE meta`)
	if err := Inspect(t.Context(), w.opt); !errors.Is(err, ErrMissing) {
		t.Error("without tables:", err)
	}
}

// missingRowsShow: a database whose rows were deleted answers, but its logins are refused, so it is not in order.
func missingRowsShow(t *testing.T, w *world) {
	w.meet(t, "bob")
	sound := func(what string, sound bool) {
		t.Helper()
		calls := map[string]error{"Ping": w.Ping(t.Context())}
		if !w.inMemory() {
			calls["Inspect"] = Inspect(t.Context(), w.opt)
		}
		for name, err := range calls {
			if errors.Is(err, ErrTampered) == sound || sound && err != nil {
				t.Errorf("%s, %s: %v", what, name, err)
			}
		}
	}
	sound("nobody enrolled", true)
	w.enabled(t, "alice")
	sound("in order", true)
	w.sql(t, `DELETE FROM factors`)
	sound("the factors deleted", false)
	w.sql(t, `DELETE FROM accounts WHERE name = 'alice'`)
	sound("the account deleted", false)
}

// TestServersAway: one that does not answer is worth waiting for, one that refuses is not.
func TestServersAway(t *testing.T) {
	w := newWorld(t, "sqlite::memory:")
	for _, away := range []string{"mysql://u:p@127.0.0.1:1/d", "postgres://u:p@127.0.0.1:1/d"} {
		opt := w.opt
		opt.URL = away
		if _, err := Open(t.Context(), opt); !errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: %v", away, err)
		}
	}
}

// refused: wrong names and passwords are for the administrator to mend.
func refused(t *testing.T, w *world) {
	if w.db.at.url == nil {
		return
	}
	for name, spoil := range map[string]func(*address){
		"another database": func(a *address) { a.url.Path = "/nobody_made_this" },
		"another user":     func(a *address) { a.url.User = url.UserPassword("nobody", "x") },
	} {
		_, at, err := parseURL(w.opt.URL)
		if err != nil {
			t.Fatal(err)
		}
		spoil(&at)
		opt := w.opt
		opt.URL = at.url.String()
		if _, err := Open(t.Context(), opt); err == nil || errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
