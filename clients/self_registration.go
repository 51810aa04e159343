package clients

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"time"
)

// Errors of a SelfRegistrationStore. Callers may rely on errors.Is.
var (
	// ErrToken says that a registration token is unknown, expired, used up or another client's.
	ErrToken = errors.New("clients: registration token is not valid")
	// ErrFull says that as many clients have registered themselves as may.
	ErrFull = errors.New("clients: too many clients have registered themselves")
)

// InitialAccessToken is a token that an administrator makes, so that somebody can register clients (RFC 7591 §3). The token itself is not kept.
type InitialAccessToken struct {
	ID        string // names it for the administrator; not secret
	Hash      []byte // SHA-256 of the token
	Note      string // who it is for
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	UsesLeft  int64     // registrations it is still good for
}

// SelfRegistration is what comes with a client that registers itself.
type SelfRegistration struct {
	TokenHash   []byte // SHA-256 of the registration access token
	InitialHash []byte // SHA-256 of the initial access token, one use of which is spent; nil where none is asked for
	Limit       int    // the most clients that may have registered themselves without an initial access token
}

// SelfRegistrationStore keeps clients that register themselves by RFC 7591. storage implements it.
type SelfRegistrationStore interface {
	// InitialAccessToken returns the token with the hash, or ErrToken when it is not there, has expired or has no use left.
	InitialAccessToken(ctx context.Context, hash []byte) (InitialAccessToken, error)
	// RegisterClient inserts the client with its secrets and spends the initial access token, in one commit. ErrToken, ErrFull, ErrExists.
	RegisterClient(ctx context.Context, c *Client, r SelfRegistration) error
	// RegisteredClient returns a client that registered itself, with the hash of its registration access token, or ErrNotFound.
	RegisteredClient(ctx context.Context, id string) (*Client, []byte, error)
	// UpdateRegisteredClient is Store.UpdateClient, and replaces the hash of the registration access token in the same commit, if that is still
	// old: ErrToken otherwise.
	UpdateRegisteredClient(ctx context.Context, c *Client, old, hash []byte) error
	// RotateRegistrationToken replaces the hash of the registration access token, if that is still old: ErrToken otherwise.
	RotateRegistrationToken(ctx context.Context, id string, old, hash []byte) error
	// DeleteClient is Store.DeleteClient.
	DeleteClient(ctx context.Context, id string) error
}

// InitialAccessTokenStore keeps the tokens that administrators make. storage implements it.
type InitialAccessTokenStore interface {
	CreateInitialAccessToken(ctx context.Context, t InitialAccessToken) error
	// InitialAccessTokens returns all that are kept, oldest first; also some that have expired a moment ago.
	InitialAccessTokens(ctx context.Context) ([]InitialAccessToken, error)
	// DeleteInitialAccessToken returns ErrNotFound when none has the id. Clients that were registered with it stay.
	DeleteInitialAccessToken(ctx context.Context, id string) error
}

// DocumentURL returns the client's id where that is the address of its metadata document, and "" for every other client.
func (c *Client) DocumentURL() string {
	if c.SelfRegistered && strings.Contains(c.ID, "://") { // ids of ours have no colon
		return c.ID
	}
	return ""
}

// NewSelfRegistered makes the record of a client that registers itself, with an id of ours and, unless it is public, a secret, which is returned
// and not kept. meta has been prepared by a Policy.
func NewSelfRegistered(meta Metadata, now time.Time) (c *Client, secret string) {
	c, secret = newClient(meta, CreateOptions{}, random, now.UTC().Truncate(time.Millisecond))
	c.SelfRegistered = true
	return c, secret
}

// Replace returns next, prepared, with the privileges of old: what an administrator gave a client stays when the client describes itself anew
// (RFC 7592 §2.2). That next repeats them is no mistake; others are left in it for prepare to refuse.
func Replace(old, next Metadata, prepare func(*Metadata) error) (Metadata, error) {
	given := old.privileges()
	if reflect.DeepEqual(next.privileges(), given) {
		next.dropPrivileges()
	}
	if err := prepare(&next); err != nil {
		return Metadata{}, err
	}
	next.Audience, next.SkipConsent, next.IntrospectAny = given.Audience, given.SkipConsent, given.IntrospectAny
	next.TokenExchangeClients = given.TokenExchangeClients
	next.AccessTokenLifetime, next.AccessTokenFormat = given.AccessTokenLifetime, given.AccessTokenFormat
	if next.RequirePKCE == nil {
		next.RequirePKCE = given.RequirePKCE
	}
	return next, nil
}

// privileges returns the members that only an administrator sets, the others zero. That PKCE is required anybody may say of themselves.
func (m *Metadata) privileges() Metadata {
	p := Metadata{
		Audience: m.Audience, SkipConsent: m.SkipConsent, AccessTokenLifetime: m.AccessTokenLifetime, AccessTokenFormat: m.AccessTokenFormat,
		IntrospectAny: m.IntrospectAny, TokenExchangeClients: m.TokenExchangeClients,
	}
	if m.RequirePKCE != nil && !*m.RequirePKCE {
		p.RequirePKCE = m.RequirePKCE
	}
	return p
}

func (m *Metadata) dropPrivileges() {
	m.Audience, m.SkipConsent, m.AccessTokenLifetime, m.AccessTokenFormat, m.IntrospectAny = nil, false, 0, "", false
	m.TokenExchangeClients = nil
	if m.RequirePKCE != nil && !*m.RequirePKCE {
		m.RequirePKCE = nil
	}
}
