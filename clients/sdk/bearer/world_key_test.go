package bearer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

type testKey struct {
	id      string
	alg     string
	private crypto.Signer
	omitAlg bool
}

func (w *world) newKey(id, alg string) *testKey {
	w.t.Helper()
	var private crypto.Signer
	var err error
	switch algorithmOf(alg).family {
	case familyECDSA:
		private, err = ecdsa.GenerateKey(map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}[alg], rand.Reader)
	case familyEdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return &testKey{id: id, alg: alg, private: private}
}

func (k *testKey) signText(t testing.TB, header, payload string) string {
	t.Helper()
	signed := segment(header) + "." + segment(payload)
	if private, ok := k.private.(ed25519.PrivateKey); ok {
		return signed + "." + segment(string(ed25519.Sign(private, []byte(signed))))
	}
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, k.private.(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + segment(string(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)))
}

func segment(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func jsonWebKey(k *testKey) jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.private, KeyID: k.id, Algorithm: k.alg, Use: "sig"}
}
