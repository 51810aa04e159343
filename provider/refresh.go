package provider

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

// refreshGrant is the refresh_token grant (RFC 6749 §6). Fosite's own ignores scope, looks tokens up before it has checked them and knows no grace
// window.
func (p *Provider) refreshGrant() grantHandler {
	return grantHandler{provider: p, grantType: clients.GrantRefreshToken, decide: p.decideRefresh, commit: p.commitRefresh}
}

// decideRefresh changes nothing before the answer is made, except that reuse ends the grant.
func (p *Provider) decideRefresh(ctx context.Context, c *clients.Client, form url.Values) (*grantSession, []string, error) {
	grantID, generation, ok := p.parseRefreshToken(form.Get("refresh_token"))
	if !ok {
		return nil, nil, errRefreshToken("it is not one of this server's")
	}
	g, standing, err := p.config.Grants.Grant(ctx, grantID)
	switch {
	case errors.Is(err, ErrGrantNotFound):
		return nil, nil, errRefreshToken("its grant is gone")
	case err != nil:
		return nil, nil, &fault{err}
	case g.ClientID != c.ID:
		return nil, nil, errRefreshToken("it was issued to another client")
	case g.DPoPKey != "" && g.DPoPKey != tokenRequestOf(ctx).dpopKey: // RFC 9449 §5
		return nil, nil, errRefreshToken("it is bound to a DPoP key, and the request does not prove that key")
	case g.DPoPKey == "" && isPublic(c) && c.Metadata.DPoPBoundAccessTokens:
		// It was bound to the client by the client's authentication, which was given up since: anybody could bring a key of their own now.
		return nil, nil, errRefreshToken("it is bound to a credential that the client no longer has; sign in again")
	}
	current, err := p.grantStands(ctx, g, standing)
	switch {
	case errors.Is(err, fosite.ErrNotFound):
		return nil, nil, errRefreshToken("it has been revoked").WithWrap(err)
	case err != nil:
		return nil, nil, err
	}
	if err := p.checkRefreshAge(ctx, g, generation, c); err != nil {
		return nil, nil, err
	}
	scopes, err := narrow(g.Scopes, current, form.Get("scope"))
	if err != nil {
		return nil, nil, err
	}
	g.Generation = generation
	return &grantSession{grant: g, openID: has(scopes, "openid")}, scopes, nil
}

// checkRefreshAge refuses what is too old, and ends the grant when a refresh token comes back that has long been replaced: somebody has stolen it
// (RFC 9700 §4.14.2).
func (p *Provider) checkRefreshAge(ctx context.Context, g Grant, generation int64, c *clients.Client) error {
	now := time.Now()
	switch {
	case !now.Before(p.refreshExpiry(g)):
		return errRefreshToken("it has expired")
	case generation == g.Generation:
		return nil
	case generation == g.Generation-1 && now.Sub(g.RefreshedAt) < p.grace(g, c):
		return nil // a second request at once, or a client that lost the answer
	case generation < g.Generation:
		if err := p.config.Grants.RevokeGrant(ctx, g.ID, now); err != nil {
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

// commitRefresh moves the grant on by one conditional statement and answers with the successor. When another request was faster, both get the same
// one.
func (p *Provider) commitRefresh(ctx context.Context, c *fositeClient, s *grantSession, response fosite.AccessResponder) error {
	successor, err := p.rotate(ctx, s.grant, c.Client)
	if err != nil {
		return err
	}
	response.SetExtra("refresh_token", p.refreshToken(s.grant.ID, successor))
	return nil
}

// rotate moves the grant on, and returns the generation of the refresh token to answer with: the next one (RFC 9700 §2.2.2), or the same where the
// client keeps it.
func (p *Provider) rotate(ctx context.Context, g Grant, c *clients.Client) (successor int64, err error) {
	next := g.Generation + 1
	if p.keepsRefreshToken(c) { // FAPI 2.0 §5.3.2.1
		next = g.Generation
	}
	moved, err := p.config.Grants.RotateGrant(ctx, g.ID, g.Generation, next, time.Now())
	if err != nil {
		return 0, &fault{err}
	}
	if moved {
		return next, nil
	}
	now, _, err := p.config.Grants.Grant(ctx, g.ID)
	if errors.Is(err, ErrGrantNotFound) || (err == nil && !now.RevokedAt.IsZero()) {
		return 0, errRefreshToken("it has been revoked")
	}
	if err != nil {
		return 0, &fault{err}
	}
	return g.Generation + 1, p.checkRefreshAge(ctx, now, g.Generation, c)
}

func errRefreshToken(why string) *fosite.RFC6749Error {
	return fosite.ErrInvalidGrant.WithHint("The refresh token cannot be used: " + why + ".")
}
