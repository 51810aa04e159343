package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/status"
)

type listRow struct {
	ID        int64 `gorm:"primaryKey"`
	Kind      string
	NextBlock int64
	OpenedAt  millis
	ExpiresAt millis
	Seed      []byte
}

func (listRow) TableName() string { return "status_lists" }

type revocationRow struct {
	List      int64 `gorm:"primaryKey;autoIncrement:false"`
	Bit       int64 `gorm:"primaryKey;autoIncrement:false"`
	RevokedAt millis
	Until     millis
}

func (revocationRow) TableName() string { return "status_revocations" }

// isIndex says whether an index can be the key of a row.
func isIndex(i status.Index) bool { return i.List > 0 && i.Bit >= 0 && i.Bit < status.Size }

// bitUntil is when a bit that is set at the time means nothing any more: the last access token from before has expired.
func bitUntil(at time.Time) time.Time { return at.Add(provider.StatusLifetime) }

// ReserveBlock implements status.Store.
func (db *DB) ReserveBlock(ctx context.Context, kind status.Kind, now, listExpires time.Time) (status.Block, error) {
	if !isKey(string(kind)) || listExpires.IsZero() {
		return status.Block{}, fault("reserve status block", errKey)
	}
	for range 20 {
		var rows []listRow
		err := db.write.WithContext(ctx).Raw(`UPDATE status_lists SET next_block = next_block + 1
			WHERE kind = ? AND expires_at IS NULL AND next_block < ? RETURNING id, seed, next_block`, string(kind), status.Blocks).Find(&rows).Error
		if err != nil {
			return status.Block{}, fault("reserve status block", err)
		}
		if len(rows) > 0 {
			return status.Block{List: rows[0].ID, Seed: rows[0].Seed, Number: rows[0].NextBlock - 1}, nil
		}
		if err := db.openList(ctx, kind, now, listExpires); err != nil {
			return status.Block{}, fault("open status list", err)
		}
	}
	return status.Block{}, fault("reserve status block", errors.New("others keep filling the lists"))
}

// openList closes the open list of the kind if it is full, and opens one if there is none. Of several nodes at once, one does: the others wait
// for it and change nothing.
func (db *DB) openList(ctx context.Context, kind status.Kind, now, listExpires time.Time) error {
	seed := make([]byte, 16)
	rand.Read(seed) // never fails, crypto/rand says
	return db.tx(ctx, func(tx *gorm.DB) error {
		err := tx.Exec("UPDATE status_lists SET expires_at = ? WHERE kind = ? AND expires_at IS NULL AND next_block >= ?",
			toMillis(listExpires), string(kind), status.Blocks).Error
		if err != nil {
			return err
		}
		return tx.Exec("INSERT INTO status_lists (kind, next_block, opened_at, seed) VALUES (?, 0, ?, ?) ON CONFLICT DO NOTHING",
			string(kind), toMillis(now), seed).Error
	})
}

// ListExists implements status.Store.
func (db *DB) ListExists(ctx context.Context, list int64, now time.Time) (bool, error) {
	var rows []listRow
	err := db.read.WithContext(ctx).Select("id").Where("id = ? AND (expires_at IS NULL OR expires_at > ?)", list, toMillis(now)).
		Limit(1).Find(&rows).Error
	return len(rows) > 0, fault("find status list", err)
}

// Lists implements status.Store.
func (db *DB) Lists(ctx context.Context, now time.Time) ([]int64, error) {
	var ids []int64
	err := db.read.WithContext(ctx).Model(&listRow{}).Where("expires_at IS NULL OR expires_at > ?", toMillis(now)).Order("id").Pluck("id", &ids).Error
	return ids, fault("list status lists", err)
}

// Revocations implements status.Store.
func (db *DB) Revocations(ctx context.Context, list int64, since, now time.Time) ([]int64, error) {
	var rows []revocationRow
	// The zero time is "from the beginning" here, not NULL.
	err := db.read.WithContext(ctx).Select("bit").Where("list = ? AND revoked_at >= ? AND until > ?", list, int64(toMillis(since)), toMillis(now)).
		Find(&rows).Error
	if err != nil {
		return nil, fault("list revocations", err)
	}
	bits := make([]int64, len(rows))
	for i, r := range rows {
		bits[i] = r.Bit
	}
	return bits, nil
}

// SetRevoked implements status.Store. The first time counts.
func (db *DB) SetRevoked(ctx context.Context, r status.Revocation) error {
	if !isIndex(r.Index) {
		return fault("set status bit", errKey)
	}
	row := revocationRow{List: r.List, Bit: r.Bit, RevokedAt: toMillis(r.RevokedAt), Until: toMillis(r.Until)}
	return fault("set status bit", db.write.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error)
}

// Revoked reports whether the bit is set.
func (db *DB) Revoked(ctx context.Context, i status.Index) (bool, error) {
	if !isIndex(i) {
		return false, nil
	}
	var rows []revocationRow
	err := db.read.WithContext(ctx).Select("bit").Where("list = ? AND bit = ?", i.List, i.Bit).Limit(1).Find(&rows).Error
	return len(rows) > 0, fault("read status bit", err)
}
