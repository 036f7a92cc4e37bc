package account

import (
	"context"
	connector "database/sql/driver"
	"errors"
)

// keptStatements bounds what a connection keeps. Our statements are constants, fewer than this; migrations bring a few of their own.
const keptStatements = 200

// sqliteConn is what database/sql uses of a connection to SQLite.
type sqliteConn interface {
	connector.Conn
	connector.ConnBeginTx
	connector.ConnPrepareContext
	connector.ExecerContext
	connector.QueryerContext
	connector.Pinger
	connector.SessionResetter
	connector.Validator
}

// prepared keeps the statements of a connection: SQLite parses the text of one at every use otherwise, which was a sixth of what a
// login costs. Whoever reads rows of a statement must not begin it again on the same connection (queries.each). database/sql lets
// one goroutine at a time use a connection.
type prepared struct {
	sqliteConn
	kept map[string]connector.Stmt
}

func (p *prepared) statement(ctx context.Context, text string) (connector.Stmt, error) {
	if s, ok := p.kept[text]; ok {
		return s, nil
	}
	s, err := p.PrepareContext(ctx, text)
	if err == nil {
		p.kept[text] = s
	}
	return s, err
}

func (p *prepared) full(text string) bool {
	_, ok := p.kept[text]
	return !ok && len(p.kept) >= keptStatements
}

func (p *prepared) ExecContext(ctx context.Context, text string, args []connector.NamedValue) (connector.Result, error) {
	if p.full(text) {
		return p.sqliteConn.ExecContext(ctx, text, args)
	}
	s, err := p.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.(connector.StmtExecContext).ExecContext(ctx, args)
}

func (p *prepared) QueryContext(ctx context.Context, text string, args []connector.NamedValue) (connector.Rows, error) {
	if p.full(text) {
		return p.sqliteConn.QueryContext(ctx, text, args)
	}
	s, err := p.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.(connector.StmtQueryContext).QueryContext(ctx, args)
}

func (p *prepared) Close() error {
	var err error
	for _, s := range p.kept {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, p.sqliteConn.Close())
}
