package storage

import (
	"context"
	"time"
)

type leaseRow struct {
	Name   string `gorm:"primaryKey"`
	Holder string
	Until  millis
}

func (leaseRow) TableName() string { return "leases" }

// TryLease takes the lease of the name for the holder until then, or prolongs it, and says whether the holder has it now: not while another has
// it and it has not ended at now. A holder gives it back early with until = now. Name and holder are texts of 1 to 2,048 bytes.
//
// A lease spares work, it protects nothing: a holder that was paused may go on beyond its end.
func (db *DB) TryLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	if !isKey(name) || !isKey(holder) {
		return false, fault("take lease", errKey)
	}
	result := db.write.WithContext(ctx).Exec(`INSERT INTO leases (name, holder, until) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE leases.holder = excluded.holder OR leases.until <= ?`, name, holder, toMillis(until), toMillis(now))
	return result.RowsAffected == 1, fault("take lease", result.Error)
}
