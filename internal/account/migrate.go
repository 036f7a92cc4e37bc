package account

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

func (d database) provider(on *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/"+d.kind.name)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if d.kind.locker != nil {
		o, err := d.kind.locker()
		if err != nil {
			return nil, fmt.Errorf("lock the migrations: %w", err)
		}
		options = append(options, o)
	}
	return goose.NewProvider(d.kind.goose, on, dir, options...)
}

// migrate brings the schema forward, one process at a time. ErrNewer: the schema is ahead of this program.
func (d database) migrate(ctx context.Context) error {
	if d.kind.hold != nil {
		release, err := d.kind.hold(ctx, d.at)
		if err != nil {
			return err
		}
		defer release()
	}
	return d.forward(ctx)
}

// forward is migrate for who holds the database already.
func (d database) forward(ctx context.Context) error {
	on := d.write
	if d.kind.patient != nil {
		var err error
		if on, err = d.kind.patient(d.at); err != nil {
			return err
		}
		defer on.Close()
	}
	p, err := d.provider(on)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	if err := checkVersion(ctx, p); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the account database: %w", err)
	}
	return nil
}

func checkVersion(ctx context.Context, p *goose.Provider) error {
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema version: %w", err)
	}
	if current > target {
		return fmt.Errorf("%w: schema %d, this program knows %d", ErrNewer, current, target)
	}
	return nil
}
