package upstream

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// The sizes of RSA moduli we verify with, in bits. RFC 7518 §3.3 sets the least; the largest bounds the time of one verification.
const (
	minRSA = 2048
	maxRSA = 8192
)

// parseKeys returns the usable signing keys of a JWK Set. A key of an unknown or unfit kind is left out, as RFC 7517 §5 has it; a set without any
// is an error, so that it is not cached.
func parseKeys(raw []json.RawMessage) ([]jose.JSONWebKey, error) {
	if len(raw) > maxKeys {
		return nil, fmt.Errorf("%w: more than %d keys in the set", ErrUnavailable, maxKeys)
	}
	var keys []jose.JSONWebKey
	for _, r := range raw {
		var k jose.JSONWebKey
		if json.Unmarshal(r, &k) == nil && (k.Use == "" || k.Use == "sig") && isSound(k.Key) {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: no usable key in the set", ErrUnavailable)
	}
	return keys, nil
}

// isSound refuses symmetric and private keys (whoever reads the set could sign), and public ones that are weak, odd or slow.
func isSound(key any) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		return bits >= minRSA && bits <= maxRSA && k.N.Bit(0) == 1 && k.E >= 3 && k.E&1 == 1 && int64(k.E) < 1<<31
	case *ecdsa.PublicKey:
		_, err := k.ECDH() // fails for a point that is not on the curve
		return k.Curve == elliptic.P256() && err == nil
	case ed25519.PublicKey:
		return len(k) == ed25519.PublicKeySize
	}
	return false
}

// keyFits ties each algorithm to one kind of key.
func keyFits(key any, alg jose.SignatureAlgorithm) bool {
	var fits bool
	switch alg {
	case jose.RS256, jose.PS256:
		_, fits = key.(*rsa.PublicKey)
	case jose.ES256:
		_, fits = key.(*ecdsa.PublicKey)
	case jose.EdDSA:
		_, fits = key.(ed25519.PublicKey)
	}
	return fits
}
