package account

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
	"github.com/ispgate/ispgate/test/harness"
)

func createAndOpen(t *testing.T, w *world) {
	want(t, "length of the installation id", len(w.Installation()), 32)
	if w.inMemory() {
		if other := w.open(t); other.Installation() == w.Installation() {
			t.Error("two databases in memory are one")
		}
		if err := Create(t.Context(), w.opt); err == nil {
			t.Error("a database in memory was created")
		}
		return
	}
	w.enabled(t, "alice")
	if err := Create(t.Context(), w.opt); !errors.Is(err, ErrExists) {
		t.Error("created twice:", err)
	}
	node := w.open(t)
	want(t, "installation on another node", node.Installation(), w.Installation())
	if a, err := node.Named(t.Context(), "alice"); err != nil || a.State != Active {
		t.Error("on another node:", a, err)
	}
	opt := w.opt
	opt.Ring, _ = keyring.New()
	if _, err := Open(t.Context(), opt); !errors.Is(err, ErrForeign) {
		t.Error("another key file:", err)
	}
	opt = w.opt
	opt.Fingerprint = "panel default name"
	_, err := Open(t.Context(), opt)
	if err == nil || !strings.Contains(err.Error(), w.opt.Fingerprint) || !strings.Contains(err.Error(), opt.Fingerprint) || !strings.Contains(err.Error(), "ispgate users rekey") {
		t.Error("another fingerprint:", err)
	}
	w.sql(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, `+map[bool]string{true: "true", false: "1"}[w.db.kind == &postgres]+`)`)
	if _, err := Open(t.Context(), w.opt); !errors.Is(err, ErrNewer) {
		t.Error("a newer schema:", err)
	}
	w.sql(t, `DELETE FROM goose_db_version WHERE version_id = 999`)
	w.sql(t, `UPDATE meta SET value = '00' WHERE name = 'installation'`)
	if _, err := Open(t.Context(), w.opt); !errors.Is(err, ErrForeign) {
		t.Error("another installation id:", err)
	}
	w.sql(t, `DELETE FROM meta`)
	if _, err := Open(t.Context(), w.opt); !errors.Is(err, ErrForeign) {
		t.Error("an emptied meta:", err)
	}
}

func TestS43_FilesOfSQLite(t *testing.T) {
	w := newWorld(t, sqliteURL(t))
	w.meet(t, "alice")
	path := strings.TrimPrefix(w.opt.URL, "sqlite://")
	for name, mode := range map[string]fs.FileMode{filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	for _, name := range []string{path, path + "-wal"} {
		for _, mode := range []fs.FileMode{0o640, 0o604, 0o620} {
			if err := os.Chmod(name, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(t.Context(), w.opt); !errors.Is(err, ErrUnfit) || !strings.Contains(err.Error(), "chmod 600 "+name) {
				t.Errorf("%s %o: %v", name, mode, err)
			}
		}
		os.Chmod(name, 0o600)
	}
	w.open(t)
	for _, mode := range []fs.FileMode{0o755, 0o750, 0o701} {
		if err := os.Chmod(filepath.Dir(path), mode); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{"Open": openFault(t, w.opt), "Create": Create(t.Context(), w.opt)} {
			if !errors.Is(err, ErrUnfit) || !strings.Contains(err.Error(), "chmod 700 "+filepath.Dir(path)) {
				t.Errorf("directory %o, %s: %v", mode, what, err)
			}
		}
	}
}

func openFault(t *testing.T, opt Options) error {
	t.Helper()
	s, err := Open(t.Context(), opt)
	if err == nil {
		err = s.Close()
	}
	return err
}

func TestOpenMakesNothing(t *testing.T) {
	w := newWorld(t, "sqlite::memory:")
	path := filepath.Join(harness.PrivateDir(t), "a b?#%41.db")
	opt := w.opt
	opt.URL = "sqlite://" + path
	if _, err := Open(t.Context(), opt); !errors.Is(err, ErrMissing) {
		t.Error("a missing file:", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("Open made the file")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), opt); !errors.Is(err, ErrMissing) {
		t.Error("an empty file:", err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{"opened": openFault(t, opt), "made": Create(t.Context(), opt)} {
		if !errors.Is(err, ErrUnfit) || !strings.Contains(err.Error(), path) {
			t.Errorf("another file was %s: %v", what, err)
		}
	}
	os.Remove(path)
	if err := Create(t.Context(), opt); err != nil {
		t.Fatal("an odd path:", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error("the file has another name:", err)
	}
}

func TestCreateAtOnceMakesOne(t *testing.T) {
	w := newWorld(t, "sqlite::memory:")
	opt := w.opt
	opt.URL = sqliteURL(t)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { errs[i] = Create(t.Context(), opt) })
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else if !errors.Is(err, ErrExists) {
			t.Error(err)
		}
	}
	want(t, "databases made", made, 1)
}

func TestS40_URLsAreNotRepeated(t *testing.T) {
	w := newWorld(t, "sqlite::memory:")
	for _, url := range []string{"", "x", "oracle://u:canary@h/d", "mysql://u:canary@h:port/d", "mysql://u:canary@h", "postgres://u:can%zzary@h/d",
		"postgres://u:canary@h:1:2/d", "postgres://u:canary@127.0.0.1:1/d", "mysql://u:canary@127.0.0.1:1/d", "mysql://u:canary@h/d?tls=canary&collation=",
		"postgres://u:canary@h/d?sslmode=canary", "sqlite://relative.db", "sqlite:relative.db", "sqlite:///dir/"} {
		opt := w.opt
		opt.URL = url
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		_, err := Open(ctx, opt)
		cancel()
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	w := newWorld(t, "sqlite::memory:")
	for name, spoil := range map[string]func(*Options){
		"no keys": func(o *Options) { o.Ring = nil }, "no clock": func(o *Options) { o.Now = nil }, "no log": func(o *Options) { o.Log = nil },
		"no panel": func(o *Options) { o.Panel = "" }, "skew 3": func(o *Options) { o.Skew = 3 }, "skew -1": func(o *Options) { o.Skew = -1 },
	} {
		opt := w.opt
		spoil(&opt)
		if _, err := Open(t.Context(), opt); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

// twoProcesses: this test binary is started twice. Of fifty uses at once of a code of the app, and of a recovery code, half of them
// in either process, one wins.
func twoProcesses(t *testing.T, w *world) {
	if w.inMemory() {
		return // a database of one process
	}
	keys := filepath.Join(harness.PrivateDir(t), "keys.yaml")
	if err := keyring.Create(keys); err != nil {
		t.Fatal(err)
	}
	w.sql(t, `DELETE FROM meta`)
	ring, err := keyring.Load(keys)
	if err != nil {
		t.Fatal(err)
	}
	w.opt.Ring = ring
	if err := newStore(w.opt, w.db).found(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Store = w.open(t)
	p := w.enabled(t, "alice")
	var rooms [2]*process
	for i := range rooms {
		rooms[i] = startProcess(t, "ACCOUNT_TEST_URL="+w.opt.URL, "ACCOUNT_TEST_KEYS="+keys, "ACCOUNT_TEST_ACCOUNT="+p.ID,
			"ACCOUNT_TEST_SECRET="+fmt.Sprintf("%x", p.secret.Bytes()), fmt.Sprint("ACCOUNT_TEST_CLOCK=", w.clock.ms.Load()), fmt.Sprint("ACCOUNT_TEST_NUMBER=", i))
	}
	for round := range rounds(w, 5) {
		n := round % recoverySet
		if round > 0 && n == 0 {
			if p.codes, err = w.Regenerate(t.Context(), p.ID); err != nil {
				t.Fatal(err)
			}
		}
		for _, code := range []string{"", p.codes[n]} {
			for _, step := range []string{"ready", "go"} {
				for _, room := range rooms { // both, before either goes on
					room.tell(t, step+" "+code)
				}
				if step == "ready" {
					for _, room := range rooms {
						want(t, "ready", room.hear(t), "ready")
					}
				}
			}
			if a, b := rooms[0].hear(t), rooms[1].hear(t); a+b != "10" && a+b != "01" {
				t.Fatalf("round %d, code %q: %s uses succeeded in one process, %s in the other", round, code, a, b)
			}
		}
	}
}
