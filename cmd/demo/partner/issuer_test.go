package partner

import (
	"bytes"
	"compress/zlib"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
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
	sid     string         // of the next sign-in
	subject string         // what userinfo says
	email   string         // and of the e-mail address
	revoked []byte         // the status list
	asked   []url.Values   // what has come to the token endpoint
	atToken func()         // happens while the token endpoint is asked
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, subject: "ada", revoked: make([]byte, 1)}
	i.rotate("first")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]any{
			"issuer": i.server.URL, "authorization_endpoint": i.server.URL + "/authorize", "token_endpoint": i.server.URL + "/token",
			"end_session_endpoint": i.server.URL + "/logout", "userinfo_endpoint": i.server.URL + "/userinfo", "jwks_uri": i.server.URL + "/jwks",
			"id_token_signing_alg_values_supported": []string{"ES256"}, "authorization_response_iss_parameter_supported": true,
		})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		writeJSON(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: i.kid, Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", i.serveToken)
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		writeJSON(w, map[string]any{"sub": i.subject, "name": "Ada", "email": i.email})
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		list := deflate(i.revoked)
		i.mu.Unlock()
		io.WriteString(w, i.sign("statuslist+jwt", map[string]any{
			"sub": i.server.URL + "/status", "iat": time.Now().Unix(), "ttl": 5, "status_list": map[string]any{"bits": 1, "lst": list},
		}))
	})
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) serveToken(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	i.mu.Lock()
	claims, during := i.idToken, i.atToken
	i.asked = append(i.asked, r.PostForm)
	i.mu.Unlock()
	if during != nil {
		during()
	}
	writeJSON(w, map[string]any{
		"access_token": "opaque", "token_type": "Bearer", "expires_in": 600, "refresh_token": "again", "id_token": i.sign("JWT", claims),
	})
}

// status is the status claim of a token with that place on the list.
func (i *issuer) status(index int) map[string]any {
	return map[string]any{"status_list": map[string]any{"idx": index, "uri": i.server.URL + "/status"}}
}

// revoke sets the token's bit, one of the first eight.
func (i *issuer) revoke(index int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.revoked[0] |= 1 << index
}

// deflate writes the bits as Token Status List §4.1 wants them.
func deflate(bits []byte) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(bits)
	z.Close()
	return base64.RawURLEncoding.EncodeToString(b.Bytes())
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
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
	t.Cleanup(func() {
		server.Close()
		app.Close()
	})
	return app, base
}

// signIn signs the person in, in a browser of their own, and returns its cookie.
func signIn(t *testing.T, i *issuer, base, subject, email string) *http.Cookie {
	t.Helper()
	cookie, asked := begin(t, base, "/sign-in")
	claims := goodIDToken(i, asked.Get("nonce"))
	claims["sub"], claims["sid"] = subject, i.sid
	i.mu.Lock()
	i.idToken, i.subject, i.email = claims, subject, email
	i.mu.Unlock()
	res := get(t, base+CallbackPath+"?"+goodAnswer(i, asked).Encode(), cookie)
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) != 1 {
		t.Fatalf("sign-in: %s", res.Status)
	}
	return res.Cookies()[0]
}

// goodAnswer is the authorization response to what was asked.
func goodAnswer(i *issuer, asked url.Values) url.Values {
	return url.Values{"code": {"c"}, "state": asked["state"], "iss": {i.server.URL}}
}

// begin opens the address of the button and returns the browser's cookie and what the app asked the issuer.
func begin(t *testing.T, base, path string) (*http.Cookie, url.Values) {
	t.Helper()
	res := get(t, base+path, nil)
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
	return request(t, http.MethodGet, address, cookie)
}

// post presses a button.
func post(t *testing.T, address string, cookie *http.Cookie) *http.Response {
	t.Helper()
	return request(t, http.MethodPost, address, cookie)
}

func request(t *testing.T, method, address string, cookie *http.Cookie) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
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
