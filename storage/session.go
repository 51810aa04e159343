package storage

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
)

type sessionRow struct {
	ID        string `gorm:"primaryKey"`
	TokenHash []byte
	AccountID string
	AuthTime  millis
	LoginAt   millis
	CreatedAt millis `gorm:"autoCreateTime:false"`
	SeenAt    millis
	ExpiresAt millis
	Upstream  text
	AMR       list
	ACR       text
	UserAgent text
}

func (sessionRow) TableName() string { return "sessions" }

const sessionColumns = `s.id, s.token_hash, s.account_id, s.auth_time, s.login_at, s.created_at, s.seen_at, s.expires_at, s.upstream, s.amr, s.acr,
 s.user_agent`

func (r sessionRow) record() session.Session {
	return session.Session{
		ID: r.ID, AccountID: r.AccountID, Upstream: string(r.Upstream), AMR: r.AMR.strings(), ACR: string(r.ACR), AuthTime: r.AuthTime.time(),
		LoginAt: r.LoginAt.time(), CreatedAt: r.CreatedAt.time(), SeenAt: r.SeenAt.time(), ExpiresAt: r.ExpiresAt.time(),
		UserAgent: string(r.UserAgent),
	}
}

// StartSession implements session.Store. An account that was deleted meanwhile is account.ErrNotFound.
func (db *DB) StartSession(ctx context.Context, s session.Session, tokenHash, replaces []byte) error {
	if !isKey(s.ID) || !isKey(s.AccountID) || len(tokenHash) != hashSize {
		return fault("start session", errKey)
	}
	row := sessionRow{
		ID: s.ID, TokenHash: tokenHash, AccountID: s.AccountID, AuthTime: toMillis(s.AuthTime), LoginAt: toMillis(s.LoginAt),
		CreatedAt: toMillis(s.CreatedAt), SeenAt: toMillis(s.SeenAt), ExpiresAt: toMillis(s.ExpiresAt), Upstream: text(s.Upstream),
		AMR: s.AMR, ACR: text(s.ACR), UserAgent: text(s.UserAgent),
	}
	if len(replaces) != hashSize {
		return startFault(db.write.WithContext(ctx).Create(&row).Error)
	}
	err := db.tx(ctx, func(tx *gorm.DB) error {
		old, err := deleteSession(tx, "token_hash = ?", replaces)
		switch {
		case err != nil:
			return err
		case old == nil:
			// Another log-in of this browser was faster: s takes over from that one.
			if _, err := deleteSession(tx, "id = ? AND account_id = ?", s.ID, s.AccountID); err != nil {
				return err
			}
		case old.ID != s.ID || old.AccountID != s.AccountID:
			if err := endSession(tx, old, s.LoginAt); err != nil {
				return err
			}
		}
		return tx.Create(&row).Error
	})
	return startFault(err)
}

func startFault(err error) error {
	if errors.Is(err, gorm.ErrForeignKeyViolated) {
		err = account.ErrNotFound
	}
	return fault("start session", err)
}

// deleteSession deletes the session that where names and returns its id and account, or nil. Of several at once, one gets it.
func deleteSession(tx *gorm.DB, where string, key ...any) (*sessionRow, error) {
	rows, err := deleteSessions(tx, where, key...)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// deleteSessions is deleteSession for all that where names.
func deleteSessions(tx *gorm.DB, where string, key ...any) ([]sessionRow, error) {
	var rows []sessionRow
	columns := clause.Returning{Columns: []clause.Column{{Name: "id"}, {Name: "account_id"}}}
	err := tx.Clauses(columns).Where(where, key...).Delete(&rows).Error
	return rows, err
}

// endSession does the rest for a session that was deleted: its grants are revoked, except offline ones, and its clients are to be told. The
// account's index finds them.
func endSession(tx *gorm.DB, s *sessionRow, at time.Time) error {
	return endSessions(tx, s.AccountID, []sessionRow{*s}, at)
}

// endSessions is endSession for several of one account.
func endSessions(tx *gorm.DB, accountID string, ended []sessionRow, at time.Time) error {
	for part := range slices.Chunk(ended, 500) {
		ids := make([]string, len(part))
		for i, s := range part {
			ids[i] = s.ID
		}
		if err := revokeGrants(tx, at, "account_id = ? AND session_id IN ? AND NOT offline", accountID, ids); err != nil {
			return err
		}
	}
	return writeNotices(tx, at, accountID, ended)
}

// SessionByToken implements session.Store.
func (db *DB) SessionByToken(ctx context.Context, tokenHash []byte) (session.Session, error) {
	if len(tokenHash) != hashSize {
		return session.Session{}, session.ErrNotFound
	}
	var row sessionRow
	result := db.read.WithContext(ctx).Raw("SELECT "+sessionColumns+` FROM sessions s JOIN accounts a ON a.id = s.account_id AND a.blocked_at IS NULL
		WHERE s.token_hash = ?`, tokenHash).Find(&row)
	if err := oneRow(result, session.ErrNotFound); err != nil {
		return session.Session{}, fault("load session", err)
	}
	return row.record(), nil
}

// TouchSession implements session.Store. SeenAt never goes back, and a session that has ended meanwhile is no error.
func (db *DB) TouchSession(ctx context.Context, id string, at time.Time) error {
	if !isKey(id) {
		return nil
	}
	seen := toMillis(at)
	return fault("touch session", db.write.WithContext(ctx).
		Exec("UPDATE sessions SET seen_at = ? WHERE id = ? AND seen_at < ?", seen, id, seen).Error)
}

// EndSession implements session.Store.
func (db *DB) EndSession(ctx context.Context, id string, at time.Time) error {
	if !isKey(id) {
		return nil
	}
	err := db.tx(ctx, func(tx *gorm.DB) error {
		old, err := deleteSession(tx, "id = ?", id)
		if err != nil || old == nil {
			return err
		}
		return endSession(tx, old, at)
	})
	return fault("end session", err)
}

// EndOtherSessions implements session.Store.
func (db *DB) EndOtherSessions(ctx context.Context, accountID, keep string, at time.Time) error {
	if !isKey(accountID) || !isKey(keep) { // nothing to keep would end them all
		return nil
	}
	err := db.tx(ctx, func(tx *gorm.DB) error {
		ended, err := deleteSessions(tx, "account_id = ? AND id <> ?", accountID, keep)
		if err != nil {
			return err
		}
		return endSessions(tx, accountID, ended, at)
	})
	return fault("end other sessions", err)
}

// SessionsOf implements session.Store.
func (db *DB) SessionsOf(ctx context.Context, accountID string) ([]session.Session, error) {
	if !isKey(accountID) {
		return nil, nil
	}
	var rows []sessionRow
	err := db.read.WithContext(ctx).Where("account_id = ?", accountID).Order("created_at DESC, id").Find(&rows).Error
	if err != nil {
		return nil, fault("list sessions", err)
	}
	list := make([]session.Session, len(rows))
	for i, r := range rows {
		list[i] = r.record()
	}
	return list, nil
}
