package storage

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/symbolon-id/symbolon/provider"
)

// ConsentsOf implements provider.ConsentStore.
func (db *DB) ConsentsOf(ctx context.Context, accountID string) ([]provider.Consent, error) {
	if !isKey(accountID) {
		return nil, nil
	}
	var rows []consentRow
	if err := db.read.WithContext(ctx).Where("account_id = ?", accountID).Order("client_id").Find(&rows).Error; err != nil {
		return nil, fault("list consents", err)
	}
	list := make([]provider.Consent, len(rows))
	for i, r := range rows {
		list[i] = provider.Consent{AccountID: r.AccountID, ClientID: r.ClientID, Scopes: r.Scopes, GrantedAt: r.GrantedAt.time()}
	}
	return list, nil
}

// GrantsOf implements provider.GrantStore. A grant that is bound to a session goes with it, whether the sweep has come by or not.
func (db *DB) GrantsOf(ctx context.Context, accountID string, now time.Time) ([]provider.Grant, error) {
	if !isKey(accountID) {
		return nil, nil
	}
	var rows []grantRow
	err := db.read.WithContext(ctx).Raw("SELECT "+grantColumns+` FROM grants g
		WHERE g.account_id = ? AND g.revoked_at IS NULL AND g.expires_at > ? AND (g.offline
			OR EXISTS (SELECT 1 FROM sessions s WHERE s.id = g.session_id AND s.account_id = g.account_id AND s.expires_at > ?))
		ORDER BY g.created_at, g.id`, accountID, toMillis(now), toMillis(now)).Find(&rows).Error
	if err != nil {
		return nil, fault("list grants", err)
	}
	list := make([]provider.Grant, len(rows))
	for i, r := range rows {
		list[i] = r.record()
	}
	return list, nil
}

// ClientsOf implements provider.GrantStore. The account narrows the search to an index.
func (db *DB) ClientsOf(ctx context.Context, accountID, sessionID string) ([]string, error) {
	if !isKey(accountID) || !isKey(sessionID) {
		return nil, nil
	}
	var ids []string
	err := db.read.WithContext(ctx).Raw("SELECT DISTINCT client_id FROM grants WHERE account_id = ? AND session_id = ? ORDER BY client_id", accountID, sessionID).Find(&ids).Error
	return ids, fault("clients of session", err)
}

// DeleteConsent implements provider.ConsentStore.
func (db *DB) DeleteConsent(ctx context.Context, accountID, clientID string, at time.Time) error {
	if !isKey(accountID) || !isKey(clientID) {
		return nil
	}
	err := db.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("account_id = ? AND client_id = ?", accountID, clientID).Delete(&consentRow{}).Error; err != nil {
			return err
		}
		if err := writeClientNotices(tx, at, accountID, clientID); err != nil {
			return err
		}
		return revokeGrants(tx, at, "account_id = ? AND client_id = ?", accountID, clientID)
	})
	return fault("delete consent", err)
}

// writeClientNotices is writeNotices for one client that the person takes away from sessions that go on.
func writeClientNotices(tx *gorm.DB, at time.Time, accountID, clientID string) error {
	return tx.Exec(`INSERT INTO outbox (created_at, due_at, attempts, client_id, account_id, session_id, last_error)
		SELECT ?, ?, 0, n.client_id, n.account_id, n.session_id, '' FROM (
			SELECT DISTINCT g.client_id, g.account_id, g.session_id FROM grants g
			JOIN clients c ON c.id = g.client_id AND c.backchannel_logout_uri IS NOT NULL
			JOIN sessions s ON s.id = g.session_id AND s.account_id = g.account_id
			WHERE g.account_id = ? AND g.client_id = ?) n`, toMillis(at), toMillis(at), accountID, clientID).Error
}
