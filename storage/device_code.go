package storage

import (
	"context"
	"time"

	"github.com/symbolon-id/symbolon/provider"
)

type deviceCodeRow struct {
	DeviceHash   []byte `gorm:"primaryKey"`
	UserHash     []byte
	CreatedAt    millis `gorm:"autoCreateTime:false"`
	ExpiresAt    millis
	NextPollAt   int64 // Unix milliseconds; the device may ask from then on
	PollInterval int64 // milliseconds
	DecidedAt    millis
	Denied       bool
	AuthTime     millis
	ID           string
	ClientID     string
	AccountID    *string // NULL, as the next, until somebody has decided
	SessionID    *string
	ACR          text
	AMR          list
	Scopes       list
	Audience     list
	Address      text

	AuthorizationDetails *string
}

func (deviceCodeRow) TableName() string { return "device_codes" }

func (r deviceCodeRow) record() provider.DeviceCode {
	return provider.DeviceCode{
		ID: r.ID, DeviceHash: r.DeviceHash, UserHash: r.UserHash, ClientID: r.ClientID, Scopes: r.Scopes.strings(), Audience: r.Audience.strings(),
		Address: string(r.Address), CreatedAt: r.CreatedAt.time(), ExpiresAt: r.ExpiresAt.time(), DecidedAt: r.DecidedAt.time(), Denied: r.Denied,
		AccountID: orEmpty(r.AccountID), SessionID: orEmpty(r.SessionID), AuthTime: r.AuthTime.time(), AMR: r.AMR.strings(), ACR: string(r.ACR),
		AuthorizationDetails: orEmpty(r.AuthorizationDetails),
	}
}

// InsertDeviceCode implements provider.DeviceStore.
func (db *DB) InsertDeviceCode(ctx context.Context, c provider.DeviceCode) error {
	if len(c.DeviceHash) != hashSize || len(c.UserHash) != hashSize || !isKey(c.ID) || !isKey(c.ClientID) {
		return fault("insert device code", errKey)
	}
	row := deviceCodeRow{
		DeviceHash: c.DeviceHash, UserHash: c.UserHash, CreatedAt: toMillis(c.CreatedAt), ExpiresAt: toMillis(c.ExpiresAt),
		PollInterval: c.Interval.Milliseconds(), ID: c.ID, ClientID: c.ClientID, Scopes: c.Scopes, Audience: c.Audience, Address: text(c.Address),
		AuthorizationDetails: orNull(c.AuthorizationDetails),
	}
	return fault("insert device code", db.write.WithContext(ctx).Create(&row).Error)
}

// DeviceCode implements provider.DeviceStore.
func (db *DB) DeviceCode(ctx context.Context, deviceHash []byte) (provider.DeviceCode, error) {
	return db.deviceCode(ctx, "device_hash", [][]byte{deviceHash})
}

// DeviceCodeByUserCode implements provider.DeviceStore.
func (db *DB) DeviceCodeByUserCode(ctx context.Context, userHashes [][]byte) (provider.DeviceCode, error) {
	return db.deviceCode(ctx, "user_hash", userHashes)
}

func (db *DB) deviceCode(ctx context.Context, column string, hashes [][]byte) (provider.DeviceCode, error) {
	for _, hash := range hashes {
		if len(hash) != hashSize {
			return provider.DeviceCode{}, provider.ErrDeviceCodeNotFound
		}
	}
	if len(hashes) == 0 {
		return provider.DeviceCode{}, provider.ErrDeviceCodeNotFound
	}
	var rows []deviceCodeRow
	if err := db.read.WithContext(ctx).Where(column+" IN ?", hashes).Limit(1).Find(&rows).Error; err != nil {
		return provider.DeviceCode{}, fault("load device code", err)
	}
	if len(rows) == 0 {
		return provider.DeviceCode{}, provider.ErrDeviceCodeNotFound
	}
	return rows[0].record(), nil
}

// DecideDeviceCode implements provider.DeviceStore.
func (db *DB) DecideDeviceCode(ctx context.Context, c provider.DeviceCode) (bool, error) {
	if len(c.DeviceHash) != hashSize || !isKey(c.AccountID) || !isKey(c.SessionID) {
		return false, fault("decide device code", errKey)
	}
	result := db.write.WithContext(ctx).Exec(`UPDATE device_codes SET decided_at = ?, denied = ?, account_id = ?, session_id = ?, auth_time = ?, acr = ?, amr = ?
		WHERE device_hash = ? AND decided_at IS NULL AND expires_at > ?`,
		toMillis(c.DecidedAt), c.Denied, c.AccountID, c.SessionID, toMillis(c.AuthTime), text(c.ACR), list(c.AMR), c.DeviceHash, toMillis(c.DecidedAt))
	return result.RowsAffected == 1, fault("decide device code", result.Error)
}

// PollDeviceCode implements provider.DeviceStore. Of two requests at once only one can have waited long enough.
func (db *DB) PollDeviceCode(ctx context.Context, deviceHash []byte, at time.Time, step time.Duration) (bool, error) {
	if len(deviceHash) != hashSize {
		return false, nil
	}
	now := at.UnixMilli()
	waited := db.write.WithContext(ctx).Exec("UPDATE device_codes SET next_poll_at = ? + poll_interval WHERE device_hash = ? AND next_poll_at <= ?",
		now, deviceHash, now)
	if waited.Error != nil || waited.RowsAffected == 1 {
		return waited.RowsAffected == 1, fault("poll device code", waited.Error)
	}
	more := step.Milliseconds()
	return false, fault("poll device code", db.write.WithContext(ctx).Exec(
		"UPDATE device_codes SET poll_interval = poll_interval + ?, next_poll_at = ? + poll_interval + ? WHERE device_hash = ?", more, now, more, deviceHash).Error)
}
