package storage

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/symbolon-id/symbolon/provider/account"
)

type accountRow struct {
	ID            string `gorm:"primaryKey"`
	CreatedAt     millis `gorm:"autoCreateTime:false"`
	UpdatedAt     millis `gorm:"autoUpdateTime:false"`
	BlockedAt     millis
	EmailVerified bool
	Email         text
	Roles         list
	Name          text
	GivenName     text
	FamilyName    text
	Locale        text
	Picture       text
}

func (accountRow) TableName() string { return "accounts" }

const accountColumns = `a.id, a.created_at, a.updated_at, a.blocked_at, a.email_verified, a.email, a.roles, a.name, a.given_name, a.family_name,
 a.locale, a.picture`

func (r accountRow) record() account.Account {
	return account.Account{
		ID: r.ID, Name: string(r.Name), GivenName: string(r.GivenName), FamilyName: string(r.FamilyName), Picture: string(r.Picture),
		Locale: string(r.Locale), Email: string(r.Email), EmailVerified: r.EmailVerified, Roles: r.Roles.strings(),
		CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(), BlockedAt: r.BlockedAt.time(),
	}
}

// Account implements account.Store.
func (db *DB) Account(ctx context.Context, id string) (account.Account, error) {
	if !isKey(id) {
		return account.Account{}, account.ErrNotFound
	}
	var rows []accountRow
	if err := db.read.WithContext(ctx).Where("id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return account.Account{}, fault("load account", err)
	}
	if len(rows) == 0 {
		return account.Account{}, account.ErrNotFound
	}
	return rows[0].record(), nil
}

// CreateAccount implements account.Store. The id of an account that was deleted is taken too.
func (db *DB) CreateAccount(ctx context.Context, a account.Account, id account.Identity) error {
	if !isKey(a.ID) || id.Connector == "" || id.Issuer == "" || id.Subject == "" {
		return fault("create account", errKey)
	}
	row := accountRow{
		ID: a.ID, CreatedAt: toMillis(a.CreatedAt), UpdatedAt: toMillis(a.UpdatedAt), BlockedAt: toMillis(a.BlockedAt),
		EmailVerified: a.EmailVerified, Email: text(a.Email), Roles: a.Roles, Name: text(a.Name), GivenName: text(a.GivenName),
		FamilyName: text(a.FamilyName), Locale: text(a.Locale), Picture: text(a.Picture),
	}
	identity := newIdentityRow(id)
	identity.AccountID = a.ID
	err := db.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		if err := neverDeleted(tx, deletedAccount, a.ID); err != nil {
			return err
		}
		return tx.Create(&identity).Error
	})
	return orExists("create account", err, account.ErrExists)
}

// RecordSignIn implements account.Store. Roles, BlockedAt and CreatedAt stay: a copy read a moment ago must not undo an administrator's act.
func (db *DB) RecordSignIn(ctx context.Context, a account.Account, id account.Identity) error {
	if !isKey(a.ID) {
		return account.ErrNotFound
	}
	err := db.tx(ctx, func(tx *gorm.DB) error {
		profile := tx.Exec(`UPDATE accounts SET name = ?, given_name = ?, family_name = ?, picture = ?, locale = ?, email = ?,
			email_verified = ?, updated_at = ? WHERE id = ?`,
			text(a.Name), text(a.GivenName), text(a.FamilyName), text(a.Picture), text(a.Locale), text(a.Email),
			a.EmailVerified, toMillis(a.UpdatedAt), a.ID)
		if err := oneRow(profile, account.ErrNotFound); err != nil {
			return err
		}
		return oneRow(tx.Exec("UPDATE identities SET email = ?, email_trust = ?, last_used_at = ? WHERE key = ? AND account_id = ?",
			text(id.Email), int64(id.EmailTrust), toMillis(id.LastUsedAt), identityKey(id.Connector, id.Issuer, id.Subject), a.ID),
			account.ErrNotFound)
	})
	return fault("record sign-in", err)
}

// oneRow returns the error of the statement, or none when it met no row.
func oneRow(result *gorm.DB, none error) error {
	if result.Error == nil && result.RowsAffected == 0 {
		return none
	}
	return result.Error
}

// Accounts implements account.Directory.
func (db *DB) Accounts(ctx context.Context, f account.Filter) ([]account.Account, error) {
	query := db.read.WithContext(ctx).Where("id > ?", clean(f.After))
	if f.Email != "" {
		query = query.Where("email = ?", clean(f.Email))
	}
	var rows []accountRow
	if err := query.Order("id").Limit(pageSize(f.Limit)).Find(&rows).Error; err != nil {
		return nil, fault("list accounts", err)
	}
	list := make([]account.Account, len(rows))
	for i, r := range rows {
		list[i] = r.record()
	}
	return list, nil
}

// Block implements account.Directory. All sessions end, and offline grants too. Blocking twice keeps the first time.
func (db *DB) Block(ctx context.Context, id string, at time.Time) error {
	if !isKey(id) {
		return account.ErrNotFound
	}
	err := db.tx(ctx, func(tx *gorm.DB) error {
		blocked := tx.Exec("UPDATE accounts SET blocked_at = COALESCE(blocked_at, ?) WHERE id = ?", toMillis(at), id)
		if err := oneRow(blocked, account.ErrNotFound); err != nil {
			return err
		}
		return signOut(tx, id, at)
	})
	return fault("block account", err)
}

// SignOut ends all sessions of the account and revokes all its grants, offline ones too.
func (db *DB) SignOut(ctx context.Context, id string, at time.Time) error {
	if !isKey(id) {
		return nil
	}
	return fault("sign out", db.tx(ctx, func(tx *gorm.DB) error { return signOut(tx, id, at) }))
}

func signOut(tx *gorm.DB, id string, at time.Time) error {
	ended, err := deleteSessions(tx, "account_id = ?", id)
	if err != nil {
		return err
	}
	if err := revokeGrants(tx, at, "account_id = ?", id); err != nil {
		return err
	}
	return writeNotices(tx, at, id, ended)
}

// Unblock implements account.Directory. What Block ended stays ended.
func (db *DB) Unblock(ctx context.Context, id string) error {
	if !isKey(id) {
		return account.ErrNotFound
	}
	result := db.write.WithContext(ctx).Exec("UPDATE accounts SET blocked_at = NULL WHERE id = ?", id)
	return fault("unblock account", oneRow(result, account.ErrNotFound))
}

// Delete implements account.Directory. The foreign keys take identities and consents along.
func (db *DB) Delete(ctx context.Context, id string) error {
	if !isKey(id) {
		return account.ErrNotFound
	}
	now := time.Now()
	err := db.tx(ctx, func(tx *gorm.DB) error {
		// The account's row is locked first, as Block does: nobody signs in to it from here on.
		var rows []accountRow
		locked := tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Select("id").Where("id = ?", id).Find(&rows)
		if err := oneRow(locked, account.ErrNotFound); err != nil {
			return err
		}
		ended, err := deleteSessions(tx, "account_id = ?", id)
		if err != nil {
			return err
		}
		if err := writeNotices(tx, now, id, ended); err != nil {
			return err
		}
		if err := deleteGrants(tx, now, id); err != nil {
			return err
		}
		if err := tx.Where("id = ?", id).Delete(&accountRow{}).Error; err != nil {
			return err
		}
		return tx.Create(&deletedRow{Kind: deletedAccount, ID: id, DeletedAt: toMillis(now)}).Error
	})
	return fault("delete account", err)
}

// SetRoles implements account.Directory.
func (db *DB) SetRoles(ctx context.Context, id string, roles []string) error {
	if !isKey(id) {
		return account.ErrNotFound
	}
	result := db.write.WithContext(ctx).Exec("UPDATE accounts SET roles = ? WHERE id = ?", list(roles), id)
	return fault("set roles", oneRow(result, account.ErrNotFound))
}
