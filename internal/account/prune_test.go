package account

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// pruneOfMany removes in small pieces what has piled up, and nothing younger.
func pruneOfMany(t *testing.T, w *world) {
	const many, young = 2*pruneBatch + 500, 3
	old := w.clock.now().Add(-2 * year).UnixMilli()
	err := w.change(t.Context(), "pile up", func(ctx context.Context, q queries) error {
		for i := range many + young {
			at := old + int64(i/3) // some of one millisecond
			if i >= many {
				at = w.millis()
			}
			if _, err := q.exec(ctx, `INSERT INTO failures (account, pool, turn, challenge, at, refunded) VALUES ('a', 'p', ?, 0, ?, 0)`, i, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Prune(t.Context(), year, day); err != nil {
		t.Fatal(err)
	}
	want(t, "failures left", w.count(t, `SELECT COUNT(*) FROM failures`), young)
}

// TestPruneOfALongChain: it verifies after each piece, wherever the pruning was stopped.
func TestPruneOfALongChain(t *testing.T) {
	w := newWorld(t, "sqlite::memory:")
	const many = 2*pruneBatch + 10
	for i := range many {
		w.Audit(t.Context(), Event{Kind: "login", Request: fmt.Sprint("r", i)})
	}
	w.clock.advance(day)
	w.Audit(t.Context(), Event{Kind: "login", Request: "last"})
	for removed := pruneBatch; removed < many; removed += pruneBatch {
		ctx, stop := context.WithCancel(t.Context())
		asked := 0
		w.Store.opt.Now = func() time.Time { // asked at the beginning and once for each piece
			if asked++; asked == 3 {
				stop()
			}
			return w.clock.now()
		}
		if err := w.Prune(ctx, time.Hour, day); err == nil {
			t.Fatal("the pruning was not stopped")
		}
		stop()
		w.Store.opt.Now = w.clock.now
		want(t, "rows left", w.count(t, `SELECT COUNT(*) FROM audit`), many+1-removed)
		w.auditOK(t, true, "")
	}
	if err := w.Prune(t.Context(), time.Hour, day); err != nil {
		t.Fatal(err)
	}
	want(t, "rows left at the end", w.count(t, `SELECT COUNT(*) FROM audit`), 1)
	w.auditOK(t, true, "")
}

// migrationsAreNotCutOff: MySQL keeps half of one that was, so no timeout of the driver may end it.
func migrationsAreNotCutOff(t *testing.T, w *world) {
	if w.db.kind.patient == nil {
		return // no timeout of the driver's
	}
	w.firstSchema(t)
	db, err := w.db.kind.patient(w.db.at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	run := func(text string) {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	run(`LOCK TABLES revocations WRITE`)
	opened := make(chan error)
	go func() {
		s, err := Open(context.Background(), w.opt)
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	run(`DO SLEEP(` + fmt.Sprint((2*patience + patience/2).Seconds()) + `)`) // longer than the driver waits elsewhere
	run(`UNLOCK TABLES`)
	if err := <-opened; err != nil {
		t.Error("a slow migration:", err)
	}
}
