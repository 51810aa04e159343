package app_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// coreModules are those of the plans Basic, Form Post, Implicit and Hybrid, without those of prompt_test.
func coreModules() map[string]func(*suite) {
	return map[string]func(*suite){
		"oidcc-server":                alike(),
		"oidcc-response-type-missing": responseTypeMissing,
		"oidcc-idtoken-signature":     alike(), // every flow verifies it, with the key that kid names
		"oidcc-idtoken-unsigned": func(s *suite) {
			s.skipped(!s.announces("id_token_signing_alg_values_supported", "none"), "alg none is not offered")
		},
		"oidcc-userinfo-get": alike(), // every flow with an access token asks so
		"oidcc-userinfo-post-header": userInfoBy(func(rp *relyingParty, access string) reply {
			return rp.at(nil, access)
		}),
		"oidcc-userinfo-post-body": userInfoBy(func(rp *relyingParty, access string) reply {
			return rp.at(url.Values{"access_token": {access}}, "")
		}),
		"oidcc-ensure-request-without-nonce-succeeds-for-code-flow": withoutNonceSucceeds,
		"oidcc-ensure-request-without-nonce-fails":                  withoutNonceFails,
		"oidcc-scope-profile":                                       scope("profile"),
		"oidcc-scope-email":                                         scope("email"),
		"oidcc-scope-address":                                       scope("address"),
		"oidcc-scope-phone":                                         scope("phone"),
		"oidcc-scope-all":                                           scope("profile", "email", "address", "phone"),
		"oidcc-alternate-happy-flow":                                otherOrder,
		"oidcc-display-page":                                        alike("display", "page"),
		"oidcc-display-popup":                                       alike("display", "popup"),
		"oidcc-ensure-request-with-unknown-parameter-succeeds":      alike("extra", "foobar"),
		"oidcc-login-hint":                                          alike("login_hint", "buffy@localhost"),
		"oidcc-ui-locales":                                          alike("ui_locales", "se"),
		"oidcc-claims-locales":                                      alike("claims_locales", "se"),
		"oidcc-ensure-request-with-acr-values-succeeds":             acrValues,
		"oidcc-codereuse":                                           codeReuse,
		"oidcc-codereuse-30seconds":                                 codeReuse, // a code that was used is refused for that; that it expires is another test's
		"oidcc-ensure-registered-redirect-uri": func(s *suite) {
			rp := s.register()
			rp.visit(rp.request("redirect_uri", redirectURI+"/"+rand.Text())).expectLocalError(s.t)
		},
		"oidcc-ensure-post-request-succeeds": postRequest,
		"oidcc-server-client-secret-post": func(s *suite) {
			s.authMethod = "client_secret_post"
			s.register().flow()
		},
		"oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported":    unsignedObject,
		"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": unsignedObject,
		"oidcc-ensure-request-object-with-redirect-uri":                                unsignedObject,
		"oidcc-claims-essential":                        claimsEssential,
		"oidcc-refresh-token":                           refreshToken,
		"oidcc-ensure-request-with-valid-pkce-succeeds": pkce,
	}
}

func responseTypeMissing(s *suite) {
	rp := s.register()
	q := rp.request("response_type", "")
	rp.responseType = "code" // without a response type the answer is in the query
	rp.expectRefusal(rp.visit(q), q, "invalid_request", "unsupported_response_type")
}

func userInfoBy(ask func(rp *relyingParty, access string) reply) func(*suite) {
	return func(s *suite) {
		rp := s.register()
		got := rp.flow()
		rp.expectUserInfo(ask(rp, got.access), got.claims["sub"])
	}
}

// The suite sends neither nonce nor PKCE here. What registers itself may not do that (docs/divergences.md), so the plans are run with clients that an
// administrator has registered so; the suite has that variant of each.
func withoutNonceSucceeds(s *suite) {
	rp := s.register()
	if got := rp.flow("nonce", ""); got.claims["nonce"] != nil {
		s.t.Errorf("nonce: %v", got.claims)
	}
}

func withoutNonceFails(s *suite) {
	rp := s.register()
	q := rp.request("nonce", "")
	rp.expectRefusal(rp.visit(q), q, "invalid_request")
}

// The scopes, and the parameters, in another order.
func otherOrder(s *suite) {
	rp := s.register()
	q := rp.request("scope", "email openid")
	var pairs []string
	for _, name := range []string{"state", "scope", "response_mode", "nonce", "response_type", "redirect_uri", "client_id"} {
		if q.Has(name) {
			pairs = append(pairs, name+"="+url.QueryEscape(q.Get(name)))
		}
	}
	rp.browser.stopAt = redirectURI
	rp.complete(rp.browser.open(rp.issuer+"/oauth2/authorize?"+strings.Join(pairs, "&")), q)
}

// acr_values_supported is not announced, so the suite asks for 1 and 2. An acr is what an upstream says, and never more: where it says nothing
// the request succeeds, and the suite warns.
func acrValues(s *suite) {
	s.register().flow("acr_values", "1 2")
	s.acr.Store("1")
	if got := s.register().flow("acr_values", "1 2"); got.claims["acr"] != "1" {
		s.t.Errorf("acr: %v", got.claims)
	}
}

func codeReuse(s *suite) {
	rp := s.register()
	got := rp.flow()
	rp.expectTokenError(rp.redeem(got.answer.Get("code")), http.StatusBadRequest, "invalid_grant")
	if r := rp.userInfo(got.access); r.status != http.StatusUnauthorized || r.header.Get("WWW-Authenticate") == "" {
		s.t.Errorf("the access token of the first use: %d %s", r.status, r.raw)
	}
}

// A form on the suite's page: it comes from another site, and without our cookies.
func postRequest(s *suite) {
	rp := s.register()
	rp.browser.stopAt = redirectURI
	q := rp.request()
	rp.complete(rp.browser.do("POST", s.issuer+"/oauth2/authorize", q, "cross-site"), q)
}

func unsignedObject(s *suite) {
	s.skipped(!s.announces("request_object_signing_alg_values_supported", "none"), "request_object_signing_alg_values_supported has no none")
}

func claimsEssential(s *suite) {
	asked := `{"userinfo":{"name":{"essential":true}}}`
	if s.responseType == "id_token" {
		asked = `{"id_token":{"name":{"essential":true}}}`
	}
	rp := s.register()
	q := rp.request("claims", asked)
	end, _ := rp.pages(rp.visit(q))
	if s.responseType == "id_token" {
		answer := rp.expectAnswer(end, q)
		if claims := rp.expectIDToken(answer.Get("id_token"), q, answer, true, "name"); claims["name"] != "Ada Lovelace" {
			s.t.Errorf("name: %v", claims)
		}
		return
	}
	got := rp.complete(end, q)
	if info := rp.profile(got); info["name"] != "Ada Lovelace" || info["email"] != nil {
		s.t.Errorf("userinfo: %v", info)
	}
}

// refreshToken: the suite waits a second, so that iat differs; here it has to be the time of now.
func refreshToken(s *suite) {
	grants := append(s.document()["grant_types"].([]any), "refresh_token")
	first := s.register("grant_types", grants)
	first.refresh()
	second := s.register("grant_types", grants, "redirect_uris", []any{redirectURI + "?dummy1=lorem&dummy2=ipsum"})
	second.redirectURI += "?dummy1=lorem&dummy2=ipsum"
	token := second.refresh()
	first.expectTokenError(first.token("grant_type", "refresh_token", "refresh_token", token), http.StatusBadRequest, "invalid_grant")
	if r := second.token("grant_type", "refresh_token", "refresh_token", token); r.status != http.StatusOK {
		s.t.Errorf("after another's attempt: %d %s", r.status, r.raw)
	}
}

// refresh signs in, refreshes, and returns the last refresh token.
func (rp *relyingParty) refresh() string {
	rp.t.Helper()
	if !rp.announces("grant_types_supported", "refresh_token") {
		rp.t.Error("refresh_token is not announced")
	}
	before := rp.flow("scope", "openid offline_access", "prompt", "consent")
	return rp.refreshed(before, rp.token("grant_type", "refresh_token", "refresh_token", before.tokens.text("refresh_token"), "scope", "openid offline_access"))
}

// refreshed looks at the answer of a refresh, and returns the refresh token in it.
func (rp *relyingParty) refreshed(before signedIn, r reply) string {
	rp.t.Helper()
	rp.expectTokens(r, before.request)
	if before.tokens.text("refresh_token") == "" || r.text("refresh_token") == "" || r.text("access_token") == before.access {
		rp.t.Errorf("refresh: %s after %s", r.raw, before.tokens.raw)
	}
	// OIDC Core §12.2: no nonce, which was for the sign-in.
	claims := rp.expectIDToken(r.text("id_token"), changed(before.request, "nonce", ""), url.Values{"access_token": {r.text("access_token")}}, false)
	for _, name := range []string{"iss", "sub", "aud", "auth_time", "azp", "sid"} {
		if claims[name] != before.claims[name] {
			rp.t.Errorf("%s: %v, then %v", name, before.claims[name], claims[name])
		}
	}
	if claims["iat"].(float64) < before.claims["iat"].(float64) {
		rp.t.Errorf("iat: %v, then %v", before.claims["iat"], claims["iat"])
	}
	rp.expectUserInfo(rp.userInfo(r.text("access_token")), claims["sub"])
	return r.text("refresh_token")
}

func pkce(s *suite) {
	rp := s.register()
	verifier := rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	q := rp.request("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method", "S256")
	end, _ := rp.pages(rp.visit(q))
	code := rp.expectAnswer(end, q).Get("code")
	rp.expectTokens(rp.token("grant_type", "authorization_code", "code", code, "redirect_uri", redirectURI, "code_verifier", verifier), q)
}
