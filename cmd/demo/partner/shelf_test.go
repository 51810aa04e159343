package partner

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

// goodAccessToken returns the claims of a token for the API at base.
func goodAccessToken(i *issuer, base string) map[string]any {
	return map[string]any{
		"iss": i.server.URL, "aud": []string{base + ShelfPath, i.server.URL}, "sub": "ada", "exp": inAnHour(), "iat": time.Now().Unix(),
		"scope": "openid shelf", "client_id": "books", "jti": "1", "status": i.status(0),
	}
}

// TestShelf shows the offline check of RFC 9068 §4.
func TestShelf(t *testing.T) {
	i := newIssuer(t)
	_, base := newBooks(t, i)
	good := goodAccessToken(i, base)
	with := func(name string, value any) map[string]any {
		claims := maps.Clone(good)
		claims[name] = value
		return claims
	}
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := func() string {
		parts := strings.Split(i.sign("at+jwt", good), ".")
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + parts[1] + "."
	}
	i.revoke(1)
	for _, test := range []struct {
		name      string
		token     string
		status    int
		challenge string
	}{
		{"a good token", i.sign("at+jwt", good), http.StatusOK, ""},
		{"the long form of the type", i.sign("application/at+jwt", good), http.StatusOK, ""},
		{"no token", "", http.StatusUnauthorized, "Bearer"},
		{"an ID token", i.sign("JWT", good), http.StatusUnauthorized, "invalid_token"},
		{"a token for another API", i.sign("at+jwt", with("aud", "https://other.example/api")), http.StatusUnauthorized, "invalid_token"},
		{"a token of another issuer", i.sign("at+jwt", with("iss", "https://other.example")), http.StatusUnauthorized, "invalid_token"},
		{"an expired token", i.sign("at+jwt", with("exp", time.Now().Add(-time.Minute).Unix())), http.StatusUnauthorized, "expired"},
		{"a revoked token", i.sign("at+jwt", with("status", i.status(1))), http.StatusUnauthorized, "revoked"},
		{"a token that nobody could revoke", i.sign("at+jwt", with("status", nil)), http.StatusUnauthorized, "invalid_token"},
		{"a token without the scope", i.sign("at+jwt", with("scope", "openid shelves")), http.StatusForbidden, "insufficient_scope"},
		{"a token that another key signed", signWith(t, stranger, "first", "at+jwt", good), http.StatusUnauthorized, "invalid_token"},
		{"a token that nobody signed", unsigned(), http.StatusUnauthorized, "invalid_token"},
		{"noise", "noise", http.StatusUnauthorized, "invalid_token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			res := callShelf(t, base, test.token)
			if res.StatusCode != test.status || !strings.Contains(res.Header.Get("WWW-Authenticate"), test.challenge) {
				t.Errorf("%s with %q, want %d with %q", res.Status, res.Header.Get("WWW-Authenticate"), test.status, test.challenge)
			}
		})
	}
}

// TestShelfReadsNoCookie shows that being signed in at the app opens no API: only a token does.
func TestShelfReadsNoCookie(t *testing.T) {
	i := newIssuer(t)
	_, base := newBooks(t, i)
	cookie := signIn(t, i, base, "ada", "ada@example.com")
	if res := get(t, base+ShelfPath, cookie); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("with the cookie alone: %s", res.Status)
	}
}

func callShelf(t *testing.T, base, token string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+ShelfPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}
