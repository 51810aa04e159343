package app_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// targets presents tokens where the provider verifies its own: userinfo, introspection, revocation, the admin API and id_token_hint.
type targets struct {
	p *partner
	b *browser // signed in, consent given
}

// refuse fails when an access token is taken anywhere.
func (g targets) refuse(t *testing.T, name, token string) {
	t.Helper()
	w := g.p.w
	if a := g.p.introspect(token); a.body["active"] != false && a.status != 400 && a.status != 413 {
		t.Errorf("%s: introspection: %d %.200s", name, a.status, a.raw)
	}
	if !strings.ContainsAny(token, "\x00\r\n") && len(token) < 20<<10 {
		if a := w.get("/oauth2/userinfo", token); a.status != 401 && a.status != 400 {
			t.Errorf("%s: userinfo: %d %.200s", name, a.status, a.raw)
		}
		if a := w.get("/admin/v1/clients", token); a.status != 401 && a.status != 400 {
			t.Errorf("%s: admin API: %d %.200s", name, a.status, a.raw)
		}
	}
	if a := g.p.post("/oauth2/revoke", "token", token); a.status >= 500 {
		t.Errorf("%s: revocation: %d", name, a.status)
	}
	if a := w.post("/oauth2/userinfo", url.Values{"access_token": {token}}, "", ""); a.status < 400 || a.status >= 500 {
		t.Errorf("%s: userinfo by POST: %d", name, a.status)
	}
}

// refuseHint fails when an ID token is taken for one of ours.
func (g targets) refuseHint(t *testing.T, name, token string) {
	t.Helper()
	if len(token) > 2<<10 {
		return // no URL is so long
	}
	pg := g.p.ask(g.b, "prompt", "none", "id_token_hint", token)
	if pg.came().Has("code") || pg.status >= 500 {
		t.Errorf("%s: id_token_hint: %d %v", name, pg.status, pg.came())
	}
	g.b.stopAt = afterLogout
	pg = g.b.open(g.p.w.issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {afterLogout}}.Encode())
	if pg.location != "" || pg.status >= 500 {
		t.Errorf("%s: log-out: %d to %q", name, pg.status, pg.location)
	}
	if q := g.p.ask(g.b, "prompt", "none").came(); !q.Has("code") {
		t.Errorf("%s: the hint ended the session: %v", name, q)
		g.p.code(g.b, "ada")
	}
}

func newTargets(t *testing.T, w *world) (targets, reply) {
	t.Helper()
	g := targets{w.logoutPartner(), newBrowser(t)}
	return g, g.p.tokens(g.b, "ada")
}

// publicKeys returns the published keys by algorithm.
func (w *world) publicKeys() map[string]jose.JSONWebKey {
	w.t.Helper()
	var set jose.JSONWebKeySet
	w.must(json.Unmarshal([]byte(w.get("/oauth2/jwks", "").raw), &set))
	keys := map[string]jose.JSONWebKey{}
	for _, k := range set.Keys {
		keys[k.Algorithm] = k
	}
	return keys
}

// JW-01, JW-02, JW-05: no signature, a public key as a secret, and critical extensions.
func TestJWSAlgorithmAttacks(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	g, r := newTargets(t, w)
	keys := w.publicKeys()
	for typ, token := range map[string]string{"at+jwt": r.text("access_token"), "JWT": r.text("id_token")} {
		refuse := g.refuse
		if typ == "JWT" {
			refuse = g.refuseHint
		}
		original := readJWT(t, token)
		kid := original.header["kid"].(string)
		payload, signature := altered(t, token, func(map[string]any) {}), []byte{}
		if raw, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:]); err == nil {
			signature = raw
		}
		header := func(alg, more string) string {
			return `{"alg":"` + alg + `","kid":"` + kid + `","typ":"` + typ + `"` + more + `}`
		}
		for _, alg := range []string{"none", "None", "nOnE", "NONE", "", "HS256", "ES256", "RS256"} {
			refuse(t, "JW-01 unsigned "+alg, encodeJWT(header(alg, ""), payload, nil))
			if alg != original.header["alg"] {
				refuse(t, "JW-01 signature kept, alg "+alg, encodeJWT(header(alg, ""), payload, signature))
			}
		}
		// The payload is byte for byte another one here, so the kept signature never fits.
		changed := altered(t, token, func(c map[string]any) { c["sub"] = "somebody-else" })
		refuse(t, "payload changed", encodeJWT(header(original.header["alg"].(string), ""), changed, signature))
		for _, key := range keys {
			der, err := x509.MarshalPKIXPublicKey(key.Key)
			w.must(err)
			document, err := key.MarshalJSON()
			w.must(err)
			secrets := map[string][]byte{"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "DER": der, "JWK": document, "client secret": []byte(g.p.secret), "empty": {}}
			if public, ok := key.Key.(*rsa.PublicKey); ok {
				secrets["modulus"] = public.N.Bytes()
			}
			for name, secret := range secrets {
				for alg, h := range map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New} {
					for _, id := range []string{kid, key.KeyID} {
						input := encodeJWT(strings.Replace(header(alg, ""), kid, id, 1), payload, nil)
						mac := hmac.New(h, secret)
						mac.Write([]byte(strings.TrimSuffix(input, ".")))
						refuse(t, "JW-02 "+alg+" with the "+name, input+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
					}
				}
			}
		}
		for _, more := range []string{`,"crit":["x"],"x":1`, `,"crit":[]`, `,"crit":["b64"],"b64":false`, `,"b64":false`, `,"zip":"DEF"`} {
			refuse(t, "JW-05 "+more, encodeJWT(header(original.header["alg"].(string), more), payload, signature))
		}
		refuse(t, "JW-06 five parts", token+".x.x")
		refuse(t, "JW-06 JWE", encodeJWT(`{"alg":"dir","enc":"A256GCM"}`, "", nil)+".x.x")
		for _, typ := range []string{"", "jwt", "at+JWT x", "logout+jwt", "secevent+jwt", "application/at+jwt "} {
			if strings.EqualFold(typ, original.header["typ"].(string)) {
				continue
			}
			refuse(t, "RFC 9068 §4 typ "+typ, w.sign(jose.SignatureAlgorithm(original.header["alg"].(string)), typ, payload))
		}
	}
	if !g.p.active(r.text("access_token")) {
		t.Error("the attacks ended the real token")
	}
}

// JW-03, JW-04: keys come from our own set: not from a kid that is a path or a query, and not from the header.
func TestJWSKeyAttacks(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	g, r := newTargets(t, w)
	var asked atomic.Int64
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer canary.Close()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	ownRSA, err := rsa.GenerateKey(rand.Reader, 2048)
	w.must(err)
	jwk, err := jose.JSONWebKey{Key: own.Public(), Algorithm: "ES256", KeyID: "mine"}.MarshalJSON()
	w.must(err)
	for typ, token := range map[string]string{"at+jwt": r.text("access_token"), "JWT": r.text("id_token")} {
		refuse, key, alg := g.refuse, crypto.Signer(own), "ES256"
		if typ == "JWT" {
			refuse, key, alg = g.refuseHint, ownRSA, "RS256"
		}
		kid := readJWT(t, token).header["kid"].(string)
		payload := altered(t, token, func(map[string]any) {})
		for name, header := range map[string]string{
			"own key": `"kid":"` + kid + `"`, "no kid": `"x":1`, "jwk": `"jwk":` + string(jwk), "jwk and kid": `"kid":"` + kid + `","jwk":` + string(jwk), "jku": `"kid":"mine","jku":"` + canary.URL + `"`,
			"x5u": `"kid":"mine","x5u":"` + canary.URL + `"`, "x5c": `"kid":"mine","x5c":["AAAA"]`, "kid path": `"kid":"../../../../dev/null"`, "kid SQL": `"kid":"' UNION SELECT 'x'--"`, "kid URL": `"kid":"` + canary.URL + `"`,
			"kid array": `"kid":["` + kid + `"]`, "kid number": `"kid":1`, "kid null": `"kid":null`, "kid 8 KiB": `"kid":"` + strings.Repeat("k", 8<<10) + `"`, "kid twice": `"kid":"mine","kid":"` + kid + `"`, "kid NUL": `"kid":"\u0000"`, "KID": `"KID":"` + kid + `"`,
		} {
			signed := encodeJWT(`{"alg":"`+alg+`","typ":"`+typ+`",`+header+`}`, payload, nil)
			refuse(t, name, signed+base64.RawURLEncoding.EncodeToString(sign(t, key, strings.TrimSuffix(signed, "."))))
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("JW-04: the canary was asked %d times", n)
	}
}

// sign signs as RS256 or ES256 does.
func sign(t *testing.T, key crypto.Signer, input string) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(input))
	if k, ok := key.(*ecdsa.PrivateKey); ok {
		a, b, err := ecdsa.Sign(rand.Reader, k, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		raw := make([]byte, 64)
		a.FillBytes(raw[:32])
		b.FillBytes(raw[32:])
		return raw
	}
	raw, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// JW-07: giant tokens and tokens of dots are refused quickly.
func TestGiantTokens(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	g, r := newTargets(t, w)
	audiences := w.sign("ES256", "at+jwt", altered(t, r.text("access_token"), func(c map[string]any) { c["aud"] = strings.Split(strings.Repeat("a,", 100_000), ",") }))
	for name, token := range map[string]string{"dots": strings.Repeat(".", 10<<10), "1 MiB of dots": strings.Repeat(".", 1<<20), "a long segment": strings.Repeat("a", 50<<10) + ".a.a", "100,000 audiences": audiences} {
		g.refuse(t, name, token)
		req, err := http.NewRequest("GET", w.issuer+"/oauth2/userinfo", nil)
		w.must(err)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := plainClient.Do(req)
		if err != nil {
			continue // cut off in the middle is an answer too
		}
		if resp.Body.Close(); resp.StatusCode != 431 && resp.StatusCode != 401 && resp.StatusCode != 400 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

// JW-09: signatures that are nearly right.
func TestSignatureOddities(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	g, r := newTargets(t, w)
	token := r.text("access_token")
	cut := strings.LastIndexByte(token, '.') + 1
	raw, err := base64.RawURLEncoding.DecodeString(token[cut:])
	w.must(err)
	flipped := append([]byte{}, raw...)
	flipped[10] ^= 1
	swapped := append(append([]byte{}, raw[32:]...), raw[:32]...)
	for name, signature := range map[string][]byte{"zero": make([]byte, 64), "empty": nil, "flipped": flipped, "swapped": swapped, "short": raw[:63], "long": append(append([]byte{}, raw...), 0), "DER": derOf(raw)} {
		g.refuse(t, name, token[:cut]+base64.RawURLEncoding.EncodeToString(signature))
	}
	g.refuse(t, "padded", token+"==")
	g.refuse(t, "standard alphabet", token[:cut]+base64.StdEncoding.EncodeToString(raw))
	// RSA-PSS under RS256: the PS256 key signs, the header says RS256.
	id := r.text("id_token")
	pss := w.sign("PS256", "JWT", altered(t, id, func(map[string]any) {}))
	rs := readJWT(t, id).header["kid"].(string)
	parts := strings.Split(pss, ".")
	g.refuseHint(t, "PS256 under RS256", encodeJWT(`{"alg":"RS256","kid":"`+rs+`","typ":"JWT"}`, altered(t, id, func(map[string]any) {}), nil)+parts[2])
	for _, alg := range []jose.SignatureAlgorithm{"RS256", "PS256", "EdDSA"} {
		other := w.sign(alg, "at+jwt", altered(t, token, func(map[string]any) {}))
		if a := g.p.introspect(other); a.status >= 500 {
			t.Errorf("%s: %d", alg, a.status)
		}
	}
}

// derOf writes r and s as ASN.1, the form that other libraries sign in.
func derOf(raw []byte) []byte {
	der := []byte{0x30, 0, 0x02, 33, 0}
	der = append(append(der, raw[:32]...), 0x02, 33, 0)
	der = append(der, raw[32:]...)
	der[1] = byte(len(der) - 2)
	return der
}

// JW-10, JW-11: payloads that our own key has signed, but that no right program makes: 4xx, never a panic, never another's data.
func TestHostileClaims(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	g, r := newTargets(t, w)
	token := r.text("access_token")
	claims := func(change func(c map[string]any)) string { return altered(t, token, change) }
	good := claims(func(map[string]any) {})
	if a := g.p.introspect(w.sign("ES256", "at+jwt", good)); a.body["active"] != true {
		t.Fatalf("the test does not sign as the provider does: %s", a.raw)
	}
	for _, claim := range []string{"sub", "iss", "exp", "jti", "client_id"} {
		for _, value := range []any{1, -1, 1.5, nil, true, []any{}, []any{"a"}, map[string]any{}, "", "x", json.Number("1e400"), "9999999999"} {
			if text, ok := value.(string); ok && len(text) > 0 && (claim == "sub" || claim == "client_id") {
				continue // of the right type: only our key could say so
			}
			g.refuse(t, fmt.Sprintf("JW-11 %s=%v", claim, value), w.sign("ES256", "at+jwt", claims(func(c map[string]any) { c[claim] = value })))
		}
	}
	for _, value := range []any{1, true, map[string]any{}, []any{1}, []any{[]any{"a"}}, []any{nil}, []any{map[string]any{}}} {
		g.refuse(t, fmt.Sprintf("JW-11 aud=%v", value), w.sign("ES256", "at+jwt", claims(func(c map[string]any) { c["aud"] = value })))
	}
	for _, value := range []any{1, []any{"openid"}, map[string]any{}} {
		g.refuse(t, fmt.Sprintf("JW-11 scope=%v", value), w.sign("ES256", "at+jwt", claims(func(c map[string]any) { c["scope"] = value })))
	}
	for _, payload := range []string{"", "{}", "null", "[]", `"x"`, "1", "{", good + "x", good + good, "\xff", strings.Repeat("[", 5000)} {
		g.refuse(t, "payload "+payload[:min(len(payload), 20)], w.sign("ES256", "at+jwt", payload))
	}
	token = g.p.tokens(g.b, "ada").text("access_token") // a grant that no attempt above has ended
	body := strings.TrimSuffix(claims(func(map[string]any) {}), "}")
	sub := readJWT(t, token).text("sub")
	if !g.p.active(token) {
		t.Fatal("not alive")
	}
	for _, more := range []string{`,"sub":"evil"`, `,"SUB":"evil"`, `,"ſub":"evil"`, `,"Sub":"evil"`, `,"jti":"x"`, `,"JTI":"x"`, `,"scope":"openid symbolon:admin"`, `,"SCOPE":"openid symbolon:admin"`, `,"exp":9999999999`, `,"client_id":"evil"`, `,"CLIENT_ID":"evil"`} {
		a := g.p.introspect(w.sign("ES256", "at+jwt", body+more+"}"))
		if a.status != 200 || a.body["active"] == true && (a.text("sub") != sub || strings.Contains(a.text("scope"), "admin") || a.text("client_id") != g.p.id) {
			t.Errorf("JW-10 %s: %d %s", more, a.status, a.raw)
		}
	}
	// exp in milliseconds, from another issuer, for another type of subject.
	g.refuse(t, "expired", w.sign("ES256", "at+jwt", claims(func(c map[string]any) { c["exp"] = 1_000_000_000 })))
	g.refuse(t, "foreign issuer", w.sign("ES256", "at+jwt", claims(func(c map[string]any) { c["iss"] = "https://evil.example" })))
	g.refuse(t, "unknown grant", w.sign("ES256", "at+jwt", claims(func(c map[string]any) { c["jti"] = "AAAAAAAAAAAAAAAAAAAAAA.x" })))
	id := r.text("id_token")
	for _, claim := range []string{"sub", "iss", "aud"} {
		for _, value := range []any{1, nil, []any{}, map[string]any{}, ""} {
			g.refuseHint(t, fmt.Sprintf("JW-11 %s=%v", claim, value), w.sign("RS256", "JWT", altered(t, id, func(c map[string]any) { c[claim] = value })))
		}
	}
}
