package storage

import (
	"context"
	"time"
)

// grantRest is how long a grant stays after its tokens have expired: a late second redemption of its code still meets it.
const grantRest = time.Hour

// Sweep deletes what has expired by now and returns how many rows went: attempts, sessions, client secrets, keys, and grants whose tokens
// expired an hour ago, unless they are the newest of their client in a session that goes on (its log-out is told to the client). A
// statement looks at no more than limit rows of a table that grows, so that none holds locks for long. Several nodes may sweep at once.
func (db *DB) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	limit = max(limit, 1)
	total := 0
	for _, query := range []string{
		`DELETE FROM upstream_attempts WHERE state_hash IN
			(SELECT state_hash FROM upstream_attempts WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
		"DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
		"DELETE FROM keys WHERE id IN (SELECT id FROM keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
		`DELETE FROM client_secrets WHERE (client_id, id) IN
			(SELECT client_id, id FROM client_secrets WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
	} {
		n, err := db.sweepTable(ctx, query, now, limit)
		total += n
		if err != nil {
			return total, fault("sweep", err)
		}
	}
	n, err := db.sweepGrants(ctx, now.Add(-grantRest), limit)
	return total + n, fault("sweep grants", err)
}

// sweepTable repeats the statement until it finds less than its limit. Between two of them others have their turn.
func (db *DB) sweepTable(ctx context.Context, query string, now time.Time, limit int) (int, error) {
	for total := 0; ; {
		result := db.write.WithContext(ctx).Exec(query, toMillis(now), limit)
		total += int(result.RowsAffected)
		if result.Error != nil || result.RowsAffected < int64(limit) {
			return total, result.Error
		}
	}
}

// sweepGrants goes once through the expired grants, oldest first: those that must stay are not looked at again by the next batch.
func (db *DB) sweepGrants(ctx context.Context, before time.Time, limit int) (int, error) {
	type position struct {
		ExpiresAt millis
		ID        string
	}
	total := 0
	for last := (position{}); ; {
		var batch []position
		err := db.read.WithContext(ctx).Raw(`SELECT expires_at, id FROM grants WHERE expires_at <= ? AND (expires_at, id) > (?, ?)
			ORDER BY expires_at, id LIMIT ?`, toMillis(before), int64(last.ExpiresAt), last.ID, limit).Find(&batch).Error
		if err != nil || len(batch) == 0 {
			return total, err
		}
		end := batch[len(batch)-1]
		result := db.write.WithContext(ctx).Exec(`DELETE FROM grants WHERE expires_at <= ?
			AND (expires_at, id) > (?, ?) AND (expires_at, id) <= (?, ?)
			AND (NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = grants.session_id)
				OR EXISTS (SELECT 1 FROM grants n WHERE n.account_id = grants.account_id AND n.session_id = grants.session_id
					AND n.client_id = grants.client_id AND (n.created_at, n.id) > (grants.created_at, grants.id)))`,
			toMillis(before), int64(last.ExpiresAt), last.ID, int64(end.ExpiresAt), end.ID)
		if result.Error != nil {
			return total, result.Error
		}
		total += int(result.RowsAffected)
		if len(batch) < limit {
			return total, nil
		}
		last = end
	}
}
