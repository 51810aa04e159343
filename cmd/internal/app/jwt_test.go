package app_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/seal"
)

// jwt is a token taken apart, not verified.
type jwt struct {
	header, claims map[string]any
}

func readJWT(t *testing.T, token string) jwt {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWS in compact form: %q", token)
	}
	var j jwt
	for i, into := range []*map[string]any{&j.header, &j.claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// text returns a claim that is text.
func (j jwt) text(name string) string { s, _ := j.claims[name].(string); return s }

// seconds returns a claim that is a whole number of seconds since 1970.
func (j jwt) seconds(t *testing.T, name string) int64 {
	t.Helper()
	f, ok := j.claims[name].(float64)
	if !ok || f != float64(int64(f)) || f < 1e9 || f > 1e11 {
		t.Errorf("%s is no time in seconds: %v", name, j.claims[name])
	}
	return int64(f)
}

// ring opens the signing keys as the node has them: what a test signs with it is signed by the provider.
func (w *world) ring() *keys.Ring {
	w.t.Helper()
	secrets, err := seal.New(w.stores.Secrets)
	w.must(err)
	ring, err := keys.Open(context.Background(), keys.RingConfig{Store: w.stores.DB, Sealer: secrets.Box("signing key"), PublishAhead: time.Hour})
	w.must(err)
	return ring
}

// sign signs a payload, JSON or not, with the provider's own key.
func (w *world) sign(alg jose.SignatureAlgorithm, typ, payload string) string {
	w.t.Helper()
	key, err := w.ring().Signer(alg)
	w.must(err)
	token, err := key.Sign(typ, []byte(payload))
	w.must(err)
	return token
}

// altered returns the claims of a token as JSON after change.
func altered(t *testing.T, token string, change func(claims map[string]any)) string {
	t.Helper()
	claims := readJWT(t, token).claims
	change(claims)
	raw, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// encodeJWT puts a header, a payload and a signature together.
func encodeJWT(header, payload string, signature []byte) string {
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString([]byte(payload)) + "." + enc.EncodeToString(signature)
}
