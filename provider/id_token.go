package provider

import (
	"context"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/keys"
)

// idTokenType is the "typ" of an ID token.
const idTokenType = "JWT"

// idClaims are the claims of an ID token (OIDC Core §2): who signed in, when and how. What scopes ask for is at the userinfo endpoint
// (OIDC Core §5.4).
type idClaims struct {
	Issuer          string   `json:"iss"`
	Subject         string   `json:"sub"`
	Audience        string   `json:"aud"`
	ExpiresAt       int64    `json:"exp"`
	IssuedAt        int64    `json:"iat"`
	AuthTime        int64    `json:"auth_time"`
	Nonce           string   `json:"nonce,omitempty"`
	ACR             string   `json:"acr,omitempty"`
	AMR             []string `json:"amr,omitempty"`
	SessionID       string   `json:"sid"`
	AccessTokenHash string   `json:"at_hash,omitempty"`
	CodeHash        string   `json:"c_hash,omitempty"`

	// Only what the claims parameter asks for by name (OIDC Core §5.5), or where no userinfo endpoint is open to the client (OIDC Core §5.4).
	*ProfileClaims
}

// idTokenHandler adds the ID token to the answer of a grant of an OpenID request. It stands after the handler that makes the access token.
type idTokenHandler struct {
	provider *Provider
}

// CanHandleTokenEndpointRequest implements fosite.TokenEndpointHandler.
func (idTokenHandler) CanHandleTokenEndpointRequest(context.Context, fosite.AccessRequester) bool {
	return true
}

// CanSkipClientAuth implements fosite.TokenEndpointHandler.
func (idTokenHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler: it accepts nothing by itself.
func (idTokenHandler) HandleTokenEndpointRequest(context.Context, fosite.AccessRequester) error {
	return fosite.ErrUnknownRequest
}

// PopulateTokenEndpointResponse implements fosite.TokenEndpointHandler.
func (h idTokenHandler) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, response fosite.AccessResponder) error {
	token := tokenRequestOf(ctx).idToken // of a code or device code, made before it was spent
	if token == "" {
		var err error
		if token, err = h.provider.idTokenFor(ctx, r.GetClient().(*fositeClient).Client, r.GetSession().(*grantSession), response.GetAccessToken()); err != nil {
			return err
		}
	}
	if token != "" {
		response.SetExtra("id_token", token)
	}
	return nil
}

// idTokenFor makes the ID token of a sign-in; empty when none is due.
func (p *Provider) idTokenFor(ctx context.Context, c *clients.Client, s *grantSession, accessToken string) (string, error) {
	if !s.openID {
		return "", nil
	}
	claims := p.idTokenClaims(c, s, s.nonce)
	claims.AccessTokenHash = halfHash(p.idTokenAlgorithm(c), accessToken)
	if err := p.addProfile(ctx, &claims, s.grant, nil); err != nil {
		return "", err
	}
	return p.idToken(ctx, c, claims)
}

// addProfile adds the claims that the scopes cover or that were asked for by name. Without any, nothing is read. The client is looked up again:
// what it may have can have changed since it authenticated.
func (p *Provider) addProfile(ctx context.Context, claims *idClaims, g Grant, scopes []string) error {
	if len(scopes) == 0 && len(g.IDTokenClaims) == 0 {
		return nil
	}
	c, err := p.client(ctx, g.ClientID)
	if err != nil || c == nil {
		return err
	}
	names := releasedClaims(c, scopes, g.IDTokenClaims)
	if len(names) == 0 {
		return nil
	}
	a, err := p.config.Accounts.Account(ctx, g.AccountID)
	if err != nil {
		return &fault{err}
	}
	profile := claimsOf(a, names)
	claims.ProfileClaims = &profile
	return nil
}

// idToken signs the claims and, where the client wants that, encrypts them (OIDC Core §10.2).
func (p *Provider) idToken(ctx context.Context, c *clients.Client, claims idClaims) (string, error) {
	return p.signFor(ctx, c, c.Metadata.IDTokenSignedResponseAlg, idTokenEncryption(c), idTokenType, claims)
}

// idTokenAlgorithm is what the client registered for (OIDC Registration §2), RS256 by default (OIDC Core §15.1).
func (p *Provider) idTokenAlgorithm(c *clients.Client) jose.SignatureAlgorithm {
	return algorithmOr(c.Metadata.IDTokenSignedResponseAlg)
}

// idTokenClaims are the claims that every ID token has.
func (p *Provider) idTokenClaims(c *clients.Client, s *grantSession, nonce string) idClaims {
	now := time.Now()
	return idClaims{
		Issuer: p.config.Issuer, Subject: p.subject(c, s.grant.AccountID), Audience: c.ID,
		IssuedAt: now.Unix(), ExpiresAt: now.Add(p.config.Lifetimes.IDToken).Unix(), AuthTime: s.grant.AuthTime.Unix(),
		Nonce: nonce, ACR: s.grant.ACR, AMR: s.grant.AMR, SessionID: p.sid(c, s.grant.SessionID),
	}
}

// verifyIDTokenHint checks an ID token of ours that a client presents as a hint. An expired one is fine (OIDC Core §3.1.2.1). Which
// client it was issued to, the caller compares.
func (p *Provider) verifyIDTokenHint(ctx context.Context, token string) (*idClaims, error) {
	payload, err := p.verifySigned(ctx, token, idTokenType)
	if err != nil {
		return nil, err
	}
	var c idClaims
	if err := decodeClaims(payload, &c); err != nil || c.Issuer != p.config.Issuer || c.Subject == "" || c.Audience == "" || c.SessionID == "" || c.ExpiresAt == 0 {
		return nil, keys.ErrToken
	}
	return &c, nil
}
