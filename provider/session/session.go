package session

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound says that no live session has that token or id: never there, ended, or expired.
var ErrNotFound = errors.New("session: not found")

// Session is one signed-in browser.
type Session struct {
	ID        string // the "sid" of ID tokens: 128 random bits, base64url; names the session, opens nothing
	AccountID string
	Upstream  string   // connector id that the person signed in with
	AMR       []string // RFC 8176 values, only what the upstream proved
	ACR       string
	AuthTime  time.Time // when the person proved themselves; the auth_time claim
	LoginAt   time.Time // when this session's last log-in came back from the upstream; AuthTime may be older
	CreatedAt time.Time
	SeenAt    time.Time // last use, recorded at most every few minutes
	ExpiresAt time.Time // the absolute end
	UserAgent string    // as sent, at most 256 bytes; for the person's own list of sessions
}

// Store keeps sessions. storage implements it.
type Store interface {
	// StartSession inserts s under tokenHash (32 bytes). When replaces is not empty, the session with that token hash goes in the same commit:
	// if it has s's ID, s takes its place and its grants stay; otherwise it is ended as by EndSession.
	StartSession(ctx context.Context, s Session, tokenHash, replaces []byte) error
	// SessionByToken returns the session that has the token hash, however old, with the account's BlockedAt folded in: a blocked account's session is ErrNotFound.
	SessionByToken(ctx context.Context, tokenHash []byte) (Session, error)
	// TouchSession records SeenAt.
	TouchSession(ctx context.Context, id string, at time.Time) error
	// EndSession deletes the session and revokes its grants, except offline ones, in one commit. Ending a session twice is no error.
	EndSession(ctx context.Context, id string, at time.Time) error
	// EndOtherSessions is EndSession for all sessions of the account but keep, in one commit.
	EndOtherSessions(ctx context.Context, accountID, keep string, at time.Time) error
	// SessionsOf lists the account's sessions, newest first.
	SessionsOf(ctx context.Context, accountID string) ([]Session, error)
}
