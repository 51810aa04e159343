package clients

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // exact names, and no member twice
)

// Limits on a client's keys. RFC 7518 §3.3 sets the least RSA modulus; the largest bounds the time of one verification.
const (
	maxKeys   = 50
	minRSA    = 2048 // bits
	maxRSA    = 4096
	maxRSAExp = 1 << 31
)

// ParseJWKS returns the public keys of a JWK Set (RFC 7517 §5) that may be used, whatever for, and says of each other key of a known type why it
// is left out. Keys of unknown types are left out silently, as RFC 7517 §5 has it. A certificate beside a key ("x5c") is kept as its SHA-256
// thumbprint only. The error says why the document as a whole is none.
func ParseJWKS(document []byte) (keys []jose.JSONWebKey, unsound []string, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	switch err := json.Unmarshal(document, &set); {
	case err != nil || set.Keys == nil:
		return nil, nil, errors.New("is no JWK Set: it needs the member keys, an array")
	case len(set.Keys) > maxKeys:
		return nil, nil, fmt.Errorf("has %d keys: at most %d are allowed", len(set.Keys), maxKeys)
	}
	for i, raw := range set.Keys {
		if !knownKeyType(raw) {
			continue
		}
		var key jose.JSONWebKey
		err := key.UnmarshalJSON(raw)
		reason := "does not parse"
		if err == nil {
			reason = checkKey(key.Key)
		}
		if errors.Is(err, jose.ErrUnsupportedKeyType) { // another curve
			continue
		}
		if reason != "" {
			unsound = append(unsound, fmt.Sprintf("key %d %s", i+1, reason))
			continue
		}
		if len(key.Certificates) > 0 {
			sum := sha256.Sum256(key.Certificates[0].Raw)
			key.Certificates, key.CertificateThumbprintSHA256 = nil, sum[:]
		}
		keys = append(keys, key)
	}
	return keys, unsound, nil
}

// knownKeyType says whether the other members of a key mean something to us. What is no object is a mistake, not a key of the future.
func knownKeyType(raw []byte) bool {
	var key struct {
		Type string `json:"kty"`
	}
	err := json.Unmarshal(raw, &key)
	return err != nil || key.Type == "RSA" || key.Type == "EC" || key.Type == "OKP" || key.Type == "oct"
}

// checkKey returns what is wrong with a key, or "". Private and symmetric keys are refused: whoever reads them could be the client.
func checkKey(key any) string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		switch bits := k.N.BitLen(); {
		case bits < minRSA || bits > maxRSA:
			return fmt.Sprintf("has an RSA modulus of %d bits: use %d to %d", bits, minRSA, maxRSA)
		case k.N.Bit(0) == 0 || k.E < 3 || k.E%2 == 0 || int64(k.E) >= maxRSAExp:
			return "is no sound RSA key: use the exponent 65537"
		}
		return ""
	case *ecdsa.PublicKey:
		if _, err := k.ECDH(); err != nil { // the point is not on the curve
			return "is no point of its curve"
		}
		return ""
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return "is no Ed25519 key"
		}
		return ""
	}
	return "is private or symmetric: register public keys only, and make new ones, since this one has been seen"
}

// validateKeys looks at what the client signs its assertions with, and at its certificates where it signs them itself.
func (m *Metadata) validateKeys(found *problems, r Rules) {
	private, symmetric := []string{"RS256", "PS256", "ES256", "EdDSA"}, []string{"HS256", "HS384", "HS512"}
	if alg := m.TokenEndpointAuthSigningAlg; alg != "" {
		allowed := slices.Concat(private, symmetric)
		switch m.TokenEndpointAuthMethod {
		case AuthMethodPrivateKeyJWT:
			allowed = private
		case AuthMethodSecretJWT:
			allowed = symmetric
		}
		oneOf(found, "token_endpoint_auth_signing_alg", alg, allowed...)
	}
	ownKeys := m.TokenEndpointAuthMethod == AuthMethodPrivateKeyJWT || m.TokenEndpointAuthMethod == AuthMethodSelfSignedTLS
	switch {
	case len(m.JWKS) > 0 && m.JWKSURI != "": // RFC 7591 §2
		found.add("jwks", "and jwks_uri are both there: remove one")
	case ownKeys && len(m.JWKS) == 0 && m.JWKSURI == "":
		found.add("jwks_uri", "or jwks is missing: "+m.TokenEndpointAuthMethod+" needs the client's keys")
	}
	if m.JWKSURI != "" {
		if reason := checkPageURI(m.JWKSURI, r); reason != "" {
			found.add("jwks_uri", quote(m.JWKSURI)+" "+reason)
		} else if strings.Contains(m.JWKSURI, "#") {
			found.add("jwks_uri", quote(m.JWKSURI)+" has a fragment: leave it out")
		}
	}
	if len(m.JWKS) == 0 {
		return
	}
	keys, unsound, err := ParseJWKS(m.JWKS)
	switch {
	case err != nil:
		found.add("jwks", err.Error())
	case len(keys) == 0 && len(unsound) == 0:
		found.add("jwks", "has no usable key: add a public one, RSA, P-256 or Ed25519")
	}
	for _, reason := range unsound {
		found.add("jwks", reason)
	}
}
