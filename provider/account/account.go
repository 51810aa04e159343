package account

import (
	"context"
	"errors"
	"time"
)

// Errors a Store returns, and Resolve passes on.
var (
	// ErrNotFound says that no such account or identity exists.
	ErrNotFound = errors.New("account: not found")
	// ErrExists says that the identity already belongs to an account: another request was faster.
	ErrExists = errors.New("account: identity exists")
	// ErrBlocked says that an administrator has blocked the account.
	ErrBlocked = errors.New("account: blocked")
)

// Account is an End-User. ID is the public subject ("sub"): random, never reused, never derived from anything.
type Account struct {
	ID            string // 128 random bits, base64url without padding: 22 characters
	Name          string
	GivenName     string
	FamilyName    string
	Picture       string // https URL, or empty
	Locale        string // BCP 47, or empty
	Email         string // normalised by NormalizeEmail, or empty
	EmailVerified bool   // our own verdict (see EmailTrust), never a copy of an upstream's flag
	Roles         []string
	CreatedAt     time.Time
	UpdatedAt     time.Time // of the profile; the updated_at claim
	BlockedAt     time.Time // zero: not blocked
}

// EmailTrust says how far an upstream's word about an e-mail address goes.
type EmailTrust int

const (
	// EmailUnverified: the upstream has not shown that the person reads the mailbox (Facebook, generic OIDC by default).
	EmailUnverified EmailTrust = iota
	// EmailVerified: the upstream proved it once.
	EmailVerified
	// EmailAuthoritative: the upstream runs the mailbox (gmail.com or a Workspace domain via Google).
	EmailAuthoritative
)

// Identity is one upstream login of an account.
type Identity struct {
	Connector  string // the upstream's id in the configuration
	Issuer     string // canonical issuer; a constant of ours for upstreams without one
	Subject    string
	Audience   string // our client id at the upstream: pairwise subjects change with it
	AccountID  string
	Email      string // as the upstream says it now; an attribute, never a key
	EmailTrust EmailTrust
	LinkedAt   time.Time
	LastUsedAt time.Time
}

// Proof is what a connector learned of the person who signed in just now. It has been verified; its texts are still the upstream's.
type Proof struct {
	Connector  string
	Issuer     string
	Subject    string
	Audience   string
	Email      string
	EmailTrust EmailTrust
	Name       string
	GivenName  string
	FamilyName string
	Picture    string
	Locale     string
	AuthTime   time.Time // when the upstream says the person proved themselves; zero where it does not say
	AMR        []string
	ACR        string
}

// Store keeps accounts and identities. storage implements it.
type Store interface {
	// AccountByIdentity returns the account behind (connector, issuer, subject) and that identity, or ErrNotFound.
	AccountByIdentity(ctx context.Context, connector, issuer, subject string) (Account, Identity, error)
	// CreateAccount inserts the account with its first identity in one commit, or returns ErrExists when the identity is taken.
	CreateAccount(ctx context.Context, a Account, id Identity) error
	// RecordSignIn updates the account's profile and the identity's e-mail and LastUsedAt in one commit.
	RecordSignIn(ctx context.Context, a Account, id Identity) error
	// Account returns the account with the id, or ErrNotFound.
	Account(ctx context.Context, id string) (Account, error)
}

// Filter narrows and pages a listing of accounts.
type Filter struct {
	After string // id of the last account seen; "" from the start. Ordered by id.
	Limit int    // 1 to 200
	Email string // exact, normalised; "" for all
}

// Directory is what administrators do with accounts. storage implements it.
type Directory interface {
	Accounts(ctx context.Context, f Filter) ([]Account, error)
	Identities(ctx context.Context, accountID string) ([]Identity, error)
	// Block sets BlockedAt, ends all sessions and revokes all grants, in one commit.
	Block(ctx context.Context, id string, at time.Time) error
	Unblock(ctx context.Context, id string) error
	// Delete removes the account, its identities, sessions, consents and grants in one commit. The id is never given again.
	Delete(ctx context.Context, id string) error
	// SetRoles replaces the account's roles.
	SetRoles(ctx context.Context, id string, roles []string) error
}
