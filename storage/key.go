package storage

import (
	"context"
	"errors"
	"time"

	"github.com/symbolon-id/symbolon/provider/keys"
)

type keyRow struct {
	ID         string `gorm:"primaryKey"`
	Algorithm  string
	Generation int64
	CreatedAt  millis `gorm:"autoCreateTime:false"`
	ActiveAt   millis
	RetiredAt  millis
	ExpiresAt  millis
	Sealed     []byte
}

func (keyRow) TableName() string { return "keys" }

// Keys implements keys.Store. They are ordered by algorithm and generation.
func (db *DB) Keys(ctx context.Context) ([]keys.Record, error) {
	var rows []keyRow
	err := db.read.WithContext(ctx).Where("expires_at IS NULL OR expires_at > ?", toMillis(time.Now())).Order("algorithm, generation").
		Find(&rows).Error
	if err != nil {
		return nil, fault("list keys", err)
	}
	list := make([]keys.Record, len(rows))
	for i, r := range rows {
		list[i] = keys.Record{
			ID: r.ID, Algorithm: r.Algorithm, Generation: r.Generation, Sealed: r.Sealed, CreatedAt: r.CreatedAt.time(),
			ActiveAt: r.ActiveAt.time(), RetiredAt: r.RetiredAt.time(), ExpiresAt: r.ExpiresAt.time(),
		}
	}
	return list, nil
}

// InsertKey implements keys.Store.
func (db *DB) InsertKey(ctx context.Context, r keys.Record) error {
	if !isKey(r.ID) || !isKey(r.Algorithm) {
		return fault("insert key", errKey)
	}
	row := keyRow{
		ID: r.ID, Algorithm: r.Algorithm, Generation: r.Generation, CreatedAt: toMillis(r.CreatedAt), ActiveAt: toMillis(r.ActiveAt),
		RetiredAt: toMillis(r.RetiredAt), ExpiresAt: toMillis(r.ExpiresAt), Sealed: blob(r.Sealed),
	}
	return orExists("insert key", db.write.WithContext(ctx).Create(&row).Error, keys.ErrExists)
}

// ResealKey implements keys.Store. Nothing happens when another node was first.
func (db *DB) ResealKey(ctx context.Context, id string, old, resealed []byte) error {
	result := db.write.WithContext(ctx).Exec("UPDATE keys SET sealed = ? WHERE id = ? AND sealed = ?", blob(resealed), id, blob(old))
	return fault("reseal key", result.Error)
}

// RetireKey implements keys.Store. There is no sentinel for a key that is not there: the caller has read it a moment ago.
func (db *DB) RetireKey(ctx context.Context, id string, retiredAt, expiresAt time.Time) error {
	none := errors.New("no key has the id")
	if !isKey(id) {
		return fault("retire key", none)
	}
	result := db.write.WithContext(ctx).
		Exec("UPDATE keys SET retired_at = ?, expires_at = ? WHERE id = ?", toMillis(retiredAt), toMillis(expiresAt), id)
	return fault("retire key", oneRow(result, none))
}
