package account

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func (w *world) export(t *testing.T) []byte {
	t.Helper()
	d, err := w.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// beside is a new, empty database under the same keys, not yet opened.
func (w *world) beside(t *testing.T, url string) *world {
	t.Helper()
	next := &world{opt: w.opt, clock: w.clock, log: w.log}
	next.opt.URL = url
	if err := Create(t.Context(), next.opt); err != nil {
		t.Fatal(err)
	}
	return next
}

func (w *world) bring(t *testing.T, document []byte) error {
	t.Helper()
	d, err := ReadDocument(bytes.NewReader(document))
	if err != nil {
		return err
	}
	done, of := 0, 0
	err = Import(t.Context(), w.opt, d, "by root", func(n, all int) {
		if n <= done || n > all {
			t.Errorf("told %d of %d after %d", n, all, done)
		}
		done, of = n, all
	})
	if err == nil {
		want(t, "told of all", done, of)
	}
	return err
}

// moved takes the installation to a new database at url.
func (w *world) moved(t *testing.T, url string) *world {
	t.Helper()
	document := w.export(t)
	next := w.beside(t, url)
	if err := next.bring(t, document); err != nil {
		t.Fatal(err)
	}
	next.Store = next.open(t)
	next.Store.compared = func() { next.compares.Add(1) }
	return next
}

// emptied is the same database as a server's administrator makes it anew.
func (w *world) emptied(t *testing.T) {
	t.Helper()
	for _, name := range append([]string{"meta", "accounts", "browsers", "revoked", "audit", "audit_checkpoints"}, tables...) {
		w.sql(t, `DELETE FROM `+name)
	}
}

// exportAndImport goes from w's database to a file of SQLite and back: nothing that was spent, counted, revoked or forgotten is
// open again, nothing that worked is lost.
func exportAndImport(t *testing.T, w *world) {
	alice, bob, carol := w.enabled(t, "alice"), w.enabled(t, "bob"), w.enabled(t, "carol")
	reset, none, gone := w.enabled(t, "reset <ü>"), w.meet(t, "none"), w.enabled(t, "gone")
	_, forgotten := w.addBrowser(t, carol, "", time.Hour)
	if err := errors.Join(w.Reset(t.Context(), reset.ID), w.Delete(t.Context(), gone.ID), w.Disable(t.Context(), carol.ID, "x"),
		w.Remember(t.Context(), alice.Account, "Alice"), w.RevokeSession(t.Context(), bob.ID, "stolen")); err != nil {
		t.Fatal(err)
	}
	ticket, err := w.IssueTicket(t.Context(), reset.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.closed(t, bob)
	failures := w.failures(t, 0)
	browser, token := w.addBrowser(t, alice, "", time.Hour)
	trusted := w.recognise(t, alice.ID, token)
	want(t, "recovery", w.recover(t, alice.ID, "r", alice.codes[0]).OK, true)
	want(t, "login", w.login(t, alice, "c").OK, true)
	there := w.moved(t, sqliteURL(t))
	if !w.inMemory() {
		w.emptied(t)
		there = there.moved(t, w.opt.URL)
	}

	want(t, "the installation", there.Installation(), w.install)
	for _, a := range []Account{alice.Account, bob.Account, none} {
		now := there.get(t, a.ID)
		want(t, "still "+a.Name, now.Name+" "+string(now.State), a.Name+" "+string(a.State))
		want(t, "no session of before counts", now.Generation >= w.clock.ms.Load(), true)
	}
	want(t, "a spent code", there.login(t, alice, "again").OK, false)
	want(t, "a used recovery code", there.recover(t, alice.ID, "r2", alice.codes[0]).OK, false)
	want(t, "an unused one", there.recover(t, alice.ID, "r3", alice.codes[1]).OK, true)
	want(t, "the browser, trusted as long as it was", there.recognise(t, alice.ID, token), trusted)
	want(t, "its id", trusted.ID, browser)
	want(t, "failures", there.failures(t, 0), failures+1)
	want(t, "bob's budget stays used up", there.challenge(t, bob.ID, "x", Unknown), Result{Closed: true})
	want(t, "disabled stays so", there.meet(t, "carol").State, None)
	want(t, "and its browser forgotten", there.recognise(t, carol.ID, forgotten), Browser{})
	want(t, "reset stays so", there.meet(t, reset.Name).State, Reset)
	want(t, "deleted stays so", there.meet(t, "gone").ID != gone.ID, true)
	if a, err := there.Typed(t.Context(), "Alice"); err != nil || a.ID != alice.ID {
		t.Error("the typed name:", a, err)
	}
	rows, _, err := there.Revoked(t.Context(), 0)
	if err != nil || !slices.Contains(rows, Revocation{Account: bob.ID, Session: "stolen"}) ||
		!slices.Contains(rows, Revocation{Account: gone.ID, Generation: gone.Generation + 1}) {
		t.Errorf("revoked: %+v, %v", rows, err)
	}
	w.clock.advance(time.Minute)
	want(t, "the app goes on", there.login(t, alice, "new").OK, true)
	pending := there.secret(t)
	if _, res, err := there.Enable(t.Context(), Try{Account: reset.ID, Challenge: "s", Code: there.code(t, pending), Ticket: ticket}, pending); err != nil || !res.OK {
		t.Error("the ticket:", res, err)
	}
	want(t, "audited", there.count(t, `SELECT COUNT(*) FROM audit WHERE kind = 'imported' AND detail = 'by root'`), 1)
	if trail, err := there.VerifyAudit(t.Context(), nil); err != nil || len(trail.Breaks) > 0 {
		t.Error("the trail:", trail.Breaks, err)
	}
}

// closed uses up the day of the pool of unknown browsers.
func (w *world) closed(t *testing.T, p person) {
	t.Helper()
	for i := range perDay {
		id := fmt.Sprint("guess ", i)
		w.challenge(t, p.ID, id, Unknown)
		w.verify(t, p.ID, id, Unknown, w.wrong(t, p.secret))
		w.clock.advance(longest)
	}
	want(t, "closed", w.challenge(t, p.ID, "x", Unknown), Result{Closed: true})
}

// importTwiceAtOnce: one brings its document, the other finds that, or another installation than it saw a moment ago.
func importTwiceAtOnce(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	document, url := w.export(t), sqliteURL(t)
	if !w.inMemory() {
		w.emptied(t)
		url = w.opt.URL
	}
	there := w.beside(t, url)
	results := make(chan error)
	for range 2 {
		go func() { results <- there.bring(t, document) }()
	}
	err := errors.Join(<-results, <-results)
	if !errors.Is(err, ErrOccupied) && !errors.Is(err, ErrForeign) || strings.Contains(err.Error(), "\n") {
		t.Errorf("want one to be refused: %v", err)
	}
	there.Store = there.open(t)
	want(t, "alice", there.login(t, p, "c").OK, true)
}

// exportLeavesNothingOut: a table or a column that a migration brings is in the document, or named here.
func exportLeavesNothingOut(t *testing.T, w *world) {
	known := map[string]string{}
	for _, table := range moved {
		known[table.name] = table.names()
	}
	left := []string{"audit", "audit_checkpoints", "challenges"}
	for _, name := range w.tableNames(t) {
		if slices.Contains(left, name) || strings.HasPrefix(name, "goose") {
			continue
		}
		rows, err := w.db.read.QueryContext(t.Context(), `SELECT * FROM `+name+` WHERE 1 = 0`)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err := errors.Join(err, rows.Close()); err != nil {
			t.Fatal(err)
		}
		moves := strings.Split(known[name], ", ")
		slices.Sort(columns)
		slices.Sort(moves)
		want(t, name, strings.Join(moves, " "), strings.Join(columns, " "))
	}
	if n := len(w.tableNames(t)); n < len(moved)+len(left) {
		t.Errorf("%d tables were found", n)
	}
}

func (w *world) tableNames(t *testing.T) (names []string) {
	t.Helper()
	from := map[string]string{"sqlite": `name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`,
		"mysql":    `table_name FROM information_schema.tables WHERE table_schema = DATABASE()`,
		"postgres": `table_name FROM information_schema.tables WHERE table_schema = current_schema()`}
	err := w.reading().each(t.Context(), func(scan scanner) error {
		names = append(names, "")
		return scan(&names[len(names)-1])
	}, `SELECT `+from[w.db.kind.name])
	if err != nil {
		t.Fatal(err)
	}
	return names
}
