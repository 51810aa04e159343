package app_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// keyServer is a client's jwks_uri.
type keyServer struct {
	*httptest.Server
	mu       sync.Mutex
	document string // empty: it answers 500
}

func newKeyServer(t *testing.T, document string) *keyServer {
	k := &keyServer{document: document}
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.document == "" {
			w.WriteHeader(500)
		}
		w.Write([]byte(k.document))
	}))
	t.Cleanup(k.Close)
	return k
}

// jwk is the public half of a key as a JWK.
func jwk(key crypto.Signer, id, use string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key.Public(), KeyID: id, Use: use}
}

func keySetOf(t *testing.T, keys ...jose.JSONWebKey) string {
	t.Helper()
	raw, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// opened decrypts with go-jose, which is told the only algorithms it may accept, and returns the header and what is inside.
func opened(t *testing.T, token, alg, enc string, key any) (jose.Header, string) {
	t.Helper()
	jwe, err := jose.ParseEncryptedCompact(token, []jose.KeyAlgorithm{jose.KeyAlgorithm(alg)}, []jose.ContentEncryption{jose.ContentEncryption(enc)})
	if err != nil {
		t.Fatalf("%.300s: %v", token, err)
	}
	plain, err := jwe.Decrypt(key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(token[:strings.IndexByte(token, '.')])
	if err != nil || strings.Contains(string(raw), "zip") {
		t.Errorf("header %s: %v", raw, err)
	}
	return jwe.Header, string(plain)
}

// OIDC Core §10.2, §16.14: signed, then encrypted to the client's key, for every algorithm that is announced, and verified by go-oidc.
func TestEncryptedIDToken(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	onRSA, onP256, onP521 := rsaKey(t, 2048), ecKey(t, elliptic.P256()), ecKey(t, elliptic.P521())
	b := newBrowser(t)
	d := w.get("/.well-known/openid-configuration", "")
	for _, alg := range d.body["id_token_encryption_alg_values_supported"].([]any) {
		for _, enc := range d.body["id_token_encryption_enc_values_supported"].([]any) {
			for _, key := range []crypto.Signer{onRSA, onP256, onP521} {
				alg, enc := alg.(string), enc.(string)
				if _, isRSA := key.(*rsa.PrivateKey); isRSA != strings.HasPrefix(alg, "RSA") {
					continue
				}
				w.test(alg+" "+enc, func(t *testing.T, w *world) {
					// The key to sign with comes first, and is not taken.
					keys := keySetOf(t, jwk(rsaKey(t, 2048), "s1", "sig"), jwk(ecKey(t, elliptic.P256()), "s2", "sig"), jwk(key, "e1", "enc"))
					p := w.partner(`{"client_name":"Vault","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],"skip_consent":true,"jwks":` + keys +
						`,"id_token_encrypted_response_alg":"` + alg + `","id_token_encrypted_response_enc":"` + enc + `","id_token_signed_response_alg":"ES256"}`)
					r := p.tokens(b, "ada", "claims", `{"id_token":{"email":null}}`)
					for _, token := range []string{r.text("id_token"), p.refresh(r.text("refresh_token")).text("id_token")} {
						header, inner := opened(t, token, alg, enc, key)
						if header.KeyID != "e1" || header.ExtraHeaders["cty"] != "JWT" {
							t.Errorf("RFC 7519 §5.2: header %+v", header)
						}
						verified, err := p.provider.Verifier(&oidc.Config{ClientID: p.id, SupportedSigningAlgs: []string{"ES256"}}).Verify(t.Context(), inner)
						if err != nil || verified.Subject == "" {
							t.Fatal(err)
						}
						equalNames(t, "inside", readJWT(t, inner).claims, "email")
						// OIDC Core §3.1.2.1: the client decrypts it before it shows it as a hint.
						p.ask(b, "prompt", "none", "id_token_hint", inner).expectCode(t)
						if pg := p.ask(b, "prompt", "none", "id_token_hint", token); pg.came().Has("code") {
							t.Error("taken still encrypted")
						}
					}
				})
			}
		}
	}
}

// OIDC Core §5.3.2, §5.3.4; conformance: oidcc-userinfo-rs256. Signed, encrypted, and both.
func TestUserInfoAsJWT(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		key := ecKey(t, elliptic.P384())
		keys := `,"jwks":` + keySetOf(t, jwk(key, "e1", ""))
		const encrypted = `,"userinfo_encrypted_response_alg":"ECDH-ES"`
		for name, c := range map[string]struct {
			members, alg string
			encrypted    bool
		}{
			"RS256": {`,"userinfo_signed_response_alg":"RS256"`, "RS256", false}, "PS256": {`,"userinfo_signed_response_alg":"PS256"`, "PS256", false},
			"ES256": {`,"userinfo_signed_response_alg":"ES256"`, "ES256", false}, "EdDSA": {`,"userinfo_signed_response_alg":"EdDSA"`, "EdDSA", false},
			"encrypted":            {keys + encrypted, "", true},
			"signed and encrypted": {keys + encrypted + `,"userinfo_signed_response_alg":"PS256"`, "PS256", true},
			"also for pairwise":    {`,"userinfo_signed_response_alg":"RS256","subject_type":"pairwise"`, "RS256", false},
		} {
			w.test(name, func(t *testing.T, w *world) {
				p := w.partner(`{"client_name":"Vault","redirect_uris":["` + redirectURI + `"],"skip_consent":true` + c.members + `}`)
				r := p.tokens(newBrowser(t), "ada")
				a := w.get("/oauth2/userinfo", r.text("access_token"))
				if a.status != 200 || a.header.Get("Content-Type") != "application/jwt" || a.header.Get("Cache-Control") != "no-store" {
					t.Fatalf("%d %v %s", a.status, a.header, a.raw)
				}
				inner := a.raw
				if c.encrypted {
					var header jose.Header
					header, inner = opened(t, a.raw, "ECDH-ES", "A128CBC-HS256", key) // OIDC Registration §2: the default enc
					if nested := header.ExtraHeaders["cty"] == "JWT"; nested != (c.alg != "") {
						t.Errorf("header %+v", header)
					}
				}
				if c.alg != "" {
					if alg := readJWT(t, inner).header["alg"]; alg != c.alg {
						t.Errorf("signed with %v", alg)
					}
					inner = string(w.verified(inner))
				}
				var claims map[string]any
				w.must(json.Unmarshal([]byte(inner), &claims))
				if claims["iss"] != w.issuer || claims["aud"] != p.id || claims["sub"] != readJWT(t, r.text("id_token")).text("sub") || claims["email_verified"] != true {
					t.Errorf("%v", claims)
				}
				// It is not mistaken for an ID token.
				if c.alg != "" && !c.encrypted {
					if _, err := p.provider.Verifier(&oidc.Config{ClientID: p.id, SupportedSigningAlgs: []string{c.alg}}).Verify(t.Context(), a.raw); err == nil {
						t.Error("go-oidc takes it for an ID token")
					}
				}
				refused := w.get("/oauth2/userinfo", "x")
				if refused.status != 401 || !strings.HasPrefix(refused.header.Get("Content-Type"), "application/json") {
					t.Errorf("an error: %d %v", refused.status, refused.header)
				}
			})
		}
	})
}

// JARM §2.2, RFC 9701 §5, OIDC Back-Channel Logout §2.4: the other answers that a client may have encrypted.
func TestEncryptedAnswers(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	key, told := rsaKey(t, 2048), newEar(t)
	p := w.partner(`{"client_name":"Vault","redirect_uris":["` + redirectURI + `"],"jwks":` + keySetOf(t, jwk(key, "e1", "enc")) +
		`,"authorization_encrypted_response_alg":"RSA-OAEP-256","authorization_encrypted_response_enc":"A256GCM","introspection_encrypted_response_alg":"RSA-OAEP-256"` +
		`,"id_token_encrypted_response_alg":"RSA-OAEP-256","backchannel_logout_uri":"` + told.URL + `/bc"}`)
	b := newBrowser(t)
	r := p.tokens(b, "ada")
	for mode, carrier := range map[string]string{"jwt": "query", "fragment.jwt": "fragment", "form_post.jwt": "form_post"} {
		for member, more := range map[string][]string{"code": {"prompt", "none"}, "error": {"prompt", "none", "max_age", "0"}} {
			got := p.answer(p.ask(b, append([]string{"response_mode", mode}, more...)...), carrier)
			_, inner := opened(t, got.Get("response"), "RSA-OAEP-256", "A256GCM", key)
			var c map[string]any
			w.must(json.Unmarshal(w.verified(inner), &c))
			if len(got) != 1 || c[member] == nil || c["iss"] != w.issuer || c["aud"] != p.id || c["state"] != "s1" {
				t.Errorf("%s: %v in %v", mode, c, got)
			}
		}
	}
	request, err := http.NewRequest("POST", w.issuer+"/oauth2/introspect", strings.NewReader("token="+r.text("access_token")))
	w.must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/token-introspection+jwt")
	request.SetBasicAuth(p.id, p.secret)
	a := w.send(request)
	_, inner := opened(t, a.raw, "RSA-OAEP-256", "A128CBC-HS256", key)
	if typ := readJWT(t, inner).header["typ"]; typ != "token-introspection+jwt" || !strings.Contains(string(w.verified(inner)), `"active":true`) {
		t.Errorf("typ %v, header %v", typ, a.header)
	}
	b.open(w.issuer + "/logout").press("logout-confirm")
	_, inner = opened(t, told.heard(t, 1), "RSA-OAEP-256", "A128CBC-HS256", key)
	if !strings.Contains(string(w.verified(inner)), `"sid":"`) {
		t.Errorf("logout token: %s", inner)
	}
}

// JW-08, OIDC Core §10.2: without a fit key there is no answer, and never one in the clear.
func TestEncryptionNeedsAFitKey(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	good := ecKey(t, elliptic.P256())
	weak := rsaKey(t, 1024)
	var offCurve map[string]any
	w.must(json.Unmarshal([]byte(keySetOf(t, jwk(good, "e1", "enc"))), &offCurve))
	offCurve["keys"].([]any)[0].(map[string]any)["y"] = base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	crooked, err := json.Marshal(offCurve)
	w.must(err)
	for name, c := range map[string]struct{ alg, document string }{
		"does not answer":       {"ECDH-ES", ""},
		"no set":                {"ECDH-ES", "x"},
		"empty":                 {"ECDH-ES", `{"keys":[]}`},
		"only to sign with":     {"ECDH-ES", keySetOf(t, jwk(good, "e1", "sig"))},
		"another kind":          {"RSA-OAEP-256", keySetOf(t, jwk(good, "e1", "enc"))},
		"weak":                  {"RSA-OAEP-256", keySetOf(t, jwk(weak, "e1", "enc"))},
		"not on the curve":      {"ECDH-ES", string(crooked)},
		"symmetric":             {"ECDH-ES", `{"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0","use":"enc"}]}`},
		"for another use of it": {"ECDH-ES", keySetOf(t, jose.JSONWebKey{Key: good.Public(), KeyID: "e1", Use: "enc", Algorithm: "ECDH-ES+A256KW"})},
	} {
		w.test(name, func(t *testing.T, w *world) {
			server := newKeyServer(t, c.document)
			p := w.partner(`{"client_name":"Vault","redirect_uris":["` + redirectURI + `"],"skip_consent":true,"jwks_uri":"` + server.URL + `/keys","id_token_encrypted_response_alg":"` + c.alg +
				`","userinfo_encrypted_response_alg":"` + c.alg + `","authorization_encrypted_response_alg":"` + c.alg + `"}`)
			b := newBrowser(t)
			code := p.code(b, "ada")
			r := p.redeem(code)
			r.expect(t, 400, "invalid_request")
			if strings.Contains(r.raw, "eyJ") || strings.Contains(r.raw, server.URL) {
				t.Errorf("the answer has a token or tells of the network: %s", r.raw)
			}
			p.ask(b, "response_mode", "jwt").expectLocalError(t)
		})
	}
}

// OIDC Core §10.2.1: a client that has changed its key is answered under the new one, as soon as every node knows of the change.
func TestEncryptionKeyRotation(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	first, second := ecKey(t, elliptic.P256()), rsaKey(t, 2048)
	server := newKeyServer(t, keySetOf(t, jwk(second, "r1", "sig"), jwk(first, "e1", "enc")))
	p := w.partner(`{"client_name":"Vault","redirect_uris":["` + redirectURI + `"],"skip_consent":true,"jwks_uri":"` + server.URL + `/keys","id_token_encrypted_response_alg":"ECDH-ES+A256KW"}`)
	b := newBrowser(t)
	_, inner := opened(t, p.tokens(b, "ada").text("id_token"), "ECDH-ES+A256KW", "A128CBC-HS256", first)
	if readJWT(t, inner).text("sub") == "" {
		t.Error(inner)
	}
	if _, err := w.clients.Update(t.Context(), p.id, []byte(`{"id_token_encrypted_response_alg":"RSA-OAEP-256","jwks_uri":null,"jwks":`+keySetOf(t, jwk(second, "r2", "enc"))+`}`), 0); err != nil {
		t.Fatal(err)
	}
	p.tokens(b, "ada") // the node notices the new version when it redeems the code
	header, _ := opened(t, p.tokens(b, "ada").text("id_token"), "RSA-OAEP-256", "A128CBC-HS256", second)
	if header.KeyID != "r2" {
		t.Errorf("%+v", header)
	}
}

// OIDC Core §3.1.3.6: at_hash for every algorithm, checked by go-oidc.
func TestAccessTokenHashes(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	d := w.get("/.well-known/openid-configuration", "")
	for _, alg := range d.body["id_token_signing_alg_values_supported"].([]any) {
		w.test(alg.(string), func(t *testing.T, w *world) {
			p := w.partner(`{"client_name":"Books","redirect_uris":["` + redirectURI + `"],"skip_consent":true,"id_token_signed_response_alg":"` + alg.(string) + `"}`)
			r := p.tokens(newBrowser(t), "ada")
			id, err := p.provider.Verifier(&oidc.Config{ClientID: p.id, SupportedSigningAlgs: []string{alg.(string)}}).Verify(t.Context(), r.text("id_token"))
			w.must(err)
			if err := id.VerifyAccessToken(r.text("access_token")); err != nil {
				t.Error(err)
			}
		})
	}
}
