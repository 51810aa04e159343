package storage

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"

	"github.com/symbolon-id/symbolon/migrations"
)

// openPostgres opens one pool on the database. pgx caches prepared statements per connection by itself, so gorm must not.
func openPostgres(c Config) (*DB, error) {
	config, err := pgx.ParseConfig(c.URL)
	if err != nil {
		var parse *pgconn.ParseConfigError
		if errors.As(err, &parse) {
			err = errors.New("the postgres URL cannot be read") // pgx repeats parts of it
		}
		return nil, fmt.Errorf("database: %w", err)
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "symbolon"
	}
	pool := stdlib.OpenDB(*config)
	conns := c.MaxOpenConns
	if conns <= 0 {
		conns = 16
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	// After a fail-over behind a proxy or a changed DNS name, connections move within this time.
	pool.SetConnMaxLifetime(30 * time.Minute)

	db := &DB{
		pools: map[string]*sql.DB{"pool": pool},
		dialect: dialect{
			files: migrations.Postgres,
			// Held to the end of the transaction, so it also works behind a PgBouncer. The number is "symbolon" in ASCII.
			lock:   "SELECT pg_advisory_xact_lock(8320802056087301998)",
			clock:  "SELECT clock_timestamp()",
			tables: "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'",
		},
	}
	if db.write, err = openGorm(postgres.New(postgres.Config{Conn: newPool(pool, c.Observe, nil)}), c); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), pool.Close())
	}
	db.read = db.write
	return db, nil
}
