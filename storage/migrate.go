package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

// Errors of the schema. Their wrapped texts say what to do.
var (
	// ErrSchemaBehind says that migrations are pending.
	ErrSchemaBehind = errors.New("the database schema is older than this program")
	// ErrSchemaNewer says that a newer program has migrated the database, and that this one does not run on the result.
	ErrSchemaNewer = errors.New("the database schema is newer than this program")
	// ErrSchemaAltered says that a migration file is not the one that was applied.
	ErrSchemaAltered = errors.New("a migration that was applied has been altered")
	// ErrSchemaForeign says that the database holds the tables of another product.
	ErrSchemaForeign = errors.New("the database belongs to another product")
)

// versionTable records each migration in the same commit as its effect.
const versionTable = `CREATE TABLE symbolon_migrations (
  version BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  applied_at BIGINT NOT NULL
)`

// Migration is one step of the schema.
type Migration struct {
	Version   int64
	Name      string    // of the file: 0001_init.sql
	AppliedAt time.Time // zero: pending
}

// appliedRow is a row of the version table.
type appliedRow struct {
	Version   int64
	Name      string
	SHA256    string `gorm:"column:sha256"`
	AppliedAt millis
}

// Migrate applies the pending migrations and returns them. Any number of processes may do so at once; one that is killed leaves whole
// steps behind, and the next goes on from there. A schema one step ahead that Check accepts is left as it is. Its errors are ErrSchemaNewer, ErrSchemaAltered, ErrSchemaForeign, or a fault.
func (db *DB) Migrate(ctx context.Context) ([]Migration, error) {
	files, err := db.dialect.files()
	if err != nil {
		return nil, fault("read migrations", err)
	}
	return db.migrate(ctx, files)
}

// Status lists all migrations, applied and pending, also one that only a newer program knows. With an error of the schema it still lists what it can.
func (db *DB) Status(ctx context.Context) ([]Migration, error) {
	files, err := db.dialect.files()
	if err != nil {
		return nil, fault("read migrations", err)
	}
	return db.status(ctx, files)
}

// Check returns nil when the schema is the one this program was made for, or the next one and made to leave this program working, so that old and
// new nodes run beside each other during an upgrade. Otherwise it returns one of the errors of the schema, or a fault.
func (db *DB) Check(ctx context.Context) error {
	list, err := db.Status(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(m Migration) bool { return m.AppliedAt.IsZero() }) {
		return fmt.Errorf("%w: run symbolon migrate up", ErrSchemaBehind)
	}
	return nil
}

func (db *DB) status(ctx context.Context, files fs.FS) ([]Migration, error) {
	steps, err := readSteps(files)
	if err != nil {
		return nil, err
	}
	applied, _, err := db.applied(db.read.WithContext(ctx))
	list := make([]Migration, len(steps))
	for i, s := range steps {
		list[i] = Migration{Version: s.version, Name: s.name}
		if i < len(applied) {
			list[i].AppliedAt = applied[i].AppliedAt.time()
		}
	}
	for _, a := range applied[min(len(steps), len(applied)):] {
		list = append(list, Migration{Version: a.Version, Name: a.Name, AppliedAt: a.AppliedAt.time()})
	}
	if err != nil {
		return list, err
	}
	return list, compareSteps(steps, applied)
}

func (db *DB) migrate(ctx context.Context, files fs.FS) ([]Migration, error) {
	steps, err := readSteps(files)
	if err != nil {
		return nil, err
	}
	var done []Migration
	for {
		m, err := db.step(ctx, steps)
		if err != nil || m == nil {
			return done, err
		}
		done = append(done, *m)
	}
}

// step applies the first pending migration, if there is one. Whatever was known before the lock is read again under it. Nothing is
// retried and a PostgreSQL lock time-out is left to the operator: a step may take long.
func (db *DB) step(ctx context.Context, steps []step) (*Migration, error) {
	var done *Migration
	err := db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if db.dialect.lock != "" {
			if err := tx.Exec(db.dialect.lock).Error; err != nil {
				return fault("lock schema", err)
			}
		}
		applied, known, err := db.applied(tx)
		if err != nil {
			return err
		}
		if err := compareSteps(steps, applied); err != nil || len(applied) >= len(steps) {
			return err
		}
		if !known {
			if err := tx.Exec(versionTable).Error; err != nil {
				return fault("create version table", err)
			}
		}
		s := steps[len(applied)]
		if _, err := tx.Statement.ConnPool.ExecContext(ctx, s.sql); err != nil {
			return fault("migration "+s.name, err)
		}
		row := appliedRow{Version: s.version, Name: s.name, SHA256: s.sha256, AppliedAt: toMillis(time.Now())}
		done = &Migration{Version: s.version, Name: s.name, AppliedAt: row.AppliedAt.time()}
		return fault("record migration "+s.name, tx.Table("symbolon_migrations").Create(&row).Error)
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

// applied reads the version table. known is false when there is none; then other tables must not be there either.
func (db *DB) applied(tx *gorm.DB) (rows []appliedRow, known bool, err error) {
	var tables []string
	if err := tx.Raw(db.dialect.tables).Scan(&tables).Error; err != nil {
		return nil, false, fault("list tables", err)
	}
	if !slices.Contains(tables, "symbolon_migrations") {
		if len(tables) > 0 {
			slices.Sort(tables)
			return nil, false, fmt.Errorf("%w: it has tables (%s) but was not made by symbolon; name an empty database",
				ErrSchemaForeign, strings.Join(tables[:min(len(tables), 3)], ", "))
		}
		return nil, false, nil
	}
	err = tx.Table("symbolon_migrations").Order("version").Find(&rows).Error
	return rows, true, fault("read schema version", err)
}
