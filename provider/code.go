package provider

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

// codePrefix marks authorization codes, so that a leaked one is recognised.
const codePrefix = "sym_ac_"

// sealedCode is what an authorization code says, as a CBOR map. Nothing is stored when a code is issued: this is the store.
//
// The numbers are for good, here and in whatever else is sealed as such a map: while nodes are upgraded one by one, what the old version has sealed is
// opened by the new one, and the other way round. A member that is not known is passed over, and one that is not there is empty.
type sealedCode struct {
	ID           string   `cbor:"1,keyasint,omitempty"` // becomes the grant's
	ClientID     string   `cbor:"2,keyasint,omitempty"`
	AccountID    string   `cbor:"3,keyasint,omitempty"`
	SessionID    string   `cbor:"4,keyasint,omitempty"`
	Scopes       string   `cbor:"5,keyasint,omitempty"`
	Audience     []string `cbor:"6,keyasint,omitempty"`
	RedirectURI  string   `cbor:"7,keyasint,omitempty"` // as sent; empty when it was not
	Nonce        string   `cbor:"8,keyasint,omitempty"`
	Challenge    string   `cbor:"9,keyasint,omitempty"`  // PKCE S256; empty when there is none
	AuthTime     int64    `cbor:"10,keyasint,omitempty"` // Unix milliseconds
	AMR          []string `cbor:"11,keyasint,omitempty"`
	ACR          string   `cbor:"12,keyasint,omitempty"`
	NeedsConsent bool     `cbor:"13,keyasint,omitempty"`
	DPoPKey      string   `cbor:"14,keyasint,omitempty"` // the dpop_jkt parameter (RFC 9449 §10); empty without one

	IDTokenClaims  string `cbor:"15,keyasint,omitempty"` // with spaces, as UserInfoClaims
	UserInfoClaims string `cbor:"16,keyasint,omitempty"`

	AuthorizationDetails string `cbor:"17,keyasint,omitempty"` // JSON; empty: none
}

// codeFlow is the strategies and the store of fosite's code and PKCE handlers in one: what they would keep in three tables is in the code itself, and
// redeeming it is one INSERT. Its access tokens are in access_token.go, its refresh tokens in refresh_token.go, and what it has no use for is in
// code_store.go.
type codeFlow struct {
	provider *Provider
}

// GenerateAuthorizeCode implements oauth2.AuthorizeCodeStrategy.
func (f *codeFlow) GenerateAuthorizeCode(_ context.Context, requester fosite.Requester) (code, signature string, err error) {
	s, form := requester.GetSession().(*grantSession), requester.GetRequestForm()
	plain, err := cbor.Marshal(sealedCode{
		ID: randomID(), ClientID: s.grant.ClientID, AccountID: s.grant.AccountID, SessionID: s.grant.SessionID,
		Scopes: joinScopes(s.grant.Scopes), Audience: s.grant.Audience,
		RedirectURI: form.Get("redirect_uri"), Nonce: form.Get("nonce"), Challenge: form.Get("code_challenge"),
		AuthTime: s.grant.AuthTime.UnixMilli(), AMR: s.grant.AMR, ACR: s.grant.ACR, NeedsConsent: s.grant.NeedsConsent,
		DPoPKey: form.Get("dpop_jkt"), IDTokenClaims: joinScopes(s.grant.IDTokenClaims), UserInfoClaims: joinScopes(s.grant.UserInfoClaims),
		AuthorizationDetails: s.grant.AuthorizationDetails,
	})
	if err != nil {
		return "", "", err
	}
	code = codePrefix + f.provider.codes.SealToken(plain, nil, time.Now().Add(f.provider.config.Lifetimes.Code))
	return code, code, nil
}

// AuthorizeCodeSignature implements oauth2.AuthorizeCodeStrategy. The store needs the code itself.
func (f *codeFlow) AuthorizeCodeSignature(_ context.Context, code string) string { return code }

// ValidateAuthorizeCode implements oauth2.AuthorizeCodeStrategy. Opening the seal has checked everything.
func (f *codeFlow) ValidateAuthorizeCode(context.Context, fosite.Requester, string) error { return nil }

// CreateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage: nothing is stored.
func (f *codeFlow) CreateAuthorizeCodeSession(context.Context, string, fosite.Requester) error {
	return nil
}

// CreatePKCERequestSession implements pkce.PKCERequestStorage: the challenge is in the code.
func (f *codeFlow) CreatePKCERequestSession(context.Context, string, fosite.Requester) error {
	return nil
}

// DeletePKCERequestSession implements pkce.PKCERequestStorage. It must do nothing: fosite calls it before it has compared the verifier.
func (f *codeFlow) DeletePKCERequestSession(context.Context, string) error { return nil }

// GetAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage.
func (f *codeFlow) GetAuthorizeCodeSession(ctx context.Context, code string, _ fosite.Session) (fosite.Requester, error) {
	t := tokenRequestOf(ctx)
	if t.request == nil && t.err == nil {
		t.code = code
		t.request, t.err = f.open(ctx, t)
	}
	return t.request, t.err
}

// GetPKCERequestSession implements pkce.PKCERequestStorage. fosite.ErrNotFound means that the code owes no verifier.
func (f *codeFlow) GetPKCERequestSession(ctx context.Context, code string, s fosite.Session) (fosite.Requester, error) {
	r, err := f.GetAuthorizeCodeSession(ctx, code, s)
	if err != nil {
		return nil, err
	}
	if r.GetRequestForm().Get("code_challenge") == "" {
		return nil, fosite.ErrNotFound
	}
	return r, nil
}

// open opens the code and looks at how the world stands now: who was blocked, signed out or withdrawn since the code was issued gets nothing.
func (f *codeFlow) open(ctx context.Context, t *tokenRequest) (fosite.Requester, error) {
	token, ok := strings.CutPrefix(t.code, codePrefix)
	if !ok {
		return nil, fosite.ErrNotFound
	}
	plain, err := f.provider.codes.OpenToken(token, nil)
	if err != nil {
		return nil, fosite.ErrNotFound.WithWrap(err)
	}
	var c sealedCode
	if err := cbor.Unmarshal(plain, &c); err != nil {
		return nil, fosite.ErrNotFound.WithWrap(err)
	}
	grant := c.grant()
	client, err := f.provider.codeStands(ctx, c.AccountID, c.SessionID, c.ClientID, c.NeedsConsent, grant.consented())
	if err != nil {
		return nil, err
	}
	if c.DPoPKey != "" && c.DPoPKey != t.dpopKey {
		return nil, fosite.ErrNotFound.WithDebug("the code is bound to another DPoP key")
	}
	if c.RedirectURI != "" && !client.RedirectURIAllowed(c.RedirectURI) {
		return nil, fosite.ErrNotFound.WithDebug("the redirect URI was taken from the client since the code was issued")
	}
	t.grant = grant
	return c.request(&fositeClient{Client: client}, t.grant), nil
}

func (c *sealedCode) grant() *Grant {
	scopes := strings.Fields(c.Scopes)
	return &Grant{
		ID: c.ID, ClientID: c.ClientID, AccountID: c.AccountID, SessionID: c.SessionID, Scopes: scopes, Audience: c.Audience,
		AuthTime: time.UnixMilli(c.AuthTime), AMR: c.AMR, ACR: c.ACR, NeedsConsent: c.NeedsConsent, Offline: has(scopes, "offline_access"),
		IDTokenClaims: strings.Fields(c.IDTokenClaims), UserInfoClaims: strings.Fields(c.UserInfoClaims),
		AuthorizationDetails: c.AuthorizationDetails,
	}
}

// request rebuilds what fosite's handlers compare the token request with: client, redirect URI and challenge (OIDC Core §3.1.3.2).
func (c *sealedCode) request(client *fositeClient, g *Grant) fosite.Requester {
	form := url.Values{}
	if c.RedirectURI != "" {
		form.Set("redirect_uri", c.RedirectURI)
	}
	if c.Challenge != "" {
		form.Set("code_challenge", c.Challenge)
		form.Set("code_challenge_method", "S256")
	}
	return &fosite.Request{
		ID: c.ID, RequestedAt: time.Now(), Client: client, RequestedScope: g.Scopes, GrantedScope: g.Scopes, Form: form,
		Session: &grantSession{grant: *g, nonce: c.Nonce, openID: has(g.Scopes, "openid")},
	}
}

// InvalidateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage: the one durable write of a sign-in. Whoever redeems a code that has
// been redeemed ends the grant (RFC 6749 §4.1.2): one of the two is a thief, and nobody can tell which.
func (f *codeFlow) InvalidateAuthorizeCodeSession(ctx context.Context, _ string) error {
	t := tokenRequestOf(ctx)
	client := t.request.GetClient()
	err := f.provider.insertGrant(ctx, client, t.request.GetSession().(*grantSession), f.provider.grantLifetime(client))
	if errors.Is(err, ErrGrantExists) {
		if err := f.provider.config.Grants.RevokeGrant(ctx, t.grant.ID, time.Now()); err != nil {
			return &fault{err}
		}
		return fosite.ErrInvalidatedAuthorizeCode
	}
	return err
}

// burn spends a code without giving anything for it, so that a wrong code_verifier cannot be followed by a better guess.
func (p *Provider) burn(ctx context.Context, t *tokenRequest) error {
	if t.grant == nil {
		return nil
	}
	now := time.Now()
	t.grant.CreatedAt, t.grant.ExpiresAt, t.grant.RevokedAt = now, now, now
	if err := p.config.Grants.InsertGrant(ctx, *t.grant); err != nil && !errors.Is(err, ErrGrantExists) {
		return &fault{err}
	}
	return nil
}

// grantLifetime is how long a grant can matter: as long as its refresh token, or its access token when there is none.
func (p *Provider) grantLifetime(c fosite.Client) time.Duration {
	if c.GetGrantTypes().Has(clients.GrantRefreshToken) {
		return p.config.Lifetimes.RefreshToken
	}
	return p.accessTokenLifetime(c)
}

// accessTokenLifetime is how long the client's access tokens live, whatever grant they come from.
func (p *Provider) accessTokenLifetime(c fosite.Client) time.Duration {
	return fosite.GetEffectiveLifespan(c, "", fosite.AccessToken, p.config.Lifetimes.AccessToken)
}
