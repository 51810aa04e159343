package bearer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Bounds of an RSA key. A shorter modulus can be factored; a longer one, or a large exponent, makes each check slow.
const (
	minModulus  = 2048
	maxModulus  = 8192
	maxExponent = 1<<31 - 1
)

// key is a public key that verifies with exactly one algorithm.
type key struct {
	id        string
	name      string // "alg"
	algorithm algorithm
	ecdsa     *ecdsa.PublicKey
	ed25519   ed25519.PublicKey
	rsa       *rsa.PublicKey
	jwk       jose.JSONWebKey
}

// parseKey reads one JWK. The algorithm is fixed here, never by a token: it is the key's own "alg", or else the first of allowed that fits the
// key's type, so a plain RSA key does not verify both RS256 and PS256.
func parseKey(text []byte, allowed []string) (*key, error) {
	var k key
	if err := k.jwk.UnmarshalJSON(text); err != nil {
		return nil, fmt.Errorf("parse key: %w", err)
	}
	if k.jwk.Use != "" && k.jwk.Use != "sig" {
		return nil, fmt.Errorf("key is for %q", k.jwk.Use)
	}
	k.id = k.jwk.KeyID
	var fits func(a algorithm) bool
	switch public := k.jwk.Key.(type) {
	case *ecdsa.PublicKey:
		k.ecdsa = public
		fits = func(a algorithm) bool { return a.family == familyECDSA && curveOf(a) == public.Curve }
	case ed25519.PublicKey:
		if len(public) != ed25519.PublicKeySize {
			return nil, errors.New("Ed25519 key of wrong length")
		}
		k.ed25519 = public
		fits = func(a algorithm) bool { return a.family == familyEdDSA }
	case *rsa.PublicKey:
		if err := checkRSA(public); err != nil {
			return nil, err
		}
		k.rsa = public
		fits = func(a algorithm) bool { return a.family == familyRSA || a.family == familyPSS }
	default:
		return nil, fmt.Errorf("key of type %T verifies nothing", public)
	}
	names := allowed
	if k.jwk.Algorithm != "" {
		names = []string{k.jwk.Algorithm}
	}
	i := slices.IndexFunc(names, func(name string) bool { return fits(algorithmOf(name)) })
	if i < 0 || !slices.Contains(allowed, names[i]) {
		return nil, errors.New("key has no allowed algorithm")
	}
	k.name, k.algorithm = names[i], algorithmOf(names[i])
	return &k, nil
}

func curveOf(a algorithm) elliptic.Curve {
	switch a.size {
	case 32:
		return elliptic.P256()
	case 48:
		return elliptic.P384()
	}
	return elliptic.P521()
}

func checkRSA(k *rsa.PublicKey) error {
	switch bits := k.N.BitLen(); {
	case bits < minModulus, bits > maxModulus, k.N.Bit(0) == 0:
		return fmt.Errorf("RSA modulus of %d bits is refused", bits)
	case k.E < 3, k.E > maxExponent, k.E%2 == 0:
		return fmt.Errorf("RSA exponent %d is refused", k.E)
	}
	return nil
}

// thumbprint returns the JWK thumbprint (RFC 7638) with SHA-256.
func (k *key) thumbprint() ([]byte, error) { return k.jwk.Thumbprint(crypto.SHA256) }
