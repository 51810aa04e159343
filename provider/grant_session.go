package provider

import (
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"
)

// grantSession is the fosite.Session that carries a grant from the decision to the tokens. For client credentials it carries no grant.
type grantSession struct {
	grant Grant
	nonce string
	// openID: an ID token is due.
	openID bool
	// client credentials: the audience of a token that no grant stands behind.
	audience []string
	// token exchange: who acts for the subject, when the token ends at the latest, and that its audience is settled.
	actor    *actor
	notAfter time.Time
	settled  bool
	// JWT bearer: the key of the assertion among what may be used once, and for how long it must be remembered.
	once      []byte
	onceUntil time.Time

	accessExpiresAt time.Time
	accessLifetime  time.Duration // what was left when that was decided, in whole seconds: however long the answer takes, it says the same
}

// SetExpiresAt implements fosite.Session.
func (s *grantSession) SetExpiresAt(t fosite.TokenType, at time.Time) {
	if t == fosite.AccessToken {
		s.accessExpiresAt, s.accessLifetime = at, time.Until(at).Round(time.Second)
	}
}

// GetExpiresAt implements fosite.Session.
func (s *grantSession) GetExpiresAt(t fosite.TokenType) time.Time {
	if t == fosite.AccessToken {
		return s.accessExpiresAt
	}
	return time.Time{}
}

// GetUsername implements fosite.Session.
func (s *grantSession) GetUsername() string { return "" }

// GetSubject implements fosite.Session.
func (s *grantSession) GetSubject() string { return s.grant.AccountID }

// Clone implements fosite.Session.
func (s *grantSession) Clone() fosite.Session {
	clone := *s
	clone.grant.Scopes = slices.Clone(s.grant.Scopes)
	clone.grant.Audience = slices.Clone(s.grant.Audience)
	return &clone
}

func joinScopes(scopes []string) string { return strings.Join(scopes, " ") }
