package provider

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

// clientCredentialsGrant is the client_credentials grant (RFC 6749 §4.4). It needs no commit: nothing stands behind the token.
func (p *Provider) clientCredentialsGrant() grantHandler {
	return grantHandler{provider: p, grantType: clients.GrantClientCredentials, decide: p.decideClientCredentials}
}

// decideClientCredentials grants what a client asks for itself: by default, all it is registered for. No person is there, so what belongs to a
// person's sign-in is not to be had.
func (p *Provider) decideClientCredentials(_ context.Context, c *clients.Client, form url.Values) (*grantSession, []string, error) {
	if isPublic(c) {
		return nil, nil, fosite.ErrUnauthorizedClient.WithHint("A client without a secret cannot ask for itself.")
	}
	registered := strings.Fields(c.Metadata.Scope)
	scopes := strings.Fields(form.Get("scope"))
	for _, s := range scopes {
		switch {
		case personalScope(s): // offline_access among them: there is no refresh token (RFC 6749 §4.4.3)
			return nil, nil, fosite.ErrInvalidScope.WithHintf("The scope %s belongs to the sign-in of a person. A client asking for itself cannot have it.", s)
		case !has(registered, s):
			return nil, nil, fosite.ErrInvalidScope.WithHintf("The client is not registered for the scope %s.", printable(s))
		}
	}
	if len(scopes) == 0 {
		scopes = slices.DeleteFunc(registered, personalScope)
	}
	audience, err := p.audienceFor(c, form["resource"], scopes)
	return &grantSession{audience: audience}, scopes, err
}

func personalScope(s string) bool {
	return s == "openid" || s == "profile" || s == "email" || s == "offline_access"
}
