package provider

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

// check is one rule of an authorization request. It returns nil or the error that the client is told.
type check func(p *Provider, a authorization) *fosite.RFC6749Error

// checks are the rules in the order they are applied, all of them. Fosite looks at some of the same things afterwards, and finds nothing.
var checks = []check{
	checkUnsupported, checkPushed, checkSigned, checkLength, checkResponseType, checkResponseMode, checkPrompt, checkMaxAge, checkScope, checkPKCE,
	checkDPoPKey, checkResource, checkClaims, checkDetails,
}

// validate checks the whole request, and returns it as fosite sees it.
func (p *Provider) validate(r *http.Request, a authorization) (fosite.AuthorizeRequester, error) {
	for _, check := range checks {
		if err := check(p, a); err != nil {
			return nil, err
		}
	}
	form := url.Values{}
	for name, values := range a.form {
		form[name] = values
	}
	form.Del("response_mode") // response_mode.go has judged it
	form.Del("audience")      // not a parameter of ours; fosite would compare it with a registration that is not there
	form.Set("response_type", responseTypeOf(a.form.Get("response_type")))
	form.Set("scope", joinScopes(allowedScopes(a.client, strings.Fields(a.form.Get("scope")))))
	ctx := context.WithValue(r.Context(), clientKey{}, &fositeClient{Client: a.client, redirectURI: a.redirectURI})
	request, err := p.fosite.NewAuthorizeRequest(ctx, &http.Request{Method: http.MethodGet, URL: r.URL, Form: form})
	if errors.Is(err, fosite.ErrInvalidState) {
		// The client's state may be short or absent (OIDC Core §3.1.2.1: recommended). It is fosite's last check: the request is whole.
		return request, nil
	}
	return request, err
}

// checkUnsupported: OIDC Core §7.2.1. Request objects have been taken by now (request_object.go).
func checkUnsupported(_ *Provider, a authorization) *fosite.RFC6749Error {
	if a.form.Has("registration") {
		return fosite.ErrRegistrationNotSupported.WithHint("The parameter registration is not offered. Ask the administrator to register the client.")
	}
	return nil
}

// maxEcho bounds what comes back from a request, in bytes: in our own links, the code, the ID token and the URL of the answer. A pushed request is not
// bounded by a URL.
const maxEcho = 4 << 10

// checkLength refuses what would make such a URL too long to be sent.
func checkLength(p *Provider, a authorization) *fosite.RFC6749Error {
	length := len(a.form.Get("state")) + len(a.form.Get("nonce")) + len(a.form.Get("login_hint"))
	if p.asksDetails(a.form) {
		length += len(a.form.Get("authorization_details"))
	}
	if length > maxEcho {
		return fosite.ErrInvalidRequest.WithHint("The parameters state, nonce, login_hint and authorization_details are longer than 4 KiB together.")
	}
	return nil
}

// checkPrompt: OIDC Core §3.1.2.1.
func checkPrompt(_ *Provider, a authorization) *fosite.RFC6749Error {
	prompts := strings.Fields(a.form.Get("prompt"))
	for _, prompt := range prompts {
		switch prompt {
		case "none":
			if len(prompts) > 1 {
				return fosite.ErrInvalidRequest.WithHint("The prompt none cannot be combined with another.")
			}
		case "login", "consent", "select_account", "create":
		default:
			return fosite.ErrInvalidRequest.WithHintf("The prompt %s is not offered. Use none, login, consent, select_account or create.", printable(prompt))
		}
	}
	return nil
}

// checkMaxAge: OIDC Core §3.1.2.1.
func checkMaxAge(_ *Provider, a authorization) *fosite.RFC6749Error {
	if !a.form.Has("max_age") {
		return nil
	}
	if n, err := strconv.ParseInt(a.form.Get("max_age"), 10, 32); err != nil || n < 0 {
		return fosite.ErrInvalidRequest.WithHint("The parameter max_age must be a whole number of seconds, 0 or more.")
	}
	return nil
}

// maxAge returns the greatest age of a sign-in that the request accepts, in seconds; nil for any.
func maxAge(a authorization) *int64 {
	if n, err := strconv.ParseInt(a.form.Get("max_age"), 10, 32); err == nil {
		return &n
	}
	return a.client.Metadata.DefaultMaxAge
}

// withDefaultScope returns the form of a request that names no scope with those that the client is registered for, but for those of a sign-in (RFC 6749
// §3.3): who wants to know the person says so. Clients of APIs may know no scopes, as those of the Model Context Protocol.
func (p *Provider) withDefaultScope(c *clients.Client, form url.Values) url.Values {
	if form.Get("scope") != "" || p.asksDetails(form) {
		return form
	}
	scopes := slices.DeleteFunc(strings.Fields(c.Metadata.Scope), func(s string) bool {
		return slices.Contains([]string{"openid", "profile", "email", "phone", "address", ScopeAdmin, ScopeAdminRead}, s)
	})
	if len(scopes) == 0 || slices.Equal(scopes, []string{"offline_access"}) {
		return form
	}
	form = maps.Clone(form)
	form.Set("scope", joinScopes(scopes))
	return form
}

// checkScope: RFC 6749 §3.3.
func checkScope(p *Provider, a authorization) *fosite.RFC6749Error {
	_, err := p.requestedScopes(a.client, a.form)
	return err
}

// requestedScopes returns the scopes of a request for a person's sign-in, at the authorization endpoint or by a device (RFC 6749 §3.3).
func (p *Provider) requestedScopes(c *clients.Client, form url.Values) ([]string, *fosite.RFC6749Error) {
	scopes := allowedScopes(c, strings.Fields(form.Get("scope")))
	if len(scopes) == 0 && !p.asksDetails(form) { // RFC 9396 §3.1: details may be all that is asked for
		return nil, fosite.ErrInvalidScope.WithHint("The parameter scope is missing. A sign-in asks for openid, and for profile and email where they are needed.")
	}
	for _, s := range scopes {
		if !has(strings.Fields(c.Metadata.Scope), s) {
			return nil, fosite.ErrInvalidScope.WithHintf("The client is not registered for the scope %s.", printable(s))
		}
	}
	return scopes, nil
}

// allowedScopes leaves out offline_access where the client could not use the refresh token (OIDC Core §11), and repetitions.
func allowedScopes(c *clients.Client, asked []string) []string {
	var scopes []string
	for _, s := range asked {
		if has(scopes, s) || (s == "offline_access" && !has(c.Metadata.GrantTypes, clients.GrantRefreshToken)) {
			continue
		}
		scopes = append(scopes, s)
	}
	return scopes
}

// checkPKCE: RFC 7636 §4.4.1 and RFC 9700 §2.1.1. The method is S256 or nothing.
func checkPKCE(p *Provider, a authorization) *fosite.RFC6749Error {
	challenge, method := a.form.Get("code_challenge"), a.form.Get("code_challenge_method")
	if challenge == "" && method == "" {
		if pkceRequired(p, a) {
			return fosite.ErrInvalidRequest.WithHint("This client must use PKCE: add code_challenge and code_challenge_method=S256." + nonceHint(p, a.client))
		}
		return nil
	}
	if method != "S256" {
		return fosite.ErrInvalidRequest.WithHint("The code_challenge_method must be S256. When it is left out, it means plain, which is not offered.")
	}
	if !isS256(challenge) {
		return fosite.ErrInvalidRequest.WithHint("The code_challenge must be the base64url-encoded SHA-256 of the code_verifier: 43 characters.")
	}
	return nil
}

// pkceRequired: public clients always (RFC 8252 §8.1), and those of the FAPI 2.0 profile (FAPI 2.0 §5.3.2.2); other confidential ones unless a nonce of an OpenID
// request does the same job (RFC 9700 §2.1.1). A confidential client's registration may say otherwise, and the
// operator may for all that registered themselves.
func pkceRequired(p *Provider, a authorization) bool {
	if isPublic(a.client) {
		return true
	}
	if required := a.client.Metadata.RequirePKCE; required != nil {
		return *required
	}
	if a.client.SelfRegistered && p.config.RegistrationWithoutPKCE && !p.highAssurance(a.client) {
		return false
	}
	return p.highAssurance(a.client) || a.form.Get("nonce") == "" || !has(strings.Fields(a.form.Get("scope")), "openid")
}

func nonceHint(p *Provider, c *clients.Client) string {
	if isPublic(c) || c.Metadata.RequirePKCE != nil || p.highAssurance(c) {
		return ""
	}
	return " Or send a nonce with an OpenID request."
}

func isS256(challenge string) bool {
	raw, err := strictBase64URL.DecodeString(challenge)
	return err == nil && len(raw) == 32 && len(challenge) == 43
}

// checkDPoPKey: RFC 9449 §10. The thumbprint of a key is a SHA-256 too.
func checkDPoPKey(_ *Provider, a authorization) *fosite.RFC6749Error {
	if a.form.Has("dpop_jkt") && !isS256(a.form.Get("dpop_jkt")) {
		return fosite.ErrInvalidRequest.WithHint("The dpop_jkt must be a base64url-encoded SHA-256 thumbprint: 43 characters.")
	}
	return nil
}

// checkResource: RFC 8707 §2.
func checkResource(p *Provider, a authorization) *fosite.RFC6749Error {
	_, err := p.audienceFor(a.client, a.form["resource"], nil)
	var e *fosite.RFC6749Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}
