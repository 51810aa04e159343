package clients

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// sealedPrefix begins Secret.Hash of a client that authenticates with client_secret_jwt. To check what was signed with a secret one needs the
// secret, so a hash does not do: it is kept encrypted, under a key that is not in the database. docs/decisions/0008-client-secret-jwt.md
const sealedPrefix = "sealed$"

// SealPurpose is what the Sealer of client secrets is for: the registry seals, the authorization server opens.
const SealPurpose = "client secret"

// Sealer encrypts and decrypts small things, and binds each to associated data (package seal's Box).
type Sealer interface {
	Seal(plaintext, associated []byte) []byte
	Open(sealed, associated []byte) ([]byte, error)
	// Reseal seals anew what was sealed under an older root secret.
	Reseal(sealed, associated []byte) (resealed []byte, changed bool)
}

var errNoSealer = errors.New("clients: client_secret_jwt needs a Sealer")

// SealSecret replaces the hash of the newest secret, whose plaintext was just made, where the client's method needs the secret itself; of other
// clients it changes nothing. The ids are bound to it: moved to another row, it does not open. Only a nil sealer is an error.
func (c *Client) SealSecret(plaintext string, sealer Sealer) error {
	if c.Metadata.TokenEndpointAuthMethod != AuthMethodSecretJWT || len(c.Secrets) == 0 {
		return nil
	}
	if sealer == nil {
		return errNoSealer
	}
	newest := &c.Secrets[0]
	newest.Hash = sealedPrefix + base64.RawStdEncoding.EncodeToString(sealer.Seal([]byte(plaintext), c.sealedTo(*newest)))
	return nil
}

func (c *Client) sealedTo(s Secret) []byte { return []byte(c.ID + "\x00" + s.ID) }

// SharedKeys returns the valid secrets of a client_secret_jwt client, as the octets that its assertions are signed with (OIDC Core §9), newest
// first. There is none for a client of another method, and none that sealer does not open.
func (c *Client) SharedKeys(sealer Sealer) [][]byte {
	var keys [][]byte
	now := time.Now()
	for _, s := range c.Secrets {
		text, ok := strings.CutPrefix(s.Hash, sealedPrefix)
		if !ok || !s.validAt(now) || c.Metadata.TokenEndpointAuthMethod != AuthMethodSecretJWT {
			continue
		}
		sealed, err := base64.RawStdEncoding.Strict().DecodeString(text)
		if err != nil {
			continue
		}
		if key, err := sealer.Open(sealed, c.sealedTo(s)); err == nil {
			keys = append(keys, key)
		}
	}
	return keys[:min(len(keys), maxSecrets)]
}

// Reseal puts the secrets of the clients with the ids under the current root secret. A client that somebody changes meanwhile, or that is gone, is left
// as it is. Its only errors are storage faults.
func (r *Registry) Reseal(ctx context.Context, ids []string) error {
	for _, id := range ids {
		c, err := r.Get(ctx, id)
		if err != nil && !isNotFound(err) {
			return err
		}
		if err != nil || !c.reseal(r.cfg.Sealer) {
			continue
		}
		if err := r.cfg.Store.UpdateClient(ctx, c); err != nil && !errors.Is(err, ErrConflict) {
			return fmt.Errorf("seal the secrets of client %s anew: %w", quote(id), err)
		}
	}
	return nil
}

// reseal replaces the hashes that lie under an older root secret, and reports whether there was one.
func (c *Client) reseal(sealer Sealer) (changed bool) {
	for i, s := range c.Secrets {
		text, ok := strings.CutPrefix(s.Hash, sealedPrefix)
		sealed, err := base64.RawStdEncoding.Strict().DecodeString(text)
		if !ok || err != nil {
			continue
		}
		if sealed, older := sealer.Reseal(sealed, c.sealedTo(s)); older {
			c.Secrets[i].Hash, changed = sealedPrefix+base64.RawStdEncoding.EncodeToString(sealed), true
		}
	}
	return changed
}

// HasSecret says whether the client's method of authentication uses a client_secret.
func (c *Client) HasSecret() bool {
	switch c.Metadata.TokenEndpointAuthMethod {
	case AuthMethodBasic, AuthMethodPost, AuthMethodSecretJWT:
		return true
	}
	return false
}

// DropUnfitSecrets drops the secrets that the client's method cannot use: all where it uses none, hashed ones where sealed ones are needed, and
// sealed ones where hashes do.
func (c *Client) DropUnfitSecrets() {
	c.Secrets = slices.DeleteFunc(slices.Clone(c.Secrets), func(s Secret) bool {
		return !c.HasSecret() || strings.HasPrefix(s.Hash, sealedPrefix) != (c.Metadata.TokenEndpointAuthMethod == AuthMethodSecretJWT)
	})
}
