package app_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// What there is in the registries of RFC 7518 and what came after it.
const (
	signatureAlgorithms  = "none,HS256,HS384,HS512,RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,ES256K,EdDSA,Ed25519,Ed448,ML-DSA-44"
	encryptionAlgorithms = "RSA1_5,RSA-OAEP,RSA-OAEP-256,RSA-OAEP-384,RSA-OAEP-512,dir,A128KW,A256KW,A256GCMKW,PBES2-HS256+A128KW,ECDH-ES,ECDH-ES+A128KW,ECDH-ES+A192KW,ECDH-ES+A256KW"
	contentEncryptions   = "A128CBC-HS256,A192CBC-HS384,A256CBC-HS512,A128GCM,A192GCM,A256GCM,XC20P"
)

// joseChecks are those of algorithms: of what the node signs and encrypts, and of what clients sign.
func joseChecks() map[string]discoveryCheck {
	checks := map[string]discoveryCheck{
		"dpop_signing_alg_values_supported":           eachOf(signatureAlgorithms, worksProof),
		"request_object_signing_alg_values_supported": eachOf(signatureAlgorithms, worksRequestObject),
	}
	for kind, answer := range joseAnswers() {
		checks[kind+"_signing_alg_values_supported"] = eachOf(signatureAlgorithms, func(d *disclosure, alg string) bool { return worksSigning(d, kind, alg, answer) })
		checks[kind+"_encryption_alg_values_supported"] = eachOf(encryptionAlgorithms, func(d *disclosure, alg string) bool {
			return worksEncryption(d, kind, alg, "", answer)
		})
		checks[kind+"_encryption_enc_values_supported"] = eachOf(contentEncryptions, func(d *disclosure, enc string) bool {
			return worksEncryption(d, kind, "ECDH-ES", enc, answer)
		})
	}
	return checks
}

// joseAnswers are what a client may have signed and encrypted in its own way, and how it gets it.
func joseAnswers() map[string]func(d *disclosure, p *partner) string {
	return map[string]func(d *disclosure, p *partner) string{
		"id_token": func(d *disclosure, p *partner) string { return d.tokens(p).text("id_token") },
		"userinfo": func(d *disclosure, p *partner) string {
			return d.get("/oauth2/userinfo", d.tokens(p).text("access_token")).raw
		},
		"authorization": func(d *disclosure, p *partner) string { return d.ask(p, d.browser, "response_mode", "jwt").response },
		"introspection": func(d *disclosure, p *partner) string {
			return p.introspectAs(introspectionJWT, d.tokens(p).text("access_token")).raw
		},
	}
}

// worksSigning registers a client for the algorithm, and looks at what it gets.
func worksSigning(d *disclosure, kind, alg string, answer func(*disclosure, *partner) string) bool {
	p, ok := d.may(quoted(kind+"_signed_response_alg") + ":" + quoted(alg))
	if !ok {
		return false
	}
	token := answer(d, p)
	d.verified(token)
	return readJWT(d.t, token).header["alg"] == alg
}

// worksEncryption registers a client for both algorithms, or for the default one where enc is empty, and decrypts what it gets.
func worksEncryption(d *disclosure, kind, alg, enc string, answer func(*disclosure, *partner) string) bool {
	name := kind + "_encrypted_response_"
	members := []string{`"jwks":` + keySetOf(d.t, jwk(d.keys.rsa, "r1", "enc"), jwk(d.keys.p256, "e1", "enc")), quoted(name+"alg") + ":" + quoted(alg)}
	if enc != "" {
		members = append(members, quoted(name+"enc")+":"+quoted(enc))
	}
	p, ok := d.may(members...)
	if !ok {
		return false
	}
	key := crypto.Signer(d.keys.p256)
	if strings.HasPrefix(alg, "RSA") {
		key = d.keys.rsa
	}
	if enc == "" {
		enc = "A128CBC-HS256" // OIDC Registration §2
	}
	_, inner := opened(d.t, answer(d, p), alg, enc, key)
	if !strings.HasPrefix(inner, "{") { // userinfo need not be signed
		inner = string(d.verified(inner))
	}
	var claims map[string]any
	return json.Unmarshal([]byte(inner), &claims) == nil && claims["iss"] == d.issuer
}

// keyRing are a client's keys.
type keyRing struct {
	rsa              *rsa.PrivateKey
	p256, p384, p521 *ecdsa.PrivateKey
	ed               ed25519.PrivateKey
}

func newKeyRing(t *testing.T) *keyRing {
	t.Helper()
	return &keyRing{rsaKey(t, 2048), ecKey(t, elliptic.P256()), ecKey(t, elliptic.P384()), ecKey(t, elliptic.P521()), edKey(t)}
}

// forAlgorithm returns the key that signs with it; nil where go-jose has no such algorithm.
func (k *keyRing) forAlgorithm(alg string) crypto.Signer {
	switch alg {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		return k.rsa
	case "ES256":
		return k.p256
	case "ES384":
		return k.p384
	case "ES512":
		return k.p521
	case "EdDSA":
		return k.ed
	}
	return nil
}

// signedBy returns the claims as a JWS of the client's, with the secret for HS256 and its kin. Algorithms that go-jose does not have are only
// named in the header.
func (d *disclosure) signedBy(alg, secret string, header map[jose.HeaderKey]any, claims map[string]any) string {
	d.t.Helper()
	padded := append([]byte(secret), make([]byte, max(0, 64-len(secret)))...) // the same key to HMAC (RFC 2104 §2), long enough for go-jose
	signer := &asserter{w: d.world, alg: jose.SignatureAlgorithm(alg), key: padded}
	if key := d.keys.forAlgorithm(alg); key != nil {
		signer.key, signer.kid = key, "k1"
	} else if !strings.HasPrefix(alg, "HS") {
		payload, err := json.Marshal(claims)
		d.must(err)
		fields := map[jose.HeaderKey]any{"alg": alg}
		for name, value := range header {
			fields[name] = value
		}
		raw, err := json.Marshal(fields)
		d.must(err)
		if alg == "none" {
			return encodeJWT(string(raw), string(payload), nil)
		}
		return encodeJWT(string(raw), string(payload), make([]byte, 64))
	}
	return signer.signWith(header, claims)
}

// keyFor returns the key set of a client that signs with the algorithm; any key where it has none.
func (d *disclosure) keyFor(alg string) crypto.Signer {
	if key := d.keys.forAlgorithm(alg); key != nil {
		return key
	}
	return d.keys.p256
}

// worksRequestObject pushes an object, of a client that registered the algorithm and of one that did not.
func worksRequestObject(d *disclosure, alg string) bool {
	keys := `"jwks":` + jwksOf(d.t, d.keyFor(alg))
	free := &requester{d.own(keys), nil}
	_, registered := d.may(keys, `"request_object_signing_alg":`+quoted(alg))
	r := free.deliver(d.signedBy(alg, free.secret, map[jose.HeaderKey]any{"typ": "oauth-authz-req+jwt"}, free.claims()))
	if r.status != 201 {
		r.expect(d.t, 400, "invalid_request_object")
	}
	if registered != (r.status == 201) {
		d.t.Errorf("can be registered: %t, answer: %d %s", registered, r.status, r.raw)
	}
	return r.status == 201
}

// worksProof asks for a token that is bound to a key (RFC 9449 §5), with the node's nonce where it wants one (RFC 9449 §8).
func worksProof(d *disclosure, alg string) bool {
	public := jose.JSONWebKey{Key: d.keyFor(alg).Public()}
	ask := func(nonce string) reply {
		claims := map[string]any{"jti": rand.Text(), "htm": "POST", "htu": d.issuer + "/oauth2/token", "iat": time.Now().Unix()}
		if nonce != "" {
			claims["nonce"] = nonce
		}
		proof := d.signedBy(alg, strings.Repeat("x", 64), map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": public}, claims)
		return d.partner.proved("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, proof)
	}
	r := ask("")
	if r.text("error") == "use_dpop_nonce" {
		r = ask(r.header.Get("DPoP-Nonce"))
	}
	if r.status != http.StatusOK {
		r.expect(d.t, 400, "invalid_dpop_proof")
		return false
	}
	cnf, _ := readJWT(d.t, r.text("access_token")).claims["cnf"].(map[string]any)
	return r.text("token_type") == "DPoP" && cnf["jkt"] != nil
}

// keyFile returns the path of a file with a key set.
func keyFile(t *testing.T, jwks string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte(jwks), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
