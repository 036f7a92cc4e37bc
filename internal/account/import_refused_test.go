package account

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ispgate/ispgate/internal/keyring"
)

// A database in which something does not verify is not exported as if it did.
func exportRefusesTampered(t *testing.T, w *world) {
	alice, bob := w.enabled(t, "alice"), w.enabled(t, "bob")
	if err := w.Remember(t.Context(), alice.Account, "Alice"); err != nil {
		t.Fatal(err)
	}
	changed := []string{"spellings", "accounts", "factors"}
	for _, table := range changed {
		w.sql(t, fmt.Sprintf(`CREATE TABLE good_%s AS SELECT * FROM %s`, table, table))
	}
	for _, changes := range [][]string{
		{`UPDATE spellings SET account = '` + bob.ID + `'`},
		{`UPDATE accounts SET generation = 1 WHERE id = '` + bob.ID + `'`},
		{`DELETE FROM factors WHERE account = '` + alice.ID + `'`},
		{`DELETE FROM factors WHERE account = '` + alice.ID + `'`, `DELETE FROM accounts WHERE id = '` + alice.ID + `'`},
	} {
		for _, text := range changes {
			w.sql(t, text)
		}
		if d, err := w.Export(t.Context()); d != nil || !errors.Is(err, ErrTampered) {
			t.Errorf("%s: %v", changes, err)
		}
		for _, table := range changed {
			w.sql(t, `DELETE FROM `+table)
			w.sql(t, fmt.Sprintf(`INSERT INTO %s SELECT * FROM good_%s`, table, table))
		}
		w.export(t)
	}
}

// importRefuses: whatever is wrong with document, keys or database is said, and nothing changes.
func importRefuses(t *testing.T, w *world) {
	alice, bob := w.enabled(t, "alice"), w.enabled(t, "bob")
	w.closed(t, alice)
	_, token := w.addBrowser(t, alice, "", 0)
	good := string(w.export(t))
	there := w.beside(t, sqliteURL(t))
	at := fmt.Sprint(stepAt(w.clock.now().Add(-perDay*longest - time.Minute)))
	refused := func(what, document string, cause error, says string) {
		t.Helper()
		err := there.bring(t, []byte(document))
		if !errors.Is(err, cause) || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, c := range [][3]string{
		{"empty", "", "cut off"},
		{"cut off", good[:len(good)/2], "cut off"},
		{"something behind it", good + "{}", "cut off, or no JSON"},
		{"another file", `{"a": 1}`, "not made by ispgate users export"},
		{"another version", strings.Replace(good, `"version":1`, `"version":2`, 1), "version 2 and this ispgate reads version 1"},
		{"a further field", strings.Replace(good, `"turn":`, `"x":1,"turn":`, 1), "fields"},
		{"a missing table", strings.Replace(good, `"budgets":`, `"budget":`, 1), "changed since"},
		{"a number as text", strings.Replace(good, `"at":`, `"at":"0","at2":`, 1), "failures, row 1"},
		{"a lower step", strings.Replace(good, `"last_step":`+at, `"last_step":0`, 1), "changed since"},
		{"another day", strings.Replace(good, `"exported":"2026`, `"exported":"2027`, 1), "changed since"},
		{"another account's factor", strings.NewReplacer(alice.ID, bob.ID, bob.ID, alice.ID).Replace(good), "changed since"},
		{"a failure fewer", dropFirst(t, good, "failures"), "changed since"},
		{"an account twice", twice(t, good, "accounts"), "changed since"},
		{"no MAC", strings.Replace(good, `"mac":"`+macOf(t, good), `"mac":"`, 1), "changed since"},
	} {
		if c[1] == good {
			t.Fatalf("%s: nothing was changed", c[0])
		}
		refused(c[0], c[1], ErrDocument, c[2])
	}
	ring, err := keyring.New()
	if err != nil {
		t.Fatal(err)
	}
	foreign := &world{opt: w.opt, clock: w.clock, log: w.log}
	foreign.opt.Ring = ring
	foreign = foreign.beside(t, sqliteURL(t))
	if err := foreign.bring(t, []byte(good)); !errors.Is(err, ErrDocument) || !strings.Contains(err.Error(), "other keys") {
		t.Error("other keys:", err)
	}
	renamed := &world{opt: w.opt, clock: w.clock, log: w.log}
	renamed.opt.Fingerprint = "emails"
	renamed = renamed.beside(t, sqliteURL(t))
	if err := renamed.bring(t, []byte(good)); !errors.Is(err, ErrFingerprint) {
		t.Error("names mean something else:", err)
	}

	for _, none := range []*world{there, foreign, renamed} {
		none.Store = none.open(t)
		for _, table := range moved {
			n := map[bool]int{true: 3, false: 0}[table.name == "meta"]
			want(t, table.name, none.count(t, `SELECT COUNT(*) FROM `+table.name), n)
		}
	}
	want(t, "an id of its own", there.Installation() != w.Installation(), true)
	if err := there.bring(t, []byte(good)); err != nil {
		t.Fatal("at last:", err)
	}
	refused("a second time", good, ErrOccupied, "accounts has 2 rows")
	again := there.open(t)
	if b, err := again.Recognise(t.Context(), alice.ID, token); err != nil || b.ID == "" {
		t.Error("what was imported stays:", b, err)
	}
	used := w.beside(t, sqliteURL(t))
	used.Store = used.open(t)
	used.Audit(t.Context(), Event{Kind: loginFailed, Name: "mallory"})
	if err := used.bring(t, []byte(good)); !errors.Is(err, ErrOccupied) {
		t.Error("a database that somebody used:", err)
	}
}

// A document that is genuine, but under a key that is gone, or of rows that do not verify, is refused as a whole.
func importOfARemovedKey(t *testing.T, w *world) {
	alice := w.enabled(t, "alice")
	_, token := w.addBrowser(t, alice, "", 0)
	d, err := w.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"accounts", "factors", "browser_accounts", "recovery_codes", "browsers", "meta"} {
		there := w.beside(t, sqliteURL(t))
		bad := &Document{Exported: d.Exported, rows: map[string][][]any{}}
		for name, rows := range d.rows {
			for _, row := range rows {
				row = slices.Clone(row)
				for i := range row {
					if raw, ok := row[i].([]byte); ok && name == table {
						row[i] = append([]byte("gone"), raw[4:]...)
					}
				}
				bad.rows[name] = append(bad.rows[name], row)
			}
		}
		bad.mac = w.opt.Ring.MAC("accounts document", bad.parts()...)
		err := Import(t.Context(), there.opt, bad, "", func(int, int) {})
		if !errors.Is(err, ErrTampered) && !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", table, err)
		}
		there.Store = there.open(t)
		want(t, "accounts", there.count(t, `SELECT COUNT(*) FROM accounts`), 0)
	}
	// What opens nothing any more at the old place stays behind.
	w.sql(t, `UPDATE browser_accounts SET trusted_until = 1`)
	want(t, "no browser", w.recognise(t, alice.ID, token), Browser{})
	there := w.moved(t, sqliteURL(t))
	want(t, "nor there", there.count(t, `SELECT COUNT(*) FROM browser_accounts`), 0)
	w.clock.advance(time.Minute)
	want(t, "alice", there.login(t, alice, "c").OK, true)
}

func parsed(t *testing.T, document string) (d map[string]any, tables map[string]any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.UseNumber()
	if err := decoder.Decode(&d); err != nil {
		t.Fatal(err)
	}
	return d, d["tables"].(map[string]any)
}

func printed(t *testing.T, d map[string]any) string {
	t.Helper()
	out, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func dropFirst(t *testing.T, document, table string) string {
	t.Helper()
	d, tables := parsed(t, document)
	tables[table] = tables[table].([]any)[1:]
	return printed(t, d)
}

func twice(t *testing.T, document, table string) string {
	t.Helper()
	d, tables := parsed(t, document)
	rows := tables[table].([]any)
	tables[table] = append(rows, rows[0])
	return printed(t, d)
}

func macOf(t *testing.T, document string) string {
	t.Helper()
	d, _ := parsed(t, document)
	return d["mac"].(string)
}
