package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/ory/fosite"

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
func (h idTokenHandler) PopulateTokenEndpointResponse(_ context.Context, r fosite.AccessRequester, response fosite.AccessResponder) error {
	s := r.GetSession().(*grantSession)
	if !s.openID || !r.GetGrantedScopes().Has("openid") {
		return nil
	}
	alg := IDTokenAlgorithm
	if a := r.GetClient().(*fositeClient).Metadata.IDTokenSignedResponseAlg; a != "" {
		alg = jose.SignatureAlgorithm(a)
	}
	now := time.Now()
	token, err := h.provider.sign(alg, idTokenType, idClaims{
		Issuer: h.provider.config.Issuer, Subject: s.grant.AccountID, Audience: s.grant.ClientID,
		IssuedAt: now.Unix(), ExpiresAt: now.Add(h.provider.config.Lifetimes.IDToken).Unix(), AuthTime: s.grant.AuthTime.Unix(),
		Nonce: s.nonce, ACR: s.grant.ACR, AMR: s.grant.AMR, SessionID: s.grant.SessionID,
		AccessTokenHash: halfHash(alg, response.GetAccessToken()),
	})
	if err != nil {
		return fosite.ErrServerError.WithWrap(err)
	}
	response.SetExtra("id_token", token)
	return nil
}

// verifyIDTokenHint checks an ID token of ours that a client presents as a hint. An expired one is fine (OIDC Core §3.1.2.1); one for another
// client is not.
func (p *Provider) verifyIDTokenHint(ctx context.Context, token string) (*idClaims, error) {
	payload, err := p.config.Keys.Verify(ctx, token, idTokenType)
	if err != nil {
		return nil, err
	}
	var c idClaims
	if err := json.Unmarshal(payload, &c); err != nil || c.Issuer != p.config.Issuer || c.Subject == "" || c.Audience == "" || c.SessionID == "" || c.ExpiresAt == 0 {
		return nil, keys.ErrToken
	}
	return &c, nil
}
