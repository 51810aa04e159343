package provider

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4/json" // no member twice
	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/provider/seal"
)

// bareProvider is a provider that has the keys of what it seals and nothing else: its parsers must not need more.
func bareProvider(t testing.TB) *Provider {
	t.Helper()
	secrets, err := seal.New([][]byte{make([]byte, seal.MinSecret)})
	if err != nil {
		t.Fatal(err)
	}
	return &Provider{
		config: Config{Issuer: "https://id.example.com", Lifetimes: Lifetimes{Interaction: time.Hour}}, refresh: secrets.MAC("refresh token"), nonces: secrets.MAC("DPoP nonce"),
		accessTokens: secrets.Box("access token"), interactions: secrets.Box("interaction"), logouts: secrets.Box("log-out"),
	}
}

// FuzzDPoPProof is PR-07, RFC 9449 §4.3: the fuzzer chooses header and claims, and signs them. What is accepted has one spelling and one reading, a
// public key that fits its algorithm, and was made for this request at this time. NOW in the claims is the time.
func FuzzDPoPProof(f *testing.F) {
	p := bareProvider(f)
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) // the seeds are for a key that is always the same
	encode := base64.RawURLEncoding.EncodeToString
	jwk := `{"kty":"OKP","crv":"Ed25519","x":"` + encode(private.Public().(ed25519.PublicKey)) + `"}`
	header, claims := `{"typ":"dpop+jwt","alg":"EdDSA","jwk":`+jwk+`}`, `{"jti":"a","htm":"POST","htu":"https://id.example.com/oauth2/token","iat":NOW}`
	for _, h := range []string{
		`{"typ":"DPoP+JWT","alg":"EdDSA","jwk":` + jwk + `,"kid":"x"}`, `{"typ":"jwt","alg":"EdDSA","jwk":` + jwk + `}`, `{"typ":"dpop+jwt","alg":"none","jwk":` + jwk + `}`,
		`{"typ":"dpop+jwt","alg":"EdDSA"}`, `{"typ":"dpop+jwt","alg":"EdDSA","jwk":{"kty":"oct","k":"AA"}}`, `{"typ":"dpop+jwt","alg":"ES256","jwk":` + jwk + `,"crit":["b64"],"b64":false}`,
		`{"typ":"dpop+jwt","alg":"EdDSA","jwk":` + strings.Replace(jwk, "{", `{"d":"`+encode(private.Seed())+`",`, 1) + `}`, `{"typ":"dpop+jwt","typ":"jwt","alg":"EdDSA","jwk":` + jwk + `}`,
	} {
		f.Add(h, claims, int64(0), "")
	}
	for _, c := range []string{
		claims, `{}`, `null`, strings.Replace(claims, "NOW", "1e400", 1), strings.Replace(claims, "NOW", "9223372036854775807", 1), strings.Replace(claims, `"jti":"a"`, `"jti":"a","jti":"b"`, 1),
		strings.Replace(claims, "jti", "JTI", 1), strings.Replace(claims, `}`, `,"exp":NOW,"nbf":1e12,"ath":"x"}`, 1), strings.Replace(claims, "https", "HTTPS", 1), strings.Replace(claims, `}`, `,"nonce":"AAAA"}`, 1),
	} {
		f.Add(header, c, int64(-30), compact(header, c))
	}
	f.Fuzz(func(t *testing.T, header, claims string, offset int64, forged string) {
		if key, _, err := parseProof(forged); err == nil {
			t.Fatalf("%q is a proof of %v", forged, key)
		} else if e := (*fosite.RFC6749Error)(nil); !errors.As(err, &e) || e.ErrorField != errDPoPProof.ErrorField {
			t.Fatal(err)
		}
		claims = strings.ReplaceAll(claims, "NOW", strconv.FormatInt(time.Now().Unix()+offset, 10))
		input := encode([]byte(header)) + "." + encode([]byte(claims))
		proof := input + "." + encode(ed25519.Sign(private, []byte(input)))
		key, c, err := parseProof(proof)
		if err != nil {
			return
		}
		checkOneReading(t, header, claims, proof, c)
		if !key.IsPublic() || key.Algorithm != "EdDSA" || !private.Public().(ed25519.PublicKey).Equal(key.Key) {
			t.Fatalf("%s has the key %v", header, key)
		}
		r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/oauth2/token"}}
		if err := p.checkProof(r, c, ""); err != nil {
			if e := (*fosite.RFC6749Error)(nil); !errors.As(err, &e) || e.ErrorField != errDPoPProof.ErrorField && e.ErrorField != errUseDPoPNonce.ErrorField {
				t.Fatal(err)
			}
			return
		}
		age := time.Since(time.Unix(c.IssuedAt, 0)).Abs()
		if c.ID == "" || len(c.ID) > 256 || c.Method != "POST" || age > dpopWindow+time.Minute || !strings.EqualFold(normalURL(c.URI), "https://id.example.com/oauth2/token") {
			t.Fatalf("%s is taken", claims)
		}
		if p.checkProof(&http.Request{Method: http.MethodGet, URL: r.URL}, c, "") == nil || p.checkProof(&http.Request{Method: r.Method, URL: &url.URL{Path: "/oauth2/par"}}, c, "") == nil {
			t.Fatalf("%s is taken for another request", claims)
		}
	})
}

// checkOneReading checks that a proof that was accepted says the same to every reader: its names are exact and there once.
func checkOneReading(t *testing.T, header, claims, proof string, c *proofClaims) {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(header), &members); err != nil || len(proof) > maxProof {
		t.Fatalf("%d bytes, %q: %v", len(proof), header, err)
	}
	members = nil
	if err := json.Unmarshal([]byte(claims), &members); err != nil {
		t.Fatalf("%q: %v", claims, err)
	}
	for name, read := range map[string]string{"jti": c.ID, "htm": c.Method, "htu": c.URI, "ath": c.AccessTokenHash, "nonce": c.Nonce} {
		if said, _ := members[name].(string); said != read {
			t.Fatalf("%q: the %s is read as %q", claims, name, read)
		}
	}
	end := len(proof) - 1
	for _, second := range []string{proof[:end] + string(proof[end]+1), proof + "=", proof + "\n", " " + proof, proof + ".", strings.Replace(proof, ".", "=.", 1)} {
		if _, _, err := parseProof(second); err == nil {
			t.Fatalf("%q has a second spelling", proof)
		}
	}
}
