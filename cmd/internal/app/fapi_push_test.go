package app_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"
)

// fapiPushModules are about pushed authorization requests and what may stand in them.
var fapiPushModules = []fapiModule{
	{id: "ensure-request-object-without-redirect-uri-fails", run: func(f *fapi) { f.refusesPush("invalid_request", "redirect_uri", "") }},
	{id: "ensure-redirect-uri-in-authorization-request", run: func(f *fapi) { f.refusesPush("invalid_request", "redirect_uri", "") }},
	{id: "ensure-registered-redirect-uri", run: func(f *fapi) { f.refusesPush("invalid_request", "redirect_uri", redirectURI+"/other") }},
	{id: "plain-fapi-tolerate-unregistered-redirect-uri", run: func(f *fapi) {
		f.refusesPush("invalid_request", "redirect_uri", redirectURI+"?x=1")
	}},
	{id: "ensure-response-type-code-idtoken-fails", run: func(f *fapi) { f.refusesPush("unsupported_response_type", "response_type", "code id_token") }},
	{id: "ensure-response-type-token-fails", run: func(f *fapi) { f.refusesPush("unsupported_response_type", "response_type", "token") }},
	{id: "par-ensure-pkce-required", run: func(f *fapi) {
		f.refusesPush("invalid_request", "code_challenge", "", "code_challenge_method", "")
	}},
	{id: "par-plain-pkce-rejected", run: func(f *fapi) {
		f.refusesPush("invalid_request", "code_challenge", testVerifier, "code_challenge_method", "plain")
		f.refusesPush("invalid_request", "code_challenge_method", "")
	}},
	{id: "ensure-unsigned-authorization-request-without-using-par-fails", run: func(f *fapi) {
		f.first.ask(f.browser).expectError(f.t, f.issuer, "invalid_request")
	}},
	{id: "par-without-duplicate-parameters", run: func(f *fapi) { f.tokens(f.first) }},
	{id: "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds", run: func(f *fapi) {
		uri, b := f.first.pushes(), newBrowser(f.t)
		f.first.take(b, uri).expectLogin(f.t) // and no further
		q := f.first.opened(f.first.finish(f.t, f.first.take(b, uri), "ada"))
		f.first.redeems(q.Get("code")).expect(f.t, 200, "")
	}},
	{id: "par-attempt-reuse-request_uri", run: func(f *fapi) {
		uri := f.first.pushes()
		f.first.redeems(f.answer(f.first, uri).Get("code")).expect(f.t, 200, "")
		if q := f.first.opened(f.first.take(f.browser, uri)); q.Get("error") != "invalid_request_uri" || q.Get("state") != "s1" {
			f.t.Errorf("used again: %v", q)
		}
	}},
	{id: "par-attempt-to-use-expired-request_uri", run: func(f *fapi) {
		uri := f.first.pushes()
		sum := sha256.Sum256([]byte(uri))
		f.exec("UPDATE pushed_requests SET expires_at = expires_at - 60001 WHERE hash = X'" + hex.EncodeToString(sum[:]) + "'")
		f.first.take(f.browser, uri).expectLocalError(f.t)
	}},
	{id: "par-attempt-to-use-request_uri-for-different-client", run: func(f *fapi) {
		f.second.take(f.browser, f.first.pushes()).expectLocalError(f.t)
	}},
	{id: "par-authorization-request-containing-request_uri-form-param", run: func(f *fapi) {
		form := merged(f.first.asks(), "request_uri", "https://partner.example/r")
		f.first.send("/oauth2/par", form).expect(f.t, 400, "invalid_request")
	}},
	{id: "par-attempt-invalid-http-method", run: func(f *fapi) {
		for _, method := range []string{http.MethodGet, http.MethodPut} {
			r := f.first.request(method, "/oauth2/par", f.first.authenticated(f.first.asks()), f.first.proofs())
			if a := f.send(r); a.status != 405 {
				f.t.Errorf("%s: %d %s", method, a.status, a.raw)
			}
		}
	}},
}

// refusesPush fails unless a request with the changes is refused where it is pushed.
func (f *fapi) refusesPush(code string, overrides ...string) {
	f.t.Helper()
	f.first.send("/oauth2/par", f.first.asks(overrides...)).expect(f.t, http.StatusBadRequest, code)
}

// FAPI 2.0 §5.3.2.2: with the operator's switch, a client is held to the profile without a word in its own registration.
func TestFAPIByTheOperator(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "require_pushed_authorization_requests: true")
	f := newFAPI(t, w, fapiWay{}, rsaKey(t, 2048))
	for _, c := range []*fapiClient{f.first, f.second} {
		_, err := w.clients.Update(t.Context(), c.id, []byte(`{"require_pushed_authorization_requests":false}`), 0)
		w.must(err)
	}
	f.all(fapiPushModules...)
	f.all(fapiTokenModules...)
}
