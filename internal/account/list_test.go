package account

import (
	"errors"
	"strings"
	"testing"
)

func names(accounts []Account) string {
	var out []string
	for _, a := range accounts {
		out = append(out, a.Name)
	}
	return strings.Join(out, " ")
}

func listing(t *testing.T, w *world) {
	if got, err := w.List(t.Context()); err != nil || len(got) != 0 {
		t.Error("of nobody:", got, err)
	}
	for _, name := range []string{"zoë", "Bob", "alice", "ábc"} {
		w.meet(t, name)
	}
	p := w.enabled(t, "bob")
	w.sql(t, `INSERT INTO accounts SELECT 'x', 'other panel', panel_key, name, state, generation, enabled_at, factors, code_set, turn, created_at, mac
		FROM accounts WHERE name = 'alice'`)
	got, err := w.List(t.Context())
	if err != nil || names(got) != "Bob alice bob zoë ábc" {
		t.Fatal(names(got), err)
	}
	want(t, "as Get says it", got[2], w.get(t, p.ID))
}

func listOfTampered(t *testing.T, w *world) {
	w.meet(t, "alice")
	bob, carol := w.enabled(t, "bob"), w.enabled(t, "carol")
	w.sql(t, `UPDATE accounts SET generation = 1 WHERE id = ?`, bob.ID)
	got, err := w.List(t.Context())
	if names(got) != "alice carol" || !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), bob.ID) || strings.Contains(err.Error(), carol.ID) {
		t.Error("a changed one:", names(got), err)
	}
	w.sql(t, `DELETE FROM accounts WHERE id = ?`, bob.ID)
	if _, err := w.List(t.Context()); !errors.Is(err, ErrTampered) {
		t.Error("a removed one:", err)
	}
}
