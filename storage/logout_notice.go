package storage

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/symbolon-id/symbolon/provider"
)

type noticeRow struct {
	ID        int64  `gorm:"primaryKey"`
	CreatedAt millis `gorm:"autoCreateTime:false"`
	DueAt     millis
	DeadAt    millis
	Attempts  int64
	ClientID  string
	AccountID string
	SessionID string
	LastError text
}

func (noticeRow) TableName() string { return "outbox" }

func (r noticeRow) record() provider.LogoutNotice {
	return provider.LogoutNotice{
		ID: r.ID, ClientID: r.ClientID, AccountID: r.AccountID, SessionID: r.SessionID, CreatedAt: r.CreatedAt.time(),
		Attempts: int(r.Attempts), LastError: string(r.LastError), DeadAt: r.DeadAt.time(),
	}
}

func noticeRecords(rows []noticeRow) []provider.LogoutNotice {
	list := make([]provider.LogoutNotice, len(rows))
	for i, r := range rows {
		list[i] = r.record()
	}
	return list
}

// writeNotices writes one notice for each session and each client that has a grant of it, be it offline or revoked, and wants to be told. tx is
// the transaction that deletes the sessions, all of the account: of several that end a session at once, one has it in its list.
func writeNotices(tx *gorm.DB, at time.Time, accountID string, ended []sessionRow) error {
	for part := range slices.Chunk(ended, 500) {
		ids := make([]string, len(part))
		for i, s := range part {
			ids[i] = s.ID
		}
		err := tx.Exec(`INSERT INTO outbox (created_at, due_at, attempts, client_id, account_id, session_id, last_error)
			SELECT ?, ?, 0, n.client_id, n.account_id, n.session_id, '' FROM (
				SELECT DISTINCT g.client_id, g.account_id, g.session_id FROM grants g
				JOIN clients c ON c.id = g.client_id AND c.backchannel_logout_uri IS NOT NULL
				WHERE g.account_id = ? AND g.session_id IN ?) n`, toMillis(at), toMillis(at), accountID, ids).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// ClaimLogoutNotices implements provider.OutboxStore. Nodes that read the same notices then race for them, one UPDATE each. An outbox with
// nothing due costs a SELECT and no commit.
func (db *DB) ClaimLogoutNotices(ctx context.Context, now, retry time.Time, limit int) ([]provider.LogoutNotice, error) {
	if !retry.After(now) {
		return nil, fault("claim log-out notices", errors.New("they would be due again at once"))
	}
	const due = "dead_at IS NULL AND due_at <= ?"
	var rows []noticeRow
	err := db.read.WithContext(ctx).Select("id").Where(due, toMillis(now)).Order("due_at, id").Limit(pageSize(limit)).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, fault("list due log-out notices", err)
	}
	ids, order := make([]int64, len(rows)), make(map[int64]int, len(rows))
	for i, r := range rows {
		ids[i], order[r.ID] = r.ID, i
	}
	err = db.tx(ctx, func(tx *gorm.DB) error {
		rows = nil
		return tx.Raw(`UPDATE outbox SET attempts = attempts + 1, due_at = ? WHERE id IN ? AND `+due+`
			RETURNING id, created_at, due_at, dead_at, attempts, client_id, account_id, session_id, last_error`,
			toMillis(retry), ids, toMillis(now)).Find(&rows).Error
	})
	if err != nil {
		return nil, fault("claim log-out notices", err)
	}
	slices.SortFunc(rows, func(a, b noticeRow) int { return cmp.Compare(order[a.ID], order[b.ID]) })
	return noticeRecords(rows), nil
}

// DeleteLogoutNotice implements provider.OutboxStore.
func (db *DB) DeleteLogoutNotice(ctx context.Context, id int64) error {
	return fault("delete log-out notice", db.write.WithContext(ctx).Where("id = ?", id).Delete(&noticeRow{}).Error)
}

// DelayLogoutNotice implements provider.OutboxStore. A notice that is gone or given up is no error.
func (db *DB) DelayLogoutNotice(ctx context.Context, id int64, next time.Time, reason string) error {
	return fault("delay log-out notice", db.write.WithContext(ctx).
		Exec("UPDATE outbox SET due_at = ?, last_error = ? WHERE id = ? AND dead_at IS NULL", toMillis(next), text(reason), id).Error)
}

// PostponeLogoutNotice implements provider.OutboxStore.
func (db *DB) PostponeLogoutNotice(ctx context.Context, id int64, next time.Time) error {
	return fault("postpone log-out notice", db.write.WithContext(ctx).
		Exec("UPDATE outbox SET due_at = ?, attempts = attempts - 1 WHERE id = ? AND attempts > 0 AND dead_at IS NULL", toMillis(next), id).Error)
}

// BuryLogoutNotice implements provider.OutboxStore. A notice that is gone is no error, and one that was given up before keeps its time.
func (db *DB) BuryLogoutNotice(ctx context.Context, id int64, at time.Time, reason string) error {
	return fault("bury log-out notice", db.write.WithContext(ctx).
		Exec("UPDATE outbox SET dead_at = ?, last_error = ? WHERE id = ? AND dead_at IS NULL", toMillis(at), text(reason), id).Error)
}

// DeadLogoutNotices implements provider.OutboxStore.
func (db *DB) DeadLogoutNotices(ctx context.Context, limit int) ([]provider.LogoutNotice, error) {
	var rows []noticeRow
	err := db.read.WithContext(ctx).Where("dead_at IS NOT NULL").Order("dead_at DESC, id DESC").Limit(pageSize(limit)).Find(&rows).Error
	if err != nil {
		return nil, fault("list dead log-out notices", err)
	}
	return noticeRecords(rows), nil
}
