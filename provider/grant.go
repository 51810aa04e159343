package provider

import (
	"context"
	"errors"
	"time"

	"github.com/symbolon-id/symbolon/provider/status"
)

// MaxAccessTokenLifetime bounds the lifetime of access tokens.
const MaxAccessTokenLifetime = time.Hour

// StatusLifetime is how long after a revocation its status bit matters: the longest token, one that was being made in that moment, and partners
// whose clocks are behind.
const StatusLifetime = MaxAccessTokenLifetime + 5*time.Minute

// Errors a GrantStore returns. Callers may rely on errors.Is.
var (
	// ErrGrantNotFound says that no grant has the id.
	ErrGrantNotFound = errors.New("provider: grant not found")
	// ErrGrantExists says that the grant's code has been redeemed before.
	ErrGrantExists = errors.New("provider: grant exists")
)

// Grant is one sign-in of one End-User at one client: the unit of revocation, and one row however often it is refreshed.
// Its id is the id of the authorization code that was redeemed for it.
type Grant struct {
	ID        string // 128 random bits, base64url
	ClientID  string
	AccountID string
	SessionID string // sid; the session may have ended since. The grant's own id: it has no session (RFC 7523)
	Scopes    []string
	Audience  []string
	// The claims asked for by name (OIDC Core §5.5), sorted.
	IDTokenClaims  []string
	UserInfoClaims []string
	// AuthorizationDetails is what the person allowed beside the scopes (RFC 9396), as details.List writes it; empty: nothing.
	AuthorizationDetails string

	AuthTime     time.Time
	AMR          []string
	ACR          string
	Offline      bool         // outlives the session (scope offline_access)
	NeedsConsent bool         // a consent of the account for the client must be on record at each use
	Status       status.Index // the bit of the grant's access tokens; zero: none
	DPoPKey      string       // RFC 7638 thumbprint that the refresh token is bound to; empty: not bound
	Generation   int64        // of the refresh token, from 0; 0 and RefreshedAt zero: no refresh token was issued or it has not been used
	CreatedAt    time.Time
	RefreshedAt  time.Time // last use of the refresh token; zero before the first
	ExpiresAt    time.Time // the absolute end of the refresh token, or of the access token where there is none
	RevokedAt    time.Time // zero: not revoked
}

// lastUse is when the grant was last refreshed, or made.
func (g Grant) lastUse() time.Time {
	if g.RefreshedAt.IsZero() {
		return g.CreatedAt
	}
	return g.RefreshedAt
}

// consented returns what the account has to have allowed: the scopes, and those that cover the claims asked for by name.
func (g Grant) consented() []string {
	return withClaimScopes(g.Scopes, g.IDTokenClaims, g.UserInfoClaims)
}

// Standing is how the world around a code or grant looks now. One statement reads it.
type Standing struct {
	AccountFound     bool
	AccountBlocked   bool
	SessionFound     bool // the session is there and has not ended; its idle time is not looked at
	SessionExpiresAt time.Time
	ClientVersion    int64 // 0: the client is gone; compare with the cached client's Version
	ClientDisabled   bool
	ConsentScopes    []string // what the account allows the client; nil: no consent on record
}

// GrantReader reads grants, and how the world around a token looks now.
type GrantReader interface {
	// Standing reads the standing of (account, session, client) in one statement. Missing rows are no error.
	Standing(ctx context.Context, accountID, sessionID, clientID string) (Standing, error)
	// ClientStands reports, in one statement, whether the client is there and not disabled and the status bit, unless it is zero, is not set.
	ClientStands(ctx context.Context, clientID string, bit status.Index) (bool, error)
	// Grant returns the grant with its standing in one statement, or ErrGrantNotFound.
	Grant(ctx context.Context, id string) (Grant, Standing, error)
	// GrantsOf lists the account's grants that are in force at now, oldest first: not revoked, not expired, and offline or of a session that goes on.
	GrantsOf(ctx context.Context, accountID string, now time.Time) ([]Grant, error)
	// ClientsOf returns the ids of the clients that the account has signed in to with the session.
	ClientsOf(ctx context.Context, accountID, sessionID string) ([]string, error)
}

// GrantStore keeps grants. storage implements it.
type GrantStore interface {
	GrantReader
	// InsertGrant adds a grant, or returns ErrGrantExists.
	InsertGrant(ctx context.Context, g Grant) error
	// InsertStandingGrant adds a grant in one statement, if what it stands on is still there: its session (for a grant whose session has its own
	// id, its account, not blocked) and, where it needs one, its consent. It is the one durable write of a code redemption.
	// ErrGrantExists when its id is taken, ErrGrantNotFound when there is nothing to stand on any more.
	InsertStandingGrant(ctx context.Context, g Grant) error
	// RotateGrant changes Generation from generation to next, which may be the same, and sets RefreshedAt, if the grant still has that generation and
	// is not revoked. It says whether it did: one conditional statement.
	RotateGrant(ctx context.Context, id string, generation, next int64, at time.Time) (bool, error)
	// RevokeGrant sets RevokedAt, unless it is set. Revoking an unknown or revoked grant is no error.
	RevokeGrant(ctx context.Context, id string, at time.Time) error
}

// Consent is what an End-User allows a client.
type Consent struct {
	AccountID string
	ClientID  string
	Scopes    []string
	GrantedAt time.Time
}

// ConsentStore keeps consents. storage implements it.
type ConsentStore interface {
	// Consent returns the consent, or the zero Consent when there is none.
	Consent(ctx context.Context, accountID, clientID string) (Consent, error)
	// ConsentsOf lists the account's consents.
	ConsentsOf(ctx context.Context, accountID string) ([]Consent, error)
	// SaveConsent adds the scopes to the consent of (account, client).
	SaveConsent(ctx context.Context, c Consent) error
	// DeleteConsent removes the consent, revokes the client's grants of the account and writes a log-out notice for each of its sessions that
	// the client has had a grant of, in one commit.
	DeleteConsent(ctx context.Context, accountID, clientID string, at time.Time) error
}
