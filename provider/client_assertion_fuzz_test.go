package provider

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// The parser of client assertions reads what anybody sends: it never fails, and what it lets through has one spelling, an announced algorithm and
// nothing in its header that leads elsewhere.
func FuzzParseAssertion(f *testing.F) {
	encode := base64.RawURLEncoding.EncodeToString
	claims := `{"iss":"c","sub":"c","aud":"https://id.example.com","exp":1700000000.5,"iat":1700000000,"jti":"x"}`
	for _, header := range []string{
		`{"alg":"ES256","kid":"k1","typ":"JWT"}`, `{"alg":"HS256"}`, `{"alg":"none"}`, `{"alg":"RS256","jku":"https://evil.example"}`, `{"alg":"EdDSA","crit":["b64"],"b64":false}`,
		`{"alg":"RS256","x5c":["AAAA"]}`, `{"alg":"ES256","alg":"none"}`, `{"ALG":"ES256"}`, `{"alg":"PS256","typ":"client-authentication+jwt","jwk":{}}`,
	} {
		f.Add(encode([]byte(header)) + "." + encode([]byte(claims)) + "." + encode(make([]byte, 64)))
	}
	for _, payload := range []string{`{}`, `null`, `[]`, `{"aud":["a","b"]}`, `{"exp":1e308}`, `{"exp":"1"}`, `{"sub":"a","sub":"b"}`} {
		f.Add(encode([]byte(`{"alg":"ES256"}`)) + "." + encode([]byte(payload)) + ".AA")
	}
	f.Add("..")
	f.Add(strings.Repeat(".", 100))
	decoys := newDecoys()
	f.Fuzz(func(t *testing.T, text string) {
		a := parseAssertion(text)
		if a == nil {
			return
		}
		header, payload, ok := splitJWS(text, maxAssertion)
		if !ok || len(text) > maxAssertion {
			t.Fatal("accepted what does not split")
		}
		again := encode(header) + "." + encode(payload)
		if !strings.HasPrefix(text, again+".") {
			t.Fatalf("a second spelling: %q", text)
		}
		if !slices.Contains(assertionAlgorithms, a.header.Algorithm) && !slices.Contains(sharedAlgorithms, a.header.Algorithm) {
			t.Fatalf("algorithm %q", a.header.Algorithm)
		}
		if h := a.header; h.KeyURL != nil || h.CertURL != nil || h.Key != nil || h.Critical != nil || h.B64 != nil {
			t.Fatalf("header %s", header)
		}
		if a.signedBy(decoys) {
			t.Fatal("a signature of nobody's is right")
		}
	})
}
