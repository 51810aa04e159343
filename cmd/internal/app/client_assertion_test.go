package app_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// RFC 7523 §2.2, OIDC Core §9: assertions of every announced algorithm, made by another library, at every endpoint.
func TestClientAssertion(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		rsaPrivate, p256, ed := rsaKey(t, 2048), ecKey(t, elliptic.P256()), edKey(t)
		all := map[string]*asserter{
			"RS256": w.asserter(jose.RS256, rsaPrivate), "PS256": w.asserter(jose.PS256, rsaPrivate), "ES256": w.asserter(jose.ES256, p256), "EdDSA": w.asserter(jose.EdDSA, ed),
			"HS256": w.sharer(jose.HS256), "HS384": w.sharer(jose.HS384), "HS512": w.sharer(jose.HS512),
			"registered ES256": w.asserter(jose.ES256, p256, `"token_endpoint_auth_signing_alg":"ES256"`),
			"registered HS384": w.sharer(jose.HS384, `"token_endpoint_auth_signing_alg":"HS384"`),
		}
		for name, a := range all {
			a.accepted(name, func() string { return a.sign() })
			for path, form := range authenticated() {
				if r := w.post(path, asserted(form, a.sign(), "client_id", a.id), "", ""); r.status != 200 {
					t.Errorf("%s: %s with its client_id: %d %s", path, name, r.status, r.raw)
				}
			}
		}
		metadata := w.get("/.well-known/openid-configuration", "").body
		for _, endpoint := range []string{"token", "introspection", "revocation"} {
			for _, alg := range []any{"RS256", "PS256", "ES256", "EdDSA", "HS256", "HS384", "HS512"} {
				if list, _ := metadata[endpoint+"_endpoint_auth_signing_alg_values_supported"].([]any); len(list) != 7 || !slices.Contains(list, alg) {
					t.Errorf("%s: %v is announced as %v", endpoint, alg, list)
				}
			}
			list, _ := metadata[endpoint+"_endpoint_auth_methods_supported"].([]any)
			if !slices.Contains(list, any("private_key_jwt")) || !slices.Contains(list, any("client_secret_jwt")) || slices.Contains(list, any("none")) == (endpoint == "introspection") {
				t.Errorf("%s: methods %v", endpoint, list)
			}
		}
	})
}

// The assertion grant parameters by x/oauth2, which knows nothing of us.
func TestClientAssertionWithXOAuth2(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	a := w.asserter(jose.ES256, ecKey(t, elliptic.P256()))
	config := clientcredentials.Config{
		ClientID: a.id, TokenURL: w.issuer + "/oauth2/token", AuthStyle: oauth2.AuthStyleInParams,
		EndpointParams: url.Values{"client_assertion_type": {assertionType}, "client_assertion": {a.sign()}},
	}
	token, err := config.Token(t.Context())
	w.must(err)
	if c := readJWT(t, token.AccessToken); c.text("client_id") != a.id || c.text("scope") != "reports:read" {
		t.Errorf("token for %v", c.claims)
	}
	// A person's sign-in ends with an assertion too.
	p := w.partner(`{"client_name":"Books","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"private_key_jwt","jwks":` + jwksOf(t, a.key.(crypto.Signer)) + `}`)
	a.id = p.id
	r := p.post("/oauth2/token", "grant_type", "authorization_code", "code", p.code(newBrowser(t), "ada"), "redirect_uri", redirectURI, "code_verifier", testVerifier,
		"client_assertion_type", assertionType, "client_assertion", a.sign())
	r.expect(t, 200, "")
	p.refresh(r.text("refresh_token")).expect(t, 401, "invalid_client")
	p.refresh(r.text("refresh_token"), "client_assertion_type", assertionType, "client_assertion", a.sign()).expect(t, 200, "")
}

// CA-05: what an assertion must say. JW-10, JW-11: duplicate members and wrong types.
func TestClientAssertionClaims(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		a := w.asserter(jose.ES256, ecKey(t, elliptic.P256()))
		strict := w.asserter(jose.ES256, ecKey(t, elliptic.P256()), `"dpop_bound_access_tokens":true,"require_pushed_authorization_requests":true`)
		now := time.Now().Unix()
		endpoint := w.issuer + "/oauth2/token"
		for name, changes := range map[string][]any{
			"aud of another server": {"aud", "https://other.example"}, "aud of two": {"aud", []string{w.issuer, "https://other.example"}}, "aud twice us": {"aud", []string{w.issuer, w.issuer}},
			"aud of a look-alike": {"aud", w.issuer + ".evil.example/oauth2/token"}, "aud in another case": {"aud", strings.ToUpper(w.issuer)}, "aud with a slash": {"aud", w.issuer + "/"},
			"aud with a query": {"aud", endpoint + "?x=1"}, "no aud": {"aud", nil}, "aud empty": {"aud", ""}, "aud empty list": {"aud", []string{}}, "aud nested": {"aud", []any{[]string{w.issuer}}}, "aud object": {"aud", map[string]string{"a": w.issuer}}, "aud of another endpoint": {"aud", w.issuer + "/oauth2/authorize"},
			"iss is not sub": {"iss", "https://other.example"}, "sub is another client": {"sub", strict.id}, "both another client": {"iss", strict.id, "sub", strict.id}, "no iss": {"iss", nil}, "no sub": {"sub", nil}, "iss array": {"iss", []string{a.id}}, "sub number": {"sub", 7}, "sub empty": {"sub", "", "iss", ""},
			"no exp": {"exp", nil}, "exp in 10 years": {"exp", now + 10*365*86400}, "exp in 10 minutes": {"exp", now + 600}, "expired": {"exp", now - 1}, "exp text": {"exp", fmt.Sprint(now + 60)}, "exp negative": {"exp", -now}, "exp in ms": {"exp", (now + 60) * 1000}, "exp zero": {"exp", 0}, "exp null": {"exp", json.RawMessage("null")}, "exp 1e400": {"exp", json.RawMessage("1e400")},
			"nbf in the future": {"nbf", now + 120}, "iat in the future": {"iat", now + 120}, "iat in ms": {"iat", now * 1000}, "iat text": {"iat", "now"},
			"no jti": {"jti", nil}, "jti empty": {"jti", ""}, "jti number": {"jti", 7}, "jti of 10 KiB": {"jti", strings.Repeat("x", 10<<10)}, "jti of 300": {"jti", strings.Repeat("x", 300)},
		} {
			a.refused(name, func() string { return a.sign(changes...) })
		}
		for name, payload := range map[string]string{
			"sub twice":           `{"sub":"nobody","sub":"ID","iss":"ID","aud":"AUD","exp":EXP,"jti":"JTI"}`,
			"members in capitals": `{"SUB":"ID","ISS":"ID","AUD":"AUD","EXP":EXP,"JTI":"JTI"}`,
			"an array":            `["ID"]`, "text": `"ID"`, "nothing": `null`, "not JSON": `{`, "two objects": `{"sub":"ID","iss":"ID","aud":"AUD","exp":EXP,"jti":"JTI"}{}`,
		} {
			a.refused(name, func() string {
				fill := strings.NewReplacer("ID", a.id, "AUD", w.issuer, "EXP", fmt.Sprint(now+60), "JTI", fmt.Sprint(time.Now().UnixNano()))
				return a.signRaw(map[jose.HeaderKey]any{"typ": "JWT"}, fill.Replace(payload))
			})
		}
		for name, changes := range map[string][]any{
			"the token endpoint": {"aud", endpoint}, "an array of one": {"aud", []string{w.issuer}}, "no iat": {"iat", nil}, "fractions of seconds": {"exp", float64(now) + 60.25, "iat", float64(now) + 0.5},
			"five minutes": {"exp", now + 300},
			"FAPI 2.0 §5.3.2.1: clocks 8 s apart, iat": {"iat", now + 8}, "FAPI 2.0 §5.3.2.1: clocks 8 s apart, nbf": {"nbf", now + 8},
		} {
			a.accepted(name, func() string { return a.sign(changes...) })
		}
		// RFC 9126 §2 allows the address of the endpoint that is called; FAPI 2.0 §5.3.2.1 the issuer alone.
		introspection := w.issuer + "/oauth2/introspect"
		if r := w.post("/oauth2/introspect", asserted(url.Values{"token": {"x"}}, a.sign("aud", introspection)), "", ""); r.status != 200 {
			t.Errorf("aud of the endpoint: %d %s", r.status, r.raw)
		}
		for _, aud := range []any{endpoint, introspection, []string{w.issuer}} {
			w.post("/oauth2/introspect", asserted(url.Values{"token": {"x"}}, strict.sign("aud", aud)), "", "").expect(t, 401, "invalid_client")
		}
		if r := w.post("/oauth2/introspect", asserted(url.Values{"token": {"x"}}, strict.sign()), "", ""); r.status != 200 {
			t.Errorf("aud of a strict client: %d %s", r.status, r.raw)
		}
	})
}

// CA-06, JW-01 to JW-05: other keys, other algorithms, keys and addresses in the header.
func TestClientAssertionKeys(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		var canary atomic.Int64
		listener := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { canary.Add(1) }))
		defer listener.Close()
		rsaPrivate := rsaKey(t, 2048)
		a := w.asserter(jose.RS256, rsaPrivate, `"token_endpoint_auth_signing_alg":"RS256"`)
		other := w.asserter(jose.RS256, rsaKey(t, 2048))
		p256 := ecKey(t, elliptic.P256())
		ec := w.asserter(jose.ES256, p256)
		shared := w.sharer(jose.HS256, `"token_endpoint_auth_signing_alg":"HS256"`)
		as := func(a *asserter, change func(*asserter)) func() string {
			own := *a
			change(&own)
			return func() string { return own.sign() }
		}
		der, err := x509.MarshalPKIXPublicKey(rsaPrivate.Public())
		w.must(err)
		jwk, err := json.Marshal(jose.JSONWebKey{Key: rsaPrivate.Public(), KeyID: "k1", Use: "sig"})
		w.must(err)
		for name, secret := range map[string][]byte{ // JW-02
			"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "DER": der, "JWK": jwk, "modulus": rsaPrivate.N.Bytes(), "JWKS": []byte(jwksOf(t, rsaPrivate)), "its id": []byte(strings.Repeat(a.id, 4)),
		} {
			for _, alg := range []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512} {
				a.refused(name+" as secret of "+string(alg), as(a, func(a *asserter) { a.alg, a.key = alg, secret }))
			}
		}
		a.refused("another's key", as(a, func(a *asserter) { a.key = other.key }))
		a.refused("another algorithm of the same key", as(a, func(a *asserter) { a.alg = jose.PS256 }))
		a.refused("RS384", as(a, func(a *asserter) { a.alg = jose.RS384 }))
		a.refused("a kid that is not there", as(a, func(a *asserter) { a.kid = "k2" }))
		ec.refused("P-384", as(ec, func(a *asserter) { a.alg, a.key = jose.ES384, ecKey(t, elliptic.P384()) }))
		ec.refused("an RSA client's key", as(ec, func(a *asserter) { a.alg, a.key = jose.RS256, rsaPrivate }))
		shared.refused("HS512 where HS256 is registered", as(shared, func(a *asserter) { a.alg = jose.HS512 }))
		shared.refused("private key where a secret is due", as(shared, func(a *asserter) { a.alg, a.key = jose.ES256, p256 }))
		for _, kid := range []string{"../../../../dev/null", "k1' OR '1'='1", listener.URL, strings.Repeat("k", 4096), "K1", "k1 "} { // JW-03
			a.refused("kid "+kid[:min(len(kid), 20)], as(a, func(a *asserter) { a.kid = kid }))
		}
		header := func(more map[jose.HeaderKey]any) func() string {
			return func() string { return a.signWith(more, a.claims()) }
		}
		for name, more := range map[string]map[jose.HeaderKey]any{ // JW-04, JW-05, RFC 8725 §3.11
			"jku": {"jku": listener.URL}, "x5u": {"x5u": listener.URL}, "jwk": {"jwk": json.RawMessage(jwk)}, "crit": {"crit": []string{"x"}, "x": 1}, "empty crit": {"crit": []string{}}, "b64": {"crit": []string{"b64"}, "b64": true},
			"typ of an access token": {"typ": "at+jwt"}, "typ of a proof": {"typ": "dpop+jwt"}, "typ of a log-out token": {"typ": "logout+jwt"}, "typ of an introspection": {"typ": "token-introspection+jwt"}, "typ of a request object": {"typ": "oauth-authz-req+jwt"}, "typ number": {"typ": 7},
		} {
			a.refused(name, header(more))
		}
		a.accepted("no typ", header(nil))
		a.accepted("the typ of assertions", header(map[jose.HeaderKey]any{"typ": "client-authentication+jwt"}))
		unnamed := *a
		unnamed.kid = ""
		a.accepted("no kid", func() string { return unnamed.sign() })
		thief := *a
		thief.key = rsaKey(t, 2048)
		own, err := json.Marshal(jose.JSONWebKey{Key: thief.key.(crypto.Signer).Public(), KeyID: "k1"})
		w.must(err)
		a.refused("signed by the jwk of its header", func() string {
			return thief.signWith(map[jose.HeaderKey]any{"jwk": json.RawMessage(own), "jku": listener.URL}, thief.claims())
		})
		if n := canary.Load(); n > 0 {
			t.Errorf("%d requests reached the address in a header", n)
		}
	})
}

// JW-01, JW-06, JW-07, JW-09: assertions that are no strict compact JWS.
func TestClientAssertionSpelling(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	a, r := w.asserter(jose.ES256, ecKey(t, elliptic.P256())), w.asserter(jose.RS256, rsaKey(t, 2048))
	claims := func() string { raw, _ := json.Marshal(a.claims()); return string(raw) }
	for _, alg := range []string{"none", "None", "nOnE", "", "HS256", "ES256"} {
		a.refused("unsigned, alg "+alg, func() string { return encodeJWT(`{"alg":"`+alg+`","typ":"JWT"}`, claims(), nil) })
		a.refused("signed by zeros, alg "+alg, func() string { return encodeJWT(`{"alg":"`+alg+`","kid":"k1"}`, claims(), make([]byte, 64)) })
	}
	edit := func(a *asserter, change func(parts []string)) func() string {
		return func() string {
			parts := strings.Split(a.sign(), ".")
			change(parts)
			return strings.Join(parts, ".")
		}
	}
	signature := func(change func(raw []byte) []byte) func() string {
		return edit(a, func(p []string) {
			raw, _ := base64.RawURLEncoding.DecodeString(p[2])
			p[2] = base64.RawURLEncoding.EncodeToString(change(raw))
		})
	}
	for name, make := range map[string]func() string{
		"flipped bit":     signature(func(s []byte) []byte { s[7] ^= 1; return s }),
		"r and s swapped": signature(func(s []byte) []byte { return append(slices.Clone(s[32:]), s[:32]...) }),
		"too short":       signature(func(s []byte) []byte { return s[:63] }), "too long": signature(func(s []byte) []byte { return append(s, 0) }),
		"none kept": edit(a, func(p []string) { p[2] = "" }), "no payload": edit(a, func(p []string) { p[1] = "" }), "no header": edit(a, func(p []string) { p[0] = "" }),
		"padding": edit(a, func(p []string) { p[2] += "==" }), "line break": edit(a, func(p []string) { p[1] = p[1][:9] + "\n" + p[1][9:] }), "space before": edit(a, func(p []string) { p[0] = " " + p[0] }),
		"stray bits":     edit(a, func(p []string) { last := len(p[2]) - 1; p[2] = p[2][:last] + string(p[2][last]+1) }),
		"other alphabet": edit(r, func(p []string) { p[2] = strings.NewReplacer("-", "+", "_", "/").Replace(p[2]) + "+" }),
		"PSS as RS256":   edit(r, func(p []string) { own := *r; own.alg = jose.PS256; p[2] = strings.Split(own.sign(), ".")[2] }),
		"dots":           func() string { return strings.Repeat(".", 8000) }, "two parts": func() string { s := a.sign(); return s[:strings.LastIndex(s, ".")] }, "four parts": func() string { return a.sign() + ".x" },
		"JWE": func() string {
			return "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIiwicDJjIjoxMDAwMDAwMDB9.eA.eA.eA.eA"
		},
		"JSON":       func() string { return `{"payload":"e30","signatures":[]}` },
		"empty":      func() string { return "" },
		"30 KiB":     func() string { return a.sign("x", strings.Repeat("x", 30<<10)) },
		"duplicates": func() string { return resigned(a, `{"alg":"none","alg":"ES256","kid":"k1"}`, claims()) }, "capitals": func() string { return resigned(a, `{"ALG":"ES256","alg":"ES384","kid":"k1"}`, claims()) }, "kid array": func() string { return resigned(a, `{"alg":"ES256","kid":["k1"]}`, claims()) },
	} {
		a.refused(name, make)
	}
	// What would fill memory is not read to its end.
	big := w.post("/oauth2/token", asserted(url.Values{"grant_type": {"client_credentials"}}, strings.Repeat(".", 1<<20)), "", "")
	big.expect(t, 413, "invalid_request")
}

// resigned signs with HMAC what no library would: the point is the header.
func resigned(a *asserter, header, payload string) string {
	enc := base64.RawURLEncoding
	input := enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString([]byte(payload))
	mac := hmac.New(sha256.New, []byte(a.id))
	mac.Write([]byte(input))
	return input + "." + enc.EncodeToString(append(mac.Sum(nil), mac.Sum(nil)...))
}

// CA-05: an assertion is good once, on all nodes, whoever is first; and only a right one is used up.
func TestClientAssertionOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		a := w.asserter(jose.ES256, ecKey(t, elliptic.P256()))
		nodes := []*world{w, w.second()}
		once := a.sign()
		var accepted atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				r := nodes[i%2].post("/oauth2/introspect", asserted(url.Values{"token": {"x"}}, once), "", "")
				if r.status == 200 {
					accepted.Add(1)
				} else if r.status != 401 {
					t.Errorf("%d %s", r.status, r.raw)
				}
			})
		}
		wg.Wait()
		if n := accepted.Load(); n != 1 {
			t.Errorf("one assertion was accepted %d times", n)
		}
		a.refused("used at another endpoint before", func() string { return once })
		// Two clients may draw the same jti, and a wrong assertion takes no jti away.
		b := w.asserter(jose.ES256, a.key.(crypto.Signer))
		w.post("/oauth2/token", asserted(url.Values{"grant_type": {"client_credentials"}}, b.sign("jti", "same", "aud", "https://other.example")), "", "").expect(t, 401, "invalid_client")
		for _, c := range []*asserter{a, b} {
			w.post("/oauth2/token", asserted(url.Values{"grant_type": {"client_credentials"}}, c.sign("jti", "same")), "", "").expect(t, 200, "")
		}
	})
}

// CA-01: the registered method and no other, one at a time (RFC 6749 §2.3).
func TestClientAssertionMethod(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		a, shared := w.asserter(jose.ES256, ecKey(t, elliptic.P256())), w.sharer(jose.HS256)
		basic, none := w.machine("client_secret_basic"), w.machine("none")
		secret := string(shared.key.([]byte))
		withSecret := func(id, secret string) string {
			return (&asserter{w: w, id: id, alg: jose.HS256, key: []byte(secret)}).sign()
		}
		for path, form := range authenticated() {
			unknown := w.post(path, merged(form, "client_id", "nobody"), "", "")
			for name, r := range map[string]reply{
				"private_key_jwt sends nothing":             w.post(path, merged(form, "client_id", a.id), "", ""),
				"private_key_jwt sends a secret":            w.post(path, merged(form, "client_id", a.id, "client_secret", basic.secret), "", ""),
				"client_secret_jwt posts its secret":        w.post(path, merged(form, "client_id", shared.id, "client_secret", secret), "", ""),
				"basic client signs with its secret":        w.post(path, asserted(form, withSecret(basic.id, basic.secret)), "", ""),
				"public client signs":                       w.post(path, asserted(form, withSecret(none.id, strings.Repeat("x", 64))), "", ""),
				"unknown client signs":                      w.post(path, asserted(form, withSecret("nobody", strings.Repeat("x", 64))), "", ""),
				"unknown client signs with a key":           w.post(path, asserted(form, (&asserter{w: w, id: "nobody", alg: jose.ES256, key: a.key, kid: "k1"}).sign()), "", ""),
				"another client_id":                         w.post(path, asserted(form, a.sign(), "client_id", shared.id), "", ""),
				"an empty client_id":                        w.post(path, asserted(form, a.sign(), "client_id", ""), "", ""),
				"no client_assertion_type":                  w.post(path, merged(form, "client_assertion", a.sign()), "", ""),
				"another client_assertion_type":             w.post(path, merged(form, "client_assertion", a.sign(), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), "", ""),
				"client_assertion_type in capitals":         w.post(path, merged(form, "client_assertion", a.sign(), "client_assertion_type", strings.ToUpper(assertionType)), "", ""),
				"client_assertion_type alone":               w.post(path, merged(form, "client_id", none.id, "client_assertion_type", assertionType), "", ""),
				"an empty assertion of a public client":     w.post(path, merged(form, "client_id", none.id, "client_assertion", ""), "", ""),
				"a public client's id beside an assertion":  w.post(path, asserted(form, a.sign(), "client_id", none.id), "", ""),
				"mutual TLS of an assertion's client_id":    w.post(path, merged(form, "client_id", a.id), "", ""),
				"the algorithm of the other method, shared": w.post(path, asserted(form, withSecret(a.id, secret)), "", ""),
			} {
				if r.status != 401 || r.raw != unknown.raw {
					t.Errorf("%s: %s: %d %s", path, name, r.status, r.raw)
				}
			}
			w.post(path, form, shared.id, secret).expect(t, 401, "invalid_client")
			w.post(path, asserted(form, a.sign()), basic.id, basic.secret).expect(t, 400, "invalid_request")
			w.post(path, asserted(form, a.sign(), "client_secret", secret), "", "").expect(t, 400, "invalid_request")
			twice := asserted(form, a.sign())
			twice["client_assertion"] = append(twice["client_assertion"], a.sign())
			w.post(path, twice, "", "").expect(t, 400, "invalid_request")
		}
		// CA-08: a disabled client is unknown.
		_, err := w.clients.Update(t.Context(), a.id, []byte(`{"disabled":true}`), 0)
		w.must(err)
		time.Sleep(2100 * time.Millisecond) // the cache of another process
		a.refused("disabled", func() string { return a.sign() })
	})
}

// EN-04, CA-07: the secret of a client_secret_jwt client is not to be found in a dump, does not work when moved to another client's row, and
// rotates like any other.
func TestSharedSecretAtRest(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		a, b := w.sharer(jose.HS256), w.sharer(jose.HS256)
		dump := w.dump()
		sum := sha256.Sum256(a.key.([]byte))
		for how, form := range encodings(string(a.key.([]byte))) {
			if bytes.Contains(dump, []byte(form)) {
				t.Errorf("the secret lies in the database, %s", how)
			}
		}
		if bytes.Contains(dump, []byte(fmt.Sprintf("%x", sum))) || !bytes.Contains(dump, []byte("sealed$")) {
			t.Error("the secret is not sealed")
		}
		a.accepted("before", func() string { return a.sign() })
		old := *a
		fresh, _, err := w.clients.RotateSecret(t.Context(), a.id, time.Hour)
		w.must(err)
		time.Sleep(2100 * time.Millisecond) // the cache of another process
		a.key = []byte(fresh)
		a.accepted("rotated", func() string { return a.sign() })
		old.accepted("the old one in its overlap", func() string { return old.sign() })
		fresh, _, err = w.clients.RotateSecret(t.Context(), a.id, 0)
		w.must(err)
		time.Sleep(2100 * time.Millisecond)
		old.refused("the old one after its end", func() string { return old.sign() })
		a.key = []byte(fresh)
		a.accepted("rotated again", func() string { return a.sign() })

		w.exec("UPDATE client_secrets SET hash = (SELECT hash FROM client_secrets WHERE client_id = '" + a.id + "') WHERE client_id = '" + b.id + "'")
		time.Sleep(2100 * time.Millisecond)
		moved := *a
		moved.id = b.id
		moved.refused("moved to another row", func() string { return moved.sign() })
	})
}

// OIDC Core §10.1.1, SS-04: keys behind jwks_uri; what the request for them tells; header URLs and unknown clients cause none.
func TestClientKeysFetched(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		key := ecKey(t, elliptic.P256())
		var mu sync.Mutex
		var requests []*http.Request
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			requests = append(requests, r)
			rw.Header().Set("Content-Type", "application/json")
			fmt.Fprint(rw, jwksOf(t, key))
		}))
		defer server.Close()
		id, _ := w.client(`{"client_name":"Fetched","grant_types":["client_credentials"],"scope":"reports:read","token_endpoint_auth_method":"private_key_jwt","jwks_uri":"` + server.URL + `/jwks"}`)
		a := &asserter{w: w, id: id, alg: jose.ES256, key: key, kid: "k1"}
		var wg sync.WaitGroup
		for range 10 { // SS-06: one fetch for all
			wg.Go(func() {
				if r := w.post("/oauth2/introspect", asserted(url.Values{"token": {"x"}}, a.sign()), "", ""); r.status != 200 {
					t.Errorf("%d %s", r.status, r.raw)
				}
			})
		}
		wg.Wait()
		a.accepted("cached", func() string { return a.sign() })
		unknown := *a
		unknown.kid = "k9"
		for range 10 {
			a.refused("unknown kid", func() string { return unknown.sign() })
		}
		mu.Lock()
		defer mu.Unlock()
		if len(requests) != 1 {
			t.Fatalf("%d requests for the keys", len(requests))
		}
		r := requests[0]
		if r.Method != "GET" || r.URL.String() != "/jwks" || len(r.Header["Cookie"])+len(r.Header["Authorization"])+len(r.Header["Referer"])+len(r.Header["Dpop"]) > 0 {
			t.Errorf("the request for the keys tells too much: %s %s %v", r.Method, r.URL, r.Header)
		}
	})
}

// SS-04: what is at the address, or is not, cannot be told from our answer.
func TestClientKeysUnreachable(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	garbage := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "SSH-2.0-OpenSSH") }))
	defer garbage.Close()
	elsewhere := httptest.NewServer(http.RedirectHandler(garbage.URL, http.StatusFound))
	defer elsewhere.Close()
	missing := httptest.NewServer(http.NotFoundHandler())
	defer missing.Close()
	for _, uri := range []string{closed.URL, garbage.URL, elsewhere.URL, missing.URL} {
		id, _ := w.client(`{"client_name":"Gone","grant_types":["client_credentials"],"scope":"reports:read","token_endpoint_auth_method":"private_key_jwt","jwks_uri":"` + uri + `"}`)
		a := &asserter{w: w, id: id, alg: jose.ES256, key: ecKey(t, elliptic.P256()), kid: "k1"}
		a.refused(uri, func() string { return a.sign() })
	}
	if !strings.Contains(w.log.String(), "jwks_error") {
		t.Error("the operator is not told")
	}
}

// EN-01: an assertion of a client that is not there takes as long to refuse as one that is there.
func TestClientAssertionRefusalTime(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	a := w.asserter(jose.RS256, rsaKey(t, 2048))
	wrong := *a
	wrong.key = rsaKey(t, 2048)
	absent := wrong
	absent.id = "nobody"
	// One after the other, so that whatever else the machine does befalls both.
	var took [2][]time.Duration
	for range 200 {
		for i, a := range []*asserter{&wrong, &absent} {
			form := asserted(url.Values{"token": {"x"}}, a.sign())
			start := time.Now()
			w.post("/oauth2/introspect", form, "", "").expect(t, 401, "invalid_client")
			took[i] = append(took[i], time.Since(start))
		}
	}
	for _, list := range took {
		slices.Sort(list)
	}
	known, unknown := took[0][100], took[1][100]
	if diff := (known - unknown).Abs(); diff > 2*time.Millisecond && diff > known/2 {
		t.Errorf("known client %v, unknown client %v", known, unknown)
	}
}

// A storage fault is no refusal: the client is told to try again, and the assertion was not used.
func TestClientAssertionFault(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	a := w.asserter(jose.ES256, ecKey(t, elliptic.P256()))
	form := url.Values{"token": {"x"}}
	w.post("/oauth2/introspect", asserted(form, a.sign()), "", "").expect(t, 200, "")
	w.exec("ALTER TABLE assertion_ids RENAME TO assertion_ids_gone")
	w.post("/oauth2/introspect", asserted(form, a.sign()), "", "").expect(t, 503, "temporarily_unavailable")
	w.exec("ALTER TABLE assertion_ids_gone RENAME TO assertion_ids")
	w.post("/oauth2/introspect", asserted(form, a.sign()), "", "").expect(t, 200, "")
}
