package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// MinSecret is the least length of a root secret, in bytes.
const MinSecret = 32

// ErrNoSecret says that no root secret was given.
var ErrNoSecret = errors.New("seal: no root secret")

// Keyring derives keys from the root secrets.
type Keyring struct {
	secrets [][]byte
}

// New returns a keyring over the root secrets, of at least MinSecret bytes each. The first one is current: it alone seals and signs.
func New(secrets [][]byte) (*Keyring, error) {
	if len(secrets) == 0 {
		return nil, ErrNoSecret
	}
	for i, s := range secrets {
		if len(s) < MinSecret {
			return nil, fmt.Errorf("seal: secret %d has %d bytes, at least %d are needed", i+1, len(s), MinSecret)
		}
	}
	return &Keyring{secrets: secrets}, nil
}

// Key returns 32 bytes derived for purpose from the current secret (RFC 5869, HKDF with SHA-256).
func (k *Keyring) Key(purpose string) []byte { return k.keys(purpose)[0] }

// Keys is Key for every secret, the current one first.
func (k *Keyring) keys(purpose string) [][]byte {
	keys := make([][]byte, len(k.secrets))
	for i, secret := range k.secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, "symbolon/"+purpose, chacha20poly1305.KeySize)
		if err != nil {
			panic(err) // only for a length over 8,160 bytes
		}
		keys[i] = key
	}
	return keys
}

// Box returns the box that seals for purpose.
func (k *Keyring) Box(purpose string) *Box {
	keys := k.keys("seal/" + purpose)
	b := &Box{openers: make([]opener, len(keys))}
	for i, key := range keys {
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			panic(err) // only for a wrong key length
		}
		b.openers[i] = opener{id: sha256.Sum256(key)[0], aead: aead}
	}
	return b
}

// MAC returns the authenticator for purpose.
func (k *Keyring) MAC(purpose string) *MAC { return &MAC{keys: k.keys("mac/" + purpose)} }

// MAC computes and checks HMAC-SHA-256 tags.
type MAC struct {
	keys [][]byte
}

// Sum returns the 32-byte tag of data under the current secret.
func (m *MAC) Sum(data []byte) []byte { return sum(m.keys[0], data) }

// Sums returns the tags of data under every secret, the current one first.
func (m *MAC) Sums(data []byte) [][]byte {
	tags := make([][]byte, len(m.keys))
	for i, key := range m.keys {
		tags[i] = sum(key, data)
	}
	return tags
}

// Valid reports, in constant time, whether tag is data's under any of the secrets.
func (m *MAC) Valid(data, tag []byte) bool {
	valid := false
	for _, key := range m.keys {
		valid = hmac.Equal(sum(key, data), tag) || valid
	}
	return valid
}

func sum(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}
