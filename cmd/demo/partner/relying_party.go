package partner

import (
	"context"
	"fmt"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// relyingParty is what the app knows of the provider.
type relyingParty struct {
	provider *oidc.Provider
	oauth    oauth2.Config
	idTokens *oidc.IDTokenVerifier
	metadata metadata
}

// metadata is what go-oidc does not read of the discovery document.
type metadata struct {
	IntrospectionEndpoint string `json:"introspection_endpoint"`
	EndSessionEndpoint    string `json:"end_session_endpoint"`
	ResponseIss           bool   `json:"authorization_response_iss_parameter_supported"`
}

// discover reads the provider's discovery document, once. A provider that does not answer is asked again the next time.
func (a *App) discover(ctx context.Context) (*relyingParty, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rp != nil {
		return a.rp, nil
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, a.client), a.config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	rp := &relyingParty{provider: provider}
	if err := provider.Claims(&rp.metadata); err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader // client_secret_basic, as registered: no guessing
	rp.oauth = oauth2.Config{
		ClientID: a.config.ClientID, ClientSecret: a.config.ClientSecret, Endpoint: endpoint,
		RedirectURL: a.config.BaseURL + CallbackPath, Scopes: a.config.Product.Scopes,
	}
	rp.idTokens = provider.Verifier(&oidc.Config{ClientID: a.config.ClientID})
	a.rp = rp
	return rp, nil
}
