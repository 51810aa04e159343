package upstream

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// maxToken bounds an ID token before it is parsed.
	maxToken = 64 << 10
	// maxKeys bounds a key set. The known providers publish two to eight.
	maxKeys = 64
)

// keySet is an oidc.KeySet on a published JWK Set. Keys are kept as long as Cache-Control allows, within bounds, so a withdrawn key stops
// verifying; a token with an unknown kid causes a fetch at most once a minute, and one with a bad signature none.
type keySet struct {
	keys *cached[[]jose.JSONWebKey]
	algs []jose.SignatureAlgorithm
}

func newKeySet(client *http.Client, url func(context.Context) (string, error), algs []jose.SignatureAlgorithm) *keySet {
	fetch := func(ctx context.Context) ([]jose.JSONWebKey, time.Duration, error) {
		u, err := url(ctx)
		if err != nil {
			return nil, 0, err
		}
		var set struct {
			Keys []json.RawMessage `json:"keys"`
		}
		lifetime, err := getJSON(ctx, client, u, &set)
		if err != nil {
			return nil, 0, fmt.Errorf("fetch keys: %w", err)
		}
		keys, err := parseKeys(set.Keys)
		return keys, lifetime, err
	}
	return &keySet{keys: &cached[[]jose.JSONWebKey]{fetch: fetch}, algs: algs}
}

// VerifySignature returns the payload of a JWS in compact form that one of the upstream's keys has signed.
func (s *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	jws, err := parseCompact(token, s.algs)
	if err != nil {
		return nil, err
	}
	header := jws.Signatures[0].Header
	keys, err := s.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	candidates := matching(keys, header)
	if len(candidates) == 0 && header.KeyID != "" {
		if keys, err = s.keys.force(ctx); err != nil {
			return nil, err
		}
		candidates = matching(keys, header)
	}
	for _, key := range candidates {
		if payload, err := jws.Verify(key); err == nil {
			return payload, nil
		}
	}
	if len(candidates) == 0 {
		return nil, errors.New("no key for the token")
	}
	return nil, errors.New("bad signature")
}

// algNames returns the allowed algorithms as go-oidc takes them.
func (s *keySet) algNames() []string {
	names := make([]string, 0, len(s.algs))
	for _, alg := range s.algs {
		names = append(names, string(alg))
	}
	return names
}

// matching returns the keys that may have made the signature: by kid, or the only key of the set when the token names none.
func matching(keys []jose.JSONWebKey, h jose.Header) []jose.JSONWebKey {
	if h.KeyID == "" && len(keys) > 1 {
		return nil
	}
	var found []jose.JSONWebKey
	for _, k := range keys {
		sameID := h.KeyID == "" || k.KeyID == h.KeyID
		sameAlg := k.Algorithm == "" || k.Algorithm == h.Algorithm
		if sameID && sameAlg && keyFits(k.Key, jose.SignatureAlgorithm(h.Algorithm)) {
			found = append(found, k)
		}
	}
	return found
}

// parseCompact parses a JWS in the compact form, strictly: three parts, canonical base64url, one allowed algorithm, nothing that claims to change how the signature is
// to be read, and no other kind of JWT than an ID token.
func parseCompact(token string, algs []jose.SignatureAlgorithm) (*jose.JSONWebSignature, error) {
	if len(token) > maxToken {
		return nil, errors.New("token too long")
	}
	if strings.Count(token, ".") != 2 {
		return nil, errors.New("not a JWS in compact form")
	}
	for part := range strings.SplitSeq(token, ".") {
		// The strict decoder still skips line breaks.
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil || part == "" || strings.ContainsAny(part, "\r\n") {
			return nil, errors.New("not base64url")
		}
	}
	head, _ := base64.RawURLEncoding.DecodeString(token[:strings.IndexByte(token, '.')])
	if err := uniqueMembers(head); err != nil {
		return nil, fmt.Errorf("token header: %w", err)
	}
	jws, err := jose.ParseSignedCompact(token, algs)
	if err != nil {
		return nil, errors.New("malformed token or algorithm not allowed")
	}
	extra := jws.Signatures[0].Header.ExtraHeaders
	// RFC 7515 §4.1.11: we understand no extension
	for _, name := range []jose.HeaderKey{"crit", "b64"} {
		if _, there := extra[name]; there {
			return nil, errors.New("critical token header")
		}
	}
	// RFC 8725 §3.11: an access, log-out or event token is no ID token
	if typ, there := extra[jose.HeaderType]; there && !isPlainJWT(typ) {
		return nil, errors.New("token of another type")
	}
	return jws, nil
}

func isPlainJWT(typ any) bool {
	s, ok := typ.(string)
	return ok && (strings.EqualFold(s, "JWT") || strings.EqualFold(s, "application/jwt"))
}
