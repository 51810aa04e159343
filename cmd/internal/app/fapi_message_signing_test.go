package app_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// The modules of fapi2-message-signing-final-test-plan, on the built binary: those of the Security Profile with signed requests (JAR), signed answers
// (JARM) or both, and those about request objects.
func TestFAPIMessageSigning(t *testing.T) {
	t.Parallel()
	d := deploy(t, storagetest.SQLite(t), fapiProxy)
	d.serve()
	key := rsaKey(t, 2048)
	for name, way := range map[string]fapiWay{
		"JAR": {signed: true}, "JARM": {jarm: true}, "JAR and JARM": {signed: true, jarm: true}, "JAR and JARM, mTLS": {signed: true, jarm: true, certAuth: true, certTie: true},
	} {
		t.Run(name, func(t *testing.T) {
			modules := slices.Concat(fapiFlowModules, fapiPushModules, fapiSignedModules, fapiTokenModules, fapiClientModules, fapiDPoPModules)
			newFAPI(t, d.world, way, key).all(modules...)
		})
	}
}

// fapiSignedModules are about request objects.
var fapiSignedModules = []fapiModule{
	{id: "ensure-request-object-with-multiple-aud-succeeds", only: onlySigned, run: func(f *fapi) {
		f.takesObject("aud", []string{"https://other.example", f.issuer})
	}},
	{id: "ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted", only: onlySigned, run: func(f *fapi) {
		f.takesObject("nbf", time.Now().Add(8*time.Second).Unix())
	}},
	{id: "ensure-request-object-without-exp-fails", only: onlySigned, run: func(f *fapi) { f.refusesObject(f.first.object("exp", nil)) }},
	{id: "ensure-request-object-without-nbf-fails", only: onlySigned, run: func(f *fapi) { f.refusesObject(f.first.object("nbf", nil)) }},
	{id: "ensure-expired-request-object-fails", only: onlySigned, run: func(f *fapi) {
		f.refusesObject(f.first.object("exp", time.Now().Add(-time.Minute).Unix(), "nbf", time.Now().Add(-5*time.Minute).Unix()))
	}},
	{id: "ensure-request-object-with-bad-aud-fails", only: onlySigned, run: func(f *fapi) {
		f.refusesObject(f.first.object("aud", "https://other.example"))
		f.refusesObject(f.first.object("aud", nil))
	}},
	{id: "ensure-request-object-with-exp-over-60-fails", only: onlySigned, run: func(f *fapi) {
		f.refusesObject(f.first.object("exp", time.Now().Add(70*time.Minute).Unix()))
	}},
	{id: "ensure-request-object-with-nbf-over-60-fails", only: onlySigned, run: func(f *fapi) {
		f.refusesObject(f.first.object("nbf", time.Now().Add(-70*time.Minute).Unix()))
	}},
	{id: "ensure-signed-request-object-with-RS256-fails", only: onlySignedByRSA, run: func(f *fapi) {
		weak := *f.first.signer
		weak.alg = jose.RS256
		f.refusesObject((&requester{f.first.partner, &weak}).object())
	}},
	{id: "ensure-request-object-signature-algorithm-is-not-none", only: onlySigned, run: func(f *fapi) {
		f.refusesObject(encodeJWT(`{"alg":"none","typ":"oauth-authz-req+jwt"}`, quotedValue(f.first.claims()), nil))
	}},
	{id: "ensure-request-object-with-invalid-signature-fails", only: onlySigned, run: func(f *fapi) {
		parts := strings.Split(f.first.object(), ".")
		f.refusesObject(parts[0] + "." + parts[1] + "." + strings.Split(f.first.object("state", "s2"), ".")[2])
	}},
	{id: "ensure-matching-key-in-authorization-request", only: onlySigned, run: func(f *fapi) {
		thief := &requester{f.first.partner, f.second.signer}
		f.refusesObject(thief.object())
		f.refusesObject(f.second.object())
	}},
	{id: "ensure-unsigned-request-at-par-endpoint-fails", only: onlySigned, run: func(f *fapi) {
		f.first.send("/oauth2/par", f.first.form()).expect(f.t, 400, "invalid_request")
	}},
	{id: "par-authorization-request-containing-request_uri", only: onlySigned, run: func(f *fapi) {
		f.refusesObject(f.first.object("request_uri", "https://partner.example/r"))
	}},
}

// takesObject fails unless a request object with the changes leads to tokens.
func (f *fapi) takesObject(changes ...any) {
	f.t.Helper()
	r := f.first.send("/oauth2/par", url.Values{"request": {f.first.object(changes...)}})
	r.expect(f.t, 201, "")
	f.first.redeems(f.answer(f.first, r.text("request_uri")).Get("code")).expect(f.t, 200, "")
}

// refusesObject fails unless a request object is refused where it is pushed.
func (f *fapi) refusesObject(object string) {
	f.t.Helper()
	f.first.send("/oauth2/par", url.Values{"request": {object}}).expect(f.t, 400, "invalid_request_object")
}

// FAPI 2.0 Message Signing §5.5: a resource server that asks for a signed answer gets one, with what the token is bound to; a dead token's says no more.
func TestFAPISignedIntrospection(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, fapiProxy)
	key := rsaKey(t, 2048)
	for name, way := range map[string]fapiWay{"DPoP": {}, "mTLS": {certAuth: true, certTie: true}} {
		t.Run(name, func(t *testing.T) {
			f := newFAPI(t, w, way, key)
			tokens := f.tokens(f.first)
			ask := func() map[string]any {
				r := f.first.request(http.MethodPost, "/oauth2/introspect", f.first.authenticated(url.Values{"token": {tokens.text("access_token")}}), nil)
				r.Header.Set("Accept", introspectionJWT)
				return f.first.signedAnswer(t, f.send(r), "PS256")
			}
			bound := map[string]any{"jkt": f.first.prover.thumbprint()}
			if way.certTie {
				bound = map[string]any{"x5t#S256": f.first.cert.thumbprint()}
			}
			if live := ask(); live["active"] != true || live["client_id"] != f.first.id || quotedValue(live["cnf"]) != quotedValue(bound) || live["token_type"] != f.first.scheme() {
				t.Errorf("%v", live)
			}
			f.first.send("/oauth2/revoke", url.Values{"token": {tokens.text("access_token")}}).expect(t, 200, "")
			if dead := ask(); dead["active"] != false || len(dead) != 1 {
				t.Errorf("%v", dead)
			}
		})
	}
}
