package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// fapiTokenModules are about the token endpoint.
var fapiTokenModules = []fapiModule{
	{id: "ensure-pkce-code-verifier-required", run: func(f *fapi) {
		form := codeForm(f.code(f.first))
		form.Del("code_verifier")
		f.first.send("/oauth2/token", form, f.first.proofs()...).expect(f.t, 400, "invalid_grant")
	}},
	{id: "incorrect-pkce-code-verifier-rejected", run: func(f *fapi) {
		f.first.redeems(f.code(f.first), "code_verifier", strings.Repeat("x", 50)).expect(f.t, 400, "invalid_grant")
	}},
	{id: "ensure-holder-of-key-required", run: func(f *fapi) { f.needsKey(codeForm(f.code(f.first))) }},
	{id: "ensure-authorization-code-is-bound-to-client", run: func(f *fapi) {
		f.second.redeems(f.code(f.first)).expect(f.t, 400, "invalid_grant")
	}},
	{id: "ensure-client-id-in-token-endpoint", run: func(f *fapi) {
		form := merged(codeForm(f.code(f.first)), "client_id", f.second.id)
		if !f.way.certAuth {
			stolen := *f.second.signer
			stolen.alg, stolen.key = f.first.signer.alg, f.first.signer.key
			form = asserted(form, stolen.sign())
		}
		f.send(f.first.request("POST", "/oauth2/token", form, f.first.proofs())).expect(f.t, 401, "invalid_client")
	}},
	{id: "attempt-reuse-authorization-code-after-one-second", run: func(f *fapi) {
		code := f.code(f.first)
		r := f.first.redeems(code)
		r.expect(f.t, 200, "")
		time.Sleep(time.Second)
		f.first.redeems(code).expect(f.t, 400, "invalid_grant")
		if info := f.first.resource(f.first.scheme(), r.text("access_token")); info.status != 401 {
			f.t.Errorf("RFC 6749 §4.1.2: the access token lives on: %d", info.status)
		}
	}},
	{id: "refresh-token", run: func(f *fapi) {
		first, theirs := f.tokens(f.first), f.tokens(f.second)
		token := first.text("refresh_token")
		last := first
		for range 3 { // FAPI 2.0 §5.3.2.1: no rotation; the answer may be lost each time
			r := f.first.refreshes(token)
			r.expect(f.t, 200, "")
			if r.text("refresh_token") != token || r.text("access_token") == last.text("access_token") {
				f.t.Errorf("refreshed: %s", r.raw)
			}
			last = r
		}
		before, after := readJWT(f.t, first.text("id_token")), readJWT(f.t, last.text("id_token"))
		for _, claim := range []string{"iss", "sub", "aud", "auth_time"} {
			if before.claims[claim] != after.claims[claim] {
				f.t.Errorf("OIDC Core §12.2: %s was %v and is %v", claim, before.claims[claim], after.claims[claim])
			}
		}
		f.first.resource(f.first.scheme(), last.text("access_token")).expect(f.t, 200, "")
		f.needsKey(refreshForm(token))
		nobody := merged(refreshForm(token), "client_id", f.first.id)
		stranger := *f.first
		stranger.cert = nil
		f.send(stranger.request("POST", "/oauth2/token", nobody, f.first.proofs())).expect(f.t, 401, "invalid_client")
		f.first.refreshes(theirs.text("refresh_token")).expect(f.t, 400, "invalid_grant")
		f.first.send("/oauth2/revoke", url.Values{"token": {token}}).expect(f.t, 200, "")
		f.first.refreshes(token).expect(f.t, 400, "invalid_grant")
	}},
}

// needsKey fails unless a request of the first client without its key is refused, and costs nothing: the same with the key is not.
func (f *fapi) needsKey(form url.Values) {
	f.t.Helper()
	bare := *f.first
	bare.cert = nil
	if !f.way.certTie {
		bare.cert = f.first.cert // the certificate authenticates only
	}
	r := f.send(bare.request(http.MethodPost, "/oauth2/token", bare.authenticated(form), nil))
	switch {
	case !f.way.certTie:
		r.expect(f.t, 400, "invalid_dpop_proof")
	case f.way.certAuth:
		r.expect(f.t, 401, "invalid_client")
	default:
		r.expect(f.t, 400, "invalid_request")
	}
	f.first.send("/oauth2/token", form, f.first.proofs()...).expect(f.t, 200, "")
}

// fapiClientModules are about client assertions.
var fapiClientModules = []fapiModule{
	{id: "ensure-client-assertion-in-token-endpoint", only: onlyAssertion, run: func(f *fapi) {
		form := merged(codeForm(f.code(f.first)), "client_id", f.first.id)
		f.send(f.first.request(http.MethodPost, "/oauth2/token", form, f.first.proofs())).expect(f.t, 401, "invalid_client")
	}},
	{id: "ensure-signed-client-assertion-with-RS256-fails", only: onlyAssertion, run: func(f *fapi) {
		weak := *f.first.signer
		weak.alg = jose.RS256
		f.refusesAssertion(weak.sign())
	}},
	{id: "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails", only: onlyAssertion, run: func(f *fapi) {
		f.refusesAssertion(f.first.signer.sign("exp", time.Now().Add(-5*time.Minute).Unix()))
	}},
	{id: "ensure-client-assertion-with-wrong-aud-fails", only: onlyAssertion, run: func(f *fapi) {
		f.refusesAssertion(f.first.signer.sign("aud", "https://other.example"))
	}},
	{id: "ensure-client-assertion-with-no-sub-fails", only: onlyAssertion, run: func(f *fapi) { f.refusesAssertion(f.first.signer.sign("sub", nil)) }},
	{id: "ensure-invalid-client-assertions-fail", only: onlyAssertion, run: func(f *fapi) {
		s, later := f.first.signer, time.Now().Add(70*time.Second).Unix()
		weak := *s
		weak.alg = jose.RS256
		parts := strings.Split(s.sign(), ".")
		used := s.sign()
		f.pushesWith("client_assertion", used, "client_assertion_type", assertionType).expect(f.t, 201, "")
		for name, assertion := range map[string]string{
			"sub missing": s.sign("sub", nil), "sub wrong": s.sign("sub", f.second.id), "iss missing": s.sign("iss", nil), "iss wrong": s.sign("iss", f.second.id),
			"aud missing": s.sign("aud", nil), "aud unrelated": s.sign("aud", "https://other.example"), "aud the PAR endpoint": s.sign("aud", f.issuer+"/oauth2/par"),
			"aud the token endpoint": s.sign("aud", f.issuer+"/oauth2/token"), "aud an array": s.sign("aud", []string{f.issuer, "https://other.example"}),
			"aud an array of one": s.sign("aud", []string{f.issuer}), "exp in the past": s.sign("exp", time.Now().Add(-5*time.Minute).Unix()),
			"exp in an hour": s.sign("exp", time.Now().Add(time.Hour).Unix()), "iat and nbf over a minute ahead": s.sign("iat", later, "nbf", later, "exp", later+60),
			"signed with RS256": weak.sign(), "alg none": encodeJWT(`{"alg":"none"}`, quotedValue(s.claims()), nil),
			"invalid signature": parts[0] + "." + parts[1] + "." + strings.Split(s.sign(), ".")[2], "used before": used,
		} {
			r := f.pushesWith("client_assertion", assertion, "client_assertion_type", assertionType)
			if r.status != 401 || r.text("error") != "invalid_client" {
				f.t.Errorf("%s: %d %s", name, r.status, r.raw)
			}
		}
		f.pushesWith().expect(f.t, 401, "invalid_client")
		f.pushesWith("client_assertion", s.sign()).expect(f.t, 401, "invalid_client")
		f.pushesWith("client_assertion", s.sign(), "client_assertion_type", "urn:x").expect(f.t, 401, "invalid_client")
		ahead := time.Now().Add(8 * time.Second).Unix()
		f.pushesWith("client_assertion", s.sign("iat", ahead, "nbf", ahead), "client_assertion_type", assertionType).expect(f.t, 201, "")
		f.pushesWith("client_assertion", s.sign(), "client_assertion_type", assertionType).expect(f.t, 201, "")
	}},
}

// refusesAssertion fails unless the token endpoint refuses a client assertion of the first client.
func (f *fapi) refusesAssertion(assertion string) {
	f.t.Helper()
	form := asserted(codeForm(f.code(f.first)), assertion)
	f.send(f.first.request(http.MethodPost, "/oauth2/token", form, f.first.proofs())).expect(f.t, 401, "invalid_client")
}

// pushesWith pushes the first client's request with these credentials.
func (f *fapi) pushesWith(credentials ...string) reply {
	f.t.Helper()
	form := merged(merged(f.first.asks(), "client_id", f.first.id), credentials...)
	return f.send(f.first.request(http.MethodPost, "/oauth2/par", form, nil))
}
