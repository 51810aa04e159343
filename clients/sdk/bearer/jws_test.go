package bearer

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestJW01AlgNone(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	good := w.token(nil)
	payload, signature := strings.Split(good, ".")[1], strings.Split(good, ".")[2]
	for _, alg := range []string{"none", "None", "nOnE", "", "ES256 ", "es256"} {
		for _, s := range []string{"", signature} {
			header := segment(fmt.Sprintf(`{"alg":%q,"typ":"at+jwt","kid":"k1"}`, alg))
			_, err := v.Verify(t.Context(), header+"."+payload+"."+s)
			refused(t, err, http.StatusUnauthorized, "invalid_token")
		}
	}
	_, err := v.Verify(t.Context(), strings.TrimSuffix(good, signature))
	refused(t, err, http.StatusUnauthorized, "invalid_token")
}

func TestJW02PublicKeyAsSecret(t *testing.T) {
	w := newWorld(t)
	w.use(w.newKey("k1", "RS256"))
	v := w.verifier(nil)
	public := w.signer.private.Public().(*rsa.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := json.Marshal(jose.JSONWebKey{Key: public, KeyID: "k1", Algorithm: "RS256"})
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{
		"DER": der, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "JWK": jwk, "modulus": public.N.Bytes(), "empty": nil,
	}
	for name, secret := range secrets {
		for _, alg := range []string{"HS256", "HS384", "HS512"} {
			signed := segment(fmt.Sprintf(`{"alg":%q,"typ":"at+jwt","kid":"k1"}`, alg)) + "." + segment(w.claimsText("x", "1"))
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(signed))
			_, err := v.Verify(t.Context(), signed+"."+segment(string(mac.Sum(nil))))
			t.Run(name+" "+alg, func(t *testing.T) { refused(t, err, http.StatusUnauthorized, "invalid_token") })
		}
	}
}

func TestJW03KeyID(t *testing.T) {
	w := newWorld(t)
	second := w.newKey("k2", "ES256")
	w.publish(w.signer, second)
	v := w.verifier(nil)
	for name, kid := range map[string]string{
		"path": `"../../../../dev/null"`, "SQL": `"' OR 1=1 --"`, "URL": `"https://evil.example.com/k"`, "array": `["k1"]`, "number": `1`, "null": `null`,
		"empty": `""`, "other key": `"k2"`, "long": `"` + strings.Repeat("k", 4000) + `"`, "NUL": `"k1\u0000"`,
	} {
		t.Run(name, func(t *testing.T) {
			header := fmt.Sprintf(`{"alg":"ES256","typ":"at+jwt","kid":%s}`, kid)
			_, err := v.Verify(t.Context(), w.signer.signText(t, header, w.claimsText("x", "1")))
			refused(t, err, http.StatusUnauthorized, "invalid_token")
		})
	}
	withoutKid := func() string { return w.signer.signText(t, `{"alg":"ES256","typ":"at+jwt"}`, w.claimsText("x", "1")) }
	if _, err := v.Verify(t.Context(), withoutKid()); err == nil {
		t.Error("a token without kid is accepted, though two keys could have signed it")
	}
	w.publish(w.signer, w.newKey("k3", "EdDSA"))
	v = w.verifier(nil)
	if _, err := v.Verify(t.Context(), withoutKid()); err != nil {
		t.Errorf("a token without kid, where one key could have signed it: %v", err)
	}
	if n := w.fetched("https://evil.example.com/k"); n != 0 {
		t.Errorf("%d requests to what kid says", n)
	}
}

func TestJW03SameKeyIDTwice(t *testing.T) {
	w := newWorld(t)
	first, twin, other := w.signer, w.newKey("k1", "ES256"), w.newKey("k1", "EdDSA")
	w.publish(first, other)
	v := w.verifier(nil)
	if _, err := v.Verify(t.Context(), w.token(nil)); err != nil {
		t.Errorf("same kid, other type (RFC 7517 §4.5): %v", err)
	}
	w.publish(first, twin, other)
	v = w.verifier(nil)
	_, err := v.Verify(t.Context(), w.token(nil))
	refused(t, err, http.StatusUnauthorized, "invalid_token")
}

func TestJW04KeyMaterialInHeader(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	eve := w.newKey("k1", "ES256")
	const canary = "https://evil.example.com/jwks"
	for name, headers := range map[string]map[string]any{
		"jwk": {"jwk": jose.JSONWebKey{Key: eve.private.Public(), KeyID: "k1", Algorithm: "ES256"}},
		"jku": {"jku": canary},
		"x5u": {"x5u": canary},
		"x5c": {"x5c": []string{"MIIB"}},
	} {
		headers["typ"] = "at+jwt"
		_, err := v.Verify(t.Context(), eve.sign(t, headers, w.claims()))
		t.Run(name, func(t *testing.T) { refused(t, err, http.StatusUnauthorized, "invalid_token") })
		eve.id = "eve" // and under a kid of its own
		_, err = v.Verify(t.Context(), eve.sign(t, headers, w.claims()))
		t.Run(name+" own kid", func(t *testing.T) { refused(t, err, http.StatusUnauthorized, "invalid_token") })
		eve.id = "k1"
	}
	if n := w.fetched(canary); n != 0 {
		t.Errorf("the canary saw %d requests", n)
	}
}

func TestJW05CritAndB64(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	for _, member := range []string{`"crit":["x"],"x":1`, `"crit":[]`, `"crit":["b64"],"b64":false`, `"b64":false`, `"b64":true`, `"crit":null`} {
		header := `{"alg":"ES256","typ":"at+jwt","kid":"k1",` + member + `}`
		_, err := v.Verify(t.Context(), w.signer.signText(t, header, w.claimsText("x", "1")))
		t.Run(member, func(t *testing.T) { refused(t, err, http.StatusUnauthorized, "invalid_token") })
	}
}

func TestJW06AndJW07BombsAndGiants(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	if _, err := v.Verify(t.Context(), w.token(nil)); err != nil {
		t.Fatal(err)
	}
	pbes := segment(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":100000000,"zip":"DEF"}`)
	good := w.token(nil)
	began := time.Now()
	for name, token := range map[string]string{
		"dots": strings.Repeat(".", 1<<20), "dots below the cap": strings.Repeat(".", 8000), "JWE": pbes + ".AA.AA.AA.AA", "JWE without key": pbes + "..AA.AA.AA",
		"10 MiB segment": "eyJ." + strings.Repeat("A", 10<<20) + ".AA", "empty": "", "one part": "abc", "two parts": "abc.def", "four parts": good + ".AA",
		"empty parts": "..", "JSON serialization": `{"payload":"AA","signatures":[]}`, "100,000 audiences": w.token(map[string]any{"aud": make([]string, 100_000)}),
		"spaces": " " + good, "line break": good[:100] + "\n" + good[100:], "carriage return": good + "\r",
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			if n := testing.AllocsPerRun(1, func() { _, err = v.Verify(t.Context(), token) }); n > 200 {
				t.Errorf("%v allocations", n)
			}
			refused(t, err, http.StatusUnauthorized, "invalid_token")
		})
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestJW09SignatureOddities(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	good := w.token(nil)
	dot := strings.LastIndexByte(good, '.')
	signed, encoded := good[:dot], good[dot+1:]
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	der := appendSignature(nil, raw)
	order, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	above := new(big.Int).Add(new(big.Int).SetBytes(raw[32:]), order)
	flipped := append([]byte{}, raw...)
	flipped[40] ^= 1
	swapped := string(raw[32:]) + string(raw[:32])
	for name, signature := range map[string]string{
		"all zero": segment(string(make([]byte, 64))), "DER": segment(string(der)), "swapped": segment(swapped), "flipped bit": segment(string(flipped)),
		"too long": segment(string(raw) + "\x00"), "too short": segment(string(raw[:63])), "padding": encoded + "==", "standard alphabet": base64.StdEncoding.EncodeToString(raw),
		"extra bits": encoded[:85] + nextLetter(encoded[85]), "huge": strings.Repeat("A", 4000), "s above the order": segment(string(raw[:32]) + string(above.Bytes())),
		"one byte": "AA", "bad letter": encoded[:85] + "!",
	} {
		_, err := v.Verify(t.Context(), signed+"."+signature)
		t.Run(name, func(t *testing.T) { refused(t, err, http.StatusUnauthorized, "invalid_token") })
	}
	w.use(w.newKey("r1", "RS256"))
	v = w.verifier(nil)
	pss := *w.signer
	pss.alg = "PS256"
	parts := strings.Split(pss.sign(t, map[string]any{"typ": "at+jwt"}, w.claims()), ".")
	header := segment(w.header())
	digest := sha256.Sum256([]byte(header + "." + parts[1]))
	signature, err := pss.private.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(t.Context(), header+"."+parts[1]+"."+segment(string(signature)))
	t.Run("PSS under RS256", func(t *testing.T) { refused(t, err, http.StatusUnauthorized, "invalid_token") })
	_, err = v.Verify(t.Context(), strings.Join(parts, "."))
	t.Run("PS256 with a key for RS256", func(t *testing.T) { refused(t, err, http.StatusUnauthorized, "invalid_token") })
}

// nextLetter returns the base64url letter whose last bit differs.
func nextLetter(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)^1])
}

func TestRFC7515Types(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	for _, typ := range []string{"JWT", "", "logout+jwt", "statuslist+jwt", "dpop+jwt", "id+jwt", "text/at+jwt", "at+jwt "} {
		_, err := v.Verify(t.Context(), w.sign(typ, w.claims()))
		t.Run("RFC 8725 §3.11: "+typ, func(t *testing.T) { refused(t, err, http.StatusUnauthorized, "invalid_token") })
	}
}

func TestAllAlgorithms(t *testing.T) {
	all := []string{"ES256", "ES384", "ES512", "EdDSA", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	for _, alg := range all {
		t.Run(alg, func(t *testing.T) {
			w := newWorld(t)
			k := w.newKey("k", alg)
			k.omitAlg = true
			w.use(k)
			v := w.verifier(func(c *Config) { c.Algorithms = []string{alg} })
			for range 8 { // ECDSA signatures have varying lengths in ASN.1
				if _, err := v.Verify(t.Context(), w.token(nil)); err != nil {
					t.Fatal(err)
				}
			}
			others := w.verifier(func(c *Config) {
				c.Algorithms = nil
				for _, other := range all {
					if other != alg {
						c.Algorithms = append(c.Algorithms, other)
					}
				}
			})
			if _, err := others.Verify(t.Context(), w.token(nil)); err == nil {
				t.Error("accepted without being allowed")
			}
		})
	}
}
