package app_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// proof returns a DPoP proof for a request to the world (RFC 9449 §4.2).
func (w *world) proof(key *ecdsa.PrivateKey, method, path string) string {
	w.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key},
		&jose.SignerOptions{EmbedJWK: true, ExtraHeaders: map[jose.HeaderKey]any{"typ": "dpop+jwt"}})
	w.must(err)
	payload, err := json.Marshal(map[string]any{"jti": rand.Text(), "htm": method, "htu": w.issuer + path, "iat": time.Now().Unix()})
	w.must(err)
	jws, err := signer.Sign(payload)
	w.must(err)
	compact, err := jws.CompactSerialize()
	w.must(err)
	return compact
}

// thumbprint is the dpop_jkt of a key (RFC 7638).
func thumbprint(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	sum, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// postWithProof sends a form as the partner, with a DPoP proof unless it is empty.
func (p *partner) postWithProof(path string, form url.Values, proof string) reply {
	p.w.t.Helper()
	r, err := http.NewRequest("POST", p.w.issuer+path, strings.NewReader(form.Encode()))
	p.w.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if proof != "" {
		r.Header.Set("DPoP", proof)
	}
	r.SetBasicAuth(url.QueryEscape(p.id), url.QueryEscape(p.secret))
	return p.w.send(r)
}
