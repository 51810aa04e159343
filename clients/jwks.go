package clients

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"

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
		var key jose.JSONWebKey
		err := key.UnmarshalJSON(raw)
		reason := ""
		switch {
		case errors.Is(err, jose.ErrUnsupportedKeyType):
			continue
		case err != nil:
			reason = "does not parse"
		default:
			reason = checkKey(key.Key)
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
