package provider

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
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

// responseTypes lists what is offered.
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

// frontHandler answers the implicit and hybrid response types. Fosite's own handler issues tokens to any redirect URI and puts claims of its own
// into them.
type frontHandler struct {
	provider *Provider
	flow     *codeFlow
}

// HandleAuthorizeEndpointRequest implements fosite.AuthorizeEndpointHandler.
func (h frontHandler) HandleAuthorizeEndpointRequest(ctx context.Context, ar fosite.AuthorizeRequester, response fosite.AuthorizeResponder) error {
	kinds := ar.GetResponseTypes()
	if kinds.ExactOne("code") {
		return nil
	}
	s := ar.GetSession().(*grantSession)
	var code, access string
	if kinds.Has("code") {
		var err error
		if code, _, err = h.flow.GenerateAuthorizeCode(ctx, ar); err != nil {
			return fosite.ErrServerError.WithWrap(err)
		}
		response.AddParameter("code", code)
		ar.SetResponseTypeHandled("code")
	}
	if kinds.Has("token") {
		var err error
		if access, err = h.issueAccessToken(ctx, ar, s, response); err != nil {
			return err
		}
		ar.SetResponseTypeHandled("token")
	}
	if kinds.Has("id_token") {
		if err := h.issueIDToken(ctx, ar, s, code, access, response); err != nil {
			return err
		}
		ar.SetResponseTypeHandled("id_token")
		if !kinds.Has("token") {
			return h.rememberSignIn(ctx, ar.GetClient().(*fositeClient).Client, s.grant)
		}
	}
	return nil
}

// rememberSignIn makes a grant without a token, for a client that has signed the person in by this ID token and wants to be told of the log-out (OIDC
// Back-Channel Logout §2.5, OIDC Front-Channel Logout §3): a code that comes along may never be redeemed.
func (h frontHandler) rememberSignIn(ctx context.Context, c *clients.Client, g Grant) error {
	if c.Metadata.BackchannelLogoutURI == "" && c.Metadata.FrontchannelLogoutURI == "" {
		return nil
	}
	g.ID, g.CreatedAt = randomID(), time.Now()
	g.ExpiresAt = g.CreatedAt.Add(h.provider.config.Lifetimes.IDToken)
	return h.insert(ctx, g)
}

// insert keeps a grant if what it stands on still stands.
func (h frontHandler) insert(ctx context.Context, g Grant) error {
	err := h.provider.config.Grants.InsertStandingGrant(ctx, g)
	switch {
	case errors.Is(err, ErrGrantNotFound):
		return fosite.ErrAccessDenied.WithHint("The sign-in has ended in this moment.")
	case err != nil:
		return &fault{err}
	}
	return nil
}

// issueAccessToken makes a grant of its own for the token: the code's grant is made when the code is redeemed. This is a durable write at
// /authorize, one more reason to leave these flows alone.
func (h frontHandler) issueAccessToken(ctx context.Context, ar fosite.AuthorizeRequester, s *grantSession, response fosite.AuthorizeResponder) (string, error) {
	now := time.Now()
	lifetime := fosite.GetEffectiveLifespan(ar.GetClient(), fosite.GrantTypeImplicit, fosite.AccessToken, h.provider.config.Lifetimes.AccessToken)
	own := &grantSession{grant: s.grant, accessExpiresAt: now.Add(lifetime).Round(time.Second)}
	own.grant.ID = randomID()
	ctx, _ = withTokenRequest(ctx, "")
	request := &fosite.AccessRequest{Request: fosite.Request{Client: ar.GetClient(), Session: own, GrantedScope: ar.GetGrantedScopes()}}
	token, _, err := h.flow.GenerateAccessToken(ctx, request)
	if err != nil {
		return "", fosite.ErrServerError.WithWrap(err)
	}
	own.grant.CreatedAt, own.grant.ExpiresAt = now, own.accessExpiresAt
	if err := h.insert(ctx, own.grant); err != nil {
		return "", err
	}
	response.AddParameter("access_token", token)
	response.AddParameter("token_type", "Bearer")
	response.AddParameter("expires_in", strconv.Itoa(int(lifetime.Seconds())))
	response.AddParameter("scope", joinScopes(ar.GetGrantedScopes()))
	return token, nil
}

// issueIDToken adds the ID token with the hashes of what travels beside it (OIDC Core §3.3.2.11). When nothing opens the userinfo endpoint, the
// claims that the scopes ask for are in it (OIDC Core §5.4).
func (h frontHandler) issueIDToken(ctx context.Context, ar fosite.AuthorizeRequester, s *grantSession, code, access string, response fosite.AuthorizeResponder) error {
	client := ar.GetClient().(*fositeClient).Client
	alg := h.provider.idTokenAlgorithm(client)
	claims := h.provider.idTokenClaims(client, s, ar.GetRequestForm().Get("nonce"))
	claims.CodeHash, claims.AccessTokenHash = hashIf(alg, code), hashIf(alg, access)
	var scopes []string
	if access == "" {
		scopes = ar.GetGrantedScopes()
	}
	if code == "" { // otherwise another ID token comes by a better way (OIDC Core §3.3.3.6)
		if err := h.provider.addProfile(ctx, &claims, s.grant, scopes); err != nil {
			return err
		}
	}
	token, err := h.provider.idToken(ctx, client, claims)
	if err != nil {
		return err
	}
	response.AddParameter("id_token", token)
	return nil
}

func hashIf(alg jose.SignatureAlgorithm, value string) string {
	if value == "" {
		return ""
	}
	return halfHash(alg, value)
}
