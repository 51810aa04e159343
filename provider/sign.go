package provider

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"

	"github.com/go-jose/go-jose/v4"
)

// sign returns claims as a JWT of the given type, signed with the active key of alg.
func (p *Provider) sign(alg jose.SignatureAlgorithm, typ string, claims any) (string, error) {
	key, err := p.config.Keys.Signer(alg)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return key.Sign(typ, payload)
}

// halfHash is the left half of the hash that belongs to alg, base64url: at_hash and its like (OIDC Core §3.1.3.6). Ed25519 hashes with SHA-512.
func halfHash(alg jose.SignatureAlgorithm, value string) string {
	if alg == jose.EdDSA {
		sum := sha512.Sum512([]byte(value))
		return base64.RawURLEncoding.EncodeToString(sum[:32])
	}
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
