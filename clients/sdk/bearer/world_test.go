package bearer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	testIssuer   = "https://id.example.com"
	testAudience = "https://api.example.com"
	metadataPath = "/.well-known/openid-configuration"
	keysPath     = "/jwks"
)

// world is an issuer without a network: it stands behind the http.RoundTripper of the Verifier's client, and so works in a synctest bubble.

type world struct {
	t      testing.TB
	issuer string

	mu        sync.Mutex
	published []*testKey
	signer    *testKey
	lists     map[string]*testList
	answers   map[string]http.HandlerFunc // instead of the issuer's own, by path
	hang      map[string]time.Duration
	fetches   map[string]int
	maxAge    int // of the key set, seconds
	down      bool
}

// testList is a status list that the issuer signs anew for each request, unless signedAt is set.

func newWorld(t testing.TB) *world {
	w := &world{
		t: t, issuer: testIssuer, lists: map[string]*testList{}, answers: map[string]http.HandlerFunc{},
		hang: map[string]time.Duration{}, fetches: map[string]int{}, maxAge: 600,
	}
	w.use(w.newKey("k1", "ES256"))
	return w
}

// use publishes the key alone and signs with it.

func (w *world) use(k *testKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published, w.signer = []*testKey{k}, k
}

func (w *world) publish(keys ...*testKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published = keys
}

// set changes the world under its lock.

func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *world) fetched(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fetches[path]
}

// verifier returns a Verifier of this issuer for testAudience.

func (w *world) verifier(change func(*Config)) *Verifier {
	w.t.Helper()
	c := Config{Issuer: w.issuer, Audience: testAudience, HTTPClient: &http.Client{Transport: w}}
	if change != nil {
		change(&c)
	}
	v, err := New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(v.Close)
	return v
}

// RoundTrip implements http.RoundTripper.

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	path := r.URL.Path
	if origin := r.URL.Scheme + "://" + r.URL.Host; origin != w.issuer {
		path = r.URL.String()
	}
	w.fetches[path]++
	hang, down := w.hang[path], w.down
	w.mu.Unlock()
	select {
	case <-time.After(hang):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if down {
		return nil, errors.New("connection refused")
	}
	recorder := httptest.NewRecorder()
	w.serve(recorder, r, path)
	response := recorder.Result()
	response.Request = r
	return response, nil
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request, path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if answer := w.answers[path]; answer != nil {
		answer(rw, r)
		return
	}
	switch list := w.lists[path]; {
	case path == metadataPath:
		fmt.Fprintf(rw, `{"issuer":%q,"jwks_uri":%q}`, w.issuer, w.issuer+keysPath)
	case path == keysPath:
		w.serveKeys(rw, r)
	case list != nil:
		w.serveList(rw, r, list)
	default:
		http.NotFound(rw, r)
	}
}

func (w *world) serveKeys(rw http.ResponseWriter, r *http.Request) {
	body := w.keySet()
	etag := fmt.Sprintf(`"%x"`, sha256.Sum256(body))
	rw.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(w.maxAge))
	rw.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		rw.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = rw.Write(body)
}

func (w *world) keySet() []byte {
	var set jose.JSONWebKeySet
	for _, k := range w.published {
		jwk := jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: k.alg, Use: "sig"}
		if k.omitAlg {
			jwk.Algorithm = ""
		}
		set.Keys = append(set.Keys, jwk)
	}
	body, err := json.Marshal(set)
	if err != nil {
		w.t.Fatal(err)
	}
	return body
}

// claims returns the claims of a good access token.

func (w *world) claims() map[string]any {
	now := time.Now().Unix()
	return map[string]any{
		"iss": w.issuer, "sub": "anna", "aud": testAudience, "client_id": "shop", "scope": "read write", "jti": rand.Text(),
		"iat": now, "exp": now + 600,
	}
}

func (w *world) sign(typ string, claims map[string]any) string {
	w.mu.Lock()
	k := w.signer
	w.mu.Unlock()
	return k.sign(w.t, map[string]any{"typ": typ}, claims)
}

// token returns a good access token with some claims changed; nil takes a claim away.

func (w *world) token(changes map[string]any) string {
	claims := w.claims()
	for name, value := range changes {
		if value == nil {
			delete(claims, name)
		} else {
			claims[name] = value
		}
	}
	return w.sign("at+jwt", claims)
}

// sign signs with go-jose. The headers are added to alg and kid.

func (k *testKey) sign(t testing.TB, headers map[string]any, claims any) string {
	t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{}}
	for name, value := range headers {
		options.ExtraHeaders[jose.HeaderKey(name)] = value
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.alg), Key: jose.JSONWebKey{Key: k.private, KeyID: k.id}}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// signText signs any header and payload, also those that no library would make. Only for ES256 and EdDSA.

// jsonWebKey returns the private key, as no issuer should publish it.

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
