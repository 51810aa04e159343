package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/symbolon-id/symbolon/clients"
)

type clientRow struct {
	ID             string `gorm:"primaryKey"`
	Version        int64
	CreatedAt      millis `gorm:"autoCreateTime:false"`
	UpdatedAt      millis `gorm:"autoUpdateTime:false"`
	DisabledAt     millis
	IdempotencyKey *string
	Metadata       string // JSON: encoding/json leaves no invalid UTF-8 and no bare NUL in it
	// BackchannelLogoutURI is the metadata's, for the statement that writes log-out notices.
	BackchannelLogoutURI *string
	SelfRegistered       bool
}

func (clientRow) TableName() string { return "clients" }

type secretRow struct {
	ClientID  string `gorm:"primaryKey"`
	ID        string `gorm:"primaryKey"`
	CreatedAt millis `gorm:"autoCreateTime:false"`
	ExpiresAt millis
	Hash      text
}

func (secretRow) TableName() string { return "client_secrets" }

// clientSecretRow is a client beside one of its valid secrets, or beside none.
type clientSecretRow struct {
	Client          clientRow `gorm:"embedded"`
	SecretID        *string
	SecretCreatedAt millis
	SecretExpiresAt millis
	SecretHash      text
}

// One statement reads the client and its secrets: what is cached then belongs to one version.
const selectClients = `SELECT c.id, c.version, c.created_at, c.updated_at, c.disabled_at, c.idempotency_key, c.self_registered, c.metadata,
 s.id AS secret_id,
 s.created_at AS secret_created_at, s.expires_at AS secret_expires_at, s.hash AS secret_hash
FROM clients c LEFT JOIN client_secrets s ON s.client_id = c.id AND (s.expires_at IS NULL OR s.expires_at > ?) `

// Client implements clients.Store.
func (db *DB) Client(ctx context.Context, id string) (*clients.Client, error) {
	return db.client(ctx, "WHERE c.id = ? ORDER BY s.created_at DESC, s.id", id)
}

// ClientByIdempotencyKey implements clients.Store.
func (db *DB) ClientByIdempotencyKey(ctx context.Context, key string) (*clients.Client, error) {
	return db.client(ctx, "WHERE c.idempotency_key = ? ORDER BY s.created_at DESC, s.id", key)
}

func (db *DB) client(ctx context.Context, where, key string) (*clients.Client, error) {
	if !isKey(key) {
		return nil, clients.ErrNotFound
	}
	var rows []clientSecretRow
	if err := db.read.WithContext(ctx).Raw(selectClients+where, toMillis(time.Now()), key).Find(&rows).Error; err != nil {
		return nil, fault("load client", err)
	}
	list, err := clientRecords(rows)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, clients.ErrNotFound
	}
	return list[0], nil
}

// Clients implements clients.Store.
func (db *DB) Clients(ctx context.Context, f clients.ClientFilter) ([]*clients.Client, error) {
	var rows []clientSecretRow
	err := db.read.WithContext(ctx).Raw(selectClients+
		"WHERE c.id IN (SELECT id FROM clients WHERE id > ? ORDER BY id LIMIT ?) ORDER BY c.id, s.created_at DESC, s.id",
		toMillis(time.Now()), clean(f.After), pageSize(f.Limit)).Find(&rows).Error
	if err != nil {
		return nil, fault("list clients", err)
	}
	return clientRecords(rows)
}

// clientRecords gathers rows that are ordered by client.
func clientRecords(rows []clientSecretRow) ([]*clients.Client, error) {
	var list []*clients.Client
	for _, r := range rows {
		if len(list) == 0 || list[len(list)-1].ID != r.Client.ID {
			c := &clients.Client{
				ID: r.Client.ID, Version: r.Client.Version, CreatedAt: r.Client.CreatedAt.time(), UpdatedAt: r.Client.UpdatedAt.time(),
				DisabledAt: r.Client.DisabledAt.time(), SelfRegistered: r.Client.SelfRegistered,
			}
			if err := json.Unmarshal([]byte(r.Client.Metadata), &c.Metadata); err != nil {
				return nil, fault(fmt.Sprintf("read metadata of client %q", r.Client.ID), err)
			}
			list = append(list, c)
		}
		if r.SecretID != nil {
			c := list[len(list)-1]
			c.Secrets = append(c.Secrets, clients.Secret{
				ID: *r.SecretID, Hash: string(r.SecretHash), CreatedAt: r.SecretCreatedAt.time(), ExpiresAt: r.SecretExpiresAt.time(),
			})
		}
	}
	return list, nil
}

// CreateClient implements clients.Store. The new row has version 1.
func (db *DB) CreateClient(ctx context.Context, c *clients.Client, idempotencyKey string) error {
	row, err := newClientRow(c)
	if err != nil {
		return fault("create client", err)
	}
	if idempotencyKey != "" {
		if !isKey(idempotencyKey) {
			return fault("create client", errKey)
		}
		row.IdempotencyKey = &idempotencyKey
	}
	err = db.tx(ctx, func(tx *gorm.DB) error { return insertClient(tx, row, c) })
	return orExists("create client", err, clients.ErrExists)
}

// newClientRow returns the row of a new client: version 1.
func newClientRow(c *clients.Client) (*clientRow, error) {
	if !isKey(c.ID) {
		return nil, errKey
	}
	metadata, err := json.Marshal(c.Metadata)
	if err != nil {
		return nil, err
	}
	return &clientRow{
		ID: c.ID, Version: 1, CreatedAt: toMillis(c.CreatedAt), UpdatedAt: toMillis(c.UpdatedAt), DisabledAt: toMillis(c.DisabledAt),
		Metadata: string(metadata), BackchannelLogoutURI: orNull(c.Metadata.BackchannelLogoutURI), SelfRegistered: c.SelfRegistered,
	}, nil
}

// insertClient adds a client with its secrets; gorm.ErrDuplicatedKey when its id is or was taken.
func insertClient(tx *gorm.DB, row *clientRow, c *clients.Client) error {
	if err := tx.Create(row).Error; err != nil {
		return err
	}
	if err := neverDeleted(tx, deletedClient, c.ID); err != nil {
		return err
	}
	return insertSecrets(tx, c)
}

func insertSecrets(tx *gorm.DB, c *clients.Client) error {
	for _, s := range c.Secrets {
		if !isKey(s.ID) {
			return errKey
		}
		row := secretRow{ClientID: c.ID, ID: s.ID, CreatedAt: toMillis(s.CreatedAt), ExpiresAt: toMillis(s.ExpiresAt), Hash: text(s.Hash)}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
	}
	return nil
}

// UpdateClient implements clients.Store. c itself is not changed: the row has c.Version + 1 afterwards.
func (db *DB) UpdateClient(ctx context.Context, c *clients.Client) error {
	return db.updateClient(ctx, c, func(*gorm.DB) error { return nil })
}

// updateClient is UpdateClient with something more in the same commit.
func (db *DB) updateClient(ctx context.Context, c *clients.Client, more func(tx *gorm.DB) error) error {
	if !isKey(c.ID) {
		return clients.ErrConflict
	}
	metadata, err := json.Marshal(c.Metadata)
	if err != nil {
		return fault("update client", err)
	}
	err = db.tx(ctx, func(tx *gorm.DB) error {
		result := tx.Model(&clientRow{}).Where("id = ? AND version = ?", c.ID, c.Version).UpdateColumns(map[string]any{
			"metadata": string(metadata), "disabled_at": toMillis(c.DisabledAt), "updated_at": toMillis(c.UpdatedAt), "version": c.Version + 1,
			"backchannel_logout_uri": orNull(c.Metadata.BackchannelLogoutURI),
		})
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected != 1 {
			return clients.ErrConflict
		}
		if err := tx.Where("client_id = ?", c.ID).Delete(&secretRow{}).Error; err != nil {
			return err
		}
		if err := insertSecrets(tx, c); err != nil {
			return err
		}
		if !c.DisabledAt.IsZero() { // as when it is deleted; enabling it again brings no grant back
			if err := revokeGrants(tx, time.Now(), "client_id = ?", c.ID); err != nil {
				return err
			}
		}
		return more(tx)
	})
	return fault("update client", err)
}

// SealedClients returns the ids of the clients with a secret that is sealed, not hashed.
func (db *DB) SealedClients(ctx context.Context) (ids []string, err error) {
	err = db.read.WithContext(ctx).Raw("SELECT DISTINCT client_id FROM client_secrets WHERE hash LIKE 'sealed$%'").Find(&ids).Error
	return ids, fault("list sealed clients", err)
}

// DeleteClient implements clients.Store. The foreign keys take the secrets and the consents along.
func (db *DB) DeleteClient(ctx context.Context, id string) error {
	if !isKey(id) {
		return clients.ErrNotFound
	}
	now := time.Now()
	err := db.tx(ctx, func(tx *gorm.DB) error {
		result := tx.Where("id = ?", id).Delete(&clientRow{})
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected != 1 {
			return clients.ErrNotFound
		}
		// Every grant is read for this: deleting a client is rare, and an index would cost each sign-in.
		if err := revokeGrants(tx, now, "client_id = ?", id); err != nil {
			return err
		}
		return tx.Create(&deletedRow{Kind: deletedClient, ID: id, DeletedAt: toMillis(now)}).Error
	})
	return fault("delete client", err)
}

// pageSize bounds a listing.
func pageSize(limit int) int { return min(max(limit, 1), 200) }
