package storage

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/symbolon-id/symbolon/provider/account"
)

type identityRow struct {
	Key        []byte `gorm:"primaryKey"`
	AccountID  string
	LinkedAt   millis
	LastUsedAt millis
	EmailTrust int64
	Connector  text
	Issuer     text
	Subject    text
	Audience   text
	Email      text
}

func (identityRow) TableName() string { return "identities" }

func newIdentityRow(id account.Identity) identityRow {
	return identityRow{
		Key: identityKey(id.Connector, id.Issuer, id.Subject), AccountID: id.AccountID, LinkedAt: toMillis(id.LinkedAt),
		LastUsedAt: toMillis(id.LastUsedAt), EmailTrust: int64(id.EmailTrust), Connector: text(id.Connector), Issuer: text(id.Issuer),
		Subject: text(id.Subject), Audience: text(id.Audience), Email: text(id.Email),
	}
}

func (r identityRow) record() account.Identity {
	return account.Identity{
		Connector: string(r.Connector), Issuer: string(r.Issuer), Subject: string(r.Subject), Audience: string(r.Audience),
		AccountID: r.AccountID, Email: string(r.Email), EmailTrust: account.EmailTrust(r.EmailTrust), LinkedAt: r.LinkedAt.time(),
		LastUsedAt: r.LastUsedAt.time(),
	}
}

// identityKey hashes the parts with their lengths, so that no two identities share a key, whatever bytes an upstream sends.
func identityKey(connector, issuer, subject string) []byte {
	var b []byte
	for _, part := range []string{connector, issuer, subject} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// accountIdentityRow is an identity beside its account. Both have columns of the same names: the identity's are renamed.
type accountIdentityRow struct {
	Account  accountRow  `gorm:"embedded"`
	Identity identityRow `gorm:"embedded;embeddedPrefix:identity_"`
}

const selectIdentity = `i.key AS identity_key, i.account_id AS identity_account_id, i.linked_at AS identity_linked_at,
 i.last_used_at AS identity_last_used_at, i.email_trust AS identity_email_trust, i.connector AS identity_connector,
 i.issuer AS identity_issuer, i.subject AS identity_subject, i.audience AS identity_audience, i.email AS identity_email `

// AccountByIdentity implements account.Store.
func (db *DB) AccountByIdentity(ctx context.Context, connector, issuer, subject string) (account.Account, account.Identity, error) {
	if connector == "" || issuer == "" || subject == "" {
		return account.Account{}, account.Identity{}, account.ErrNotFound
	}
	var row accountIdentityRow
	result := db.read.WithContext(ctx).Raw("SELECT "+accountColumns+", "+selectIdentity+
		"FROM identities i JOIN accounts a ON a.id = i.account_id WHERE i.key = ?", identityKey(connector, issuer, subject)).Find(&row)
	if err := oneRow(result, account.ErrNotFound); err != nil {
		return account.Account{}, account.Identity{}, fault("load identity", err)
	}
	return row.Account.record(), row.Identity.record(), nil
}

// Identities implements account.Directory. The oldest link comes first.
func (db *DB) Identities(ctx context.Context, accountID string) ([]account.Identity, error) {
	if !isKey(accountID) {
		return nil, nil
	}
	var rows []identityRow
	if err := db.read.WithContext(ctx).Where("account_id = ?", accountID).Order("linked_at, key").Find(&rows).Error; err != nil {
		return nil, fault("list identities", err)
	}
	list := make([]account.Identity, len(rows))
	for i, r := range rows {
		list[i] = r.record()
	}
	return list, nil
}
