package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/cmd/internal/app"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// BenchmarkClientCredentials is one token request of a client for itself, without the network: the handler of the whole node. Compare it with
// BenchmarkBareSigner in the same run.
func BenchmarkClientCredentials(b *testing.B) {
	node, registry := benchNode(b)
	m, _ := clients.DecodeMetadata([]byte(`{"grant_types":["client_credentials"],"scope":"read write"}`))
	c, secret, err := registry.Create(b.Context(), m, clients.CreateOptions{})
	if err != nil {
		b.Fatal(err)
	}
	handler, form := node.Handler(), url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}}.Encode()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/oauth2/token", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(c.ID, secret)
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Code, rec.Body)
		}
	}
}

// BenchmarkBareSigner is the physical limit: a handler that parses the form and signs a JWT with the same claims.
func BenchmarkBareSigner(b *testing.B) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", strings.Repeat("k", 43)))
	if err != nil {
		b.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			return
		}
		now := time.Now().Unix()
		payload, _ := json.Marshal(map[string]any{
			"iss": "http://localhost:8080", "sub": strings.Repeat("c", 22), "aud": "http://localhost:8080", "exp": now + 600, "iat": now,
			"jti": strings.Repeat("j", 11), "client_id": strings.Repeat("c", 22), "scope": r.PostForm.Get("scope"),
		})
		signed, _ := signer.Sign(payload)
		token, _ := signed.CompactSerialize()
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": r.PostForm.Get("scope")})
	})
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}}.Encode()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/oauth2/token", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(strings.Repeat("c", 22), strings.Repeat("s", 50))
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
}

// benchNode is a node on SQLite without a listener.
func benchNode(b *testing.B) (*app.App, *clients.Registry) {
	file := filepath.Join(b.TempDir(), "symbolon.yaml")
	text := "issuer: http://localhost:8080\ndatabase: " + storagetest.SQLite(b) + "\nsecrets: [ 0123456789abcdef0123456789abcdef-test ]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cfg, err := config.Load(file, true, nil)
	if err != nil {
		b.Fatal(err)
	}
	node, err := app.New(b.Context(), cfg, app.Options{Log: slog.New(slog.NewJSONHandler(io.Discard, nil))})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { node.Close() })
	stores, err := app.Open(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { stores.Close() })
	return node, stores.Clients
}
