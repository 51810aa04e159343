package bearer

import (
	"crypto"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/go-jose/go-jose/v4/json"
)

const (
	maxKeys    = 100 // keys of one set
	maxHeaders = 64  // header segments remembered per set
)

var (
	errUnknownKey   = errors.New("no such key in the issuer's set")
	errAmbiguousKey = errors.New("several keys could have signed, and the token does not say which")
	errKeyAlgorithm = errors.New("algorithm is not the key's")
)

// keySet is the issuer's set of keys at one moment (RFC 7517 §5). It does not change, save for the headers it has learned.
type keySet struct {
	keys []*key
	etag string
	// headers finds the key by the token's header segment. An issuer signs thousands of tokens under the same header; parsing it once is
	// enough. Only headers of access tokens with a good signature get in, so nobody else can fill it.
	headers atomic.Pointer[map[string]*key]
}

// parseKeySet reads a JWK Set. Keys that cannot verify anything here are left out (RFC 7517 §5); a set without a single good one is refused, so
// that a fault at the issuer does not take the keys away that are known.
func parseKeySet(text []byte, allowed []string) (*keySet, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("parse key set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("key set has %d keys, more than %d", len(set.Keys), maxKeys)
	}
	var s keySet
	var reasons []error
	for _, text := range set.Keys {
		k, err := parseKey(text, allowed)
		if err != nil {
			reasons = append(reasons, err)
			continue
		}
		s.keys = append(s.keys, k)
	}
	s.keys = withoutTwins(s.keys)
	if len(s.keys) == 0 {
		return nil, fmt.Errorf("key set has no key to verify with: %w", errors.Join(reasons...))
	}
	return &s, nil
}

// withoutTwins removes every key whose id and algorithm another key has too: which of them is meant cannot be known.
func withoutTwins(keys []*key) []*key {
	return slices.DeleteFunc(slices.Clone(keys), func(k *key) bool {
		return slices.ContainsFunc(keys, func(other *key) bool {
			return other != k && other.id == k.id && other.name == k.name && k.id != "" && !k.equal(other)
		})
	})
}

func (k *key) equal(other *key) bool {
	public, ok := k.jwk.Key.(interface{ Equal(x crypto.PublicKey) bool })
	return ok && public.Equal(other.jwk.Key)
}

// find returns the key that a header names. A header without kid is enough only where a single key has its algorithm.
func (s *keySet) find(h joseHeader) (*key, error) {
	var found *key
	known := false
	for _, k := range s.keys {
		if h.keyID != "" && k.id != h.keyID {
			continue
		}
		known = known || h.keyID != ""
		if k.name != h.algorithm {
			continue
		}
		if found != nil && !found.equal(k) {
			return nil, errAmbiguousKey
		}
		found = k
	}
	switch {
	case found != nil:
		return found, nil
	case known:
		return nil, errKeyAlgorithm
	}
	return nil, errUnknownKey
}

// learned returns the key of a header segment that has been seen before, or nil.
func (s *keySet) learned(header string) *key {
	if m := s.headers.Load(); m != nil {
		return (*m)[header]
	}
	return nil
}

// learn remembers the key of a header segment. Two writers at once may lose one entry, which is then learned again.
func (s *keySet) learn(header string, k *key) {
	m := map[string]*key{}
	if old := s.headers.Load(); old != nil {
		if len(*old) >= maxHeaders {
			return
		}
		m = maps.Clone(*old)
	}
	m[string([]byte(header))] = k // a copy: the segment is part of a whole token
	s.headers.Store(&m)
}
