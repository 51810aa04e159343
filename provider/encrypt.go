package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// encryption is how the client wants an answer encrypted: the names of a key management algorithm and of a content encryption (RFC 7518 §4.1,
// §5.1). The zero value: not at all.
type encryption struct{ alg, enc string }

func idTokenEncryption(c *clients.Client) encryption {
	return encryption{c.Metadata.IDTokenEncryptedResponseAlg, c.Metadata.IDTokenEncryptedResponseEnc}
}

func userInfoEncryption(c *clients.Client) encryption {
	return encryption{c.Metadata.UserInfoEncryptedResponseAlg, c.Metadata.UserInfoEncryptedResponseEnc}
}

func authorizationEncryption(c *clients.Client) encryption {
	return encryption{c.Metadata.AuthorizationEncryptedResponseAlg, c.Metadata.AuthorizationEncryptedResponseEnc}
}

func introspectionEncryption(c *clients.Client) encryption {
	return encryption{c.Metadata.IntrospectionEncryptedResponseAlg, c.Metadata.IntrospectionEncryptedResponseEnc}
}

// nestedJWT is the "cty" of an encrypted JWT that has a signed one in it (RFC 7519 §5.2).
const nestedJWT = "JWT"

// encryptToken encrypts a signed token to a key of the client, and returns it as it is where the client wants no encryption. It never falls back
// to that.
func (p *Provider) encryptToken(ctx context.Context, c *clients.Client, how encryption, token string) (string, error) {
	if how.alg == "" {
		return token, nil
	}
	return p.encrypt(ctx, c, how, []byte(token), (&jose.EncrypterOptions{}).WithContentType(nestedJWT))
}

// encryptClaims encrypts claims that nobody has signed to a key of the client.
func (p *Provider) encryptClaims(ctx context.Context, c *clients.Client, how encryption, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return p.encrypt(ctx, c, how, payload, nil)
}

// encrypt encrypts a payload to a key of the client (RFC 7516 §5.1, §7.1). Without compression: its length would tell of what is in it.
func (p *Provider) encrypt(ctx context.Context, c *clients.Client, how encryption, payload []byte, options *jose.EncrypterOptions) (string, error) {
	key, err := p.encryptionKey(ctx, c, how.alg)
	if err != nil {
		return "", err
	}
	encrypter, err := jose.NewEncrypter(jose.ContentEncryption(how.enc), jose.Recipient{
		Algorithm: jose.KeyAlgorithm(how.alg), Key: key.Key, KeyID: key.KeyID,
	}, options)
	if err != nil {
		return "", fmt.Errorf("encrypt for client %q: %w", c.ID, err)
	}
	sealed, err := encrypter.Encrypt(payload)
	if err != nil {
		return "", fmt.Errorf("encrypt for client %q: %w", c.ID, err)
	}
	return sealed.CompactSerialize()
}

// errEncryptionKey is for the developer of a client that asks for encryption and offers no key for it.
var errEncryptionKey = fosite.ErrInvalidRequest.WithHint("The answer is to be encrypted, but the client's jwks or jwks_uri has no key for it: publish an RSA or EC key with use enc, or see whether the address answers.")

// pageOfEncryption is a page where the error is for the client's developer: what cannot be encrypted to the client cannot be told to it either.
func pageOfEncryption(err error) error {
	var e *fosite.RFC6749Error
	if !errors.As(err, &e) {
		return err
	}
	return &web.PageError{Kind: web.PageBadRequest, Detail: description(e), Err: err}
}

// encryptionKey picks the client's key for the algorithm: one that says use enc before one that does not say what it is for. Its errors are
// errEncryptionKey and errClientKeysBusy.
func (p *Provider) encryptionKey(ctx context.Context, c *clients.Client, alg string) (key jose.JSONWebKey, err error) {
	found, err := p.clientKeys.verify(ctx, c, func(keys []jose.JSONWebKey) bool {
		for _, use := range []string{"enc", ""} {
			for _, k := range keys {
				if k.Use == use && clients.EncryptsWith(k, alg) {
					key = k
					return true
				}
			}
		}
		return false
	})
	if err == nil && !found {
		err = errEncryptionKey
	}
	return key, err
}
