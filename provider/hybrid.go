package provider

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

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
	now, lifetime := time.Now(), h.provider.accessTokenLifetime(ar.GetClient())
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
