package provider

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

// fositeClient shows a client to fosite. It does not implement fosite.OpenIDConnectClient, so fosite's own handling of request objects, which
// accepts unsigned ones, is out of reach.
type fositeClient struct {
	*clients.Client
	redirectURI string // of the request at hand, already matched by package clients: fosite's own matching is laxer
}

// GetID implements fosite.Client.
func (c *fositeClient) GetID() string { return c.ID }

// GetHashedSecret implements fosite.Client. Fosite compares no secret.
func (c *fositeClient) GetHashedSecret() []byte { return nil }

// GetRedirectURIs implements fosite.Client: the one of the request at hand.
func (c *fositeClient) GetRedirectURIs() []string { return []string{c.redirectURI} }

// GetGrantTypes implements fosite.Client.
func (c *fositeClient) GetGrantTypes() fosite.Arguments { return c.Metadata.GrantTypes }

// GetResponseTypes implements fosite.Client.
func (c *fositeClient) GetResponseTypes() fosite.Arguments {
	types := make(fosite.Arguments, len(c.Metadata.ResponseTypes))
	for i, t := range c.Metadata.ResponseTypes {
		types[i] = responseTypeOf(t)
	}
	return types
}

// GetScopes implements fosite.Client.
func (c *fositeClient) GetScopes() fosite.Arguments { return strings.Fields(c.Metadata.Scope) }

// IsPublic implements fosite.Client.
func (c *fositeClient) IsPublic() bool { return isPublic(c.Client) }

// GetAudience implements fosite.Client. Resource indicators are handled by audienceFor.
func (c *fositeClient) GetAudience() fosite.Arguments { return nil }

// GetResponseModes implements fosite.ResponseModeClient.
func (c *fositeClient) GetResponseModes() []fosite.ResponseModeType {
	return []fosite.ResponseModeType{fosite.ResponseModeQuery}
}

// GetEffectiveLifespan implements fosite.ClientWithCustomTokenLifespans.
func (c *fositeClient) GetEffectiveLifespan(_ fosite.GrantType, t fosite.TokenType, fallback time.Duration) time.Duration {
	if t == fosite.AccessToken && c.Metadata.AccessTokenLifetime > 0 {
		return time.Duration(c.Metadata.AccessTokenLifetime) * time.Second
	}
	return fallback
}

// client returns the registered client with the id: nil when there is none or it is disabled, or a fault. What it is registered for may have
// changed in the last two seconds.
func (p *Provider) client(ctx context.Context, id string) (*clients.Client, error) {
	if id == "" {
		return nil, nil
	}
	c, err := usable(p.config.Clients.Client(ctx, id))
	if errors.Is(err, errDisabled) {
		return p.clientNow(ctx, id)
	}
	return c, err
}

// clientNow is client as the database has it at this moment.
func (p *Provider) clientNow(ctx context.Context, id string) (*clients.Client, error) {
	c, err := usable(p.config.Clients.Current(ctx, id))
	if errors.Is(err, errDisabled) {
		return nil, nil
	}
	return c, err
}

// clientFor is client for a request with such a form: as the database has it at this moment, when the one in memory may not do what is asked. A
// redirect URI or a scope that has just been registered, on another node or by the command line, is there for the next request.
func (p *Provider) clientFor(ctx context.Context, id string, form url.Values) (*clients.Client, error) {
	c, err := p.client(ctx, id)
	if err != nil || c == nil || p.isRegisteredFor(c, form) {
		return c, err
	}
	return p.clientNow(ctx, id)
}

// isRegisteredFor reports whether the client may have all that a form names. It asks as those do who judge the request: whoever is within their
// registration costs no read.
func (p *Provider) isRegisteredFor(c *clients.Client, form url.Values) bool {
	among := func(name string, registered []string) bool {
		return !form.Has(name) || slices.Contains(registered, form.Get(name))
	}
	return (!form.Has("redirect_uri") || c.RedirectURIAllowed(form.Get("redirect_uri"))) &&
		among("post_logout_redirect_uri", c.Metadata.PostLogoutRedirectURIs) && among("grant_type", c.Metadata.GrantTypes) &&
		containsAll(strings.Fields(c.Metadata.Scope), allowedScopes(c, strings.Fields(form.Get("scope")))) &&
		!slices.ContainsFunc(form["resource"], func(resource string) bool { return !p.mayName(c, resource) })
}

// errDisabled is a client that is there and switched off.
var errDisabled = errors.New("provider: the client is disabled")

// usable returns a client that was read: nil when there is none, errDisabled, or a fault.
func usable(c *clients.Client, err error) (*clients.Client, error) {
	switch {
	case errors.Is(err, clients.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, &fault{err}
	case !c.DisabledAt.IsZero():
		return nil, errDisabled
	}
	return c, nil
}

func isPublic(c *clients.Client) bool {
	return c.Metadata.TokenEndpointAuthMethod == clients.AuthMethodNone
}
