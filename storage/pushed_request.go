package storage

import (
	"context"

	"github.com/symbolon-id/symbolon/provider"
)

type pushedRow struct {
	Hash      []byte `gorm:"primaryKey"`
	ExpiresAt millis
	Sealed    []byte
}

func (pushedRow) TableName() string { return "pushed_requests" }

// InsertPushedRequest implements provider.PushedRequestStore.
func (db *DB) InsertPushedRequest(ctx context.Context, r provider.PushedRequest) error {
	if len(r.Hash) != hashSize {
		return fault("insert pushed request", errKey)
	}
	row := pushedRow{Hash: r.Hash, ExpiresAt: toMillis(r.ExpiresAt), Sealed: blob(r.Sealed)}
	return fault("insert pushed request", db.write.WithContext(ctx).Create(&row).Error)
}

// PushedRequest implements provider.PushedRequestStore.
func (db *DB) PushedRequest(ctx context.Context, hash []byte) (provider.PushedRequest, error) {
	if len(hash) != hashSize {
		return provider.PushedRequest{}, provider.ErrPushedRequestNotFound
	}
	var rows []pushedRow
	err := db.read.WithContext(ctx).Where("hash = ?", hash).Limit(1).Find(&rows).Error
	switch {
	case err != nil:
		return provider.PushedRequest{}, fault("load pushed request", err)
	case len(rows) == 0:
		return provider.PushedRequest{}, provider.ErrPushedRequestNotFound
	}
	r := rows[0]
	return provider.PushedRequest{Hash: r.Hash, ExpiresAt: r.ExpiresAt.time(), Sealed: r.Sealed}, nil
}
