package provider

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/account"
)

// TrustedIssuer is an issuer whose assertions stand for a sign-in (RFC 7523 §2.1). It speaks for people whose account is linked to it already, and
// for nobody else. docs/decisions/0011-jwt-bearer.md says why.
type TrustedIssuer struct {
	Issuer    string
	JWKS      json.RawMessage // its keys, or
	JWKSURI   string          // where they are
	Connector string          // id of the upstream that linked the accounts: the identity is (Connector, Issuer, the assertion's sub)
	Clients   []string        // ids of the clients that may bring its assertions
	Scopes    []string        // what a token may have, as far as the client is registered for it
}

// jwtBearerGrant is the JWT bearer grant (RFC 7523 §2.1).
func (p *Provider) jwtBearerGrant() grantHandler {
	return grantHandler{provider: p, grantType: clients.GrantJWTBearer, decide: p.decideJWTBearer, commit: p.commitJWTBearer}
}

func (p *Provider) decideJWTBearer(ctx context.Context, c *clients.Client, form url.Values) (*grantSession, []string, error) {
	if isPublic(c) {
		return nil, nil, fosite.ErrUnauthorizedClient.WithHint("A client without a secret cannot use assertions.")
	}
	claims, issuer, err := p.verifyAssertion(ctx, c, form.Get("assertion"))
	if err != nil {
		return nil, nil, err
	}
	who, _, err := p.config.Accounts.AccountByIdentity(ctx, issuer.Connector, issuer.Issuer, claims.Subject)
	switch {
	case errors.Is(err, account.ErrNotFound):
		return nil, nil, errAssertion("its subject has no account here")
	case err != nil:
		return nil, nil, &fault{err}
	}
	scopes, err := narrow(issuer.Scopes, c, form.Get("scope"))
	if err != nil {
		return nil, nil, err
	}
	grant, err := p.assertedGrant(ctx, c, who.ID, scopes, form["resource"])
	if err != nil {
		return nil, nil, err
	}
	tokenRequestOf(ctx).grant = &grant
	once := sha256.Sum256([]byte("jwt bearer\x00" + issuer.Issuer + "\x00" + claims.ID))
	return &grantSession{grant: grant, once: once[:], onceUntil: numericDate(*claims.ExpiresAt).Add(assertionSkew)}, scopes, nil
}

// assertedGrant is a grant without a session: it ends when the person is blocked or deleted or takes the consent back, or the client goes.
func (p *Provider) assertedGrant(ctx context.Context, c *clients.Client, accountID string, scopes, resources []string) (Grant, error) {
	audience, err := p.audienceFor(c, resources, scopes)
	if err != nil {
		return Grant{}, err
	}
	id := randomID()
	standing, err := p.config.Grants.Standing(ctx, accountID, id, c.ID)
	if err != nil {
		return Grant{}, &fault{err}
	}
	g := Grant{
		ID: id, ClientID: c.ID, AccountID: accountID, SessionID: id, Scopes: scopes, Audience: audience, Offline: true, NeedsConsent: consentRequired(c),
	}
	if _, err := p.grantStands(ctx, g, standing); errors.Is(err, fosite.ErrNotFound) {
		return Grant{}, errAssertion("the person is blocked, or has not allowed this client what it asks for").WithWrap(err)
	} else if err != nil {
		return Grant{}, err
	}
	return g, nil
}

// verifyAssertion checks an assertion of one of the issuers that c may bring (RFC 7523 §3).
func (p *Provider) verifyAssertion(ctx context.Context, c *clients.Client, text string) (*assertionClaims, *TrustedIssuer, error) {
	a := parseAssertion(text)
	if a == nil || !slices.Contains(assertionAlgorithms, a.header.Algorithm) {
		return nil, nil, errAssertion("it is no JWT signed with RS256, PS256, ES256 or EdDSA")
	}
	if t := strings.ToLower(a.header.Type); t != "" && t != "jwt" { // RFC 8725 §3.11: a client assertion is none for a person
		return nil, nil, errAssertion("its typ must be JWT")
	}
	i := slices.IndexFunc(p.config.TrustedIssuers, func(t TrustedIssuer) bool { return t.Issuer == a.claims.Issuer })
	if i < 0 || !has(p.config.TrustedIssuers[i].Clients, c.ID) {
		return nil, nil, errAssertion("its issuer is not trusted, or not with this client")
	}
	issuer := &p.config.TrustedIssuers[i]
	signed, err := p.clientKeys.verifyAt(ctx, issuer.JWKSURI, issuer.JWKS, func(keys []jose.JSONWebKey) bool { return a.signedBy(keys) })
	switch {
	case err != nil:
		return nil, nil, err
	case !signed:
		return nil, nil, errAssertion("its signature is wrong, or its issuer's keys cannot be had")
	}
	return &a.claims, issuer, p.checkAssertion(a.claims)
}

func (p *Provider) checkAssertion(claims assertionClaims) error {
	now := time.Now()
	late := func(date *float64, limit time.Time) bool {
		return date != nil && (!sane(*date) || numericDate(*date).After(limit))
	}
	aud := claims.Audience.value
	switch {
	case claims.Subject == "":
		return errAssertion("it has no sub")
	case claims.ID == "" || len(claims.ID) > 256:
		return errAssertion("it needs a jti of at most 256 characters")
	case aud != p.config.Issuer && aud != p.config.Issuer+"/oauth2/token":
		return errAssertion("its aud must be this server's issuer or token endpoint, and nothing else")
	case claims.ExpiresAt == nil || !sane(*claims.ExpiresAt) || !numericDate(*claims.ExpiresAt).After(now):
		return errAssertion("it has expired, or has no exp")
	case late(claims.ExpiresAt, now.Add(maxAssertionLifetime+assertionSkew)):
		return errAssertion("its exp is more than 5 minutes away")
	case late(claims.NotBefore, now.Add(assertionSkew)) || late(claims.IssuedAt, now.Add(assertionSkew)):
		return errAssertion("it is not valid yet")
	}
	return nil
}

// commitJWTBearer spends the assertion, last of all, so that a mistake of the client's does not cost it, and keeps the grant for as long as its one
// token lives. There is no refresh token (RFC 7521 §4.1): a new assertion is as good.
func (p *Provider) commitJWTBearer(ctx context.Context, c *fositeClient, s *grantSession, _ fosite.AccessResponder) error {
	fresh, err := p.config.Replays.UseOnce(ctx, s.once, s.onceUntil) // RFC 7523 §3: each is good once, on all nodes
	switch {
	case err != nil:
		return &fault{err}
	case !fresh:
		return errAssertion("it has been used before")
	}
	return p.insertGrant(ctx, c, s, time.Until(s.accessExpiresAt)) // its id is new
}

// errAssertion: RFC 7521 §4.1.1.
func errAssertion(why string) *fosite.RFC6749Error {
	return fosite.ErrInvalidGrant.WithHint("The assertion cannot be used: " + why + ".")
}
