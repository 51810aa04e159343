package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"gorm.io/gorm"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/status"
	"github.com/symbolon-id/symbolon/provider/upstream"
)

var (
	_ clients.Store         = (*DB)(nil)
	_ clients.DocumentStore = (*DB)(nil)
	_ account.Store         = (*DB)(nil)
	_ account.Directory     = (*DB)(nil)
	_ session.Store         = (*DB)(nil)
	_ keys.Store            = (*DB)(nil)
	_ upstream.AttemptStore = (*DB)(nil)
	_ provider.GrantStore   = (*DB)(nil)
	_ provider.DeviceStore  = (*DB)(nil)
	_ provider.ConsentStore = (*DB)(nil)
	_ provider.OutboxStore  = (*DB)(nil)
	_ provider.ReplayStore  = (*DB)(nil)

	_ provider.PushedRequestStore = (*DB)(nil)

	_ status.Store = (*DB)(nil)

	_ clients.SelfRegistrationStore   = (*DB)(nil)
	_ clients.InitialAccessTokenStore = (*DB)(nil)
)

// Config says which database to open and how.
type Config struct {
	// URL is sqlite:PATH, or postgres://… as libpq writes it (pgx's parameters are understood too: behind a PgBouncer older than 1.21 in
	// transaction mode, add default_query_exec_mode=exec).
	URL string
	// MustExist refuses a SQLite file that is not there. Without it the file is made, with mode 0600; its directory never is.
	MustExist bool
	// MaxOpenConns bounds the PostgreSQL connections; 0 stands for 16. SQLite has one writing and four reading connections.
	MaxOpenConns int
	// Logger is told of slow statements, without their values; nil for silence. Faults are returned, not logged.
	Logger *slog.Logger
	// Observe is called for each statement (select, insert, update, delete, other), each begin, and each commit: a statement that writes
	// outside of a transaction counts as a commit too. It must be quick and safe for concurrent use; nil for none.
	Observe func(kind string)
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	write, read *gorm.DB // the same on PostgreSQL
	pools       map[string]*sql.DB
	dialect     dialect
}

// dialect is what the migration runner must know of a database.
type dialect struct {
	files  func() (fs.FS, error)
	lock   string // taken first in the transaction of a migration step; empty where BEGIN locks
	tables string // lists the tables of the schema
	clock  string // asks for the time; empty where the clock is that of this process
}

// Open opens the database and checks that it answers. It does not touch the schema: see Migrate and Check.
func Open(ctx context.Context, c Config) (*DB, error) {
	scheme, rest, _ := strings.Cut(c.URL, ":")
	var db *DB
	var err error
	switch scheme {
	case "sqlite":
		db, err = openSQLite(rest, c)
	case "postgres", "postgresql":
		db, err = openPostgres(c)
	default:
		// The URL may hold a password: it is not repeated.
		return nil, errors.New("database: want sqlite:PATH or postgres://USER@HOST/NAME")
	}
	if err != nil {
		return nil, err
	}
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func openGorm(d gorm.Dialector, c Config) (*gorm.DB, error) {
	return gorm.Open(d, &gorm.Config{
		SkipDefaultTransaction: true,
		TranslateError:         true,
		DisableAutomaticPing:   true,
		// Queries name their columns, never *: a column that a newer program adds would change what a prepared statement returns, and PostgreSQL
		// refuses it then.
		QueryFields: true,
		Logger:      slowLog{c.Logger, slowStatement},
	})
}

// Ping returns nil when the database answers.
func (db *DB) Ping(ctx context.Context) error {
	for _, pool := range db.pools {
		if err := pool.PingContext(ctx); err != nil {
			return fmt.Errorf("database does not answer: %w", explain(err))
		}
	}
	return nil
}

// ClockOffset returns how far the database's clock is ahead of this node's: 0 for an embedded one. All nodes of a database must agree on the time, for
// what one of them has made must not be of the future, or of the past, to another.
func (db *DB) ClockOffset(ctx context.Context) (time.Duration, error) {
	if db.dialect.clock == "" {
		return 0, nil
	}
	var there time.Time
	before := time.Now()
	if err := db.read.WithContext(ctx).Raw(db.dialect.clock).Row().Scan(&there); err != nil {
		return 0, fault("read the clock", err)
	}
	after := time.Now()
	return there.Sub(before.Add(after.Sub(before) / 2)), nil
}

// explain makes one plain line of the reason why a database cannot be opened.
func explain(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code() == sqlite3.SQLITE_NOTADB {
		return fmt.Errorf("the file is no SQLite database: %w", err)
	}
	if strings.Contains(err.Error(), "\n") { // pgx lists each address that it tried
		return lineError{strings.Join(strings.Fields(err.Error()), " "), err}
	}
	return err
}

// lineError is an error with a text of one line.
type lineError struct {
	text  string
	cause error
}

func (e lineError) Error() string { return e.text }
func (e lineError) Unwrap() error { return e.cause }

// Close closes all connections and waits for statements that run.
func (db *DB) Close() error {
	var errs []error
	for _, pool := range db.pools {
		errs = append(errs, pool.Close())
	}
	return errors.Join(errs...)
}

// Stats returns the state of each connection pool, for metrics: "pool" on PostgreSQL, "writer" and "reader" on SQLite.
func (db *DB) Stats() map[string]sql.DBStats {
	stats := make(map[string]sql.DBStats, len(db.pools))
	for name, pool := range db.pools {
		stats[name] = pool.Stats()
	}
	return stats
}
