package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// errAgain says that a row which the transaction needed was missing and is there now, or belongs to a faster one.
var errAgain = errors.New("another transaction was faster")

// errNothing ends a transaction that only looked: its lock is given back, and nothing is written. It is no fault.
var errNothing = errors.New("nothing to write")

const attempts = 5

// queries runs SQL written with `?` on a pool or inside a transaction.
type queries struct {
	on interface {
		ExecContext(context.Context, string, ...any) (sql.Result, error)
		QueryContext(context.Context, string, ...any) (*sql.Rows, error)
		QueryRowContext(context.Context, string, ...any) *sql.Row
	}
	bind func(string) string
}

type scanner func(...any) error

// exec returns how many rows the statement matched.
func (q queries) exec(ctx context.Context, text string, args ...any) (int64, error) {
	res, err := q.on.ExecContext(ctx, q.bind(text), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (q queries) row(ctx context.Context, text string, args ...any) *sql.Row {
	return q.on.QueryRowContext(ctx, q.bind(text), args...)
}

// each calls fn for every row. fn must not use the same transaction.
func (q queries) each(ctx context.Context, fn func(scanner) error, text string, args ...any) error {
	rows, err := q.on.QueryContext(ctx, q.bind(text), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *Store) reading() queries { return queries{s.db.read, s.db.kind.bind} }

// change runs fn in one writing transaction, and again after a deadlock. What fn sets outside must be set anew by each run.
func (s *Store) change(ctx context.Context, what string, fn func(context.Context, queries) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for n := 1; ; n++ {
		err := s.once(ctx, fn)
		if err == nil {
			return nil
		}
		if n < attempts && ctx.Err() == nil && (errors.Is(err, errAgain) || s.db.kind.deadlock(err)) {
			continue
		}
		return fmt.Errorf("%s: %w", what, err)
	}
}

func (s *Store) once(ctx context.Context, fn func(context.Context, queries) error) error {
	if err := s.db.at.inPlace(); err != nil {
		return err
	}
	tx, err := s.db.write.BeginTx(ctx, &sql.TxOptions{Isolation: s.db.kind.isolation})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	switch err := fn(ctx, queries{tx, s.db.kind.bind}); {
	case errors.Is(err, errNothing):
		return tx.Rollback()
	case err != nil:
		return err
	}
	return tx.Commit()
}

// asks keeps `?`; dollars makes them $1, $2 … for PostgreSQL. No statement of ours has a question mark in a string.
func asks(text string) string { return text }

func dollars(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	return b.String()
}
