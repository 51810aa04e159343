package clients

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// publicKeys returns one key of each kind as JWK.
func publicKeys(t *testing.T) map[string]string {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"RSA": r.Public()}
	for name, curve := range map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = k.Public()
	}
	all["Ed25519"], _, _ = ed25519.GenerateKey(rand.Reader)
	out := map[string]string{}
	for name, key := range all {
		out[name] = jwkOf(t, key)
	}
	return out
}

func jwkOf(t *testing.T, key any) string {
	t.Helper()
	raw, err := json.Marshal(jose.JSONWebKey{Key: key, KeyID: "k"})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func rsaJWK(n *big.Int, e ...byte) string {
	return `{"kty":"RSA","n":"` + base64.RawURLEncoding.EncodeToString(n.Bytes()) + `","e":"` + base64.RawURLEncoding.EncodeToString(e) + `"}`
}

// JW-08: hostile keys are refused where they are registered, and left out where they are fetched, in no time.
func TestHostileKeys(t *testing.T) {
	good := publicKeys(t)
	odd := func(bits uint) *big.Int { // an odd number of so many bits
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return n.SetBit(n, 0, 1)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak := odd(2048)
	weak.SetBit(weak, 0, 0)
	b64 := base64.RawURLEncoding.EncodeToString
	for name, key := range map[string]string{
		"RSA of 512 bits": rsaJWK(odd(512), 1, 0, 1), "RSA of 1,024 bits": rsaJWK(odd(1024), 1, 0, 1), "RSA of 16,384 bits": rsaJWK(odd(16384), 1, 0, 1), "RSA of 8,192 bits": rsaJWK(odd(8192), 1, 0, 1),
		"exponent 1": rsaJWK(odd(2048), 1), "exponent 2^32+1": rsaJWK(odd(2048), 1, 0, 0, 0, 1), "even exponent": rsaJWK(odd(2048), 1, 0, 0), "exponent of 300 bytes": rsaJWK(odd(2048), make([]byte, 300)...), "even modulus": rsaJWK(weak, 1, 0, 1),
		"no point of the curve": `{"kty":"EC","crv":"P-256","x":"` + b64(make([]byte, 32)) + `","y":"` + b64(make([]byte, 32)) + `"}`,
		"Ed25519 too short":     `{"kty":"OKP","crv":"Ed25519","x":"` + b64(make([]byte, 31)) + `"}`, "Ed25519 too long": `{"kty":"OKP","crv":"Ed25519","x":"` + b64(make([]byte, 33)) + `"}`,
		"private": jwkOf(t, private), "symmetric": `{"kty":"oct","k":"` + b64(make([]byte, 32)) + `"}`, "a member twice": strings.Replace(good["P-256"], "{", `{"kty":"EC",`, 1), "no object": `"x"`,
	} {
		start := time.Now()
		keys, unsound, err := ParseJWKS([]byte(`{"keys":[` + key + "," + good["P-256"] + `]}`))
		if err != nil || len(keys) != 1 || len(unsound) != 1 {
			t.Errorf("%s: %d keys, %q, %v", name, len(keys), unsound, err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		m := Metadata{TokenEndpointAuthMethod: AuthMethodPrivateKeyJWT, GrantTypes: []string{GrantClientCredentials}, JWKS: json.RawMessage(`{"keys":[` + key + "," + good["P-256"] + `]}`)}
		m.Normalize()
		if got := problemsOf(t, m.Validate(Rules{Administrator: true})); len(got) != 1 || got[0] != "jwks" {
			t.Errorf("%s: registered with %v", name, got)
		}
	}
	for name, document := range map[string]string{
		"no keys": `{}`, "keys null": `{"keys":null}`, "keys object": `{"keys":{}}`, "capitals": `{"KEYS":[` + good["RSA"] + `]}`, "keys twice": `{"keys":[],"keys":[` + good["RSA"] + `]}`, "array": `[` + good["RSA"] + `]`,
		"10,000 keys": `{"keys":[` + strings.Repeat(`{"kty":"x"},`, 10000) + good["RSA"] + `]}`, "nothing": ``,
	} {
		if keys, _, err := ParseJWKS([]byte(document)); err == nil {
			t.Errorf("%s: %d keys", name, len(keys))
		}
	}
	for name, key := range good {
		keys, unsound, err := ParseJWKS([]byte(`{"keys":[` + key + `,{"kty":"future","x":1}]}`))
		if err != nil || len(keys) != 1 || len(unsound) != 0 {
			t.Errorf("%s: %d keys, %q, %v", name, len(keys), unsound, err)
		}
	}
}

// RFC 7591 §2: the members of client authentication go together, and every mistake is told.
func TestClientAuthenticationMetadata(t *testing.T) {
	set := json.RawMessage(`{"keys":[` + publicKeys(t)["P-256"] + `]}`)
	uri := "https://app.example/jwks"
	for name, test := range map[string]struct {
		m    Metadata
		want string // the member in trouble
	}{
		"keys by value":                     {Metadata{TokenEndpointAuthMethod: AuthMethodPrivateKeyJWT, JWKS: set}, ""},
		"keys by address":                   {Metadata{TokenEndpointAuthMethod: AuthMethodPrivateKeyJWT, JWKSURI: uri, TokenEndpointAuthSigningAlg: "PS256"}, ""},
		"both":                              {Metadata{TokenEndpointAuthMethod: AuthMethodPrivateKeyJWT, JWKS: set, JWKSURI: uri}, "jwks"},
		"none":                              {Metadata{TokenEndpointAuthMethod: AuthMethodPrivateKeyJWT}, "jwks_uri"},
		"self-signed without keys":          {Metadata{TokenEndpointAuthMethod: AuthMethodSelfSignedTLS}, "jwks_uri"},
		"keys of a client with a secret":    {Metadata{JWKS: set}, ""},
		"http":                              {Metadata{JWKSURI: "http://app.example/jwks"}, "jwks_uri"},
		"at home":                           {Metadata{JWKSURI: "https://10.1.2.3/jwks"}, "jwks_uri"},
		"fragment":                          {Metadata{JWKSURI: uri + "#k"}, "jwks_uri"},
		"empty set":                         {Metadata{JWKS: json.RawMessage(`{"keys":[]}`)}, "jwks"},
		"HS256 for private_key_jwt":         {Metadata{TokenEndpointAuthMethod: AuthMethodPrivateKeyJWT, JWKS: set, TokenEndpointAuthSigningAlg: "HS256"}, "token_endpoint_auth_signing_alg"},
		"ES256 for client_secret_jwt":       {Metadata{TokenEndpointAuthMethod: AuthMethodSecretJWT, TokenEndpointAuthSigningAlg: "ES256"}, "token_endpoint_auth_signing_alg"},
		"HS512 for client_secret_jwt":       {Metadata{TokenEndpointAuthMethod: AuthMethodSecretJWT, TokenEndpointAuthSigningAlg: "HS512"}, ""},
		"none as algorithm":                 {Metadata{TokenEndpointAuthSigningAlg: "none"}, "token_endpoint_auth_signing_alg"},
		"tls without a subject":             {Metadata{TokenEndpointAuthMethod: AuthMethodTLS}, "tls_client_auth_subject_dn"},
		"tls with two":                      {Metadata{TokenEndpointAuthMethod: AuthMethodTLS, TLSClientAuthSANDNS: "a.example", TLSClientAuthSANIP: "192.0.2.1"}, "tls_client_auth_subject_dn"},
		"tls with one":                      {Metadata{TokenEndpointAuthMethod: AuthMethodTLS, TLSClientAuthSANDNS: "a.example"}, ""},
		"a subject of another method":       {Metadata{TLSClientAuthSANDNS: "a.example"}, "token_endpoint_auth_method"},
		"a subject that is none":            {Metadata{TokenEndpointAuthMethod: AuthMethodTLS, TLSClientAuthSubjectDN: "client"}, "tls_client_auth_subject_dn"},
		"a host that is none":               {Metadata{TokenEndpointAuthMethod: AuthMethodTLS, TLSClientAuthSANDNS: "*.example"}, "tls_client_auth_san_dns"},
		"an address that is none":           {Metadata{TokenEndpointAuthMethod: AuthMethodTLS, TLSClientAuthSANIP: "a"}, "tls_client_auth_san_ip"},
		"a mailbox that is none":            {Metadata{TokenEndpointAuthMethod: AuthMethodTLS, TLSClientAuthSANEmail: "a"}, "tls_client_auth_san_email"},
		"a URI with a space":                {Metadata{TokenEndpointAuthMethod: AuthMethodTLS, TLSClientAuthSANURI: "spiffe://a b"}, "tls_client_auth_san_uri"},
		"bound tokens of a public client":   {Metadata{TokenEndpointAuthMethod: AuthMethodNone, CertificateBoundAccessTokens: true}, "tls_client_certificate_bound_access_tokens"},
		"bound tokens of a client with one": {Metadata{CertificateBoundAccessTokens: true}, ""},
	} {
		test.m.RedirectURIs = []string{"https://app.example/cb"}
		test.m.Normalize()
		got := problemsOf(t, test.m.Validate(Rules{Administrator: true}))
		if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || got[0] != test.want) {
			t.Errorf("%s: %v, want %q", name, got, test.want)
		}
	}
}
