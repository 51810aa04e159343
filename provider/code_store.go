package provider

import (
	"context"

	"github.com/ory/fosite"
)

// The rest of what fosite's code handler wants of its store. Tokens have no rows, so there is nothing to keep; none of the getters is reached,
// since introspection, revocation and refresh are our own.

// CreateAccessTokenSession implements oauth2.AccessTokenStorage.
func (f *codeFlow) CreateAccessTokenSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetAccessTokenSession implements oauth2.AccessTokenStorage.
func (f *codeFlow) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

// DeleteAccessTokenSession implements oauth2.AccessTokenStorage.
func (f *codeFlow) DeleteAccessTokenSession(context.Context, string) error { return nil }

// CreateRefreshTokenSession implements oauth2.RefreshTokenStorage.
func (f *codeFlow) CreateRefreshTokenSession(context.Context, string, string, fosite.Requester) error {
	return nil
}

// GetRefreshTokenSession implements oauth2.RefreshTokenStorage.
func (f *codeFlow) GetRefreshTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

// DeleteRefreshTokenSession implements oauth2.RefreshTokenStorage.
func (f *codeFlow) DeleteRefreshTokenSession(context.Context, string) error { return nil }

// RotateRefreshToken implements oauth2.RefreshTokenStorage.
func (f *codeFlow) RotateRefreshToken(context.Context, string, string) error {
	return fosite.ErrNotFound
}

// RevokeRefreshToken implements oauth2.TokenRevocationStorage. InvalidateAuthorizeCodeSession has revoked the grant already.
func (f *codeFlow) RevokeRefreshToken(context.Context, string) error { return nil }

// RevokeAccessToken implements oauth2.TokenRevocationStorage.
func (f *codeFlow) RevokeAccessToken(context.Context, string) error { return nil }
