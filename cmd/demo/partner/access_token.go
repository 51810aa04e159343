package partner

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// accessToken is what the API takes from a token that has passed.
type accessToken struct {
	Algorithm string    `json:"alg"`
	KeyID     string    `json:"kid"`
	Type      string    `json:"typ"`
	Issuer    string    `json:"iss"`
	Audience  []string  `json:"aud"`
	Subject   string    `json:"sub"`
	Scope     string    `json:"scope"`
	Expires   time.Time `json:"exp"`
}

var (
	errNoToken = errors.New("there is no bearer token")
	errScope   = errors.New("the token lacks the scope " + ShelfScope)
)

// verifyAccessToken checks the token without asking anybody (RFC 9068 §4): signature by the provider's published keys, issuer, audience,
// expiry, type and scope. go-oidc does the first four, and fetches the keys again when a token names one it does not know.
func (a *App) verifyAccessToken(ctx context.Context, raw string) (*accessToken, error) {
	rp, err := a.discover(ctx)
	if err != nil {
		return nil, err
	}
	verified, err := rp.accessTokens.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	var t accessToken
	if err := decodePart(raw, 0, &t); err != nil {
		return nil, err
	}
	// Without this an ID token would do, whose audience an app may choose.
	if typ := strings.ToLower(t.Type); typ != "at+jwt" && typ != "application/at+jwt" {
		return nil, fmt.Errorf("the token is of type %q, not at+jwt", t.Type)
	}
	var claims struct {
		Scope string `json:"scope"`
	}
	if err := verified.Claims(&claims); err != nil {
		return nil, err
	}
	t.Issuer, t.Audience, t.Subject, t.Expires, t.Scope = verified.Issuer, verified.Audience, verified.Subject, verified.Expiry.UTC(), claims.Scope
	if !slices.Contains(strings.Fields(t.Scope), ShelfScope) {
		return &t, errScope
	}
	return &t, nil
}

// shelfAnswer is what the API answers: a list of books, and for the demo what it found in the token.
type shelfAnswer struct {
	VerifiedOffline *accessToken `json:"verified_offline"`
	Shelf           []book       `json:"shelf"`
}

type book struct {
	Title  string `json:"title"`
	Author string `json:"author"`
	Page   int    `json:"page"`
	Pages  int    `json:"pages"`
}

// serveShelf is the API. It reads the header and never a cookie.
func (a *App) serveShelf(w http.ResponseWriter, r *http.Request) {
	t, err := a.authorize(r)
	challenge := `Bearer realm="Sunny Books"`
	switch {
	case errors.Is(err, errNoToken): // RFC 6750 §3.1: no error code where no token was shown
		a.refuseCall(w, http.StatusUnauthorized, challenge, err)
	case errors.Is(err, errScope):
		a.refuseCall(w, http.StatusForbidden, challenge+`, error="insufficient_scope", scope="`+ShelfScope+`"`, err)
	case err != nil:
		a.refuseCall(w, http.StatusUnauthorized, challenge+`, error="invalid_token"`, err)
	default:
		writeJSON(w, http.StatusOK, shelfAnswer{VerifiedOffline: t, Shelf: shelf()})
	}
}

func (a *App) authorize(r *http.Request) (*accessToken, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, errNoToken
	}
	return a.verifyAccessToken(r.Context(), strings.TrimSpace(token))
}

func (a *App) refuseCall(w http.ResponseWriter, status int, challenge string, err error) {
	w.Header().Set("WWW-Authenticate", challenge)
	writeJSON(w, status, map[string]string{"error": err.Error()})
}

// shelf is what everybody reads here.
func shelf() []book {
	return []book{
		{"The Half-Coin", "I. Xenias", 112, 280},
		{"A Field Guide to Mornings", "June Abara", 31, 190},
		{"Letters from the Lighthouse", "T. Okafor", 204, 221},
	}
}

// decodePart decodes the header (0) or the payload (1) of a JWT. Nothing is verified by it.
func decodePart(raw string, part int, into any) error {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return errors.New("not a JWT")
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[part])
	if err != nil {
		return fmt.Errorf("decode JWT: %w", err)
	}
	return json.Unmarshal(data, into)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) // a client that has gone away is none of our business
}
