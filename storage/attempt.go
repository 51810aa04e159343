package storage

import (
	"context"
	"time"

	"github.com/symbolon-id/symbolon/provider/upstream"
)

type attemptRow struct {
	StateHash    []byte `gorm:"primaryKey"`
	BrowserHash  []byte
	CodeVerifier []byte
	CreatedAt    millis `gorm:"autoCreateTime:false"`
	ExpiresAt    millis
	Reauth       bool
	Connector    text
	Nonce        text
	Interaction  text
}

func (attemptRow) TableName() string { return "upstream_attempts" }

// InsertAttempt implements upstream.AttemptStore.
func (db *DB) InsertAttempt(ctx context.Context, a upstream.Attempt) error {
	if len(a.StateHash) != hashSize || len(a.BrowserHash) != hashSize {
		return fault("insert attempt", errKey)
	}
	row := attemptRow{
		StateHash: a.StateHash, BrowserHash: a.BrowserHash, CodeVerifier: blob(a.CodeVerifier), CreatedAt: toMillis(a.CreatedAt),
		ExpiresAt: toMillis(a.ExpiresAt), Reauth: a.Reauth, Connector: text(a.Connector), Nonce: text(a.Nonce), Interaction: text(a.Interaction),
	}
	return fault("insert attempt", db.write.WithContext(ctx).Create(&row).Error)
}

// SpendAttempt implements upstream.AttemptStore. Spending is deleting: of several callbacks at once, one gets the row.
func (db *DB) SpendAttempt(ctx context.Context, stateHash []byte, now time.Time) (upstream.Attempt, error) {
	if len(stateHash) != hashSize {
		return upstream.Attempt{}, upstream.ErrAttempt
	}
	var rows []attemptRow
	err := db.write.WithContext(ctx).Raw(`DELETE FROM upstream_attempts WHERE state_hash = ? AND expires_at > ?
		RETURNING state_hash, browser_hash, code_verifier, created_at, expires_at, reauth, connector, nonce, interaction`,
		stateHash, toMillis(now)).Find(&rows).Error
	if err != nil {
		return upstream.Attempt{}, fault("spend attempt", err)
	}
	if len(rows) == 0 {
		return upstream.Attempt{}, upstream.ErrAttempt
	}
	r := rows[0]
	return upstream.Attempt{
		StateHash: r.StateHash, Connector: string(r.Connector), BrowserHash: r.BrowserHash, Interaction: string(r.Interaction),
		Nonce: string(r.Nonce), CodeVerifier: r.CodeVerifier, Reauth: r.Reauth, CreatedAt: r.CreatedAt.time(), ExpiresAt: r.ExpiresAt.time(),
	}, nil
}
