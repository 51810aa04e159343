package provider

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

// fault wraps a storage error. It becomes 503, never a "no": the client may try again.
type fault struct{ err error }

// Error returns the cause.
func (f *fault) Error() string { return "storage: " + f.err.Error() }

// Unwrap returns the cause.
func (f *fault) Unwrap() error { return f.err }

// codeStands reads, in one statement, whether a code may still be redeemed: the account is there and not blocked, the session has not ended,
// the client is there, and the consent has not been withdrawn. It returns the client as it is now, fosite.ErrNotFound, or a fault.
func (p *Provider) codeStands(ctx context.Context, accountID, sessionID, clientID string, needsConsent bool, scopes []string) (*clients.Client, error) {
	s, err := p.config.Grants.Standing(ctx, accountID, sessionID, clientID)
	if err != nil {
		return nil, &fault{err}
	}
	if !sessionStands(s) {
		return nil, fosite.ErrNotFound.WithDebug("the session has ended")
	}
	return p.clientOf(ctx, s, clientID, needsConsent, scopes)
}

// grantStands is codeStands for a grant that has been read with its standing.
func (p *Provider) grantStands(ctx context.Context, g Grant, s Standing) (*clients.Client, error) {
	switch {
	case !g.RevokedAt.IsZero():
		return nil, fosite.ErrNotFound.WithDebug("the grant is revoked")
	case !g.Offline && !sessionStands(s):
		return nil, fosite.ErrNotFound.WithDebug("the session has ended")
	}
	return p.clientOf(ctx, s, g.ClientID, g.NeedsConsent, g.consented())
}

// sessionStands: the session is there, and not past its absolute end, whether the sweep has come by or not.
func sessionStands(s Standing) bool { return s.SessionFound && time.Now().Before(s.SessionExpiresAt) }

// clientOf returns the client as it is now, when the account, the client and the consent still stand: what codeStands and grantStands have in
// common.
func (p *Provider) clientOf(ctx context.Context, s Standing, clientID string, needsConsent bool, scopes []string) (*clients.Client, error) {
	switch {
	case !s.AccountFound || s.AccountBlocked:
		return nil, fosite.ErrNotFound.WithDebug("the account is gone or blocked")
	case s.ClientVersion == 0 || s.ClientDisabled:
		return nil, fosite.ErrNotFound.WithDebug("the client is gone or disabled")
	}
	client, err := p.config.Clients.Fresh(ctx, clientID, s.ClientVersion)
	if errors.Is(err, clients.ErrNotFound) {
		return nil, fosite.ErrNotFound.WithWrap(err)
	}
	if err != nil {
		return nil, &fault{err}
	}
	// skip_consent may have been taken from the client since.
	if (needsConsent || consentRequired(client)) && (s.ConsentScopes == nil || !containsAll(s.ConsentScopes, scopes)) {
		return nil, fosite.ErrNotFound.WithDebug("the consent was withdrawn")
	}
	return client, nil
}

// consentRequired reports whether a person must have allowed what the client gets: of any but the operator's own clients.
func consentRequired(c *clients.Client) bool { return !c.Metadata.SkipConsent || c.SelfRegistered }

func has(list []string, s string) bool { return slices.Contains(list, s) }

// containsAll reports whether list has every one of want.
func containsAll(list, want []string) bool {
	return !slices.ContainsFunc(want, func(s string) bool { return !slices.Contains(list, s) })
}
