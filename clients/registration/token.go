package registration

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/symbolon-id/symbolon/clients"
)

// The tokens are 256 random bits behind a prefix that says to a person, or a scanner of leaked secrets, what was found.
const (
	accessPrefix  = "sym_rat_" // registration access token
	initialPrefix = "sym_iat_" // initial access token
)

// newToken draws a token and returns it with its SHA-256, which is all that is kept: 256 random bits need no slow hash.
func newToken(prefix string) (token string, hash []byte) {
	var b [32]byte
	rand.Read(b[:]) // never fails, crypto/rand says
	token = prefix + base64.RawURLEncoding.EncodeToString(b[:])
	return token, hashOf(token)
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// bearer returns the token of r. RFC 6750 §2.1: in the header, once. It is not looked for anywhere else.
func bearer(r *http.Request) (string, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return "", &problem{Status: http.StatusBadRequest, Code: "invalid_request", Description: "There is more than one Authorization header."}
	}
	if len(headers) == 0 {
		return "", errNoToken
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if token = strings.TrimLeft(token, " "); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errNoToken
	}
	return token, nil
}

// NewInitialAccessToken makes a token for uses registrations, for somebody who is named in note, that ends after lifetime; 0 for never. It
// returns the token, which is not kept and is shown once, with its record.
func NewInitialAccessToken(ctx context.Context, s clients.InitialAccessTokenStore, note string, uses int, lifetime time.Duration) (string, clients.InitialAccessToken, error) {
	token, hash := newToken(initialPrefix)
	var id [9]byte
	rand.Read(id[:]) // never fails, crypto/rand says
	t := clients.InitialAccessToken{
		ID: "iat_" + base64.RawURLEncoding.EncodeToString(id[:]), Hash: hash, Note: note,
		CreatedAt: time.Now().UTC().Truncate(time.Millisecond), UsesLeft: int64(uses),
	}
	if lifetime > 0 {
		t.ExpiresAt = t.CreatedAt.Add(lifetime)
	}
	if err := s.CreateInitialAccessToken(ctx, t); err != nil {
		return "", clients.InitialAccessToken{}, fmt.Errorf("keep initial access token: %w", err)
	}
	return token, t, nil
}
