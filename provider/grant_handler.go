package provider

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

// grantHandler is a grant type of ours: what all have in common is done here, so that none forgets it.
type grantHandler struct {
	provider  *Provider
	grantType string
	// decide checks the request and returns what the token is made of, with its scopes. It changes nothing that a refusal later on would have
	// to undo.
	decide func(ctx context.Context, c *clients.Client, form url.Values) (*grantSession, []string, error)
	// commit makes the grant last, and adds to the answer. It comes after the access token, which knows the grant's status index. nil: nothing.
	commit func(ctx context.Context, c *fositeClient, s *grantSession, response fosite.AccessResponder) error
}

// CanHandleTokenEndpointRequest implements fosite.TokenEndpointHandler.
func (h grantHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne(h.grantType)
}

// CanSkipClientAuth implements fosite.TokenEndpointHandler.
func (grantHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler.
func (h grantHandler) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	client := r.GetClient().(*fositeClient)
	if err := registeredFor(client.Client, h.grantType); err != nil {
		return err
	}
	s, scopes, err := h.decide(ctx, client.Client, r.GetRequestForm())
	if err != nil {
		return err
	}
	expires := time.Now().Add(h.provider.accessTokenLifetime(client)).Round(time.Second)
	if !s.notAfter.IsZero() && s.notAfter.Before(expires) {
		expires = s.notAfter
	}
	s.SetExpiresAt(fosite.AccessToken, expires)
	r.SetSession(s)
	r.SetID(s.grant.ID)
	for _, scope := range scopes {
		r.GrantScope(scope)
	}
	return nil
}

// PopulateTokenEndpointResponse implements fosite.TokenEndpointHandler.
func (h grantHandler) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, response fosite.AccessResponder) error {
	if err := h.provider.addAccessToken(ctx, r, response); err != nil {
		return err
	}
	if h.commit == nil {
		return nil
	}
	return h.commit(ctx, r.GetClient().(*fositeClient), r.GetSession().(*grantSession), response)
}

// addAccessToken makes the access token of a grant type of ours. What else the answer says of it, answer takes from the request.
func (p *Provider) addAccessToken(ctx context.Context, r fosite.AccessRequester, response fosite.AccessResponder) error {
	flow := &codeFlow{provider: p}
	token, _, err := flow.GenerateAccessToken(ctx, r)
	if err != nil {
		return fosite.ErrServerError.WithWrap(err)
	}
	response.SetAccessToken(token)
	response.SetTokenType("bearer") // fosite wants one
	return nil
}

// registeredFor is unauthorized_client when the client is not registered for the grant type (RFC 6749 §5.2).
func registeredFor(c *clients.Client, grantType string) error {
	if !has(c.Metadata.GrantTypes, grantType) {
		return fosite.ErrUnauthorizedClient.WithHintf("This client is not registered for the grant type %s. Add it to grant_types.", grantType)
	}
	return nil
}

// insertGrant makes the grant of the request last: one INSERT, whose key says whether it is the first. lifetime is how long the grant matters.
// It returns ErrGrantExists and ErrGrantNotFound as they are.
func (p *Provider) insertGrant(ctx context.Context, c fosite.Client, s *grantSession, lifetime time.Duration) error {
	t, now := tokenRequestOf(ctx), time.Now()
	var err error
	if t.idToken, err = p.idTokenFor(ctx, c.(*fositeClient).Client, s, t.accessToken); err != nil {
		return err
	}
	t.grant.CreatedAt, t.grant.ExpiresAt, t.grant.Status = now, now.Add(lifetime), s.grant.Status
	if c.IsPublic() { // RFC 9449 §5: a confidential client's refresh token is bound to the client already
		t.grant.DPoPKey = t.dpopKey
	}
	switch err = p.config.Grants.InsertStandingGrant(ctx, *t.grant); {
	case err == nil, errors.Is(err, ErrGrantExists), errors.Is(err, ErrGrantNotFound):
		return err
	default:
		return &fault{err}
	}
}

// grantTypes lists what clients may be registered for: what the token endpoint takes, and implicit, which is the authorization endpoint's.
func (p *Provider) grantTypes() []string {
	types := slices.Collect(maps.Keys(p.fosite.Config.(*fositeConfig).token))
	if p.config.LegacyResponseTypes { // OIDC Registration §2: the grant type of the response types with tokens in them
		types = append(types, clients.GrantImplicit)
	}
	slices.Sort(types)
	return types
}

// grantParameter returns the name of what a grant type cannot be without (RFC 6749 §4.1.3, §6, RFC 7523 §2.1, RFC 8628 §3.4, RFC 8693 §2.1). For
// fosite, one that is missing is an invalid_grant.
func grantParameter(grantType string) string {
	switch grantType {
	case clients.GrantAuthorizationCode:
		return "code"
	case clients.GrantRefreshToken:
		return "refresh_token"
	case clients.GrantDeviceCode:
		return "device_code"
	case clients.GrantJWTBearer:
		return "assertion"
	case clients.GrantTokenExchange:
		return "subject_token"
	}
	return ""
}
