package provider

import (
	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients"
)

// highAssurance says whether the client is held to the FAPI 2.0 Security Profile: its tokens are always bound to a key, and its authorization requests
// always pushed. Both stand in its registration; the second may be the operator's rule for all.
func (p *Provider) highAssurance(c *clients.Client) bool {
	bound := c.Metadata.DPoPBoundAccessTokens || c.Metadata.CertificateBoundAccessTokens
	return bound && (c.Metadata.RequirePushedAuthorizationRequests || p.config.RequirePushedRequests)
}

// maySignWith says whether the client's assertions, request objects and proofs may be signed with the algorithm. FAPI 2.0 §5.4.1 has no RS256.
func (p *Provider) maySignWith(c *clients.Client, alg jose.SignatureAlgorithm) bool {
	return alg != jose.RS256 || !p.highAssurance(c)
}

// keepsRefreshToken says whether the client's refresh tokens stay the same (FAPI 2.0 §5.3.2.1). A stolen one is worth nothing there: the client proves
// a key of its own each time, which is what rotation makes up for elsewhere (docs/decisions/0012-fapi-refresh-tokens.md).
func (p *Provider) keepsRefreshToken(c *clients.Client) bool {
	switch c.Metadata.TokenEndpointAuthMethod {
	case clients.AuthMethodPrivateKeyJWT, clients.AuthMethodTLS, clients.AuthMethodSelfSignedTLS:
		return p.highAssurance(c)
	}
	return false
}
