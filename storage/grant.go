package storage

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/symbolon-id/symbolon/provider"
)

type grantRow struct {
	ID           string `gorm:"primaryKey"`
	Generation   int64
	AuthTime     millis
	CreatedAt    millis `gorm:"autoCreateTime:false"`
	RefreshedAt  millis
	ExpiresAt    millis
	RevokedAt    millis
	Offline      bool
	NeedsConsent bool
	ClientID     string
	AccountID    string
	SessionID    string
	ACR          text
	AMR          list
	Scopes       list
	Audience     list
}

func (grantRow) TableName() string { return "grants" }

// standingRow is the standing; a NULL says that the row it comes from is not there.
type standingRow struct {
	StandingAccount        *string
	StandingBlockedAt      millis
	StandingSession        *string
	StandingSessionExpires millis
	StandingVersion        *int64
	StandingDisabledAt     millis
	StandingScopes         list
}

type grantStandingRow struct {
	Grant    grantRow    `gorm:"embedded"`
	Standing standingRow `gorm:"embedded"`
}

const selectStanding = `a.id AS standing_account, a.blocked_at AS standing_blocked_at, s.id AS standing_session,
 s.expires_at AS standing_session_expires, c.version AS standing_version, c.disabled_at AS standing_disabled_at, k.scopes AS standing_scopes `

// Standing implements provider.GrantStore.
func (db *DB) Standing(ctx context.Context, accountID, sessionID, clientID string) (provider.Standing, error) {
	accountID, sessionID, clientID = joinKey(accountID), joinKey(sessionID), joinKey(clientID)
	var row standingRow
	err := db.read.WithContext(ctx).Raw("SELECT "+selectStanding+`FROM (SELECT 1 AS one) one
		LEFT JOIN accounts a ON a.id = ?
		LEFT JOIN sessions s ON s.id = ? AND s.account_id = ?
		LEFT JOIN clients c ON c.id = ?
		LEFT JOIN consents k ON k.account_id = ? AND k.client_id = ?`,
		accountID, sessionID, accountID, clientID, accountID, clientID).Find(&row).Error
	if err != nil {
		return provider.Standing{}, fault("read standing", err)
	}
	return row.record(), nil
}

func (r standingRow) record() provider.Standing {
	s := provider.Standing{
		AccountFound:     r.StandingAccount != nil,
		AccountBlocked:   r.StandingBlockedAt != 0,
		SessionFound:     r.StandingSession != nil,
		SessionExpiresAt: r.StandingSessionExpires.time(),
		ClientDisabled:   r.StandingDisabledAt != 0,
		ConsentScopes:    r.StandingScopes,
	}
	if r.StandingVersion != nil {
		s.ClientVersion = *r.StandingVersion
	}
	return s
}

// InsertGrant implements provider.GrantStore.
func (db *DB) InsertGrant(ctx context.Context, g provider.Grant) error {
	for _, key := range []string{g.ID, g.ClientID, g.AccountID, g.SessionID} {
		if !isKey(key) {
			return fault("insert grant", errKey)
		}
	}
	row := grantRow{
		ID: g.ID, Generation: g.Generation, AuthTime: toMillis(g.AuthTime), CreatedAt: toMillis(g.CreatedAt),
		RefreshedAt: toMillis(g.RefreshedAt), ExpiresAt: toMillis(g.ExpiresAt), RevokedAt: toMillis(g.RevokedAt), Offline: g.Offline,
		NeedsConsent: g.NeedsConsent, ClientID: g.ClientID, AccountID: g.AccountID, SessionID: g.SessionID, ACR: text(g.ACR), AMR: g.AMR,
		Scopes: g.Scopes, Audience: g.Audience,
	}
	return orExists("insert grant", db.write.WithContext(ctx).Create(&row).Error, provider.ErrGrantExists)
}

// Grant implements provider.GrantStore.
func (db *DB) Grant(ctx context.Context, id string) (provider.Grant, provider.Standing, error) {
	if !isKey(id) {
		return provider.Grant{}, provider.Standing{}, provider.ErrGrantNotFound
	}
	var row grantStandingRow
	result := db.read.WithContext(ctx).Raw("SELECT g.*, "+selectStanding+`FROM grants g
		LEFT JOIN accounts a ON a.id = g.account_id
		LEFT JOIN sessions s ON s.id = g.session_id AND s.account_id = g.account_id
		LEFT JOIN clients c ON c.id = g.client_id
		LEFT JOIN consents k ON k.account_id = g.account_id AND k.client_id = g.client_id
		WHERE g.id = ?`, id).Find(&row)
	if result.Error != nil {
		return provider.Grant{}, provider.Standing{}, fault("load grant", result.Error)
	}
	if result.RowsAffected == 0 {
		return provider.Grant{}, provider.Standing{}, provider.ErrGrantNotFound
	}
	return row.Grant.record(), row.Standing.record(), nil
}

func (r grantRow) record() provider.Grant {
	return provider.Grant{
		ID: r.ID, ClientID: r.ClientID, AccountID: r.AccountID, SessionID: r.SessionID, Scopes: r.Scopes.strings(),
		Audience: r.Audience.strings(), AuthTime: r.AuthTime.time(), AMR: r.AMR.strings(), ACR: string(r.ACR), Offline: r.Offline,
		NeedsConsent: r.NeedsConsent, Generation: r.Generation, CreatedAt: r.CreatedAt.time(), RefreshedAt: r.RefreshedAt.time(),
		ExpiresAt: r.ExpiresAt.time(), RevokedAt: r.RevokedAt.time(),
	}
}

// RotateGrant implements provider.GrantStore.
func (db *DB) RotateGrant(ctx context.Context, id string, generation int64, at time.Time) (bool, error) {
	if !isKey(id) {
		return false, nil
	}
	result := db.write.WithContext(ctx).Exec(
		"UPDATE grants SET generation = generation + 1, refreshed_at = ? WHERE id = ? AND generation = ? AND revoked_at IS NULL",
		toMillis(at), id, generation)
	return result.RowsAffected == 1, fault("rotate grant", result.Error)
}

// RevokeGrant implements provider.GrantStore.
func (db *DB) RevokeGrant(ctx context.Context, id string, at time.Time) error {
	if !isKey(id) {
		return nil
	}
	return fault("revoke grant", revokeGrants(db.write.WithContext(ctx), at, "id = ?", id))
}

// revokeGrants revokes the grants that where names. What was revoked before keeps its time.
func revokeGrants(tx *gorm.DB, at time.Time, where string, args ...any) error {
	return tx.Exec("UPDATE grants SET revoked_at = ? WHERE revoked_at IS NULL AND "+where, slices.Concat([]any{toMillis(at)}, args)...).Error
}
