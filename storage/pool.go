package storage

import (
	"context"
	"database/sql"
	"strings"

	"gorm.io/gorm"
)

// pool is the connection pool as gorm sees it: database/sql's, counted, and with prepared statements where they pay.
type pool struct {
	*sql.DB
	observe  func(kind string)
	prepared *prepared // nil on PostgreSQL, where pgx has its own
}

func newPool(db *sql.DB, observe func(kind string), p *prepared) pool {
	if observe == nil {
		observe = func(string) {}
	}
	return pool{db, observe, p}
}

func (p pool) ExecContext(ctx context.Context, query string, args ...any) (result sql.Result, err error) {
	if stmt := p.prepared.statement(ctx, query); stmt != nil {
		result, err = stmt.ExecContext(ctx, args...)
	} else {
		result, err = p.DB.ExecContext(ctx, query, args...)
	}
	p.count(query, err)
	return result, err
}

func (p pool) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	if stmt := p.prepared.statement(ctx, query); stmt != nil {
		rows, err = stmt.QueryContext(ctx, args...)
	} else {
		rows, err = p.DB.QueryContext(ctx, query, args...)
	}
	p.count(query, err)
	return rows, err
}

func (p pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	row := p.DB.QueryRowContext(ctx, query, args...)
	p.count(query, row.Err())
	return row
}

// count reports the statement, and the commit that a writing one outside of a transaction is.
func (p pool) count(query string, err error) {
	kind := statementKind(query)
	p.observe(kind)
	if err == nil && kind != "select" {
		p.observe("commit")
	}
}

// BeginTx makes pool a gorm.ConnPoolBeginner.
func (p pool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	tx, err := p.DB.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	p.observe("begin")
	return &poolTx{tx, p.observe}, nil
}

// GetDBConn makes pool a gorm.GetDBConnector.
func (p pool) GetDBConn() (*sql.DB, error) { return p.DB, nil }

// poolTx is a transaction of a pool.
type poolTx struct {
	*sql.Tx
	observe func(kind string)
}

func (t *poolTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	t.observe(statementKind(query))
	return t.Tx.ExecContext(ctx, query, args...)
}

func (t *poolTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	t.observe(statementKind(query))
	return t.Tx.QueryContext(ctx, query, args...)
}

func (t *poolTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	t.observe(statementKind(query))
	return t.Tx.QueryRowContext(ctx, query, args...)
}

func (t *poolTx) Commit() error {
	err := t.Tx.Commit()
	if err == nil {
		t.observe("commit")
	}
	return err
}

func statementKind(query string) string {
	verb, _, _ := strings.Cut(strings.TrimSpace(query), " ")
	switch kind := strings.ToLower(verb); kind {
	case "select", "insert", "update", "delete":
		return kind
	default:
		return "other"
	}
}
