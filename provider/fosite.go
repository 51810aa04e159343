package provider

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/pkce"

	"github.com/symbolon-id/symbolon/clients"
)

// fositeConfig is fosite's configuration with what differs from its defaults. docs/decisions/0003-fosite.md says why each differs.
type fositeConfig struct {
	*fosite.Config

	authorize fosite.AuthorizeEndpointHandlers
	token     map[string]fosite.TokenEndpointHandlers // by grant_type
}

// newFosite builds fosite's handlers by hand: which of them runs is to be seen here, and nowhere else.
func newFosite(p *Provider) *fosite.Fosite {
	base := &fosite.Config{
		AuthorizeCodeLifespan:       p.config.Lifetimes.Code,
		AccessTokenLifespan:         p.config.Lifetimes.AccessToken,
		IDTokenLifespan:             p.config.Lifetimes.IDToken,
		RefreshTokenLifespan:        p.config.Lifetimes.RefreshToken,
		RefreshTokenScopes:          []string{}, // the client's grant types decide alone
		ScopeStrategy:               fosite.ExactScopeStrategy,
		AudienceMatchingStrategy:    fosite.ExactAudienceMatchingStrategy,
		OmitRedirectScopeParam:      true,
		EnforcePKCEForPublicClients: true,
		MinParameterEntropy:         1, // state is the client's business; see validate
		// redirect_uri.go of package clients has judged the URI when it was registered.
		RedirectSecureChecker:        func(context.Context, *url.URL) bool { return true },
		ClientAuthenticationStrategy: p.fositeClientAuthentication,
	}
	config := &fositeConfig{Config: base}
	flow := &codeFlow{provider: p}
	code := &oauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy: flow, RefreshTokenStrategy: flow, AuthorizeCodeStrategy: flow,
		CoreStorage: flow, TokenRevocationStorage: flow, Config: config,
	}
	proof := &pkce.Handler{AuthorizeCodeStrategy: flow, Storage: flow, Config: config}
	// In this order: PKCE asks for the code.
	config.authorize = fosite.AuthorizeEndpointHandlers{code, frontHandler{provider: p, flow: flow}, proof}
	config.token = map[string]fosite.TokenEndpointHandlers{
		clients.GrantAuthorizationCode: {code, proof, idTokenHandler{p}},
		clients.GrantRefreshToken:      {p.refreshGrant(), idTokenHandler{p}},
		clients.GrantClientCredentials: {p.clientCredentialsGrant()},
		clients.GrantDeviceCode:        {p.deviceCodeGrant(), idTokenHandler{p}},
		clients.GrantTokenExchange:     {p.tokenExchangeGrant()},
	}
	if len(p.config.TrustedIssuers) > 0 {
		config.token[clients.GrantJWTBearer] = fosite.TokenEndpointHandlers{p.jwtBearerGrant()}
	}
	return &fosite.Fosite{Store: authorizeClients{}, Config: config}
}

// GetAuthorizeEndpointHandlers implements fosite.Configurator.
func (c *fositeConfig) GetAuthorizeEndpointHandlers(context.Context) fosite.AuthorizeEndpointHandlers {
	return c.authorize
}

// GetTokenEndpointHandlers implements fosite.Configurator: only the handlers of the grant type at hand, since fosite asks every one in turn.
func (c *fositeConfig) GetTokenEndpointHandlers(ctx context.Context) fosite.TokenEndpointHandlers {
	if r, ok := ctx.Value(fosite.AccessRequestContextKey).(fosite.AccessRequester); ok && len(r.GetGrantTypes()) == 1 {
		return c.token[r.GetGrantTypes()[0]]
	}
	return nil
}

// authorizeClients gives fosite the client that validate has put into the context, matched with its redirect URI.
type authorizeClients struct{}

// clientKey is the context key of that client.
type clientKey struct{}

// GetClient implements fosite.ClientManager.
func (authorizeClients) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	if c, ok := ctx.Value(clientKey{}).(*fositeClient); ok && c.ID == id {
		return c, nil
	}
	return nil, fosite.ErrNotFound
}

// ClientAssertionJWTValid implements fosite.ClientManager. Fosite's own client authentication is not used.
func (authorizeClients) ClientAssertionJWTValid(context.Context, string) error {
	return fosite.ErrJTIKnown
}

// SetClientAssertionJWT implements fosite.ClientManager. Fosite's own client authentication is not used.
func (authorizeClients) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrJTIKnown
}

// fositeClientAuthentication adapts authenticateClient.
func (p *Provider) fositeClientAuthentication(ctx context.Context, r *http.Request, form url.Values) (fosite.Client, error) {
	c, err := p.authenticateClient(ctx, r, form)
	if err != nil {
		return nil, err
	}
	if name := grantParameter(form.Get("grant_type")); name != "" && form.Get(name) == "" { // RFC 6749 §5.2
		return nil, fosite.ErrInvalidRequest.WithHintf("The parameter %s is missing.", name)
	}
	return &fositeClient{Client: c}, nil
}
