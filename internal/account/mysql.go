package account

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

var mysql = kind{
	name:       "mysql",
	goose:      goose.DialectMySQL,
	bind:       asks,
	now:        `CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)`,
	isolation:  sql.LevelReadCommitted,
	hasMeta:    `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'meta'`,
	deadlock:   mysqlDeadlock,
	locker:     mysqlLocker,
	open:       openMySQL,
	patient:    patientMySQL,
	standalone: func(address) bool { return false },
}

func openMySQL(ctx context.Context, at address) (write, read *sql.DB, err error) {
	cfg, err := mysqlConfig(at)
	if err != nil {
		return nil, nil, err
	}
	db, err := mysqlPool(cfg)
	if err != nil {
		return nil, nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(unreachable(err, mysqlRefuses(err)), db.Close())
	}
	return db, db, nil
}

// patientMySQL waits for each answer as long as it takes: a timeout would cut off a migration, which MySQL keeps half done.
func patientMySQL(at address) (*sql.DB, error) {
	cfg, err := mysqlConfig(at)
	if err != nil {
		return nil, err
	}
	cfg.ReadTimeout = 0
	return mysqlPool(cfg)
}

func mysqlPool(cfg *driver.Config) (*sql.DB, error) {
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return nil, errors.New("database.url: the mysql driver refuses its options")
	}
	return serverPool(sql.OpenDB(connector)), nil
}

func mysqlConfig(at address) (*driver.Config, error) {
	options := at.url.Query()
	socket := options.Get("socket")
	options.Del("socket")
	cfg, err := driver.ParseDSN("/?" + options.Encode())
	if err != nil {
		return nil, errors.New("database.url: the mysql driver refuses its options")
	}
	cfg.User = at.url.User.Username()
	cfg.Passwd, _ = at.url.User.Password()
	cfg.DBName = strings.TrimPrefix(at.url.Path, "/")
	cfg.Net, cfg.Addr = "tcp", at.url.Host
	if at.url.Port() == "" {
		cfg.Addr = at.url.Host + ":3306"
	}
	if socket != "" {
		cfg.Net, cfg.Addr = "unix", socket
	}
	cfg.ParseTime = true       // goose reads the lease of its lock
	cfg.ClientFoundRows = true // a row that matched counts, also when nothing in it changed
	cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout = patience, 2*patience, patience
	return cfg, nil
}

func serverPool(db *sql.DB) *sql.DB {
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(10)
	db.SetConnMaxIdleTime(time.Minute)
	db.SetConnMaxLifetime(10 * time.Minute)
	return db
}

// mysqlDeadlock: ER_LOCK_DEADLOCK, and MariaDB's "record has changed since last read".
func mysqlDeadlock(err error) bool {
	var e *driver.MySQLError
	return errors.As(err, &e) && (e.Number == 1213 || e.Number == 1020)
}

// mysqlRefuses: ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, ER_BAD_DB_ERROR.
func mysqlRefuses(err error) bool {
	var e *driver.MySQLError
	return errors.As(err, &e) && (e.Number == 1044 || e.Number == 1045 || e.Number == 1049)
}

func mysqlLocker() (goose.ProviderOption, error) {
	l, err := lock.NewMySQLTableLocker(lock.WithTableLockTimeout(500*time.Millisecond, 120))
	if err != nil {
		return nil, err
	}
	return goose.WithLocker(l), nil
}
