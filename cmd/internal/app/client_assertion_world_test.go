package app_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/cmd/internal/app"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// asserter is a client that signs assertions, with go-jose.
type asserter struct {
	w   *world
	id  string
	alg jose.SignatureAlgorithm
	key any // private, or the secret
	kid string
}

func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func edKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// jwksOf returns the JWK Set of the public halves, named k1, k2, …
func jwksOf(t *testing.T, keys ...crypto.Signer) string {
	t.Helper()
	var set jose.JSONWebKeySet
	for i, key := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: "k" + string(rune('1'+i)), Use: "sig"})
	}
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// asserter registers a machine whose only key is key. Members are added to its metadata: `"name":value`.
func (w *world) asserter(alg jose.SignatureAlgorithm, key crypto.Signer, members ...string) *asserter {
	w.t.Helper()
	members = append(members, `"token_endpoint_auth_method":"private_key_jwt"`, `"jwks":`+jwksOf(w.t, key))
	id, _ := w.client(`{"client_name":"Asserter","grant_types":["client_credentials"],"scope":"reports:read",` + strings.Join(members, ",") + `}`)
	return &asserter{w: w, id: id, alg: alg, key: key, kid: "k1"}
}

// sharer registers a machine of client_secret_jwt.
func (w *world) sharer(alg jose.SignatureAlgorithm, members ...string) *asserter {
	w.t.Helper()
	members = append(members, `"token_endpoint_auth_method":"client_secret_jwt"`)
	id, secret := w.client(`{"client_name":"Sharer","grant_types":["client_credentials"],"scope":"reports:read",` + strings.Join(members, ",") + `}`)
	return &asserter{w: w, id: id, alg: alg, key: []byte(secret)}
}

// claims are those of an honest assertion, with changes: name, value, …; a nil value takes a claim out.
func (a *asserter) claims(changes ...any) map[string]any {
	now := time.Now().Unix()
	claims := map[string]any{"iss": a.id, "sub": a.id, "aud": a.w.issuer, "iat": now, "exp": now + 60, "jti": rand.Text()}
	for i := 0; i+1 < len(changes); i += 2 {
		claims[changes[i].(string)] = changes[i+1]
		if changes[i+1] == nil {
			delete(claims, changes[i].(string))
		}
	}
	return claims
}

// sign returns an assertion with the claims changed.
func (a *asserter) sign(changes ...any) string {
	a.w.t.Helper()
	return a.signWith(map[jose.HeaderKey]any{"typ": "JWT"}, a.claims(changes...))
}

// signWith returns an assertion with more in its header.
func (a *asserter) signWith(header map[jose.HeaderKey]any, claims any) string {
	a.w.t.Helper()
	payload, err := json.Marshal(claims)
	a.w.must(err)
	return a.signRaw(header, string(payload))
}

func (a *asserter) signRaw(header map[jose.HeaderKey]any, payload string) string {
	a.w.t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: header}
	key := a.key
	if a.kid != "" {
		key = jose.JSONWebKey{Key: a.key, KeyID: a.kid}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: a.alg, Key: key}, options)
	a.w.must(err)
	jws, err := signer.Sign([]byte(payload))
	a.w.must(err)
	compact, err := jws.CompactSerialize()
	a.w.must(err)
	return compact
}

// asserted returns form with an assertion.
func asserted(form url.Values, assertion string, pairs ...string) url.Values {
	return merged(form, append([]string{"client_assertion_type", assertionType, "client_assertion", assertion}, pairs...)...)
}

// everywhere sends an assertion, made anew each time, to all endpoints and returns the answers by path.
func (a *asserter) everywhere(make func() string) map[string]reply {
	a.w.t.Helper()
	all := map[string]reply{}
	for path, form := range authenticated() {
		all[path] = a.w.post(path, asserted(form, make()), "", "")
	}
	return all
}

// refused fails unless every endpoint refuses the assertion in the words that an unknown client hears.
func (a *asserter) refused(name string, make func() string) {
	a.w.t.Helper()
	for path, r := range a.everywhere(make) {
		unknown := a.w.post(path, merged(authenticated()[path], "client_id", "nobody"), "", "")
		if r.status != 401 || r.text("error") != "invalid_client" || r.raw != unknown.raw {
			a.w.t.Errorf("%s: %s: %d %s", path, name, r.status, r.raw)
		}
	}
}

// accepted fails unless every endpoint takes the assertion.
func (a *asserter) accepted(name string, make func() string) {
	a.w.t.Helper()
	for path, r := range a.everywhere(make) {
		if r.status != 200 {
			a.w.t.Errorf("%s: %s: %d %s", path, name, r.status, r.raw)
		}
	}
}

// open opens the database beside the node.
func (w *world) open() {
	w.t.Helper()
	stores, err := app.Open(context.Background(), w.config)
	w.must(err)
	w.t.Cleanup(func() { stores.Close() })
	w.stores, w.clients = stores, stores.Clients
}

// register is client for metadata that may be refused.
func (w *world) register(metadata string) (id, secret string, err error) {
	w.t.Helper()
	m, err := clients.DecodeMetadata([]byte(metadata))
	w.must(err)
	c, secret, err := w.clients.Create(context.Background(), m, clients.CreateOptions{})
	if err != nil {
		return "", "", err
	}
	return c.ID, secret, nil
}
