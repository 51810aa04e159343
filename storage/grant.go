package storage

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/status"
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
	StatusList   *int64 // with StatusBit; NULL: the grant has no bit
	StatusBit    *int64
	DPoPKey      *string `gorm:"column:dpop_key"`

	IDTokenClaims  *string
	UserInfoClaims *string `gorm:"column:userinfo_claims"`

	AuthorizationDetails *string
}

func (grantRow) TableName() string { return "grants" }

const grantColumns = `g.id, g.generation, g.auth_time, g.created_at, g.refreshed_at, g.expires_at, g.revoked_at, g.offline, g.needs_consent,
 g.client_id, g.account_id, g.session_id, g.acr, g.amr, g.scopes, g.audience, g.status_list, g.status_bit, g.dpop_key,
 g.id_token_claims, g.userinfo_claims, g.authorization_details`

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

// ClientStands implements provider.GrantStore.
func (db *DB) ClientStands(ctx context.Context, clientID string, bit status.Index) (bool, error) {
	var rows []int
	err := db.read.WithContext(ctx).Raw(`SELECT 1 FROM clients WHERE id = ? AND disabled_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM status_revocations WHERE list = ? AND bit = ?)`, joinKey(clientID), bit.List, bit.Bit).Find(&rows).Error
	return len(rows) > 0, fault("read client standing", err)
}

// InsertGrant implements provider.GrantStore.
func (db *DB) InsertGrant(ctx context.Context, g provider.Grant) error {
	row, err := rowOf(g)
	if err != nil {
		return fault("insert grant", err)
	}
	return orExists("insert grant", db.write.WithContext(ctx).Create(&row).Error, provider.ErrGrantExists)
}

// InsertStandingGrant implements provider.GrantStore. The statement locks the rows that the grant stands on. Whoever ends them deletes them (the
// account: updates it) before it revokes the grants, and so either waits for this grant and finds it, or is waited for and leaves nothing to stand on.
func (db *DB) InsertStandingGrant(ctx context.Context, g provider.Grant) error {
	row, err := rowOf(g)
	if err != nil {
		return fault("insert grant", err)
	}
	from, lock, args := " FROM sessions s", " FOR KEY SHARE", []any{g.SessionID, g.AccountID}
	where := " WHERE s.id = ? AND s.account_id = ?"
	if g.SessionID == g.ID { // it has no session
		from, lock, args, where = " FROM accounts s", " FOR SHARE", []any{g.AccountID}, " WHERE s.id = ? AND s.blocked_at IS NULL"
	}
	if g.NeedsConsent {
		from, args = from+", consents k", append(args, g.AccountID, g.ClientID)
		where += " AND k.account_id = ? AND k.client_id = ?"
	}
	if db.write.Name() != "postgres" {
		lock = "" // there is one writer
	}
	columns, values, err := db.columnsOf(ctx, &row)
	if err != nil {
		return fault("insert grant", err)
	}
	insert := "INSERT INTO grants (" + strings.Join(columns, ", ") + ") SELECT ?" + strings.Repeat(", ?", len(columns)-1) + from + where + lock
	var inserted int64
	err = retry(func() error {
		result := db.write.WithContext(ctx).Exec(insert, append(values, args...)...)
		inserted = result.RowsAffected
		return result.Error
	})
	if err == nil && inserted == 0 {
		err = provider.ErrGrantNotFound
	}
	return orExists("insert grant", err, provider.ErrGrantExists)
}

// columnsOf returns the names of a row's columns and what is in them.
func (db *DB) columnsOf(ctx context.Context, row any) (names []string, values []any, err error) {
	statement := gorm.Statement{DB: db.write}
	if err := statement.Parse(row); err != nil {
		return nil, nil, err
	}
	for _, field := range statement.Schema.Fields {
		value, _ := field.ValueOf(ctx, reflect.ValueOf(row).Elem())
		names, values = append(names, field.DBName), append(values, value)
	}
	return names, values, nil
}

func rowOf(g provider.Grant) (grantRow, error) {
	for _, key := range []string{g.ID, g.ClientID, g.AccountID, g.SessionID} {
		if !isKey(key) {
			return grantRow{}, errKey
		}
	}
	row := grantRow{
		ID: g.ID, Generation: g.Generation, AuthTime: toMillis(g.AuthTime), CreatedAt: toMillis(g.CreatedAt),
		RefreshedAt: toMillis(g.RefreshedAt), ExpiresAt: toMillis(g.ExpiresAt), RevokedAt: toMillis(g.RevokedAt), Offline: g.Offline,
		NeedsConsent: g.NeedsConsent, ClientID: g.ClientID, AccountID: g.AccountID, SessionID: g.SessionID, ACR: text(g.ACR), AMR: g.AMR,
		Scopes: g.Scopes, Audience: g.Audience, DPoPKey: orNull(g.DPoPKey),
		IDTokenClaims: orNull(strings.Join(g.IDTokenClaims, " ")), UserInfoClaims: orNull(strings.Join(g.UserInfoClaims, " ")),
		AuthorizationDetails: orNull(g.AuthorizationDetails),
	}
	if g.Status != (status.Index{}) {
		if !isIndex(g.Status) {
			return grantRow{}, errKey
		}
		row.StatusList, row.StatusBit = &g.Status.List, &g.Status.Bit
	}
	return row, nil
}

// Grant implements provider.GrantStore.
func (db *DB) Grant(ctx context.Context, id string) (provider.Grant, provider.Standing, error) {
	if !isKey(id) {
		return provider.Grant{}, provider.Standing{}, provider.ErrGrantNotFound
	}
	var row grantStandingRow
	result := db.read.WithContext(ctx).Raw("SELECT "+grantColumns+", "+selectStanding+`FROM grants g
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
	g := provider.Grant{
		ID: r.ID, ClientID: r.ClientID, AccountID: r.AccountID, SessionID: r.SessionID, Scopes: r.Scopes.strings(),
		Audience: r.Audience.strings(), AuthTime: r.AuthTime.time(), AMR: r.AMR.strings(), ACR: string(r.ACR), Offline: r.Offline,
		NeedsConsent: r.NeedsConsent, Generation: r.Generation, CreatedAt: r.CreatedAt.time(), RefreshedAt: r.RefreshedAt.time(),
		ExpiresAt: r.ExpiresAt.time(), RevokedAt: r.RevokedAt.time(), DPoPKey: orEmpty(r.DPoPKey),
		IDTokenClaims: namesOf(r.IDTokenClaims), UserInfoClaims: namesOf(r.UserInfoClaims),
		AuthorizationDetails: orEmpty(r.AuthorizationDetails),
	}
	if r.StatusList != nil && r.StatusBit != nil {
		g.Status = status.Index{List: *r.StatusList, Bit: *r.StatusBit}
	}
	return g
}

// namesOf returns the names in a column, which stand there with spaces; nil for NULL.
func namesOf(s *string) []string {
	if s == nil {
		return nil
	}
	return strings.Fields(*s)
}

// RotateGrant implements provider.GrantStore.
func (db *DB) RotateGrant(ctx context.Context, id string, generation, next int64, at time.Time) (bool, error) {
	if !isKey(id) {
		return false, nil
	}
	result := db.write.WithContext(ctx).Exec(
		"UPDATE grants SET generation = ?, refreshed_at = ? WHERE id = ? AND generation = ? AND revoked_at IS NULL",
		next, toMillis(at), id, generation)
	return result.RowsAffected == 1, fault("rotate grant", result.Error)
}

// RevokeGrant implements provider.GrantStore.
func (db *DB) RevokeGrant(ctx context.Context, id string, at time.Time) error {
	if !isKey(id) {
		return nil
	}
	return fault("revoke grant", db.tx(ctx, func(tx *gorm.DB) error { return revokeGrants(tx, at, "id = ?", id) }))
}

// revokeGrants revokes the grants that where names and sets their bits: both or neither, so tx is a transaction. What was revoked before keeps its
// time.
func revokeGrants(tx *gorm.DB, at time.Time, where string, args ...any) error {
	revoked := tx.Exec("UPDATE grants SET revoked_at = ? WHERE revoked_at IS NULL AND "+where, slices.Concat([]any{toMillis(at)}, args)...)
	if revoked.Error != nil || revoked.RowsAffected == 0 {
		return revoked.Error
	}
	// The time finds those that were revoked just now. Others that have it too have their bits already.
	return tx.Exec(`INSERT INTO status_revocations (list, bit, revoked_at, until)
		SELECT status_list, status_bit, revoked_at, ? FROM grants WHERE revoked_at = ? AND status_list IS NOT NULL AND `+where+
		" ON CONFLICT DO NOTHING", slices.Concat([]any{toMillis(bitUntil(at)), toMillis(at)}, args)...).Error
}

// deleteGrants deletes the account's grants and sets the bits of those that were alive. It asks the deletion which ones: a grant that is made
// at the same moment is either among them or stays.
func deleteGrants(tx *gorm.DB, at time.Time, accountID string) error {
	var grants []grantRow
	columns := clause.Returning{Columns: []clause.Column{{Name: "status_list"}, {Name: "status_bit"}, {Name: "revoked_at"}}}
	if err := tx.Clauses(columns).Where("account_id = ?", accountID).Delete(&grants).Error; err != nil {
		return err
	}
	var bits []revocationRow
	for _, g := range grants {
		if g.RevokedAt == 0 && g.StatusList != nil && g.StatusBit != nil {
			bits = append(bits, revocationRow{List: *g.StatusList, Bit: *g.StatusBit, RevokedAt: toMillis(at), Until: toMillis(bitUntil(at))})
		}
	}
	if len(bits) == 0 {
		return nil
	}
	return tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(bits, 500).Error
}
