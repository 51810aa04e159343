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
	SpentAt      millis
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

// SpendAttempt implements upstream.AttemptStore. Of several callbacks at once, one finds the row unspent. What the sign-in needed is wiped with
// it; what says whose it was stays until the row expires.
func (db *DB) SpendAttempt(ctx context.Context, stateHash []byte, now time.Time) (upstream.Attempt, error) {
	if len(stateHash) != hashSize {
		return upstream.Attempt{}, upstream.ErrAttempt
	}
	old, err := db.attempt(ctx, stateHash, now)
	if err != nil || old == nil {
		return upstream.Attempt{}, orAttempt(err)
	}
	result := db.write.WithContext(ctx).Exec(`UPDATE upstream_attempts SET spent_at = ?, code_verifier = ?, nonce = ''
		WHERE state_hash = ? AND expires_at > ? AND spent_at IS NULL`, toMillis(now), []byte{}, stateHash, toMillis(now))
	if result.Error != nil {
		return upstream.Attempt{}, fault("spend attempt", result.Error)
	}
	if result.RowsAffected == 0 {
		old.Nonce, old.CodeVerifier = "", nil
		return *old, upstream.ErrSpent
	}
	return *old, nil
}

func orAttempt(err error) error {
	if err == nil {
		return upstream.ErrAttempt
	}
	return fault("spend attempt", err)
}

// attempt returns the attempt, spent or not, or nil when there is none that lives at now.
func (db *DB) attempt(ctx context.Context, stateHash []byte, now time.Time) (*upstream.Attempt, error) {
	var rows []attemptRow
	err := db.read.WithContext(ctx).Raw(`SELECT state_hash, browser_hash, code_verifier, created_at, expires_at, reauth, connector, nonce, interaction
		FROM upstream_attempts WHERE state_hash = ? AND expires_at > ?`, stateHash, toMillis(now)).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	r := rows[0]
	return &upstream.Attempt{
		StateHash: r.StateHash, Connector: string(r.Connector), BrowserHash: r.BrowserHash, Interaction: string(r.Interaction),
		Nonce: string(r.Nonce), CodeVerifier: r.CodeVerifier, Reauth: r.Reauth, CreatedAt: r.CreatedAt.time(), ExpiresAt: r.ExpiresAt.time(),
	}, nil
}
