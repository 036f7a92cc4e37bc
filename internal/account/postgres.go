package account

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

var postgres = kind{
	name:       "postgres",
	goose:      goose.DialectPostgres,
	bind:       dollars,
	now:        `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`,
	isolation:  sql.LevelReadCommitted,
	hasMeta:    `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'meta'`,
	deadlock:   postgresDeadlock,
	locker:     func() (goose.ProviderOption, error) { return gooseLock(lock.NewPostgresSessionLocker()) },
	open:       openPostgres,
	standalone: func(address) bool { return false },
}

func openPostgres(ctx context.Context, at address) (write, read *sql.DB, err error) {
	cfg, err := pgx.ParseConfig(at.url.String())
	if err != nil {
		return nil, nil, errors.New("database.url: the postgres driver refuses it") // pgx's own text may quote the password
	}
	cfg.ConnectTimeout = patience
	db := serverPool(stdlib.OpenDB(*cfg))
	if err := db.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(unreachable(err, postgresRefuses(err)), db.Close())
	}
	return db, db, nil
}

// postgresDeadlock: deadlock_detected and serialization_failure.
func postgresDeadlock(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40P01" || e.Code == "40001")
}

// postgresRefuses: class 28, invalid authorization, and invalid_catalog_name.
func postgresRefuses(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (strings.HasPrefix(e.Code, "28") || e.Code == "3D000")
}
