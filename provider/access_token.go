package provider

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/keys"
)

// accessTokenType is the "typ" of an access token (RFC 9068 §2.1).
const accessTokenType = "at+jwt"

// accessClaims are the claims of an access token (RFC 9068 §2.2). No row stands behind it: the grant is found by the first half of jti.
type accessClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	ExpiresAt int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	ID        string   `json:"jti"`
	ClientID  string   `json:"client_id"`
	Scope     string   `json:"scope,omitempty"` // as granted (RFC 9068 §2.2.3)
	SessionID string   `json:"sid,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	ACR       string   `json:"acr,omitempty"`
	AMR       []string `json:"amr,omitempty"`

	Status       *statusClaim  `json:"status,omitempty"`
	Confirmation *confirmation `json:"cnf,omitempty"`
	Actor        *actor        `json:"act,omitempty"`

	AuthorizationDetails json.RawMessage `json:"authorization_details,omitempty"` // RFC 9396 §9.1
}

// confirmation names what a token is bound to: a DPoP key (RFC 9449 §6.1), a certificate (RFC 8705 §3.1), or both.
type confirmation struct {
	Thumbprint  string `json:"jkt,omitempty"`
	Certificate string `json:"x5t#S256,omitempty"`
}

// grantID returns the id of the grant that the token belongs to; empty for a client-credentials token.
func (c *accessClaims) grantID() string {
	id, _, ok := strings.Cut(c.ID, ".")
	if !ok {
		return ""
	}
	return id
}

// audience is the "aud" claim: one string, or several in an array (RFC 7519 §4.1.3).
type audience []string

// MarshalJSON implements json.Marshaler.
func (a audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// GenerateAccessToken implements oauth2.AccessTokenStrategy.
func (f *codeFlow) GenerateAccessToken(ctx context.Context, requester fosite.Requester) (token, signature string, err error) {
	s, now := requester.GetSession().(*grantSession), time.Now()
	index, err := f.provider.statusOf(ctx, s)
	if err != nil {
		return "", "", err
	}
	c := accessClaims{
		Issuer: f.provider.config.Issuer, ClientID: requester.GetClient().GetID(), Scope: joinScopes(requester.GetGrantedScopes()),
		IssuedAt: now.Unix(), ExpiresAt: s.accessExpiresAt.Unix(), ID: randomText(8), Status: f.provider.statusClaim(index),
		AuthorizationDetails: json.RawMessage(s.grant.AuthorizationDetails),
	}
	if t := tokenRequestOf(ctx); t.dpopKey != "" || t.certificate != "" {
		c.Confirmation = &confirmation{Thumbprint: t.dpopKey, Certificate: t.certificate}
	}
	client := requester.GetClient().(*fositeClient).Client
	if s.grant.ID == "" {
		c.Subject, c.Audience = c.ClientID, s.audience
	} else {
		f.provider.addGrant(&c, client, s)
	}
	if client.Metadata.AccessTokenFormat == "opaque" {
		token, err = f.provider.sealAccessToken(c)
	} else {
		token, err = f.provider.sign(AccessTokenAlgorithm, accessTokenType, c)
	}
	tokenRequestOf(ctx).accessToken = token
	return token, c.ID, err
}

// addGrant adds what stands behind the token: the person, their sign-in, and who acts for them.
func (p *Provider) addGrant(c *accessClaims, client *clients.Client, s *grantSession) {
	g := s.grant
	c.ID = g.ID + "." + c.ID
	c.Subject, c.Audience, c.Actor = p.subject(client, g.AccountID), g.Audience, s.actor
	c.ACR, c.AMR = g.ACR, g.AMR
	if !g.AuthTime.IsZero() {
		c.AuthTime = g.AuthTime.Unix()
	}
	if g.SessionID != g.ID { // otherwise no browser was there
		c.SessionID = p.sid(client, g.SessionID)
	}
}

// opaquePrefix marks opaque access tokens: the same claims, sealed instead of signed, for partners that must not read them. No row either.
const opaquePrefix = "sym_at_"

func (p *Provider) sealAccessToken(c accessClaims) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	return opaquePrefix + p.accessTokens.SealToken(payload, nil, time.Unix(c.ExpiresAt, 0)), nil
}

// accessTokenPayload returns the claims of an access token of ours, signed or sealed. Its errors are keys.ErrToken, or a fault.
func (p *Provider) accessTokenPayload(ctx context.Context, token string) ([]byte, error) {
	sealed, opaque := strings.CutPrefix(token, opaquePrefix)
	if !opaque {
		return p.verifySigned(ctx, token, accessTokenType)
	}
	payload, err := p.accessTokens.OpenToken(sealed, nil)
	if err != nil {
		return nil, keys.ErrToken
	}
	return payload, nil
}

// AccessTokenSignature implements oauth2.AccessTokenStrategy. Nothing is looked up by it.
func (f *codeFlow) AccessTokenSignature(_ context.Context, token string) string { return token }

// ValidateAccessToken implements oauth2.AccessTokenStrategy. It is not reached: verifyAccessToken is what checks access tokens.
func (f *codeFlow) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrInvalidTokenFormat
}

// verifyAccessToken checks signature, type, issuer and expiry of an access token of ours. Its errors are keys.ErrToken, or a fault: whether the token's
// grant still stands is another question.
func (p *Provider) verifyAccessToken(ctx context.Context, token string) (*accessClaims, error) {
	payload, err := p.accessTokenPayload(ctx, token)
	if err != nil {
		return nil, err
	}
	var c accessClaims
	if err := decodeClaims(payload, &c); err != nil {
		return nil, err
	}
	if c.grantID() == "" && c.Subject != c.ClientID {
		return nil, keys.ErrToken // RFC 9700 §4.15: without a grant a client speaks for itself, and for nobody else
	}
	whole := c.Subject != "" && c.ClientID != "" && c.ID != "" && c.IssuedAt != 0 && len(c.Audience) > 0 && !has(c.Audience, "")
	if !whole || c.Issuer != p.config.Issuer || time.Now().Unix() >= c.ExpiresAt {
		return nil, keys.ErrToken
	}
	return &c, nil
}

// liveAccessToken is verifyAccessToken, and asks whether what stands behind the token still does: keys.ErrToken when not, or a fault. The grant
// is zero for a client-credentials token.
func (p *Provider) liveAccessToken(ctx context.Context, token string) (*accessClaims, Grant, error) {
	c, err := p.verifyAccessToken(ctx, token)
	if err != nil {
		return nil, Grant{}, err
	}
	id := c.grantID()
	if id == "" {
		return c, Grant{}, p.clientStands(ctx, c.ClientID, c.Status)
	}
	g, standing, err := p.config.Grants.Grant(ctx, id)
	if errors.Is(err, ErrGrantNotFound) {
		return nil, Grant{}, keys.ErrToken
	}
	if err != nil {
		return nil, Grant{}, &fault{err}
	}
	_, err = p.grantStands(ctx, g, standing)
	if errors.Is(err, fosite.ErrNotFound) {
		return nil, Grant{}, keys.ErrToken
	}
	if err == nil && c.ClientID != g.ClientID { // exchanged: both clients must still be there
		err = p.clientStands(ctx, c.ClientID, nil)
	}
	return c, g, err
}

// clientStands is keys.ErrToken when the client is gone or disabled, or the bit of its token is set. One statement says so: the cache, a little
// behind on other nodes, is not asked.
func (p *Provider) clientStands(ctx context.Context, id string, bit *statusClaim) error {
	index, _ := p.statusIndex(bit)
	stands, err := p.config.Grants.ClientStands(ctx, id, index)
	if err != nil {
		return &fault{err}
	}
	if !stands {
		return keys.ErrToken
	}
	return nil
}
