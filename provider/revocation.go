package provider

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/status"
	"github.com/symbolon-id/symbolon/provider/web"
)

// serveRevocation is the revocation endpoint (RFC 7009 §2). Revoking any token of a grant ends the grant. What is not alive or not the client's
// gets the same 200 and changes nothing.
func (p *Provider) serveRevocation(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ParsePost(r)
	if err != nil {
		return err
	}
	client, err := p.authenticateClient(r.Context(), r, form)
	if err != nil {
		return err
	}
	token := form.Get("token")
	if token == "" {
		return fosite.ErrInvalidRequest.WithHint("The parameter token is missing.")
	}
	if err := p.revoke(r.Context(), client, token); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (p *Provider) revoke(ctx context.Context, c *clients.Client, token string) error {
	grantID, _, ok := p.parseRefreshToken(token)
	if !ok {
		claims, err := p.verifyAccessToken(ctx, token)
		if errors.Is(err, keys.ErrToken) || err == nil && claims.ClientID != c.ID {
			return nil // RFC 7009 §2.2: an invalid token is no error
		}
		if err != nil {
			return err
		}
		if grantID = claims.grantID(); grantID == "" {
			return p.revokeClientToken(ctx, claims)
		}
	}
	g, _, err := p.config.Grants.Grant(ctx, grantID)
	switch {
	case errors.Is(err, ErrGrantNotFound):
		return nil
	case err != nil:
		return &fault{err}
	case g.ClientID != c.ID && !ok:
		return errExchangedToken // verified above: it is c's own
	case g.ClientID != c.ID:
		return nil // RFC 7009 §2.1: issued to another client
	}
	if err := p.config.Grants.RevokeGrant(ctx, grantID, time.Now()); err != nil {
		return &fault{err}
	}
	web.Annotate(ctx, "revoked", grantID)
	return nil
}

// revokeClientToken sets the bit of a client-credentials token.
func (p *Provider) revokeClientToken(ctx context.Context, c *accessClaims) error {
	index, ok := p.statusIndex(c.Status)
	if !ok {
		return nil
	}
	err := p.config.Status.SetRevoked(ctx, status.Revocation{Index: index, RevokedAt: time.Now(), Until: time.Unix(c.ExpiresAt, 0)})
	if err != nil {
		return &fault{err}
	}
	return nil
}
