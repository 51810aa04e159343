package storage

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/symbolon-id/symbolon/clients"
)

// registrationRow is what a client that registered itself has beside its metadata.
type registrationRow struct {
	ClientID  string `gorm:"primaryKey"`
	UsedAt    millis // when it was last known to be in use; 0: kept whether it is used or not
	TokenHash []byte // nil: it has a metadata document
}

func (registrationRow) TableName() string { return "client_registrations" }

type initialTokenRow struct {
	ID        string `gorm:"primaryKey"`
	TokenHash []byte
	CreatedAt millis `gorm:"autoCreateTime:false"`
	ExpiresAt millis
	UsesLeft  int64
	Note      text
}

func (initialTokenRow) TableName() string { return "initial_access_tokens" }

func (r initialTokenRow) record() clients.InitialAccessToken {
	return clients.InitialAccessToken{
		ID: r.ID, Hash: r.TokenHash, Note: string(r.Note), CreatedAt: r.CreatedAt.time(), ExpiresAt: r.ExpiresAt.time(), UsesLeft: r.UsesLeft,
	}
}

// usableToken is the condition of an initial access token that is good for a registration at a time.
const usableToken = "token_hash = ? AND uses_left > 0 AND (expires_at IS NULL OR expires_at > ?)"

// InitialAccessToken implements clients.SelfRegistrationStore.
func (db *DB) InitialAccessToken(ctx context.Context, hash []byte) (clients.InitialAccessToken, error) {
	var rows []initialTokenRow
	err := db.read.WithContext(ctx).Where(usableToken, blob(hash), toMillis(time.Now())).Limit(1).Find(&rows).Error
	if err != nil {
		return clients.InitialAccessToken{}, fault("load initial access token", err)
	}
	if len(rows) == 0 {
		return clients.InitialAccessToken{}, clients.ErrToken
	}
	return rows[0].record(), nil
}

// CreateInitialAccessToken implements clients.InitialAccessTokenStore.
func (db *DB) CreateInitialAccessToken(ctx context.Context, t clients.InitialAccessToken) error {
	if !isKey(t.ID) || len(t.Hash) != hashSize {
		return fault("create initial access token", errKey)
	}
	row := initialTokenRow{
		ID: t.ID, TokenHash: t.Hash, CreatedAt: toMillis(t.CreatedAt), ExpiresAt: toMillis(t.ExpiresAt), UsesLeft: t.UsesLeft, Note: text(t.Note),
	}
	return fault("create initial access token", db.write.WithContext(ctx).Create(&row).Error)
}

// InitialAccessTokens implements clients.InitialAccessTokenStore.
func (db *DB) InitialAccessTokens(ctx context.Context) ([]clients.InitialAccessToken, error) {
	var rows []initialTokenRow
	if err := db.read.WithContext(ctx).Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, fault("list initial access tokens", err)
	}
	tokens := make([]clients.InitialAccessToken, len(rows))
	for i, r := range rows {
		tokens[i] = r.record()
	}
	return tokens, nil
}

// DeleteInitialAccessToken implements clients.InitialAccessTokenStore.
func (db *DB) DeleteInitialAccessToken(ctx context.Context, id string) error {
	result := db.write.WithContext(ctx).Where("id = ?", joinKey(id)).Delete(&initialTokenRow{})
	if result.Error == nil && result.RowsAffected != 1 {
		return clients.ErrNotFound
	}
	return fault("delete initial access token", result.Error)
}

// RegisterClient implements clients.SelfRegistrationStore. A client that came with an initial access token is kept whether it is used or not:
// an administrator has let it in.
func (db *DB) RegisterClient(ctx context.Context, c *clients.Client, r clients.SelfRegistration) error {
	row, err := newClientRow(c)
	if err != nil {
		return fault("register client", err)
	}
	own := registrationRow{ClientID: c.ID, UsedAt: toMillis(c.CreatedAt), TokenHash: blob(r.TokenHash)}
	err = db.tx(ctx, func(tx *gorm.DB) error {
		if r.InitialHash != nil {
			own.UsedAt = 0
			if err := spendInitialToken(tx, r.InitialHash); err != nil {
				return err
			}
		} else if err := roomForOne(tx, r.Limit); err != nil {
			return err
		}
		if err := insertClient(tx, row, c); err != nil {
			return err
		}
		return tx.Create(&own).Error
	})
	return orExists("register client", err, clients.ErrExists)
}

func spendInitialToken(tx *gorm.DB, hash []byte) error {
	result := tx.Model(&initialTokenRow{}).Where(usableToken, hash, toMillis(time.Now())).
		UpdateColumn("uses_left", gorm.Expr("uses_left - 1"))
	if result.Error == nil && result.RowsAffected != 1 {
		return clients.ErrToken
	}
	return result.Error
}

// roomForOne counts without a lock: two that register at once may both find the last place.
func roomForOne(tx *gorm.DB, limit int) error {
	var n int64
	err := tx.Model(&registrationRow{}).Where("used_at IS NOT NULL AND token_hash IS NOT NULL").Count(&n).Error
	if err == nil && n >= int64(limit) {
		return clients.ErrFull
	}
	return err
}

// RegisteredClient implements clients.SelfRegistrationStore.
func (db *DB) RegisteredClient(ctx context.Context, id string) (*clients.Client, []byte, error) {
	c, err := db.Client(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	var rows []registrationRow
	err = db.read.WithContext(ctx).Where("client_id = ? AND token_hash IS NOT NULL", c.ID).Limit(1).Find(&rows).Error
	if err != nil {
		return nil, nil, fault("load registration", err)
	}
	if len(rows) == 0 {
		return nil, nil, clients.ErrNotFound
	}
	return c, rows[0].TokenHash, nil
}

// UpdateRegisteredClient implements clients.SelfRegistrationStore.
func (db *DB) UpdateRegisteredClient(ctx context.Context, c *clients.Client, old, hash []byte) error {
	return db.updateClient(ctx, c, func(tx *gorm.DB) error { return rotateRegistrationToken(tx, c.ID, old, hash) })
}

// RotateRegistrationToken implements clients.SelfRegistrationStore.
func (db *DB) RotateRegistrationToken(ctx context.Context, id string, old, hash []byte) error {
	return fault("rotate registration access token", rotateRegistrationToken(db.write.WithContext(ctx), joinKey(id), old, hash))
}

func rotateRegistrationToken(tx *gorm.DB, id string, old, hash []byte) error {
	result := tx.Model(&registrationRow{}).Where("client_id = ? AND token_hash = ?", id, blob(old)).UpdateColumn("token_hash", blob(hash))
	if result.Error == nil && result.RowsAffected != 1 {
		return clients.ErrToken
	}
	return result.Error
}

// KeepDocumentClient implements clients.DocumentStore.
func (db *DB) KeepDocumentClient(ctx context.Context, c *clients.Client) error {
	row, err := newClientRow(c)
	if err != nil {
		return fault("keep document client", err)
	}
	err = db.tx(ctx, func(tx *gorm.DB) error {
		if err := insertClient(tx, row, c); err != nil {
			return err
		}
		return tx.Create(&registrationRow{ClientID: c.ID, UsedAt: toMillis(time.Now())}).Error
	})
	return orExists("keep document client", err, clients.ErrExists)
}

// ClientDeleted implements clients.DocumentStore.
func (db *DB) ClientDeleted(ctx context.Context, id string) (bool, error) {
	var n int64
	err := db.read.WithContext(ctx).Model(&deletedRow{}).Where("kind = ? AND id = ?", deletedClient, joinKey(id)).Count(&n).Error
	return n > 0, fault("look for a deleted client", err)
}

// SweepRegistrations deletes clients that registered themselves at or before the time and that nobody has allowed anything, and initial access
// tokens that have expired. It looks at no more than limit clients, and returns how many rows went. A client in use is looked at again when as
// much time has passed once more.
//
// The id of a client deleted here is not kept: those of ours are never drawn twice, and a document client is who publishes at the address. No
// grant of it is alive, since each stands on a consent.
func (db *DB) SweepRegistrations(ctx context.Context, before time.Time, limit int) (int, error) {
	now := time.Now()
	tokens := db.write.WithContext(ctx).Where("expires_at <= ?", toMillis(now)).Delete(&initialTokenRow{})
	if tokens.Error != nil {
		return 0, fault("sweep initial access tokens", tokens.Error)
	}
	var ids []string
	err := db.read.WithContext(ctx).Model(&registrationRow{}).Where("used_at <= ?", toMillis(before)).Order("used_at").Limit(max(limit, 1)).
		Pluck("client_id", &ids).Error
	if err != nil || len(ids) == 0 {
		return int(tokens.RowsAffected), fault("sweep registrations", err)
	}
	gone := int64(0)
	err = db.tx(ctx, func(tx *gorm.DB) error {
		unused := tx.Exec("DELETE FROM clients WHERE id IN ? AND NOT EXISTS (SELECT 1 FROM consents s WHERE s.client_id = clients.id)", ids)
		if unused.Error != nil {
			return unused.Error
		}
		gone = unused.RowsAffected
		return tx.Model(&registrationRow{}).Where("client_id IN ?", ids).UpdateColumn("used_at", toMillis(now)).Error
	})
	return int(gone + tokens.RowsAffected), fault("sweep registrations", err)
}
