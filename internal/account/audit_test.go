package account

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func (w *world) auditOK(t *testing.T, wantOK bool, about string) {
	t.Helper()
	trail, err := w.VerifyAudit(t.Context(), nil)
	if err != nil || (len(trail.Breaks) == 0) != wantOK || !strings.Contains(fmt.Sprint(trail.Breaks), about) {
		t.Errorf("audit: %+v, %v; want %v about %q", trail.Breaks, err, wantOK, about)
	}
}

func auditChain(t *testing.T, w *world) {
	odd := "x\x00\xff\n" + strings.Repeat("ü", 200)
	for i := range 5 {
		w.Audit(t.Context(), Event{Kind: "login", Account: "a", Name: odd, Address: "::1", Session: "s", Request: fmt.Sprint("r", i), Detail: "panel"})
	}
	if !w.inMemory() {
		w.open(t).Audit(t.Context(), Event{Kind: "logout", Request: "other node"})
	}
	w.auditOK(t, true, "")
	events, err := w.AuditEvents(t.Context(), 100)
	if err != nil || len(events) < 5 {
		t.Fatal(len(events), err)
	}
	w.sql(t, `CREATE TABLE good_audit AS SELECT * FROM audit`)
	chain := w.trail.chain
	for _, spoilt := range []struct {
		name, text string
		breaks     []Break
	}{
		{"a word changed", `UPDATE audit SET detail = 'other' WHERE request = 'r2'`, []Break{{chain, 3, changedRow}}},
		{"a time changed", `UPDATE audit SET at = at + 1 WHERE request = 'r2'`, []Break{{chain, 3, changedRow}}},
		{"one removed", `DELETE FROM audit WHERE request = 'r2'`, []Break{{chain, 4, missingRows}}},
		{"the first removed", `DELETE FROM audit WHERE request = 'r0'`, []Break{{chain, 2, missingRows}}},
		{"one in another chain", `UPDATE audit SET chain = 'x' WHERE request = 'r2'`, []Break{{chain, 4, missingRows}, {"x", 3, changedRow}}},
	} {
		if n := w.sql(t, spoilt.text); n != 1 {
			t.Fatalf("%s: %d rows", spoilt.name, n)
		}
		if trail, err := w.VerifyAudit(t.Context(), nil); err != nil || !slices.Equal(trail.Breaks, spoilt.breaks) {
			t.Errorf("%s: %+v, %v; want %+v", spoilt.name, trail.Breaks, err, spoilt.breaks)
		}
		w.sql(t, `DELETE FROM audit`)
		w.sql(t, `INSERT INTO audit SELECT * FROM good_audit`)
		w.auditOK(t, true, "")
	}
	want(t, "log lines", strings.Count(w.log.String(), `"msg":"audit"`) >= 5, true)
	w.clock.advance(time.Hour)
	w.Audit(t.Context(), Event{Kind: "login"})
	want(t, "the head is in the log after an hour", strings.Count(w.log.String(), `"msg":"audit head"`), 1)
}

func auditFloods(t *testing.T, w *world) {
	for range 200 {
		w.Audit(t.Context(), Event{Kind: "login_failed", Name: "stranger"})
	}
	for range 70 {
		w.Audit(t.Context(), Event{Kind: "second_factor", Name: "known"})
	}
	w.clock.advance(time.Minute)
	w.Audit(t.Context(), Event{Kind: "login_failed", Name: "stranger"})
	events, err := w.AuditEvents(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, e := range events {
		counts[e.Kind]++
		if e.Kind == omittedKind {
			want(t, "omitted", e.Detail, "140")
		}
	}
	want(t, "rows", fmt.Sprint(counts), fmt.Sprint(map[string]int{"login_failed": 61, "second_factor": 70, omittedKind: 1}))
	want(t, "log lines", strings.Count(w.log.String(), `"kind":"login_failed"`), 201)
	w.auditOK(t, true, "")
}

func auditRetention(t *testing.T, w *world) {
	for i := range 6 {
		w.Audit(t.Context(), Event{Kind: "login", Request: fmt.Sprint("r", i)})
		w.clock.advance(day)
	}
	if err := w.Prune(t.Context(), 3*day+day/2, day); err != nil {
		t.Fatal(err)
	}
	events, err := w.AuditEvents(t.Context(), 100)
	if err != nil || len(events) != 3 {
		t.Fatal(len(events), err)
	}
	want(t, "newest first", events[0].Request, "r5")
	w.auditOK(t, true, "")
	w.Audit(t.Context(), Event{Kind: "login", Request: "after"})
	w.auditOK(t, true, "")
	w.sql(t, `DELETE FROM audit WHERE request = 'r3'`)
	w.auditOK(t, false, "missing")
	w.clock.advance(100 * day)
	if err := w.Prune(t.Context(), day, day); err != nil {
		t.Fatal(err)
	}
	w.Audit(t.Context(), Event{Kind: "login", Request: "last"})
	w.auditOK(t, true, "")
	w.sql(t, `UPDATE audit_checkpoints SET seq = seq + 1`)
	w.auditOK(t, false, "checkpoint")
}

// auditHeads: what was removed so that the rest is whole shows against the heads that the log named.
func auditHeads(t *testing.T, w *world) {
	breaks := func(what string, heads []Head, want ...Break) {
		t.Helper()
		if trail, err := w.VerifyAudit(t.Context(), heads); err != nil || !slices.Equal(trail.Breaks, want) {
			t.Errorf("%s: %+v, %v; want %+v", what, trail.Breaks, err, want)
		}
	}
	breaks("nothing ever happened", nil)
	w.meet(t, "alice")
	breaks("an account without its login", nil, Break{What: noRows})
	var heads []Head
	for range 4 {
		w.Audit(t.Context(), Event{Kind: "login"})
		heads = append(heads, Head{w.trail.chain, w.trail.seq, w.trail.prev})
		w.clock.advance(day)
	}
	chain := w.trail.chain
	breaks("all are there", heads)
	breaks("another row", []Head{{chain, 2, heads[0].MAC}}, Break{chain, 2, otherRow})
	if err := w.Prune(t.Context(), 2*day+day/2, day); err != nil {
		t.Fatal(err)
	}
	breaks("retention removed two", heads)
	breaks("another row at the checkpoint", []Head{{chain, 2, heads[0].MAC}}, Break{chain, 2, otherRow})
	w.sql(t, `DELETE FROM audit WHERE seq = 4`)
	breaks("the newest is gone, and nobody can tell", nil)
	breaks("the newest is gone", heads, Break{chain, 4, cutRows})
	w.sql(t, `DELETE FROM audit`)
	breaks("all are gone", heads, Break{chain, 3, cutRows})
	w.sql(t, `DELETE FROM audit_checkpoints`)
	breaks("and the checkpoint", heads, Break{chain, 1, cutRows})
	breaks("and the log", nil, Break{What: noRows})
}

func TestAuditWithoutDatabase(t *testing.T) {
	w := newWorld(t, sqliteURL(t))
	w.Audit(t.Context(), Event{Kind: "login"})
	tx, err := w.open(t).db.write.Begin()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	w.Audit(t.Context(), Event{Kind: "login", Request: "locked"})
	if took := time.Since(begin); took > 2500*time.Millisecond {
		t.Errorf("took %v", took)
	}
	if log := w.log.String(); !strings.Contains(log, "in the log only") || !strings.Contains(log, "locked") {
		t.Errorf("nothing about it in the log: %s", log)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	w.Audit(t.Context(), Event{Kind: "login", Request: "after"})
	w.auditOK(t, true, "")
}
