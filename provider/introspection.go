package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/web"
)

// introspectionResponse is what a client learns of a token (RFC 7662 §2.2).
type introspectionResponse struct {
	Active    bool     `json:"active"`
	Scope     string   `json:"scope,omitempty"`
	ClientID  string   `json:"client_id,omitempty"`
	TokenType string   `json:"token_type,omitempty"`
	ExpiresAt int64    `json:"exp,omitempty"`
	IssuedAt  int64    `json:"iat,omitempty"`
	Subject   string   `json:"sub,omitempty"`
	Audience  audience `json:"aud,omitempty"`
	Issuer    string   `json:"iss,omitempty"`
	ID        string   `json:"jti,omitempty"`
	SessionID string   `json:"sid,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	ACR       string   `json:"acr,omitempty"`
	AMR       []string `json:"amr,omitempty"`

	Confirmation *confirmation `json:"cnf,omitempty"`
	Actor        *actor        `json:"act,omitempty"`

	AuthorizationDetails json.RawMessage `json:"authorization_details,omitempty"` // RFC 9396 §9.2
}

// serveIntrospection is the introspection endpoint (RFC 7662 §2). It answers confidential clients only; that a caller holds some access token
// proves nothing about it.
func (p *Provider) serveIntrospection(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ParsePost(r)
	if err != nil {
		return err
	}
	client, err := p.authenticateClient(r.Context(), r, form)
	if err != nil {
		return err
	}
	if isPublic(client) {
		return errClient()
	}
	token := form.Get("token")
	if token == "" {
		return fosite.ErrInvalidRequest.WithHint("The parameter token is missing.")
	}
	answer, err := p.introspect(r.Context(), client, token)
	if err != nil {
		return err
	}
	if strings.Contains(r.Header.Get("Accept"), introspectionMediaType) {
		return p.writeSignedIntrospection(r.Context(), w, client, answer)
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// introspectionMediaType is that of a signed answer (RFC 9701 §4).
const introspectionMediaType = "application/token-introspection+jwt"

// signedIntrospection are the claims of a signed answer (RFC 9701 §5).
type signedIntrospection struct {
	Issuer   string                `json:"iss"`
	Audience string                `json:"aud"` // the client that asked
	IssuedAt int64                 `json:"iat"`
	Answer   introspectionResponse `json:"token_introspection"`
}

func (p *Provider) writeSignedIntrospection(ctx context.Context, w http.ResponseWriter, c *clients.Client, answer introspectionResponse) error {
	claims := signedIntrospection{Issuer: p.config.Issuer, Audience: c.ID, IssuedAt: time.Now().Unix(), Answer: answer}
	token, err := p.signFor(ctx, c, c.Metadata.IntrospectionSignedResponseAlg, introspectionEncryption(c), "token-introspection+jwt", claims)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", introspectionMediaType)
	w.Write([]byte(token))
	return nil
}

// introspect says what c may know of the token. Whatever is not alive, not ours or not c's business is inactive, and nothing else is said of it.
func (p *Provider) introspect(ctx context.Context, c *clients.Client, token string) (introspectionResponse, error) {
	if grantID, generation, ok := p.parseRefreshToken(token); ok {
		return p.introspectRefreshToken(ctx, c, grantID, generation)
	}
	claims, _, err := p.liveAccessToken(ctx, token)
	if errors.Is(err, keys.ErrToken) {
		return introspectionResponse{}, nil
	}
	if err != nil {
		return introspectionResponse{}, err
	}
	if !mayIntrospect(c, claims.ClientID, claims.Audience) {
		return introspectionResponse{}, nil
	}
	tokenType := "Bearer"
	if claims.Confirmation != nil && claims.Confirmation.Thumbprint != "" {
		tokenType = "DPoP"
	}
	return introspectionResponse{
		Active: true, Scope: claims.Scope, ClientID: claims.ClientID, TokenType: tokenType, Confirmation: claims.Confirmation, Actor: claims.Actor,
		ExpiresAt: claims.ExpiresAt, IssuedAt: claims.IssuedAt,
		Subject: claims.Subject, Audience: claims.Audience, Issuer: claims.Issuer, ID: claims.ID, SessionID: claims.SessionID,
		AuthTime: claims.AuthTime, ACR: claims.ACR, AMR: claims.AMR, AuthorizationDetails: claims.AuthorizationDetails,
	}, nil
}

// mayIntrospect: a client sees its own tokens, those meant for it or one of its resources, and all of them when an administrator says so.
func mayIntrospect(c *clients.Client, owner string, aud []string) bool {
	if c.Metadata.IntrospectAny || c.ID == owner || has(aud, c.ID) {
		return true
	}
	for _, a := range aud {
		if has(c.Metadata.Audience, a) {
			return true
		}
	}
	return false
}

func (p *Provider) introspectRefreshToken(ctx context.Context, c *clients.Client, grantID string, generation int64) (introspectionResponse, error) {
	g, standing, err := p.config.Grants.Grant(ctx, grantID)
	if errors.Is(err, ErrGrantNotFound) {
		return introspectionResponse{}, nil
	}
	if err != nil {
		return introspectionResponse{}, &fault{err}
	}
	owner, err := p.grantStands(ctx, g, standing)
	if errors.Is(err, fosite.ErrNotFound) {
		return introspectionResponse{}, nil
	}
	if err != nil {
		return introspectionResponse{}, err
	}
	expires := p.refreshExpiry(g)
	if generation != g.Generation || !time.Now().Before(expires) || !(c.Metadata.IntrospectAny || c.ID == g.ClientID) {
		return introspectionResponse{}, nil
	}
	return introspectionResponse{
		Active: true, Scope: joinScopes(g.Scopes), ClientID: g.ClientID, ExpiresAt: expires.Unix(), IssuedAt: g.lastUse().Unix(),
		Subject: p.subject(owner, g.AccountID), Issuer: p.config.Issuer, SessionID: p.sid(owner, g.SessionID),
		AuthTime: g.AuthTime.Unix(), ACR: g.ACR, AMR: g.AMR,
		AuthorizationDetails: json.RawMessage(g.AuthorizationDetails),
	}, nil
}
