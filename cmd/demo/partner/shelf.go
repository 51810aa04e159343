package partner

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/symbolon-id/symbolon/clients/sdk/bearer"
)

// newShelfVerifier returns what checks the API's tokens without asking anybody about them (RFC 9068 §4): the signature by the provider's published
// keys, and whether the token still stands by its published list of revoked ones, which is fetched once per ttl however many tokens come.
//
// It is not the Verifier that hears of log-outs, as if another team ran the API. On one that does, a log-out counts at once.
func newShelfVerifier(cfg Config) (*bearer.Verifier, error) {
	return bearer.New(bearer.Config{
		Issuer: cfg.Issuer, Audience: cfg.BaseURL + ShelfPath,
		Status: bearer.StatusPolicy{Require: true}, // a token that could not be taken back is not for us
	})
}

// shelfAnswer is what the API answers: a list of books, and for the demo what it found in the token.
type shelfAnswer struct {
	VerifiedOffline accessToken `json:"verified_offline"`
	Visits          int         `json:"visits"`
	Shelf           []book      `json:"shelf"`
}

// accessToken is what the API has learned from a token.
type accessToken struct {
	Issuer   string    `json:"iss"`
	Subject  string    `json:"sub"`
	ClientID string    `json:"client_id"`
	Scope    string    `json:"scope"`
	Expires  time.Time `json:"exp"`
}

type book struct {
	Title  string `json:"title"`
	Author string `json:"author"`
	Page   int    `json:"page"`
	Pages  int    `json:"pages"`
}

// serveShelf is the API, behind the check of the token. It reads the token and never a cookie.
func (a *App) serveShelf(w http.ResponseWriter, r *http.Request) {
	t, _ := bearer.FromContext(r.Context())
	body, err := json.Marshal(shelfAnswer{
		VerifiedOffline: accessToken{t.Issuer, t.Subject, t.ClientID, t.Scope, t.ExpiresAt.UTC()},
		Visits:          a.accounts.get(identity{t.Issuer, t.Subject}).Visits,
		Shelf:           shelf(),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body) // a client that has gone away is none of our business
}

// shelf is what everybody reads here.
func shelf() []book {
	return []book{
		{"The Half-Coin", "I. Xenias", 112, 280},
		{"A Field Guide to Mornings", "June Abara", 31, 190},
		{"Letters from the Lighthouse", "T. Okafor", 204, 221},
	}
}
