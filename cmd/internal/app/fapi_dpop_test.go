package app_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// fapiDPoPModules are about DPoP proofs.
var fapiDPoPModules = []fapiModule{
	{id: "check-dpop-proof-nbf-exp", only: onlyDPoP, run: func(f *fapi) {
		f.takesProofs(map[string]any{"nbf": time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix()})
	}},
	{id: "ensure-dpopproof-with-iat-10seconds-before-succeeds", only: onlyDPoP, run: func(f *fapi) {
		f.takesProofs(map[string]any{"iat": time.Now().Add(-10 * time.Second).Unix()})
	}},
	{id: "ensure-dpopproof-with-iat-10seconds-after-succeeds", only: onlyDPoP, run: func(f *fapi) {
		f.takesProofs(map[string]any{"iat": time.Now().Add(10 * time.Second).Unix()})
	}},
	{id: "ensure-mismatched-dpop-jkt-fails", only: onlyDPoP, run: func(f *fapi) {
		form := f.first.asks("dpop_jkt", f.second.prover.thumbprint())
		f.first.send("/oauth2/par", form, f.first.prover.on("/oauth2/par")).expect(f.t, 400, "invalid_dpop_proof")
	}},
	{id: "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt", only: onlyDPoP, run: func(f *fapi) {
		pushed := f.first.send("/oauth2/par", f.first.asks(), f.second.prover.on("/oauth2/par"))
		f.first.redeems(f.answer(f.first, pushed.text("request_uri")).Get("code")).expect(f.t, 400, "invalid_grant")
	}},
	{id: "ensure-token-endpoint-fails-with-mismatched-dpop-jkt", only: onlyDPoP, run: func(f *fapi) {
		f.first.redeems(f.code(f.first, "dpop_jkt", f.second.prover.thumbprint())).expect(f.t, 400, "invalid_grant")
	}},
	{id: "ensure-dpopproof-at-par-endpoint-binding-success", only: onlyDPoP, run: func(f *fapi) {
		pushed := f.first.send("/oauth2/par", f.first.asks(), f.first.prover.on("/oauth2/par"))
		f.first.redeems(f.answer(f.first, pushed.text("request_uri")).Get("code")).expect(f.t, 200, "")
	}},
	{id: "ensure-dpop-auth-code-binding-success", only: onlyDPoP, run: func(f *fapi) {
		f.tokens(f.first, "dpop_jkt", f.first.prover.thumbprint())
	}},
	{id: "dpop-negative-tests", only: onlyDPoP, run: func(f *fapi) {
		token := f.tokens(f.first).text("access_token")
		for name, proofs := range f.hostileProofs(token) {
			if r := f.first.resource("DPoP", token, proofs...); r.status != 401 {
				f.t.Errorf("%s: %d %s", name, r.status, r.raw)
			}
		}
		for name, claims := range map[string]map[string]any{
			"htu with a query and a fragment": {"htu": f.issuer + "/oauth2/userinfo?x=1#y"}, "more claims": {"extra": "x", "more": map[string]any{"a": 1}},
			"htu in capitals": {"htu": strings.Replace(f.issuer, "http://localhost", "HTTP://LOCALHOST", 1) + "/oauth2/userinfo"},
		} {
			if r := f.first.resource("DPoP", token, f.first.prover.opens(token, nil, claims)); r.status != 200 {
				f.t.Errorf("%s: %d %s", name, r.status, r.raw)
			}
		}
		f.first.resource("DPoP", token, f.first.prover.opens(token, map[string]any{"extra": "x"}, nil)).expect(f.t, 200, "")
		bearer := f.first.request(http.MethodGet, "/oauth2/userinfo", nil, nil)
		bearer.Header.Set("Authorization", "Bearer "+token)
		f.send(bearer).expect(f.t, 401, "invalid_token")
		f.first.resource("DPoP", token).expect(f.t, 200, "")
		f.refusesRS256()
	}},
}

// on is a proof for a POST.
func (v *prover) on(path string) string {
	return v.proof(nil, map[string]any{"htu": v.w.issuer + path})
}

// opens is at for userinfo, with changes in header and claims.
func (v *prover) opens(token string, header, claims map[string]any) string {
	all := map[string]any{"htm": "GET", "htu": v.w.issuer + "/oauth2/userinfo", "ath": athOf(token)}
	for name, value := range claims {
		all[name] = value
	}
	return v.proof(header, all)
}

// athOf is the hash of an access token that its proofs carry (RFC 9449 §4.2).
func athOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// takesProofs fails unless proofs with the claims are taken everywhere.
func (f *fapi) takesProofs(claims map[string]any) {
	f.t.Helper()
	with := func(path string) string {
		all := map[string]any{"htu": f.issuer + path}
		for name, value := range claims {
			all[name] = value
		}
		return f.first.prover.proof(nil, all)
	}
	pushed := f.first.send("/oauth2/par", f.first.asks(), with("/oauth2/par"))
	pushed.expect(f.t, 201, "")
	code := f.answer(f.first, pushed.text("request_uri")).Get("code")
	r := f.first.send("/oauth2/token", codeForm(code), with("/oauth2/token"))
	r.expect(f.t, 200, "")
	token := r.text("access_token")
	f.first.resource("DPoP", token, f.first.prover.opens(token, nil, claims)).expect(f.t, 200, "")
}

// hostileProofs are DPoP headers that open nothing, by name.
func (f *fapi) hostileProofs(token string) map[string][]string {
	v := f.first.prover
	good := func() string { return v.opens(token, nil, nil) }
	header := func(name string, value any) []string {
		return []string{v.opens(token, map[string]any{name: value}, nil)}
	}
	claim := func(name string, value any) []string {
		return []string{v.opens(token, nil, map[string]any{name: value})}
	}
	parts, replayed := strings.Split(good(), "."), good()
	f.first.resource("DPoP", token, replayed).expect(f.t, 200, "")
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	return map[string][]string{
		"two headers": {good(), good()}, "no JWT": {"x.y"}, "no proof": {""}, "typ missing": header("typ", nil), "typ wrong": header("typ", "JWT"), "alg missing": header("alg", nil),
		"jwk missing": header("jwk", nil), "jwk private": header("jwk", privateJWK(v)), "alg none": {encodeJWT(`{"alg":"none","typ":"dpop+jwt"}`, quotedValue(v.claims(nil)), nil)},
		"jti missing": claim("jti", nil), "htm missing": claim("htm", nil), "htu missing": claim("htu", nil), "iat missing": claim("iat", nil), "ath missing": claim("ath", nil),
		"signature of another": {parts[0] + "." + parts[1] + "." + strings.Split(good(), ".")[2]}, "htm wrong": claim("htm", "PUT"), "htu wrong": claim("htu", "https://other.example/oauth2/userinfo"),
		"htu of another endpoint": claim("htu", f.issuer+"/oauth2/token"), "an hour ahead": claim("iat", at(time.Hour)), "an hour old": claim("iat", at(-time.Hour)), "ath wrong": claim("ath", athOf("x")),
		"another key": {f.second.prover.opens(token, nil, nil)}, "used before": {replayed},
	}
}

// refusesRS256 fails unless a proof with RS256 is refused wherever it comes from a client of the profile (FAPI 2.0 §5.4.1), and PS256 is not.
func (f *fapi) refusesRS256() {
	f.t.Helper()
	own, weak := *f.first, *f.first.prover
	own.prover = &prover{w: f.world, key: rsaKey(f.t, 2048), alg: jose.PS256}
	weak.key, weak.alg = own.prover.key, jose.RS256
	own.send("/oauth2/par", own.asks(), weak.on("/oauth2/par")).expect(f.t, 400, "invalid_dpop_proof")
	code := f.code(&own)
	own.send("/oauth2/token", codeForm(code), weak.proof(nil, nil)).expect(f.t, 400, "invalid_dpop_proof")
	r := own.redeems(code)
	r.expect(f.t, 200, "")
	token := r.text("access_token")
	own.resource("DPoP", token, weak.opens(token, nil, nil)).expect(f.t, 401, "invalid_dpop_proof")
	own.resource("DPoP", token).expect(f.t, 200, "")
}
