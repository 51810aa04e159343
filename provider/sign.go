package provider

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/keys"
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

// signFor is sign for what a client is told: with the algorithm that it has registered for such an answer, which may be none, and encrypted to its key
// where it has registered for that.
func (p *Provider) signFor(ctx context.Context, c *clients.Client, registered string, how encryption, typ string, claims any) (string, error) {
	token, err := p.sign(algorithmOr(registered), typ, claims)
	if err != nil {
		return "", err
	}
	return p.encryptToken(ctx, c, how, token)
}

// algorithmOr is the algorithm that a client has registered, or the one that the specifications name where it has not.
func algorithmOr(registered string) jose.SignatureAlgorithm {
	return cmp.Or(jose.SignatureAlgorithm(registered), IDTokenAlgorithm)
}

// verifySigned returns the payload of a JWT of ours of the given type: keys.ErrToken when it is none, or a fault when its key cannot be looked up.
func (p *Provider) verifySigned(ctx context.Context, token, typ string) ([]byte, error) {
	payload, err := p.config.Keys.Verify(ctx, token, typ)
	if err != nil && !errors.Is(err, keys.ErrToken) {
		return nil, &fault{err}
	}
	return payload, err
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
