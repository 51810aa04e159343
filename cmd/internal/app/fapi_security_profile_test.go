package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// The modules of fapi2-security-profile-final-test-plan, on the built binary, for every way to authenticate and to bind tokens. TestBinaryTLS shows
// what ensure-holder-of-key-required looks at in TLS.
func TestFAPISecurityProfile(t *testing.T) {
	t.Parallel()
	d := deploy(t, storagetest.SQLite(t), fapiProxy)
	d.serve()
	key := rsaKey(t, 2048)
	for name, way := range map[string]fapiWay{
		"private_key_jwt, DPoP": {}, "private_key_jwt, mTLS": {certTie: true}, "mTLS, DPoP": {certAuth: true}, "mTLS, mTLS": {certAuth: true, certTie: true},
	} {
		t.Run(name, func(t *testing.T) {
			newFAPI(t, d.world, way, key).all(slices.Concat(fapiFlowModules, fapiPushModules, fapiTokenModules, fapiClientModules, fapiDPoPModules)...)
		})
	}
}

// fapiFlowModules are about the whole way from the request to the resource.
var fapiFlowModules = []fapiModule{
	{id: "discovery-end-point-verification", run: func(f *fapi) {
		m := f.get("/.well-known/openid-configuration", "").body
		for name, want := range map[string][]any{
			"response_types_supported": {"code"}, "code_challenge_methods_supported": {"S256"}, "scopes_supported": {"openid"}, "subject_types_supported": {"public"},
			"dpop_signing_alg_values_supported": fapiAlgorithms, "id_token_signing_alg_values_supported": fapiAlgorithms, "userinfo_signing_alg_values_supported": fapiAlgorithms,
			"token_endpoint_auth_signing_alg_values_supported": fapiAlgorithms, "request_object_signing_alg_values_supported": fapiAlgorithms,
			"authorization_signing_alg_values_supported": fapiAlgorithms, "introspection_signing_alg_values_supported": fapiAlgorithms,
			"token_endpoint_auth_methods_supported": {"private_key_jwt", "self_signed_tls_client_auth"}, "response_modes_supported": {"jwt"},
		} {
			list, _ := m[name].([]any)
			for _, value := range want {
				if !slices.Contains(list, value) {
					f.t.Errorf("%s is %v", name, m[name])
				}
			}
		}
		for name, want := range map[string]any{
			"authorization_response_iss_parameter_supported": true, "tls_client_certificate_bound_access_tokens": true, "request_parameter_supported": true,
			"pushed_authorization_request_endpoint": f.issuer + "/oauth2/par", "require_pushed_authorization_requests": false, "issuer": f.issuer,
		} {
			if m[name] != want {
				f.t.Errorf("%s is %v", name, m[name])
			}
		}
	}},
	{id: "happy-flow", run: func(f *fapi) {
		for _, c := range []*fapiClient{f.first, f.second} {
			r := c.send("/oauth2/par", c.asks())
			if expires, _ := r.body["expires_in"].(float64); r.status != 201 || expires < 5 || expires >= 600 {
				f.t.Fatalf("%d %s", r.status, r.raw)
			}
			q := f.answer(c, r.text("request_uri"))
			if len(q.Get("code")) < 22 || q.Get("state") != "s1" || q.Get("iss") != f.issuer {
				f.t.Fatalf("the answer: %v", q)
			}
			f.checkTokens(c, c.redeems(q.Get("code")))
		}
	}},
	{id: "user-rejects-authentication", run: func(f *fapi) {
		b, state := newBrowser(f.t), strings.Repeat("s", 128)
		for _, c := range []*fapiClient{f.first, f.second} {
			pg := c.take(b, c.pushes("state", state))
			if pg.has("login-google") {
				pg = pg.press("login-google").press("person-grace")
			}
			q := c.opened(pg.press("consent-deny"))
			if q.Get("error") != "access_denied" || q.Get("state") != state || q.Get("iss") != f.issuer || q.Has("code") {
				f.t.Errorf("%v", q)
			}
		}
	}},
	{id: "ensure-authorization-request-without-state-success", run: func(f *fapi) {
		if q := f.answer(f.first, f.first.pushes("state", "")); q.Get("code") == "" || q.Has("state") {
			f.t.Errorf("%v", q)
		}
	}},
	{id: "ensure-authorization-request-without-nonce-success", run: func(f *fapi) {
		if r := f.tokens(f.first, "nonce", ""); readJWT(f.t, r.text("id_token")).claims["nonce"] != nil {
			f.t.Errorf("%s", r.raw)
		}
	}},
	{id: "ensure-authorization-request-with-64-char-nonce-success", run: func(f *fapi) { f.keepsNonce(64) }},
	{id: "ensure-authorization-request-with-long-nonce", run: func(f *fapi) { f.keepsNonce(384) }},
	{id: "ensure-authorization-request-with-long-state", run: func(f *fapi) {
		state := strings.Repeat("s", 1000)
		if q := f.answer(f.first, f.first.pushes("state", state)); q.Get("code") == "" || q.Get("state") != state {
			f.t.Errorf("%v", q)
		}
	}},
	{id: "ensure-other-scope-order-succeeds", run: func(f *fapi) { f.tokens(f.first, "scope", "email profile openid") }},
	{id: "test-claims-parameter-identity-claims", run: func(f *fapi) {
		r := f.tokens(f.first, "scope", "openid", "claims", `{"id_token":{"email":{"essential":true},"unheard_of":null},"userinfo":{"name":null,"email_verified":null,"unheard_of":{"value":"x"}}}`)
		info := f.first.resource(f.first.scheme(), r.text("access_token"))
		if j := readJWT(f.t, r.text("id_token")); j.text("email") == "" || j.claims["unheard_of"] != nil || info.text("name") == "" || info.body["email_verified"] != true || info.body["unheard_of"] != nil {
			f.t.Errorf("%v %s", j.claims, info.raw)
		}
	}},
	{id: "access-token-type-header-case-sensitivity", run: func(f *fapi) {
		r := f.tokens(f.first)
		for _, scheme := range []string{strings.ToLower(r.text("token_type")), strings.ToUpper(r.text("token_type"))} {
			f.first.resource(scheme, r.text("access_token")).expect(f.t, 200, "")
		}
	}},
	{id: "ensure-different-nonce-inside-and-outside-request-object", run: func(f *fapi) {
		r := f.first.redeems(f.answer(f.first, f.first.pushes(), "nonce=evil").Get("code"))
		if r.expect(f.t, 200, ""); readJWT(f.t, r.text("id_token")).text("nonce") != "n1" {
			f.t.Error("the nonce is the one outside")
		}
	}},
	{id: "ensure-different-state-inside-and-outside-request-object", run: func(f *fapi) {
		if q := f.answer(f.first, f.first.pushes(), "state=evil"); q.Get("code") == "" || q.Get("state") != "s1" {
			f.t.Errorf("%v", q)
		}
	}},
	{id: "state-only-outside-request-object-not-used", run: func(f *fapi) {
		if q := f.answer(f.first, f.first.pushes("state", ""), "state=evil"); q.Get("code") == "" || q.Has("state") {
			f.t.Errorf("%v", q)
		}
	}},
}

// fapiAlgorithms are those of FAPI 2.0 §5.4.1.
var fapiAlgorithms = []any{"PS256", "ES256", "EdDSA"}

func (f *fapi) keepsNonce(length int) {
	f.t.Helper()
	nonce := strings.Repeat("n", length)
	if r := f.tokens(f.first, "nonce", nonce); readJWT(f.t, r.text("id_token")).text("nonce") != nonce {
		f.t.Errorf("%s", r.raw)
	}
}

// checkTokens looks at the answer of the token endpoint, and at what the tokens open.
func (f *fapi) checkTokens(c *fapiClient, r reply) {
	f.t.Helper()
	if r.status != 200 || r.text("token_type") != c.scheme() || r.text("refresh_token") == "" || r.header.Get("Cache-Control") != "no-store" {
		f.t.Fatalf("%d %s", r.status, r.raw)
	}
	f.verified(r.text("id_token"))
	id, access := readJWT(f.t, r.text("id_token")), readJWT(f.t, r.text("access_token"))
	if id.header["alg"] != "PS256" || id.text("iss") != f.issuer || id.text("aud") != c.id || id.text("nonce") != "n1" || id.text("sub") == "" {
		f.t.Errorf("ID token: %v %v", id.header, id.claims)
	}
	for _, name := range []string{"email", "name", "scope", "rat"} { // EnsureIdTokenDoesNotContainNonRequestedClaims
		if id.claims[name] != nil {
			f.t.Errorf("the ID token has %s", name)
		}
	}
	cnf, _ := access.claims["cnf"].(map[string]any)
	if c.way.certTie && cnf["x5t#S256"] != c.cert.thumbprint() || !c.way.certTie && cnf["jkt"] != c.prover.thumbprint() || !slices.Contains(fapiAlgorithms, access.header["alg"]) {
		f.t.Errorf("access token: %v %v", access.header, access.claims)
	}
	token := r.text("access_token")
	if info := c.resource(c.scheme(), token); info.status != 200 || info.text("sub") != id.text("sub") || info.header.Get("Date") == "" {
		f.t.Errorf("userinfo: %d %s", info.status, info.raw)
	}
	other := f.second
	if c.id == other.id {
		other = f.first
	}
	if info := other.resource(c.scheme(), token); info.status != 401 {
		f.t.Errorf("userinfo with another client's key: %d %s", info.status, info.raw)
	}
	query := c.request(http.MethodGet, "/oauth2/userinfo?access_token="+token, nil, c.proofs())
	if info := c.w.send(query); info.status != 400 && info.status != 401 { // FAPI 2.0 §5.3.4
		f.t.Errorf("userinfo with the token in the query: %d %s", info.status, info.raw)
	}
}

// RFC 6749 §4.1.2, FAPI 2.0 §5.3.2.2: a code is good for a minute at most, and as long as the operator says.
func TestFAPICodeExpires(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "lifetimes: { authorization_code: 1s }")
	newFAPI(t, w, fapiWay{}, rsaKey(t, 2048)).all(fapiModule{id: "ensure-token-endpoint-fails-with-expired-auth-code", run: func(f *fapi) {
		code := f.code(f.first)
		time.Sleep(2100 * time.Millisecond)
		f.first.redeems(code).expect(f.t, 400, "invalid_grant")
	}})
}
