package provider

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

// refreshHandler is the refresh_token grant (RFC 6749 §6). Fosite's own ignores scope, looks tokens up before it has checked them and knows no
// grace window.
type refreshHandler struct {
	provider *Provider
}

// CanHandleTokenEndpointRequest implements fosite.TokenEndpointHandler.
func (refreshHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne("refresh_token")
}

// CanSkipClientAuth implements fosite.TokenEndpointHandler.
func (refreshHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler. It decides; nothing is changed before the answer is made, except that reuse
// ends the grant.
func (h refreshHandler) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	client := r.GetClient().(*fositeClient)
	if !client.GetGrantTypes().Has("refresh_token") {
		return fosite.ErrUnauthorizedClient.WithHint("This client is not registered for the refresh_token grant. Add it to grant_types.")
	}
	grantID, generation, ok := h.provider.parseRefreshToken(r.GetRequestForm().Get("refresh_token"))
	if !ok {
		return errRefreshToken("it is not one of this server's")
	}
	g, standing, err := h.provider.config.Grants.Grant(ctx, grantID)
	if errors.Is(err, ErrGrantNotFound) {
		return errRefreshToken("its grant is gone")
	}
	if err != nil {
		return &fault{err}
	}
	if g.ClientID != client.ID {
		return errRefreshToken("it was issued to another client")
	}
	if g.DPoPKey != "" && g.DPoPKey != tokenRequestOf(ctx).dpopKey {
		return errRefreshToken("it is bound to a DPoP key, and the request does not prove that key")
	}
	current, err := h.provider.grantStands(ctx, g, standing)
	if errors.Is(err, fosite.ErrNotFound) {
		return errRefreshToken("it has been revoked").WithWrap(err)
	}
	if err != nil {
		return err
	}
	if err := h.checkAge(ctx, g, generation, client.Client); err != nil {
		return err
	}
	scopes, err := narrow(g.Scopes, current, r.GetRequestForm().Get("scope"))
	if err != nil {
		return err
	}
	h.prepare(r, g, generation, scopes)
	return nil
}

// checkAge refuses what is too old, and ends the grant when a refresh token comes back that has long been replaced: somebody has stolen it.
func (h refreshHandler) checkAge(ctx context.Context, g Grant, generation int64, c *clients.Client) error {
	now := time.Now()
	switch {
	case !now.Before(h.provider.refreshExpiry(g)):
		return errRefreshToken("it has expired")
	case generation == g.Generation:
		return nil
	case generation == g.Generation-1 && now.Sub(g.RefreshedAt) < h.provider.grace(g, c):
		return nil // a second request at once, or a client that lost the answer
	case generation < g.Generation:
		if err := h.provider.config.Grants.RevokeGrant(ctx, g.ID, now); err != nil {
			return &fault{err}
		}
		return errRefreshToken("it has been used before, so the whole grant was revoked; sign in again")
	default:
		return errRefreshToken("its generation is unknown")
	}
}

// refreshExpiry is when the grant's refresh token ends: at its absolute end, or when it has not been used for too long.
func (p *Provider) refreshExpiry(g Grant) time.Time {
	if idle := g.lastUse().Add(p.config.Lifetimes.RefreshIdle); idle.Before(g.ExpiresAt) {
		return idle
	}
	return g.ExpiresAt
}

// grace is how long after a refresh the same refresh token is answered with the same successor.
func (p *Provider) grace(g Grant, c *clients.Client) time.Duration {
	if isPublic(c) && g.DPoPKey == "" {
		return p.config.Lifetimes.GracePublic
	}
	return p.config.Lifetimes.GraceConfidential
}

// narrow returns the granted scopes that the client may still have, cut down to what it asks for. Asking for more than was granted is an error
// (RFC 6749 §6).
func narrow(granted []string, c *clients.Client, asked string) ([]string, error) {
	allowed := strings.Fields(c.Metadata.Scope)
	var scopes []string
	for _, s := range granted {
		if has(allowed, s) && (asked == "" || has(strings.Fields(asked), s)) {
			scopes = append(scopes, s)
		}
	}
	for _, s := range strings.Fields(asked) {
		if !has(granted, s) {
			return nil, fosite.ErrInvalidScope.WithHintf("The scope %s was not granted at sign-in, and refreshing cannot add it.", printable(s))
		}
	}
	return scopes, nil
}

// prepare puts what the answer is made of into the request.
func (h refreshHandler) prepare(r fosite.AccessRequester, g Grant, generation int64, scopes []string) {
	g.Generation = generation
	s := &grantSession{grant: g, openID: has(scopes, "openid")}
	lifetime := fosite.GetEffectiveLifespan(r.GetClient(), fosite.GrantTypeRefreshToken, fosite.AccessToken, h.provider.config.Lifetimes.AccessToken)
	s.SetExpiresAt(fosite.AccessToken, time.Now().Add(lifetime).Round(time.Second))
	r.SetSession(s)
	r.SetID(g.ID)
	for _, scope := range scopes {
		r.GrantScope(scope)
	}
}

// PopulateTokenEndpointResponse implements fosite.TokenEndpointHandler: it moves the grant on by one conditional statement and answers with the
// successor. When another request was faster, both get the same one.
func (h refreshHandler) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, response fosite.AccessResponder) error {
	s := r.GetSession().(*grantSession)
	successor, err := h.rotate(ctx, s.grant, r.GetClient().(*fositeClient).Client)
	if err != nil {
		return err
	}
	flow := &codeFlow{provider: h.provider}
	access, _, err := flow.GenerateAccessToken(ctx, r)
	if err != nil {
		return fosite.ErrServerError.WithWrap(err)
	}
	response.SetAccessToken(access)
	response.SetTokenType("bearer")
	response.SetExpiresIn(time.Until(s.accessExpiresAt))
	response.SetScopes(r.GetGrantedScopes())
	response.SetExtra("refresh_token", h.provider.refreshToken(s.grant.ID, successor))
	return nil
}

// rotate moves the grant on, and returns the generation of the refresh token to answer with: the next one, or the same where the client keeps it.
func (h refreshHandler) rotate(ctx context.Context, g Grant, c *clients.Client) (successor int64, err error) {
	next := g.Generation + 1
	if h.provider.keepsRefreshToken(c) { // FAPI 2.0 §5.3.2.1
		next = g.Generation
	}
	moved, err := h.provider.config.Grants.RotateGrant(ctx, g.ID, g.Generation, next, time.Now())
	if err != nil {
		return 0, &fault{err}
	}
	if moved {
		return next, nil
	}
	now, _, err := h.provider.config.Grants.Grant(ctx, g.ID)
	if errors.Is(err, ErrGrantNotFound) || (err == nil && !now.RevokedAt.IsZero()) {
		return 0, errRefreshToken("it has been revoked")
	}
	if err != nil {
		return 0, &fault{err}
	}
	return g.Generation + 1, h.checkAge(ctx, now, g.Generation, c)
}

func errRefreshToken(why string) *fosite.RFC6749Error {
	return fosite.ErrInvalidGrant.WithHint("The refresh token cannot be used: " + why + ".")
}
