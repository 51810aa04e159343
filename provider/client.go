package provider

import (
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

func isPublic(c *clients.Client) bool { return c.Metadata.TokenEndpointAuthMethod == "none" }
