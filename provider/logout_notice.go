package provider

import (
	"context"
	"time"
)

// LogoutNotice is a back-channel log-out that a client has yet to hear of (OIDC Back-Channel Logout §2.5). It is written in the transaction that
// ends the session, so a notice is never lost and never sent for a session that goes on.
type LogoutNotice struct {
	ID        int64
	ClientID  string
	AccountID string
	SessionID string
	CreatedAt time.Time
	Attempts  int // that have begun, this one included
	LastError string
	DeadAt    time.Time // zero: not given up
}

// OutboxStore keeps log-out notices. storage implements it.
type OutboxStore interface {
	// ClaimLogoutNotices returns up to limit notices that are due at now, counts an attempt of each and makes them due again at retry, in case this
	// node does not live to say how it went. No two nodes get the same notice.
	ClaimLogoutNotices(ctx context.Context, now, retry time.Time, limit int) ([]LogoutNotice, error)
	// DeleteLogoutNotice removes a notice that was delivered. Deleting one twice is no error.
	DeleteLogoutNotice(ctx context.Context, id int64) error
	// DelayLogoutNotice makes a notice due at next, and records why.
	DelayLogoutNotice(ctx context.Context, id int64, next time.Time, reason string) error
	// BuryLogoutNotice gives a notice up: it stays for the administrator to see.
	BuryLogoutNotice(ctx context.Context, id int64, at time.Time, reason string) error
	// PostponeLogoutNotice makes a claimed notice due again later, as if it had not been claimed.
	PostponeLogoutNotice(ctx context.Context, id int64, next time.Time) error
	// DeadLogoutNotices lists what was given up, newest first.
	DeadLogoutNotices(ctx context.Context, limit int) ([]LogoutNotice, error)
}
