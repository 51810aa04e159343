package storage

import (
	"context"
	"errors"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/symbolon-id/symbolon/provider"
)

type consentRow struct {
	AccountID string `gorm:"primaryKey"`
	ClientID  string `gorm:"primaryKey"`
	GrantedAt millis
	Scopes    list
}

func (consentRow) TableName() string { return "consents" }

// Consent implements provider.ConsentStore.
func (db *DB) Consent(ctx context.Context, accountID, clientID string) (provider.Consent, error) {
	if !isKey(accountID) || !isKey(clientID) {
		return provider.Consent{}, nil
	}
	row, err := loadConsent(db.read.WithContext(ctx), accountID, clientID)
	if err != nil || row == nil {
		return provider.Consent{}, fault("load consent", err)
	}
	return provider.Consent{AccountID: row.AccountID, ClientID: row.ClientID, Scopes: row.Scopes, GrantedAt: row.GrantedAt.time()}, nil
}

func loadConsent(tx *gorm.DB, accountID, clientID string) (*consentRow, error) {
	var rows []consentRow
	err := tx.Where("account_id = ? AND client_id = ?", accountID, clientID).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// SaveConsent implements provider.ConsentStore. Two that save at once both find their scopes in the result: each writes only over what it
// has read, and tries again otherwise.
func (db *DB) SaveConsent(ctx context.Context, c provider.Consent) error {
	if !isKey(c.AccountID) || !isKey(c.ClientID) {
		return fault("save consent", errKey)
	}
	tx := db.write.WithContext(ctx)
	for range 20 {
		saved, err := saveConsent(tx, c)
		if err != nil || saved {
			return fault("save consent", err)
		}
	}
	return fault("save consent", errors.New("others keep changing it"))
}

func saveConsent(tx *gorm.DB, c provider.Consent) (bool, error) {
	old, err := loadConsent(tx, c.AccountID, c.ClientID)
	if err != nil {
		return false, err
	}
	if old == nil {
		row := consentRow{AccountID: c.AccountID, ClientID: c.ClientID, GrantedAt: toMillis(c.GrantedAt), Scopes: addScopes(nil, c.Scopes)}
		result := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		return result.RowsAffected == 1, result.Error
	}
	result := tx.Exec("UPDATE consents SET scopes = ?, granted_at = ? WHERE account_id = ? AND client_id = ? AND scopes = ?",
		addScopes(old.Scopes, c.Scopes), toMillis(c.GrantedAt), c.AccountID, c.ClientID, old.Scopes)
	return result.RowsAffected == 1, result.Error
}

// addScopes returns the union, in the order they were first allowed.
func addScopes(old list, scopes []string) list {
	union := slices.Clone(old)
	for _, s := range scopes {
		if s = clean(s); !slices.Contains(union, s) {
			union = append(union, s)
		}
	}
	return union
}
