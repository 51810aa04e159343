package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// tokenResponse is the answer of the token endpoint (RFC 6749 §5.1, OIDC Core §3.1.3.3).
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope,omitempty"`

	IssuedTokenType string `json:"issued_token_type,omitempty"` // RFC 8693 §2.2.1

	AuthorizationDetails json.RawMessage `json:"authorization_details,omitempty"` // RFC 9396 §7
}

// serveToken is the token endpoint (RFC 6749 §3.2).
func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) error {
	audiences, err := p.tokenForm(r)
	if err != nil {
		return err
	}
	dpopKey, err := p.dpopKey(r, "")
	if err != nil {
		return err
	}
	ctx, t := withTokenRequest(r.Context(), dpopKey.thumbprint)
	t.audiences = audiences

	request, err := p.fosite.NewAccessRequest(ctx, r, &grantSession{})
	if err != nil {
		return p.tokenRefusal(ctx, t, err)
	}
	if err := p.checkSender(r, t, request.GetClient().(*fositeClient).Client, dpopKey); err != nil {
		return err
	}
	// The details first: which of them are for other resources is seen by the audience as it was granted.
	if err := p.narrowDetails(ctx, request); err != nil {
		return err
	}
	if err := p.narrowAudience(request); err != nil {
		return err
	}
	response, err := p.fosite.NewAccessResponse(ctx, request)
	if err != nil {
		return err
	}
	if id := request.GetSession().(*grantSession).grant.ID; id != "" {
		web.Annotate(ctx, "grant", id)
	}
	writeJSON(w, http.StatusOK, answer(t, request, response))
	return nil
}

// checkSender checks that the request proves the key that the client's tokens are to be bound to.
func (p *Provider) checkSender(r *http.Request, t *tokenRequest, c *clients.Client, dpopKey provenKey) error {
	if dpopKey.thumbprint == "" && c.Metadata.DPoPBoundAccessTokens { // RFC 9449 §5.2
		return errDPoPProof.WithHint("This client is registered for DPoP-bound access tokens: send a DPoP proof.")
	}
	if err := p.checkProver(c, dpopKey); err != nil {
		return err
	}
	if !c.Metadata.CertificateBoundAccessTokens {
		return nil
	}
	if t.certificate = p.config.MutualTLS.certificate(r); t.certificate == "" { // RFC 8705 §3
		return fosite.ErrInvalidRequest.WithHint("This client is registered for certificate-bound access tokens: connect with its certificate.")
	}
	return nil
}

// tokenForm reads and checks the form, and takes the parameter audience out of it: only a token exchange has it (RFC 8693 §2.1), and fosite would compare it
// with a registration that is not there.
func (p *Provider) tokenForm(r *http.Request) (audiences []string, err error) {
	form, err := web.ParsePost(r, "resource", "audience")
	if err != nil {
		return nil, err
	}
	if err := p.checkGrantType(form); err != nil {
		return nil, err
	}
	web.Annotate(r.Context(), "grant_type", form.Get("grant_type"))
	audiences = form["audience"]
	if len(audiences) > 1 && form.Get("grant_type") != clients.GrantTokenExchange {
		return nil, &web.DuplicateError{Name: "audience"}
	}
	form.Del("audience")
	r.PostForm.Del("audience")
	return audiences, nil
}

// checkGrantType refuses what fosite would call an invalid_request, and spellings that it would take for the real thing. There is no password grant
// (RFC 9700 §2.4).
func (p *Provider) checkGrantType(form url.Values) error {
	grantType := form.Get("grant_type")
	if grantType == "" {
		return fosite.ErrInvalidRequest.WithHint("The parameter grant_type is missing.")
	}
	if p.fosite.Config.(*fositeConfig).token[grantType] == nil {
		return fosite.ErrUnsupportedGrantType.WithHintf("The grant type %s is not offered. Those that are stand in grant_types_supported of the discovery document.", printable(grantType))
	}
	return nil
}

// tokenRefusal is what happens after fosite has refused a request: a code whose verifier was wrong is spent.
func (p *Provider) tokenRefusal(ctx context.Context, t *tokenRequest, err error) error {
	if errors.Is(err, fosite.ErrInvalidGrant) && t.grant != nil {
		if err := p.burn(ctx, t); err != nil {
			return err
		}
	}
	return err
}

// audienceFor returns the audience of a token: the resources that the client names (RFC 8707 §2), or its default one (RFC 9068 §3); the admin API when the
// scope is for it; and this server when the token opens the userinfo endpoint. A client without any resource of its own gets tokens for this
// server.
func (p *Provider) audienceFor(c *clients.Client, resources []string, scopes []string) ([]string, error) {
	for _, resource := range resources {
		if !p.mayName(c, resource) {
			return nil, errInvalidTarget.WithHintf("The client is not registered for the resource %s. Add it to its audience.", printable(resource))
		}
	}
	aud := append([]string(nil), resources...)
	if len(aud) == 0 && len(c.Metadata.Audience) > 0 {
		aud = append(aud, c.Metadata.Audience[0])
	}
	if has(scopes, ScopeAdmin) || has(scopes, ScopeAdminRead) {
		aud = appendMissing(aud, p.AdminAudience())
	}
	if has(scopes, "openid") || len(aud) == 0 {
		aud = appendMissing(aud, p.config.Issuer)
	}
	return aud, nil
}

// mayName says whether the client may get tokens for the resource.
func (p *Provider) mayName(c *clients.Client, resource string) bool {
	return has(c.Metadata.Audience, resource) || c.SelfRegistered && has(p.config.RegistrationAudience, resource) || resource == p.AdminAudience()
}

func appendMissing(list []string, s string) []string {
	if has(list, s) {
		return list
	}
	return append(list, s)
}

// errInvalidTarget is RFC 8707 §2.
var errInvalidTarget = &fosite.RFC6749Error{ErrorField: "invalid_target", DescriptionField: "The requested resource is invalid.", CodeField: http.StatusBadRequest}

// narrowAudience cuts a grant's audience down to what the client may still name, and to the resources that the token request names (RFC 8707 §2.2).
func (p *Provider) narrowAudience(request fosite.AccessRequester) error {
	s, resources := request.GetSession().(*grantSession), request.GetRequestForm()["resource"]
	if s.grant.ID == "" || s.settled {
		return nil
	}
	c := request.GetClient().(*fositeClient).Client
	s.grant.Audience = slices.DeleteFunc(slices.Clone(s.grant.Audience), func(a string) bool { return a != p.config.Issuer && !p.mayName(c, a) })
	switch {
	case len(s.grant.Audience) == 0:
		return errInvalidTarget.WithHint("The client is no longer registered for the resource that the sign-in was for. Add it to its audience, or let the person sign in again.")
	case len(resources) == 0:
		return nil
	case !containsAll(s.grant.Audience, resources):
		return errInvalidTarget.WithHint("The sign-in was not for this resource. Name it in the authorization request.")
	}
	s.grant.Audience = resources
	if request.GetGrantedScopes().Has("openid") || s.openID {
		s.grant.Audience = appendMissing(append([]string(nil), resources...), p.config.Issuer)
	}
	return nil
}

func answer(t *tokenRequest, request fosite.AccessRequester, response fosite.AccessResponder) tokenResponse {
	tokenType := "Bearer"
	if t.dpopKey != "" {
		tokenType = "DPoP"
	}
	text := func(key string) string { s, _ := response.GetExtra(key).(string); return s }
	return tokenResponse{
		AccessToken: response.GetAccessToken(), TokenType: tokenType,
		ExpiresIn:    int64(request.GetSession().(*grantSession).accessLifetime.Seconds()),
		RefreshToken: text("refresh_token"), IDToken: text("id_token"),
		Scope: strings.Join(request.GetGrantedScopes(), " "), IssuedTokenType: text("issued_token_type"),
		AuthorizationDetails: json.RawMessage(request.GetSession().(*grantSession).grant.AuthorizationDetails),
	}
}
