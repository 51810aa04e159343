package storage

import (
	"context"
	"time"

	"gorm.io/gorm/clause"
)

type assertionRow struct {
	Key       []byte `gorm:"primaryKey"`
	ExpiresAt millis
}

func (assertionRow) TableName() string { return "assertion_ids" }

// UseOnce implements provider.ReplayStore. A key has 1 to 2,048 bytes. It is free again when the sweep has met it after its end.
func (db *DB) UseOnce(ctx context.Context, key []byte, expires time.Time) (bool, error) {
	if len(key) == 0 || len(key) > maxKey {
		return false, fault("use once", errKey)
	}
	row := assertionRow{Key: key, ExpiresAt: toMillis(expires)}
	result := db.write.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	return result.RowsAffected == 1, fault("use once", result.Error)
}
