package storage

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
)

// attempts is how often a transaction is tried that lost against another one.
const attempts = 4

// tx runs f in one transaction. It runs f again when the database chose it as the victim of a deadlock or could not serialise it: f must
// set nothing outside that a second run would find changed.
func (db *DB) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return retry(func() error { return db.write.WithContext(ctx).Transaction(f) })
}

func retry(f func() error) error {
	for n := 1; ; n++ {
		err := f()
		if n == attempts || !lostRace(err) {
			return err
		}
	}
}

// lostRace: serialization_failure or deadlock_detected. SQLite, with one writer, knows neither.
func lostRace(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// fault says which operation the database refused. A nil error stays nil.
func fault(operation string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("storage: %s: %w", operation, err)
}

// orExists is fault, with the sentinel for a key that is taken.
func orExists(operation string, err, exists error) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return fault(operation, exists)
	}
	return fault(operation, err)
}
