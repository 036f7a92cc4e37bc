package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
)

// onOne opens a database in memory and gives one connection of it.
func onOne(t *testing.T) *sql.Conn {
	t.Helper()
	write, read, err := openSQLite(t.Context(), address{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { read.Close(); write.Close() })
	c, err := write.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func kept(t *testing.T, c *sql.Conn) (n int) {
	t.Helper()
	if err := c.Raw(func(driver any) error { n = len(driver.(*prepared).kept); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestStatementsAreKept(t *testing.T) {
	c, before := onOne(t), 0
	must := func(text string, args ...any) {
		t.Helper()
		if _, err := c.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatal(err)
		}
	}
	must(`CREATE TABLE t (n INTEGER UNIQUE)`)
	before = kept(t, c)
	for n := range 3 {
		must(`INSERT INTO t VALUES (?)`, n)
		for range 2 { // the second time all rows again, although the first one read one of them
			var first int
			if err := c.QueryRowContext(t.Context(), `SELECT n FROM t WHERE n <= ? ORDER BY n DESC`, n).Scan(&first); err != nil || first != n {
				t.Fatalf("reads %d, want %d (%v)", first, n, err)
			}
		}
	}
	if n := kept(t, c) - before; n != 2 {
		t.Errorf("%d statements are kept, want 2", n)
	}
	if _, err := c.ExecContext(t.Context(), `INSERT INTO t VALUES (?)`, 1); err == nil {
		t.Error("a number was inserted twice")
	}
	must(`INSERT INTO t VALUES (?)`, 3) // a fault leaves the statement usable
	must(`ALTER TABLE t ADD COLUMN m INTEGER DEFAULT 7`)
	var n, m int
	if err := c.QueryRowContext(t.Context(), `SELECT n, m FROM t WHERE n = ?`, 3).Scan(&n, &m); err != nil || m != 7 {
		t.Errorf("after a migration: %d %d %v", n, m, err)
	}
}

func TestStatementsAreBounded(t *testing.T) {
	c := onOne(t)
	for i := range keptStatements + 50 {
		var n int
		if err := c.QueryRowContext(t.Context(), fmt.Sprintf(`SELECT %d + ?`, i), 1).Scan(&n); err != nil || n != i+1 {
			t.Fatalf("reads %d, want %d (%v)", n, i+1, err)
		}
	}
	if n := kept(t, c); n > keptStatements {
		t.Errorf("%d statements are kept, want at most %d", n, keptStatements)
	}
}

func TestStatementAfterACancelledOne(t *testing.T) {
	c := onOne(t)
	const long = `WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < ?) SELECT MAX(n) FROM r`
	var n int
	if err := c.QueryRowContext(t.Context(), long, 10).Scan(&n); err != nil || n != 10 {
		t.Fatalf("reads %d (%v)", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.QueryRowContext(ctx, long, 1<<40).Scan(&n) }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := c.QueryRowContext(t.Context(), long, 20).Scan(&n); err != nil || n != 20 {
		t.Errorf("afterwards it reads %d (%v)", n, err)
	}
}
