package keys

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// FuzzVerify is JW-01, JW-02, JW-05, TK-11: of all that our key might have signed, only what has a header like ours verifies, as the type that it
// says, and in one spelling. What nobody signed never does.
func FuzzVerify(f *testing.F) {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) // the seeds are for a key that is always the same
	ring := openRing(f, &shelf{}, func(c *RingConfig) { c.External = []External{{Algorithm: jose.EdDSA, Signer: private}} })
	key, err := ring.Signer(jose.EdDSA)
	if err != nil {
		f.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	for _, header := range []string{
		`{"alg":"EdDSA","kid":"` + key.ID + `","typ":"at+jwt"}`, `{"alg":"EdDSA","kid":"` + key.ID + `","typ":"JWT"}`, `{"alg":"none","kid":"` + key.ID + `","typ":"at+jwt"}`,
		`{"alg":"EdDSA","typ":"at+jwt"}`, `{"alg":"EdDSA","kid":"` + key.ID + `","typ":"at+jwt","crit":["x"]}`, `{"alg":"EdDSA","kid":"` + key.ID + `","typ":"AT+JWT","b64":false}`,
		`{"alg":"ES256","kid":"` + key.ID + `","typ":"at+jwt"}`, `{"alg":"EdDSA","alg":"EdDSA","kid":"` + key.ID + `","typ":"at+jwt"}`, `{"ALG":"EdDSA","KID":"` + key.ID + `","typ":"at+jwt"}`,
		`{"alg":"EdDSA","KID":"` + key.ID + `","typ":"at+jwt"}`, `{"alg":"EdDSA","kid":"` + key.ID + `","TYP":"at+jwt"}`,
		`{"alg":"EdDSA","kid":"` + key.ID + `","typ":"at+jwt","jwk":{"kty":"OKP"},"jku":"https://a.example","zip":"DEF"}`, `{}`, `null`, "",
	} {
		f.Add(header, []byte(`{"sub":"ada"}`), "at+jwt", "")
	}
	f.Add(`{"alg":"EdDSA","kid":"`+key.ID+`","typ":"JWT"}`, []byte{}, "JWT", "..")
	f.Add("", []byte{}, "", "a.b.c")
	f.Fuzz(func(t *testing.T, header string, payload []byte, typ, forged string) {
		input := encode([]byte(header)) + "." + encode(payload)
		token := input + "." + encode(ed25519.Sign(private, []byte(input)))
		got, err := ring.Verify(t.Context(), token, typ)
		if err != nil && !errors.Is(err, ErrToken) {
			t.Fatal(err)
		}
		if err == nil {
			var h map[string]any
			if json.Unmarshal([]byte(header), &h) != nil || len(token) > MaxToken || string(got) != string(payload) {
				t.Fatalf("%q, %q verifies as %q", header, payload, got)
			}
			said, _ := h["typ"].(string)
			if h["alg"] != "EdDSA" || h["kid"] != key.ID || !strings.EqualFold(said, typ) || h["crit"] != nil || h["b64"] != nil {
				t.Fatalf("%q verifies as %q", header, typ)
			}
			end := len(token) - 1
			for _, second := range []string{token[:end] + string(token[end]+1), token + "=", token + "\n", " " + token, token + ".", strings.Replace(token, ".", ".\n", 1)} {
				if _, err := ring.Verify(t.Context(), second, typ); err == nil {
					t.Fatalf("%q has a second spelling", token)
				}
			}
		}
		if forged == token {
			return
		}
		if _, err := ring.Verify(t.Context(), forged, typ); !errors.Is(err, ErrToken) {
			t.Fatalf("%q: %v", forged, err)
		}
	})
}
