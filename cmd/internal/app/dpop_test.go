package app_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// prover is a client's key, and makes proofs with it (RFC 9449 §4.2), good ones and bad ones.
type prover struct {
	w   *world
	key crypto.Signer
	alg jose.SignatureAlgorithm
}

func (w *world) prover() *prover {
	return &prover{w: w, key: ecKey(w.t, elliptic.P256()), alg: jose.ES256}
}

func (v *prover) header(changes map[string]any) map[string]any {
	h := map[string]any{"typ": "dpop+jwt", "alg": v.alg, "jwk": jose.JSONWebKey{Key: v.key.Public()}}
	maps.Copy(h, changes)
	return h
}

// claims are those of a proof for POST /oauth2/token; nil takes one out.
func (v *prover) claims(changes map[string]any) map[string]any {
	c := map[string]any{"jti": rand.Text(), "htm": "POST", "htu": v.w.issuer + "/oauth2/token", "iat": time.Now().Unix()}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, value any) bool { return value == nil })
	return c
}

// proof signs a proof with the changes in its header and claims.
func (v *prover) proof(header, claims map[string]any) string {
	v.w.t.Helper()
	input := segment(v.w.t, v.header(header)) + "." + segment(v.w.t, v.claims(claims))
	return input + "." + base64.RawURLEncoding.EncodeToString(v.sign(input))
}

func (v *prover) sign(input string) []byte {
	switch key := v.key.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, []byte(input))
	case *ecdsa.PrivateKey:
		if key.Curve == elliptic.P384() {
			sum := sha512.Sum384([]byte(input))
			a, b, err := ecdsa.Sign(rand.Reader, key, sum[:])
			v.w.must(err)
			return append(a.FillBytes(make([]byte, 48)), b.FillBytes(make([]byte, 48))...)
		}
	case *rsa.PrivateKey:
		if v.alg == jose.PS256 {
			sum := sha256.Sum256([]byte(input))
			raw, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
			v.w.must(err)
			return raw
		}
	}
	return sign(v.w.t, v.key, input)
}

func segment(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func (v *prover) thumbprint() string {
	sum, err := (&jose.JSONWebKey{Key: v.key.Public()}).Thumbprint(crypto.SHA256)
	v.w.must(err)
	return base64.RawURLEncoding.EncodeToString(sum)
}

// at is a proof for a resource: bound to the access token (RFC 9449 §7).
func (v *prover) at(method, path, token string) string {
	sum := sha256.Sum256([]byte(token))
	return v.proof(nil, map[string]any{"htm": method, "htu": v.w.issuer + path, "ath": base64.RawURLEncoding.EncodeToString(sum[:])})
}

// proved posts a form of the partner's, a public client or not, with DPoP headers.
func (p *partner) proved(path string, form url.Values, proofs ...string) reply {
	p.w.t.Helper()
	if p.secret == "" {
		form.Set("client_id", p.id)
	}
	r, err := http.NewRequest("POST", p.w.issuer+path, strings.NewReader(form.Encode()))
	p.w.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header["Dpop"] = proofs
	if p.secret != "" {
		r.SetBasicAuth(url.QueryEscape(p.id), url.QueryEscape(p.secret))
	}
	return p.w.send(r)
}

func codeForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {testVerifier}}
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

// with sends a request with an access token and proofs.
func (w *world) with(method, path, scheme, token string, proofs ...string) reply {
	w.t.Helper()
	r, err := http.NewRequest(method, w.issuer+path, nil)
	w.must(err)
	r.Header.Set("Authorization", scheme+" "+token)
	r.Header["Dpop"] = proofs
	return w.send(r)
}

// publicPartner registers an app without a secret.
func (w *world) publicPartner() *partner {
	return w.partner(`{"client_name":"Page","token_endpoint_auth_method":"none","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"]}`)
}

// bound fails unless the answer has tokens bound to the key.
func (v *prover) bound(t *testing.T, r reply) {
	t.Helper()
	if r.status != 200 || r.text("token_type") != "DPoP" || fmt.Sprint(readJWT(t, r.text("access_token")).claims["cnf"]) != "map[jkt:"+v.thumbprint()+"]" {
		t.Errorf("the tokens are not bound to the key: %d %s", r.status, r.raw)
	}
}

// RFC 9449: from the token request to userinfo and introspection.
func TestDPoP(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		v, p, b := w.prover(), w.newPartner(), newBrowser(t)
		r := p.proved("/oauth2/token", codeForm(p.code(b, "ada")), v.proof(nil, nil))
		v.bound(t, r)
		token := r.text("access_token")
		a := p.introspect(token)
		if a.body["active"] != true || a.text("token_type") != "DPoP" || fmt.Sprint(a.body["cnf"]) != "map[jkt:"+v.thumbprint()+"]" {
			t.Errorf("RFC 9449 §6.2: %s", a.raw)
		}
		for _, method := range []string{"GET", "POST"} {
			if info := w.with(method, "/oauth2/userinfo", "DPoP", token, v.at(method, "/oauth2/userinfo", token)); info.status != 200 || info.text("email") == "" {
				t.Errorf("userinfo: %d %s", info.status, info.raw)
			}
		}
		if info := w.with("GET", "/oauth2/userinfo?x=1", "dpop", token, v.at("GET", "/oauth2/userinfo", token)); info.status != 200 {
			t.Errorf("RFC 9449 §4.2: the query is no part of htu; RFC 9110 §11.1: the scheme has no case: %d %s", info.status, info.raw)
		}
		for _, alg := range []jose.SignatureAlgorithm{jose.EdDSA, jose.RS256, jose.PS256} {
			if !strings.Contains(fmt.Sprint(w.get("/.well-known/openid-configuration", "").body["dpop_signing_alg_values_supported"]), string(alg)) {
				t.Errorf("%s is not announced", alg)
			}
		}
		for name, other := range map[string]*prover{"EdDSA": {w: w, key: edKey(t), alg: jose.EdDSA}, "RS256": {w: w, key: rsaKey(t, 2048), alg: jose.RS256}} {
			if got := p.proved("/oauth2/token", codeForm(p.ask(b).expectCode(t)), other.proof(nil, nil)); got.status != 200 {
				t.Errorf("%s: %d %s", name, got.status, got.raw)
			}
		}
	})
}

// RT-08, RFC 9449 §5: the refresh tokens of public clients are bound to the key; those of confidential clients to the client.
func TestDPoPRefresh(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		v, thief := w.prover(), w.prover()
		public := w.publicPartner()
		r := public.proved("/oauth2/token", codeForm(public.code(newBrowser(t), "ada")), v.proof(nil, nil))
		v.bound(t, r)
		token := r.text("refresh_token")
		public.proved("/oauth2/token", refreshForm(token)).expect(t, 400, "invalid_grant")
		public.proved("/oauth2/token", refreshForm(token), thief.proof(nil, nil)).expect(t, 400, "invalid_grant")
		public.proved("/oauth2/token", refreshForm(token), v.proof(map[string]any{"typ": "JWT"}, nil)).expect(t, 400, "invalid_dpop_proof")
		next := public.proved("/oauth2/token", refreshForm(token), v.proof(nil, nil))
		v.bound(t, next)
		public.proved("/oauth2/token", refreshForm(token), thief.proof(nil, nil)).expect(t, 400, "invalid_grant")
		v.bound(t, public.proved("/oauth2/token", refreshForm(next.text("refresh_token")), v.proof(nil, nil)))

		p := w.newPartner()
		r = p.proved("/oauth2/token", codeForm(p.code(newBrowser(t), "grace")), v.proof(nil, nil))
		v.bound(t, r)
		r = p.proved("/oauth2/token", refreshForm(r.text("refresh_token")), thief.proof(nil, nil)) // a new key of the same client
		thief.bound(t, r)
	})
}

// PR-08: a code that was asked for with dpop_jkt is worth nothing with another key, and a client registered for bound tokens gets no others.
func TestDPoPDowngrade(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		v, thief, p, b := w.prover(), w.prover(), w.publicPartner(), newBrowser(t)
		code := func() string { return p.code(b, "ada", "dpop_jkt", v.thumbprint()) }
		v.bound(t, p.proved("/oauth2/token", codeForm(code()), v.proof(nil, nil)))
		p.proved("/oauth2/token", codeForm(code())).expect(t, 400, "invalid_grant")
		p.proved("/oauth2/token", codeForm(code()), thief.proof(nil, nil)).expect(t, 400, "invalid_grant")
		for _, jkt := range []string{"x", strings.Repeat("!", 43), v.thumbprint() + "="} {
			if got := p.ask(b, "dpop_jkt", jkt).came(); got.Get("error") != "invalid_request" {
				t.Errorf("dpop_jkt %s: %v", jkt, got)
			}
		}

		strict := w.partner(`{"client_name":"Bank","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token","client_credentials"],"scope":"openid email x","dpop_bound_access_tokens":true}`)
		strict.oauth.Scopes = []string{"openid"}
		strict.redeem(strict.code(b, "ada")).expect(t, 400, "invalid_dpop_proof")
		r := strict.proved("/oauth2/token", codeForm(strict.code(b, "ada")), v.proof(nil, nil))
		v.bound(t, r)
		strict.refresh(r.text("refresh_token")).expect(t, 400, "invalid_dpop_proof")
		strict.post("/oauth2/token", "grant_type", "client_credentials").expect(t, 400, "invalid_dpop_proof")
		v.bound(t, strict.proved("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, v.proof(nil, nil)))
		v.bound(t, strict.proved("/oauth2/token", refreshForm(r.text("refresh_token")), v.proof(nil, nil)))
	})
}

// PR-08, RFC 9449 §7: a stolen bound token is nothing without the key, and an unbound one is not dressed up.
func TestDPoPAtResources(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		v, thief, b := w.prover(), w.prover(), newBrowser(t)
		p := w.partner(`{"client_name":"Tool","redirect_uris":["` + redirectURI + `"],"scope":"openid symbolon:admin","grant_types":["authorization_code","client_credentials"]}`)
		p.oauth.Scopes = []string{"openid"}
		token := p.proved("/oauth2/token", codeForm(p.code(b, "ada")), v.proof(nil, nil)).text("access_token")
		other := p.proved("/oauth2/token", codeForm(p.code(b, "ada")), v.proof(nil, nil)).text("access_token")
		plain := p.tokens(b, "ada").text("access_token")
		const at = "/oauth2/userinfo"
		once := v.at("GET", at, token)
		for name, r := range map[string]reply{
			"bound, as Bearer":            w.with("GET", at, "Bearer", token),
			"bound, as Bearer with proof": w.with("GET", at, "Bearer", token, v.at("GET", at, token)),
			"bound, without proof":        w.with("GET", at, "DPoP", token),
			"another key":                 w.with("GET", at, "DPoP", token, thief.at("GET", at, token)),
			"no ath":                      w.with("GET", at, "DPoP", token, v.proof(nil, map[string]any{"htm": "GET", "htu": w.issuer + at})),
			"ath of another token":        w.with("GET", at, "DPoP", token, v.at("GET", at, other)),
			"another method":              w.with("GET", at, "DPoP", token, v.at("POST", at, token)),
			"two proofs":                  w.with("GET", at, "DPoP", token, v.at("GET", at, token), v.at("GET", at, token)),
			"unbound, as DPoP":            w.with("GET", at, "DPoP", plain, v.at("GET", at, plain)),
			"twice":                       later(w.with("GET", at, "DPoP", token, once), w.with("GET", at, "DPoP", token, once)),
		} {
			if r.status != 401 || r.body["sub"] != nil || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "DPoP ") || !strings.Contains(r.header.Get("WWW-Authenticate"), "algs=") {
				t.Errorf("%s: %d %s %s", name, r.status, r.header.Get("WWW-Authenticate"), r.raw)
			}
		}
		admin := url.Values{"grant_type": {"client_credentials"}, "scope": {"symbolon:admin"}}
		if r := w.with("GET", "/admin/v1/clients", "Bearer", p.post("/oauth2/token", "grant_type", "client_credentials", "scope", "symbolon:admin").text("access_token")); r.status != 200 {
			t.Fatalf("the admin API: %d %s", r.status, r.raw)
		}
		key := p.proved("/oauth2/token", admin, v.proof(nil, nil)).text("access_token")
		for _, scheme := range []string{"Bearer", "DPoP"} {
			if r := w.with("GET", "/admin/v1/clients", scheme, key, v.at("GET", "/admin/v1/clients", key)); r.status != 401 {
				t.Errorf("the admin API takes a bound token as %s: %d", scheme, r.status)
			}
		}
	})
}

// later returns the last of the replies.
func later(replies ...reply) reply { return replies[len(replies)-1] }

// hmacProof is a proof signed with a secret that is the public key (JW-02).
func (v *prover) hmacProof(secret []byte) string {
	input := segment(v.w.t, v.header(map[string]any{"alg": "HS256"})) + "." + segment(v.w.t, v.claims(nil))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// privateJWK is the key with its private half (RFC 9449 §4.3 forbids it).
func privateJWK(v *prover) jose.JSONWebKey { return jose.JSONWebKey{Key: v.key.(*ecdsa.PrivateKey)} }
