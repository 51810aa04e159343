package provider

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/ory/fosite"
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

// codeFlow is the code strategy and the store of fosite's code and PKCE handlers in one: what they would keep in three tables is in the code
// itself, and redeeming it is one INSERT.
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
	m := tokenRequestOf(ctx)
	if m.request == nil && m.err == nil {
		m.code = code
		m.request, m.err = f.open(ctx, m)
	}
	return m.request, m.err
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
func (f *codeFlow) open(ctx context.Context, m *tokenRequest) (fosite.Requester, error) {
	token, ok := strings.CutPrefix(m.code, codePrefix)
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
	client, err := f.provider.stillStands(ctx, c.AccountID, c.SessionID, c.ClientID, c.NeedsConsent, grant.consented())
	if err != nil {
		return nil, err
	}
	if c.DPoPKey != "" && c.DPoPKey != m.dpopKey {
		return nil, fosite.ErrNotFound.WithDebug("the code is bound to another DPoP key")
	}
	if c.RedirectURI != "" && !client.RedirectURIAllowed(c.RedirectURI) {
		return nil, fosite.ErrNotFound.WithDebug("the redirect URI was taken from the client since the code was issued")
	}
	m.grant = grant
	return c.request(&fositeClient{Client: client}, m.grant), nil
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

// request rebuilds what fosite's handlers look at.
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
	m := tokenRequestOf(ctx)
	client := m.request.GetClient()
	err := f.provider.insertGrant(ctx, client, m.request.GetSession().(*grantSession), f.provider.grantLifetime(client))
	if errors.Is(err, ErrGrantExists) {
		if err := f.provider.config.Grants.RevokeGrant(ctx, m.grant.ID, time.Now()); err != nil {
			return &fault{err}
		}
		return fosite.ErrInvalidatedAuthorizeCode
	}
	return err
}

// burn spends a code without giving anything for it, so that a wrong code_verifier cannot be followed by a better guess.
func (p *Provider) burn(ctx context.Context, m *tokenRequest) error {
	if m.grant == nil {
		return nil
	}
	now := time.Now()
	m.grant.CreatedAt, m.grant.ExpiresAt, m.grant.RevokedAt = now, now, now
	if err := p.config.Grants.InsertGrant(ctx, *m.grant); err != nil && !errors.Is(err, ErrGrantExists) {
		return &fault{err}
	}
	return nil
}

// grantLifetime is how long a grant can matter: as long as its refresh token, or its access token when there is none.
func (p *Provider) grantLifetime(c fosite.Client) time.Duration {
	if c.GetGrantTypes().Has("refresh_token") {
		return p.config.Lifetimes.RefreshToken
	}
	return fosite.GetEffectiveLifespan(c, fosite.GrantTypeAuthorizationCode, fosite.AccessToken, p.config.Lifetimes.AccessToken)
}

// randomID returns 128 random bits as base64url.
func randomID() string { return randomText(16) }
