package provider

import (
	"slices"
	"strings"

	"github.com/ory/fosite"
)

// legacyResponseTypes are those of the implicit and hybrid flows (OIDC Core §3.2, §3.3), for certification and old partners. They are off unless
// the operator switches them on and the client is registered for them. Their words stand in alphabetical order; "token" alone is never offered.
var legacyResponseTypes = []string{"code id_token", "code id_token token", "code token", "id_token", "id_token token"}

// responseTypeOf returns the response type with its words in order: "id_token code" is "code id_token" (OAuth Response Types §3).
func responseTypeOf(value string) string {
	words := strings.Fields(value)
	slices.Sort(words)
	return strings.Join(words, " ")
}

// responseTypes lists what is offered. Tokens in the authorization response are nothing that anybody gets unasked (RFC 9700 §2.1.2).
func (p *Provider) responseTypes() []string {
	types := []string{"code"}
	if p.config.LegacyResponseTypes {
		types = append(types, legacyResponseTypes...)
	}
	return types
}

// checkResponseType: RFC 6749 §3.1.1. Spellings are exact.
func checkResponseType(p *Provider, a authorization) *fosite.RFC6749Error {
	asked := a.form.Get("response_type")
	if asked == "" {
		return fosite.ErrInvalidRequest.WithHint("The parameter response_type is missing. Use code.")
	}
	kind := responseTypeOf(asked)
	switch {
	case !has(p.responseTypes(), kind), strings.Join(strings.Fields(asked), " ") != asked:
		return fosite.ErrUnsupportedResponseType.WithHintf("The response_type must be one of: %s.", strings.Join(p.responseTypes(), ", "))
	case !slices.ContainsFunc(a.client.Metadata.ResponseTypes, func(t string) bool { return responseTypeOf(t) == kind }):
		return fosite.ErrUnauthorizedClient.WithHint("The client is not registered for this response_type.")
	case kind != "code" && !has(strings.Fields(a.form.Get("scope")), "openid"):
		return fosite.ErrInvalidRequest.WithHint("This response_type belongs to OpenID Connect: ask for the scope openid.")
	case has(strings.Fields(kind), "token") && (a.client.Metadata.DPoPBoundAccessTokens || a.client.Metadata.CertificateBoundAccessTokens):
		return fosite.ErrUnauthorizedClient.WithHint("The client is registered for access tokens that are bound to a key, and the front channel has none.")
	case has(strings.Fields(kind), "id_token") && a.form.Get("nonce") == "": // OIDC Core §3.2.2.1, §3.3.2.11
		return fosite.ErrInvalidRequest.WithHint("The parameter nonce is missing: it is required when an ID token comes with the authorization response.")
	}
	return nil
}
