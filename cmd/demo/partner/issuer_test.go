package partner

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// issuer is a provider that says whatever a test wants it to say, to see that the app does not believe it.
type issuer struct {
	t      *testing.T
	server *httptest.Server

	mu      sync.Mutex
	key     *ecdsa.PrivateKey
	kid     string
	idToken map[string]any // the claims of the next ID token
	subject string         // what userinfo says
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, subject: "ada"}
	i.rotate("first")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{
			"issuer": i.server.URL, "authorization_endpoint": i.server.URL + "/authorize", "token_endpoint": i.server.URL + "/token",
			"userinfo_endpoint": i.server.URL + "/userinfo", "jwks_uri": i.server.URL + "/jwks",
			"id_token_signing_alg_values_supported": []string{"ES256"}, "authorization_response_iss_parameter_supported": true,
		})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: i.kid, Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		claims := i.idToken
		i.mu.Unlock()
		writeJSON(w, http.StatusOK, map[string]any{"access_token": "opaque", "token_type": "Bearer", "expires_in": 600, "id_token": i.sign("JWT", claims)})
	})
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		writeJSON(w, http.StatusOK, map[string]any{"sub": i.subject, "name": "Ada"})
	})
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

// rotate replaces the signing key; the old one is published no more.
func (i *issuer) rotate(kid string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.key, i.kid = key, kid
}

func (i *issuer) sign(typ string, claims map[string]any) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return signWith(i.t, i.key, i.kid, typ, claims)
}

func signWith(t *testing.T, key *ecdsa.PrivateKey, kid, typ string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: kid}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := object.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// newBooks returns Sunny Books with the issuer, on a listener.
func newBooks(t *testing.T, i *issuer) (*App, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	base := "http://" + server.Listener.Addr().String()
	app, err := New(Config{
		Product: SunnyBooks(), BaseURL: base, Issuer: i.server.URL, ClientID: "books", ClientSecret: "secret", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = app.Handler()
	server.Start()
	t.Cleanup(server.Close)
	return app, base
}

// begin presses the button and returns the browser's cookie and what the app asked the issuer.
func begin(t *testing.T, base string) (*http.Cookie, url.Values) {
	t.Helper()
	res := get(t, base+"/sign-in", nil)
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) != 1 {
		t.Fatalf("sign-in: %s with the cookies %v", res.Status, res.Cookies())
	}
	to, err := res.Location()
	if err != nil {
		t.Fatal(err)
	}
	return res.Cookies()[0], to.Query()
}

// get requests the address without following redirects.
func get(t *testing.T, address string, cookie *http.Cookie) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cookie != nil {
		req.AddCookie(cookie)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func inAnHour() int64 { return time.Now().Add(time.Hour).Unix() }
