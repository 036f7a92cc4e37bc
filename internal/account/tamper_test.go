package account

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Each case is somebody who can write to the database and has a right password, but no code. alice has a factor, bob had
// one, carol never.
func absenceIsNotNone(t *testing.T, w *world) {
	w.meet(t, "alice")
	w.sql(t, `CREATE TABLE first_accounts AS SELECT * FROM accounts`)
	alice, bob, carol := w.enabled(t, "alice"), w.enabled(t, "bob"), w.meet(t, "carol")
	w.sql(t, `CREATE TABLE old_accounts AS SELECT * FROM accounts`)
	w.sql(t, `CREATE TABLE old_factors AS SELECT * FROM factors`)
	if err := w.Disable(t.Context(), bob.ID, "x"); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"accounts", "factors", "meta"} {
		w.sql(t, fmt.Sprintf(`CREATE TABLE good_%s AS SELECT * FROM %s`, table, table))
	}
	for _, c := range []struct {
		name   string
		change []string
	}{
		{"state none", []string{`UPDATE accounts SET state = 'none' WHERE id = '{alice}'`}},
		{"state none without factor", []string{`UPDATE accounts SET state = 'none', factors = '' WHERE id = '{alice}'`, `DELETE FROM factors WHERE account = '{alice}'`}},
		{"another state", []string{`UPDATE accounts SET state = 'off' WHERE id = '{alice}'`}},
		{"factor deleted", []string{`DELETE FROM factors WHERE account = '{alice}'`}},
		{"factors emptied", []string{`DELETE FROM factors`}},
		{"factor garbled", []string{`UPDATE factors SET secret = mac_of_meta WHERE account = '{alice}'`}},
		{"account deleted", []string{`DELETE FROM factors WHERE account = '{alice}'`, `DELETE FROM accounts WHERE id = '{alice}'`}},
		{"accounts emptied", []string{`DELETE FROM factors`, `DELETE FROM accounts`}},
		{"key changed", []string{`UPDATE accounts SET panel_key = 'name:x', name = 'x' WHERE id = '{alice}'`}},
		{"panel changed", []string{`UPDATE accounts SET panel = 'x' WHERE id = '{alice}'`}},
		{"carol's row under alice's name", []string{`UPDATE accounts SET panel_key = 'name:x', name = 'x' WHERE id = '{alice}'`,
			`UPDATE accounts SET panel_key = 'name:alice', name = 'alice' WHERE id = '{carol}'`}},
		{"carol's MAC", []string{`UPDATE accounts SET state = 'none', factors = '', mac = (SELECT mac FROM good_accounts WHERE id = '{carol}') WHERE id = '{alice}'`,
			`DELETE FROM factors WHERE account = '{alice}'`}},
		{"alice's row of before she had one", []string{`DELETE FROM factors WHERE account = '{alice}'`, `DELETE FROM accounts WHERE id = '{alice}'`,
			`INSERT INTO accounts SELECT * FROM first_accounts`}},
		{"generation", []string{`UPDATE accounts SET generation = 1 WHERE id = '{alice}'`}},
		{"recovery set", []string{`UPDATE accounts SET code_set = 'x' WHERE id = '{alice}'`}},
		{"bob's old factor", []string{`DELETE FROM factors`, `INSERT INTO factors SELECT id, '{alice}', kind, secret, created_at FROM old_factors WHERE account = '{bob}'`}},
		{"a second factor by hand", []string{`INSERT INTO factors SELECT id, '{alice}', kind, secret, created_at FROM old_factors WHERE account = '{bob}'`}},
		{"alice deleted, bob's old row in her place", []string{`DELETE FROM factors`, `DELETE FROM accounts WHERE id IN ('{alice}', '{bob}')`,
			`INSERT INTO accounts SELECT * FROM old_accounts WHERE id = '{bob}'`, `INSERT INTO factors SELECT * FROM old_factors WHERE account = '{bob}'`}},
		{"count", []string{`UPDATE meta SET value = '0' WHERE name = 'active'`, `DELETE FROM factors`, `DELETE FROM accounts`}},
		{"count deleted", []string{`DELETE FROM meta WHERE name = 'active'`, `DELETE FROM factors`, `DELETE FROM accounts`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, text := range c.change {
				w.sql(t, fill(text, map[string]string{"{alice}": alice.ID, "{bob}": bob.ID, "{carol}": carol.ID,
					"mac_of_meta": "(SELECT mac FROM good_meta WHERE name = 'installation')"}))
			}
			if a, err := w.Meet(t.Context(), Identity{Name: "alice"}); !errors.Is(err, ErrTampered) || a != (Account{}) {
				t.Errorf("Meet: %+v, %v", a, err)
			}
			if a, err := w.Get(t.Context(), alice.ID); !errors.Is(err, ErrTampered) && !errors.Is(err, ErrNotFound) || a != (Account{}) {
				t.Errorf("Get: %+v, %v", a, err)
			}
			try := Try{Account: alice.ID, Pool: Unknown, Challenge: "c", Code: w.code(t, bob.secret)}
			if res, err := w.Verify(t.Context(), try); err == nil || res.OK {
				t.Errorf("Verify: %+v, %v", res, err)
			}
			if _, res, err := w.Enable(t.Context(), try, bob.secret); err == nil || res.OK {
				t.Errorf("Enable: %+v, %v", res, err)
			}
			for _, table := range []string{"accounts", "factors", "meta"} {
				w.sql(t, `DELETE FROM `+table)
				w.sql(t, fmt.Sprintf(`INSERT INTO %s SELECT * FROM good_%s`, table, table))
			}
			want(t, "restored", w.meet(t, "alice").State, Active)
			want(t, "carol restored", w.meet(t, "carol").State, None)
		})
	}
}

func fill(text string, words map[string]string) string {
	for from, to := range words {
		text = strings.ReplaceAll(text, from, to)
	}
	return text
}

func copiedRecoveryCodes(t *testing.T, w *world) {
	alice, mallory := w.enabled(t, "alice"), w.enabled(t, "mallory")
	var aliceSet string
	if err := w.db.queries().row(t.Context(), `SELECT code_set FROM accounts WHERE id = ?`, alice.ID).Scan(&aliceSet); err != nil {
		t.Fatal(err)
	}
	w.sql(t, `INSERT INTO recovery_codes (account, code_set, mac, created_at, used_at)
		SELECT '`+alice.ID+`', '`+aliceSet+`', mac, created_at, 0 FROM recovery_codes WHERE account = '`+mallory.ID+`'`)
	if res := w.recover(t, alice.ID, "c", mallory.codes[0]); res.OK {
		t.Error("a recovery code copied from another account was taken")
	}
	w.sql(t, `CREATE TABLE old_codes AS SELECT * FROM recovery_codes WHERE account = '`+alice.ID+`'`)
	old := alice.codes
	if _, err := w.Regenerate(t.Context(), alice.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.db.queries().row(t.Context(), `SELECT code_set FROM accounts WHERE id = ?`, alice.ID).Scan(&aliceSet); err != nil {
		t.Fatal(err)
	}
	w.sql(t, `INSERT INTO recovery_codes SELECT account, '`+aliceSet+`', mac, created_at, 0 FROM old_codes`)
	if res := w.recover(t, alice.ID, "d", old[0]); res.OK {
		t.Error("a recovery code of an older set was taken")
	}
}

// A change elsewhere must not write a new count over one that is wrong.
func wrongCountIsNotHealed(t *testing.T, w *world) {
	alice, bob := w.enabled(t, "alice"), w.enabled(t, "bob")
	w.sql(t, `DELETE FROM factors WHERE account = '`+alice.ID+`'`)
	w.sql(t, `DELETE FROM accounts WHERE id = '`+alice.ID+`'`)
	if err := w.Disable(t.Context(), bob.ID, "c"); !errors.Is(err, ErrTampered) {
		t.Error("disable:", err)
	}
	if err := w.Reset(t.Context(), bob.ID); !errors.Is(err, ErrTampered) {
		t.Error("reset:", err)
	}
	if _, err := w.Meet(t.Context(), Identity{Name: "alice"}); !errors.Is(err, ErrTampered) {
		t.Error("meet:", err)
	}
	want(t, "who has a factor gets in", w.login(t, bob, "c").OK, true)
	if err := w.Revoke(t.Context(), bob.ID); err != nil {
		t.Error("revoke:", err)
	}
}

func resetIsNotNone(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	if err := w.Reset(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	w.sql(t, `UPDATE accounts SET state = 'none' WHERE id = '`+p.ID+`'`)
	if a, err := w.Meet(t.Context(), Identity{Name: "alice"}); !errors.Is(err, ErrTampered) || a != (Account{}) {
		t.Error(a, err)
	}
}
