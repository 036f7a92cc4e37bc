package account

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func (w *world) ticket(t testing.TB, account string) string {
	t.Helper()
	ticket, err := w.IssueTicket(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

// enrol tries to enable with a right code of a new secret.
func (w *world) enrol(t testing.TB, account, session, ticket string, need bool) Result {
	t.Helper()
	secret := w.secret(t)
	codes, res, err := w.Enable(t.Context(), Try{Account: account, Challenge: session, Code: w.code(t, secret), NeedTicket: need, Ticket: ticket}, secret)
	if err != nil || res.OK != (len(codes) == 10) {
		t.Fatal("enable:", res, err, len(codes))
	}
	if w.clock.advance(time.Minute); res.OK && res.BadTicket {
		t.Errorf("enable: %+v", res)
	}
	return res
}

func ticketDemanded(t *testing.T, w *world) {
	a, other, p := w.meet(t, "alice"), w.meet(t, "bob"), w.enabled(t, "carol")
	otherTicket := w.ticket(t, other.ID)
	want(t, "none was issued", w.enrol(t, a.ID, "early", "AAAA-BBBB-CCCC-DDDD-EEEE", true), Result{BadTicket: true, Left: 4})
	ticket := w.ticket(t, a.ID)
	if !regexp.MustCompile(`^[A-HJKMNP-Z2-9]{4}(-[A-HJKMNP-Z2-9]{4}){4}$`).MatchString(ticket) { // 31^20 > 2^80
		t.Errorf("ticket %q", ticket)
	}
	secret := w.secret(t)
	try := Try{Account: a.ID, Challenge: "session", Code: w.code(t, secret), NeedTicket: true}
	before := w.compares.Load()
	for i, wrong := range []string{"", otherTicket, p.codes[0], ticket[:len(ticket)-1], ticket + "A"} {
		try.Ticket = wrong
		_, res, err := w.Enable(t.Context(), try, secret)
		if err != nil || res != (Result{BadTicket: true, Left: 4 - i, Over: i == 4}) {
			t.Errorf("ticket %q: %+v, %v", wrong, res, err)
		}
	}
	try.Ticket = ticket
	if _, res, err := w.Enable(t.Context(), try, secret); err != nil || res != (Result{Over: true}) {
		t.Error("the sixth try:", res, err)
	}
	want(t, "codes compared", w.compares.Load()-before, 0)
	secret = w.secret(t)
	try.Code = w.wrong(t, secret)
	if _, res, err := w.Enable(t.Context(), try, secret); err != nil || res != (Result{Left: 4}) {
		t.Error("a right ticket with a wrong code:", res, err)
	}
	try.Code, try.Ticket = w.code(t, secret), " "+strings.ToLower(strings.ReplaceAll(ticket, "-", " "))+"\n"
	if _, res, err := w.Enable(t.Context(), try, secret); err != nil || !res.OK {
		t.Error("typed small and with spaces:", res, err)
	}
	want(t, "enrolled", w.get(t, a.ID).State, Active)
}

func resetNeedsATicket(t *testing.T, w *world) {
	p := w.enabled(t, "alice")
	if err := w.Reset(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	want(t, "without", w.enrol(t, p.ID, "s", "", false).BadTicket, true)
	want(t, "still reset", w.get(t, p.ID).State, Reset)
	ticket := w.ticket(t, p.ID)
	want(t, "a wrong one", w.enrol(t, p.ID, "s", ticket+ticket, false).BadTicket, true)
	want(t, "with", w.enrol(t, p.ID, "s", ticket, false).OK, true)
}

// ticketsEnd: by a newer one, by a reset, by any enrolment.
func ticketsEnd(t *testing.T, w *world) {
	a := w.meet(t, "alice")
	first := w.ticket(t, a.ID)
	second := w.ticket(t, a.ID)
	want(t, "an older ticket", w.enrol(t, a.ID, "s", first, true).BadTicket, true)
	want(t, "the newest", w.enrol(t, a.ID, "s", second, true).OK, true)
	if _, err := w.IssueTicket(t.Context(), a.ID); !errors.Is(err, ErrState) {
		t.Error("a ticket over an active factor:", err)
	}
	if err := w.Disable(t.Context(), a.ID, "c"); err != nil {
		t.Fatal(err)
	}
	want(t, "a used ticket", w.enrol(t, a.ID, "s", second, true).BadTicket, true)
	third := w.ticket(t, a.ID)
	if err := w.Reset(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	want(t, "one of before the reset", w.enrol(t, a.ID, "s", third, true).BadTicket, true)
	b := w.meet(t, "bob")
	unused := w.ticket(t, b.ID)
	want(t, "enrolled where none is demanded", w.enrol(t, b.ID, "s", "", false).OK, true)
	if err := w.Disable(t.Context(), b.ID, "c"); err != nil {
		t.Fatal(err)
	}
	want(t, "that enrolment's ticket", w.enrol(t, b.ID, "s", unused, true).BadTicket, true)
	current, count := w.ticket(t, b.ID), w.Store.compared
	w.Store.compared = func() { w.ticket(t, b.ID) }
	want(t, "replaced while the code was compared", w.enrol(t, b.ID, "s", current, true).BadTicket, true)
	w.Store.compared = count
	if _, err := w.IssueTicket(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Error("a ticket for nobody:", err)
	}
}

// Twenty sessions of whoever has the password and the ticket, each with a secret of its own.
func oneTicketOneEnrolment(t *testing.T, w *world) {
	a := w.meet(t, "alice")
	ticket := w.ticket(t, a.ID)
	var mu sync.Mutex
	var wg sync.WaitGroup
	won := 0
	for i := range 20 {
		secret := w.secret(t)
		try := Try{Account: a.ID, Challenge: string(rune('a' + i)), Code: w.code(t, secret), NeedTicket: true, Ticket: ticket}
		wg.Go(func() {
			_, res, err := w.Enable(t.Context(), try, secret)
			if err != nil && !errors.Is(err, ErrState) {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if res.OK {
				won++
			}
		})
	}
	wg.Wait()
	want(t, "enrolments", won, 1)
	want(t, "tickets left", w.sql(t, `DELETE FROM tickets`), 0)
	want(t, "factors", w.sql(t, `UPDATE factors SET created_at = 0 WHERE account = ?`, a.ID), 1)
}

// Somebody who can write to the database gains no ticket by it.
func ticketsAreBound(t *testing.T, w *world) {
	alice, mallory := w.meet(t, "alice"), w.meet(t, "mallory")
	ticket := w.ticket(t, mallory.ID)
	w.sql(t, `INSERT INTO tickets (account, expires_at, mac) SELECT '`+alice.ID+`', expires_at, mac FROM tickets`)
	want(t, "a ticket copied from another account", w.enrol(t, alice.ID, "s", ticket, true).BadTicket, true)
	w.clock.advance(TicketLife)
	w.sql(t, `UPDATE tickets SET expires_at = expires_at + ?`, TicketLife.Milliseconds())
	want(t, "a longer life", w.enrol(t, mallory.ID, "s", ticket, true).BadTicket, true)
	var mac []byte
	if err := w.db.queries().row(t.Context(), `SELECT mac FROM tickets WHERE account = ?`, mallory.ID).Scan(&mac); err != nil {
		t.Fatal(err)
	}
	plain, _ := parseTyped(ticket, ticketLetters)
	want(t, "in clear", strings.Contains(string(mac), plain[:4]), false)
	want(t, "length of the MAC", len(mac), 36)
}

func ticketOf72Hours(t *testing.T, w *world) {
	a, b := w.meet(t, "alice"), w.meet(t, "bob")
	ticket, late := w.ticket(t, a.ID), w.ticket(t, b.ID)
	w.clock.advance(72*time.Hour - time.Millisecond)
	if err := w.Prune(t.Context(), year, day); err != nil {
		t.Fatal(err)
	}
	want(t, "a millisecond before the end", w.enrol(t, a.ID, "s", ticket, true).OK, true)
	w.clock.advance(time.Millisecond - time.Minute) // enrol took a minute
	want(t, "after 72 hours", w.enrol(t, b.ID, "s", late, true).BadTicket, true)
	w.ticket(t, b.ID)
	w.clock.advance(TicketLife)
	if err := w.Prune(t.Context(), year, day); err != nil {
		t.Fatal(err)
	}
	want(t, "left after pruning", w.sql(t, `DELETE FROM tickets`), 0)
}

// firstSchema takes the database back to its first version; what it knew of revocations is lost.
func (w *world) firstSchema(t *testing.T) {
	t.Helper()
	for _, text := range []string{`DROP TABLE tickets`, `DROP TABLE revoked`, `CREATE TABLE revocations (id VARCHAR(32) NOT NULL, account VARCHAR(32) NOT NULL,
		generation BIGINT NOT NULL, session VARCHAR(128) NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (id))`} {
		w.sql(t, text)
	}
	want(t, "versions taken back", w.sql(t, `DELETE FROM goose_db_version WHERE version_id > 1`), 2)
}

// migrationsBringForward a database of the first schema, with people in it.
func migrationsBringForward(t *testing.T, w *world) {
	if w.inMemory() {
		return // never older than the program
	}
	p, a := w.enabled(t, "alice"), w.meet(t, "bob")
	w.firstSchema(t)
	w.sql(t, `INSERT INTO revocations (id, account, generation, session, at) VALUES ('y', 'a', 7, '', 2), ('x', 'a', 0, 's', 1), ('z', 'b', 2, '', 2)`)
	w.Store = w.open(t)
	rows, turn := w.revoked(t, 0)
	if old := []Revocation{{Account: "a", Session: "s"}, {Account: "a", Generation: 7}, {Account: "b", Generation: 2}}; !slices.Equal(rows, old) {
		t.Errorf("old revocations: %v, want %v", rows, old)
	}
	if err := w.RevokeSession(t.Context(), p.ID, "new"); err != nil {
		t.Fatal(err)
	}
	if rows, _ := w.revoked(t, turn); len(rows) != 1 || rows[0].Session != "new" {
		t.Errorf("after them: %v", rows)
	}
	want(t, "alice's code", w.login(t, p, "c").OK, true)
	want(t, "bob's ticket", w.enrol(t, a.ID, "s", w.ticket(t, a.ID), true).OK, true)
}
