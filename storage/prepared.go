package storage

import (
	"context"
	"database/sql"
	"sync"
)

// maxPrepared bounds the prepared statements of a pool. This package has some forty; lists of ids of every length would be more.
const maxPrepared = 200

// prepared keeps a pool's statements prepared: SQLite otherwise parses and plans each anew, which for the grant with its standing takes longer
// than to run it. gorm's PrepareStmt does the same with a goroutine that never ends. Transactions are left out: with one connection, preparing
// beside them would wait for them.
type prepared struct {
	db *sql.DB

	mu         sync.RWMutex
	statements map[string]*sql.Stmt
}

func newPrepared(db *sql.DB) *prepared {
	return &prepared{db: db, statements: map[string]*sql.Stmt{}}
}

// statement returns the prepared statement, or nil when the query is better run as it is: then the database says what is wrong with it.
func (p *prepared) statement(ctx context.Context, query string) *sql.Stmt {
	if p == nil {
		return nil
	}
	p.mu.RLock()
	stmt, full := p.statements[query], len(p.statements) >= maxPrepared
	p.mu.RUnlock()
	if stmt != nil || full {
		return stmt
	}
	stmt, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.statements[query]; first != nil {
		_ = stmt.Close()
		return first
	}
	p.statements[query] = stmt
	return stmt
}
