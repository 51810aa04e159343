package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/keys"
)

// typeAccessToken names access tokens in a token exchange, the only type that is taken and given (RFC 8693 §3).
const typeAccessToken = "urn:ietf:params:oauth:token-type:access_token"

// maxActors bounds a chain of delegation: each link makes the token longer.
const maxActors = 4

// actor is the party that acts for the subject of a token, and those that it acts through, the latest first (RFC 8693 §4.1).
type actor struct {
	Subject  string `json:"sub"`
	ClientID string `json:"client_id"`
	Before   *actor `json:"act,omitempty"`
}

// errExchangedToken: all tokens of a grant have one status bit, and the one who exchanged a token does not own the sign-in behind it.
var errExchangedToken = &fosite.RFC6749Error{
	ErrorField:       "unsupported_token_type", // RFC 7009 §2.2.1
	DescriptionField: "An exchanged token cannot be revoked by itself. It ends with the sign-in that it comes from.", CodeField: http.StatusBadRequest,
}

// tokenExchangeGrant is the token exchange (RFC 8693). What it allows is told in docs/decisions/0010-token-exchange.md.
func (p *Provider) tokenExchangeGrant() grantHandler {
	return grantHandler{
		provider: p, grantType: clients.GrantTokenExchange, decide: p.decideTokenExchange,
		commit: func(_ context.Context, _ *fositeClient, _ *grantSession, response fosite.AccessResponder) error {
			response.SetExtra("issued_token_type", typeAccessToken) // no grant and no refresh token: the subject token's grant stands behind it
			return nil
		},
	}
}

func (p *Provider) decideTokenExchange(ctx context.Context, c *clients.Client, form url.Values) (*grantSession, []string, error) {
	if isPublic(c) {
		return nil, nil, fosite.ErrUnauthorizedClient.WithHint("A client without a secret cannot exchange tokens.")
	}
	if err := checkTokenTypes(form); err != nil {
		return nil, nil, err
	}
	subject, grant, err := p.subjectToken(ctx, c, form.Get("subject_token"))
	if err != nil {
		return nil, nil, err
	}
	grant.AuthorizationDetails = string(subject.AuthorizationDetails) // the token's, which may be narrower than its grant's
	s := &grantSession{grant: grant, actor: subject.Actor, notAfter: time.Unix(subject.ExpiresAt, 0), settled: true}
	if form.Has("actor_token") {
		if err := p.addActor(ctx, c, form.Get("actor_token"), s); err != nil {
			return nil, nil, err
		}
	}
	if s.grant.Audience, err = p.exchangeAudience(c, slices.Concat(tokenRequestOf(ctx).audiences, form["resource"])); err != nil {
		return nil, nil, err
	}
	scopes, err := narrow(delegable(subject.Scope), c, form.Get("scope"))
	return s, scopes, err
}

// checkTokenTypes: RFC 8693 §2.1.
func checkTokenTypes(form url.Values) error {
	switch {
	case form.Get("subject_token_type") != typeAccessToken:
		return fosite.ErrInvalidRequest.WithHint("The subject_token_type must be " + typeAccessToken + ". An ID token names no grant that could end what is issued for it.")
	case form.Has("requested_token_type") && form.Get("requested_token_type") != typeAccessToken:
		return fosite.ErrInvalidRequest.WithHint("The requested_token_type must be " + typeAccessToken + ", or be left out.")
	case form.Has("actor_token") != form.Has("actor_token_type"):
		return fosite.ErrInvalidRequest.WithHint("The parameters actor_token and actor_token_type belong together.")
	case form.Has("actor_token") && form.Get("actor_token_type") != typeAccessToken:
		return fosite.ErrInvalidRequest.WithHint("The actor_token_type must be " + typeAccessToken + ".")
	}
	return nil
}

// subjectToken checks that the token is a person's, lives, and may be exchanged by c.
func (p *Provider) subjectToken(ctx context.Context, c *clients.Client, token string) (*accessClaims, Grant, error) {
	claims, grant, err := p.liveAccessToken(ctx, token)
	switch {
	case errors.Is(err, keys.ErrToken):
		return nil, Grant{}, errExchange("subject_token", "is malformed, expired or revoked, or no access token of this server")
	case err != nil:
		return nil, Grant{}, err
	case grant.ID == "":
		return nil, Grant{}, errExchange("subject_token", "belongs to a client and not to a person")
	}
	meant := has(claims.Audience, c.ID)
	if !meant && claims.ClientID != c.ID && !has(c.Metadata.TokenExchangeClients, claims.ClientID) {
		return nil, Grant{}, errExchange("subject_token", "is not for this client, and was issued to a client that is not in its token_exchange_clients")
	}
	// Whom a token is meant for gets it from a holder who has proved the key. Anybody else proves it, or a stolen token would lose its binding here.
	if !meant && !proven(ctx, claims.Confirmation) {
		return nil, Grant{}, errExchange("subject_token", "is bound to a key, and the request does not prove that key")
	}
	return claims, grant, nil
}

// proven says whether the request proves the key that a token is bound to. Certificates are not looked at.
func proven(ctx context.Context, c *confirmation) bool {
	return c == nil || c.Certificate == "" && c.Thumbprint == tokenRequestOf(ctx).dpopKey
}

// addActor puts the subject of the actor token before those who act already. The token must be c's own: for itself, or for a person who signed in
// to it.
func (p *Provider) addActor(ctx context.Context, c *clients.Client, token string, s *grantSession) error {
	claims, _, err := p.liveAccessToken(ctx, token)
	switch {
	case errors.Is(err, keys.ErrToken):
		return errExchange("actor_token", "is malformed, expired or revoked, or no access token of this server")
	case err != nil:
		return err
	case claims.ClientID != c.ID || claims.Actor != nil:
		return errExchange("actor_token", "was not issued to this client itself")
	case !proven(ctx, claims.Confirmation):
		return errExchange("actor_token", "is bound to a key, and the request does not prove that key")
	}
	s.actor = &actor{Subject: claims.Subject, ClientID: c.ID, Before: s.actor}
	depth := 0
	for a := s.actor; a != nil; a = a.Before {
		depth++
	}
	if depth > maxActors {
		return errExchange("subject_token", "has been handed on too often")
	}
	if end := time.Unix(claims.ExpiresAt, 0); end.Before(s.notAfter) {
		s.notAfter = end
	}
	return nil
}

// exchangeAudience is what an administrator has listed for the client, and the first of it when the client names none. It is never this server:
// an exchanged token opens neither userinfo nor the admin API.
func (p *Provider) exchangeAudience(c *clients.Client, targets []string) ([]string, error) {
	if len(targets) == 0 && len(c.Metadata.Audience) > 0 {
		targets = c.Metadata.Audience[:1]
	}
	if len(targets) == 0 {
		return nil, errInvalidTarget.WithHint("The client is registered for no audience. Add those that its tokens may be exchanged for.")
	}
	var aud []string
	for _, target := range targets {
		if !has(c.Metadata.Audience, target) || target == p.config.Issuer || target == p.AdminAudience() {
			return nil, errInvalidTarget.WithHintf("The client may not exchange tokens for %s. Add it to its audience.", printable(target))
		}
		aud = appendMissing(aud, target)
	}
	return aud, nil
}

// delegable leaves out the scopes that belong to the sign-in itself and to administration.
func delegable(scope string) []string {
	return slices.DeleteFunc(strings.Fields(scope), func(s string) bool {
		return s == "openid" || s == "offline_access" || strings.HasPrefix(s, "symbolon:")
	})
}

// errExchange: RFC 8693 §2.2.2.
func errExchange(parameter, why string) *fosite.RFC6749Error {
	return fosite.ErrInvalidRequest.WithHint("The " + parameter + " " + why + ".")
}
