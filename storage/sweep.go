package storage

import (
	"context"
	"time"

	"github.com/symbolon-id/symbolon/provider"
)

// grantRest is how long a grant stays after its end: its last access token may live for so long, and a late second redemption of its code
// still meets it.
const grantRest = provider.StatusLifetime

// deviceRest is how long a device code stays after its end, so that a device that asks late is told that it has expired.
const deviceRest = 10 * time.Minute

// deadRest is how long an administrator can see a log-out notice that was given up.
const deadRest = 30 * 24 * time.Hour

// expiring is a table whose rows go when the time in a column has come. An index finds them.
type expiring struct {
	table, key, column string
	before             time.Time
}

// Sweep deletes what has expired by now and returns how many rows went: attempts, sessions, client secrets, keys, ids of assertions, pushed
// requests, device codes, leases, status lists and bits, log-out notices given up 30 days ago, and grants that ended an hour ago, unless they are
// the newest of their client in a session that goes on (its log-out is told to the client). A statement deletes no more than limit rows of a table that grows, so that none
// holds locks for long, and between two it rests as long as the first took. Several nodes may sweep at once.
func (db *DB) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	limit = max(limit, 1)
	total, err := db.sweepLists(ctx, now, limit)
	if err != nil {
		return total, fault("sweep status lists", err)
	}
	for _, e := range []expiring{
		{"upstream_attempts", "state_hash", "expires_at", now},
		{"sessions", "id", "expires_at", now},
		{"keys", "id", "expires_at", now},
		{"client_secrets", "client_id, id", "expires_at", now},
		{"assertion_ids", "key", "expires_at", now},
		{"device_codes", "device_hash", "expires_at", now.Add(-deviceRest)},
		{"pushed_requests", "hash", "expires_at", now},
		{"leases", "name", "until", now},
		{"status_revocations", "list, bit", "until", now},
		{"status_lists", "id", "expires_at", now},
		{"outbox", "id", "dead_at", now.Add(-deadRest)},
	} {
		n, err := db.sweepTable(ctx, e, limit)
		total += n
		if err != nil {
			return total, fault("sweep "+e.table, err)
		}
	}
	n, err := db.sweepGrants(ctx, now.Add(-grantRest), limit)
	return total + n, fault("sweep grants", err)
}

// giveTurn waits as long as the statement that began at that time took. On one connection others queue for it, but another process that waits
// for SQLite's lock only looks for it now and then, and would find it taken again.
func giveTurn(ctx context.Context, began time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(max(time.Since(began), time.Millisecond), time.Second)):
		return nil
	}
}

// sweepTable deletes the oldest rows until it finds less than its limit. Between two statements others have their turn. Each begins where the
// last one ended: PostgreSQL would otherwise walk over all that was deleted before, which stays in the index until it is vacuumed.
func (db *DB) sweepTable(ctx context.Context, e expiring, limit int) (int, error) {
	query := "DELETE FROM " + e.table + " WHERE (" + e.key + ") IN (SELECT " + e.key + " FROM " + e.table +
		" WHERE " + e.column + " >= ? AND " + e.column + " <= ? ORDER BY " + e.column + " LIMIT ?) RETURNING " + e.column + " AS at"
	total := 0
	for last := millis(0); ; {
		var gone []struct{ At millis }
		began := time.Now()
		err := db.write.WithContext(ctx).Raw(query, int64(last), toMillis(e.before), limit).Find(&gone).Error
		total += len(gone)
		if err != nil || len(gone) < limit {
			return total, err
		}
		for _, row := range gone {
			last = max(last, row.At)
		}
		if err := giveTurn(ctx, began); err != nil {
			return total, err
		}
	}
}

// sweepLists deletes the bits of expired lists. The lists themselves go after them.
func (db *DB) sweepLists(ctx context.Context, now time.Time, limit int) (int, error) {
	for total := 0; ; {
		began := time.Now()
		result := db.write.WithContext(ctx).Exec(`DELETE FROM status_revocations WHERE (list, bit) IN
			(SELECT r.list, r.bit FROM status_lists l JOIN status_revocations r ON r.list = l.id WHERE l.expires_at <= ? LIMIT ?)`,
			toMillis(now), limit)
		total += int(result.RowsAffected)
		if result.Error != nil || result.RowsAffected < int64(limit) {
			return total, result.Error
		}
		if err := giveTurn(ctx, began); err != nil {
			return total, err
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
		end, began := batch[len(batch)-1], time.Now()
		// SQLite takes one bound of a pair into the index, not two: the plain bounds keep it from reading every expired grant.
		result := db.write.WithContext(ctx).Exec(`DELETE FROM grants WHERE expires_at >= ? AND expires_at <= ?
			AND (expires_at, id) > (?, ?) AND (expires_at, id) <= (?, ?)
			AND (NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = grants.session_id)
				OR EXISTS (SELECT 1 FROM grants n WHERE n.account_id = grants.account_id AND n.session_id = grants.session_id
					AND n.client_id = grants.client_id AND (n.created_at, n.id) > (grants.created_at, grants.id)))`,
			int64(last.ExpiresAt), int64(end.ExpiresAt), int64(last.ExpiresAt), last.ID, int64(end.ExpiresAt), end.ID)
		if result.Error != nil {
			return total, result.Error
		}
		total += int(result.RowsAffected)
		if len(batch) < limit {
			return total, nil
		}
		if err := giveTurn(ctx, began); err != nil {
			return total, err
		}
		last = end
	}
}
